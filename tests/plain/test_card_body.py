"""What a card's Markdown and HTML hold: counts, links, words, section by section."""

import pytest
from dumps import quick
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.silver.card_body import MOST_SECTIONS, read_body
from ptm_spark.silver.card_html import read_html
from ptm_spark.silver.card_links import KINDS, arxiv_ids, link_kind
from ptm_spark.silver.card_words import PART, count_words, language_of

CARD = """Hello *wor*ld, see [here](https://arxiv.org/abs/1810.04805).

# First `x` title

Two words.

- one
- two
  - three ![badge](b.png)

| a | b |
|---|---|
| 1 | `c` |

```python
print("not prose")  # https://example.org
```

## Second

para

    indented code

<p align="center"><img src="x.png"> <a href='https://github.com/a/b'>deep &amp; wide</a></p>
<!-- <img src="no.png"> a comment -->

Setext
------

https://example.org/bare and <https://doi.org/10.1/x> @misc{a, title={b}}
"""


def test_a_card_is_counted() -> None:
    body = read_body(CARD)
    assert dict(body.counts) == {"fenced": 1, "indented": 1, "inline": 2, "table": 1, "image": 2}
    assert {kind: count for kind, count in body.links.items() if count} == {
        "arxiv": 1,
        "github": 1,
        "other": 1,
        "doi": 1,
    }
    assert (body.heading_count, body.bibtex_count) == (3, 1)
    told = [(section.level, section.heading, section.word_count, section.has_more) for section in body.sections]
    assert told == [
        (0, "", 4, False),
        (1, "First x title", 8, True),
        (2, "Second", 3, True),
        (2, "Setext", 15, False),
    ]
    assert body.word_count == 4 + 3 + 8 + 1 + 3 + 1 + 15


def test_line_ends_do_not_matter() -> None:
    whole, windows = read_body(CARD), read_body(CARD.replace("\n", "\r\n"))
    assert whole.counts == windows.counts and whole.links == windows.links
    assert [section.word_count for section in whole.sections] == [section.word_count for section in windows.sections]


def test_nothing_before_the_first_heading_is_no_section() -> None:
    assert [section.level for section in read_body("# One\n\n## Two\n").sections] == [1, 2]
    assert [section.level for section in read_body("![a](b.png)\n# One\n").sections] == [0, 1]
    assert read_body("").sections == [] and read_body("").word_count == 0


def test_headings_beyond_a_bound_have_no_section() -> None:
    body = read_body("text\n" + "# a b\n" * (MOST_SECTIONS + 5))
    assert (body.heading_count, len(body.sections)) == (MOST_SECTIONS + 5, MOST_SECTIONS + 1)
    assert body.word_count == 1 + 2 * (MOST_SECTIONS + 5)


def test_a_mark_of_ours_in_a_card_separates_nothing() -> None:
    body = read_body(f"# a{PART}b\n\nc{PART}d")
    assert [(section.heading, section.word_count) for section in body.sections] == [("a b", 2)]


def test_pictures_and_code_may_stand_in_links_and_captions() -> None:
    body = read_body("[![![in](a.png) `x`](b.png)](https://hf.co/o/m) ![`c`](d.png) text")
    assert (body.counts["image"], body.links["hub_model"], body.word_count) == (2, 1, 1)


@pytest.mark.parametrize(
    ("markup", "prose", "images", "targets"),
    [
        ("<p>one<br>two</p>", ["one", "two"], 0, []),
        ("<style>.a { b }</style>c<script>d</script>", ["c"], 0, []),
        ("<pre><code>a <span>b</span></code></pre>c", ["c"], 0, []),
        ("a<!-- b <img> -->c", ["a", "c"], 0, []),
        ("a<!-- never ends <img>", ["a"], 0, []),
        ('<IMG SRC="x"><A class="y" HREF = "u?a=1&amp;b=2">t</A>', ["t"], 1, ["u?a=1&b=2"]),
        ("<a href=x>t</a><a name='n'>u</a>", ["t", "u"], 0, ["x"]),
        ("1 < 2 &lt; 3", ["1", "<", "2", "<", "3"], 0, []),
    ],
)
def test_html_is_read_for_what_is_seen(markup: str, prose: list[str], images: int, targets: list[str]) -> None:
    found = read_html(markup)
    assert (found.prose.split(), found.image_count, found.targets) == (prose, images, targets)


@pytest.mark.parametrize("piece", ["<a ", "<img ", "<!--", "<pre>", "<code>", "<style", "&", "</", "<a href='"])
def test_unfinished_html_takes_no_longer_than_other(piece: str) -> None:
    """A pattern that looks again and again at what follows would take hours for these."""
    assert read_html(piece * 100_000).image_count in (0, 100_000)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("https://huggingface.co/gpt2", "hub_model"),
        ("https://huggingface.co/bert-base-uncased/blob/main/vocab.txt", "hub_model"),
        ("http://www.huggingface.co/owner/name#top", "hub_model"),
        ("HTTPS://HF.CO/owner/name?x=y", "hub_model"),
        ("https://huggingface.co/owner", "other"),
        ("https://huggingface.co/docs/hub", "other"),
        ("https://huggingface.co/models?filter=x", "other"),
        ("https://huggingface.co", "other"),
        ("https://huggingface.co/datasets/squad", "hub_dataset"),
        ("https://huggingface.co/datasets", "other"),
        ("https://huggingface.co/spaces/a/b", "hub_space"),
        ("https://cdn-lfs.huggingface.co/a/b", "other"),
        ("https://www.arxiv.org/pdf/1810.04805", "arxiv"),
        ("https://dx.doi.org/10.1/x", "doi"),
        ("https://raw.githubusercontent.com/a/b/x.png", "github"),
        ("https://a.github.io/", "github"),
        ("https://notgithub.com/", "other"),
        ("https://user:pw@github.com:443/x", "github"),
        ("//github.com/x", "github"),
        ("https://", "other"),
        ("https://[::1/x", "other"),
        ("#usage", "anchor"),
        ("mailto:a@example.org", "other"),
        ("./LICENSE", "relative"),
        ("vocab.txt", "relative"),
        ("", "relative"),
    ],
)
def test_a_link_is_of_one_kind(target: str, kind: str) -> None:
    assert link_kind(target) == kind and kind in KINDS


def test_papers_are_known_by_their_numbers() -> None:
    text = (
        "[1](https://arxiv.org/abs/1810.04805v2) (https://arxiv.org/pdf/2104.08247.pdf) arXiv:1907.11692 "
        "arXiv preprint arXiv:1810.04805 eprint={2001.08210}, eprint = {arXiv:1911.02116}, arxiv.org/abs/cs/0112017 "
        "arxiv: 12345 blueprint={9999.99999} arXiv:1910.013666"
    )
    assert arxiv_ids(text) == sorted(
        ["1810.04805", "2104.08247", "1907.11692", "2001.08210", "1911.02116", "cs/0112017", "9999.99999"]
    )
    assert arxiv_ids("no paper") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", [0]),
        ("one two", [2]),
        ("don't re-use snake_case", [6]),
        ("a1 2b 3.14", [4]),
        ("naïve café", [2]),
        ("“so” — it … is", [3]),
        ("हिन्दी भाषा", [2]),
        ("日本語、中文", [2]),
        (f"a b{PART}{PART} c", [2, 0, 1]),
    ],
)
def test_words_are_runs_of_letters_digits_and_marks(text: str, words: list[int]) -> None:
    assert count_words(text) == words


@given(st.lists(st.text(alphabet=st.characters(exclude_characters=PART, codec="utf-8"), max_size=30), max_size=5))
@quick
def test_words_of_parts_are_those_of_each(texts: list[str]) -> None:
    assert count_words(PART.join(texts)) == ([count_words(text)[0] for text in texts] or [0])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This model is a fine-tuned version of another model that was trained on a large corpus of text.", "en"),
        ("Dieses Modell wurde auf einem großen Korpus deutscher Texte trainiert und kann Sätze vergleichen.", "de"),
        ("Ce modèle a été entraîné sur un grand corpus de textes français et peut comparer des phrases.", "fr"),
        ("このモデルは日本語の大規模なテキストで学習されており、文章の類似度を計算することができます。", "ja"),
    ],
)
def test_a_text_has_a_language(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text(alphabet=st.sampled_from(list("#-*`~<>[]()!|:_ \n\tab&;\"'=/\\")), max_size=120))
@quick
def test_no_card_ends_the_reading(markdown: str) -> None:
    body = read_body(markdown)
    assert body.word_count >= sum(section.word_count for section in body.sections)
    assert all(count >= 0 for count in body.counts.values())
    assert body.heading_count >= sum(section.level > 0 for section in body.sections)
