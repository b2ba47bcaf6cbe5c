"""What is read of forum posts: their texts, and landed lines as rows."""

import json
from typing import Any

import pyarrow as pa
import pytest
from dumps import JSON_VALUES, quick
from forum_pages import KEY, page, post, rows_of, topic_row
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.columns import keyed_hash_of
from ptm_spark.silver.forum_html import MOST_DEEP, is_too_deep, read_html
from ptm_spark.silver.forum_lines import _batch
from ptm_spark.silver.forum_markdown import read_markdown
from ptm_spark.silver.forum_names import Names
from ptm_spark.silver.forum_records import HARD_RULES
from ptm_spark.silver.forum_text import model_of
from ptm_spark.standin.forum_markdown import cook
from ptm_spark.standin.forum_world import InventedForum

QUOTE = (
    '<aside class="quote no-group" data-username="ann_b" data-post="1" data-topic="2">\n<div class="title">\n'
    '<div class="quote-controls"></div>\n ann_b:</div>\n<blockquote>\n<p>It <em>fails</em>, @carl</p>\n'
    "<pre><code>x = 1\n</code></pre>\n</blockquote>\n</aside>\n<p>Yes</p>"
)


def test_quotes_go_without_their_headers() -> None:
    text = read_html(QUOTE)
    assert (text.prose, text.quote_text, text.code_text) == ("Yes", "It fails, @user\n\nx = 1", "")
    assert (text.quote_count, text.mention_count, text.code_block_count) == (1, 0, 0)


def test_code_in_a_line_is_prose_and_blocks_are_not() -> None:
    text = read_html('<p>Use <code>bert-base</code>:</p>\n<pre><code class="lang-py">a = 1\n</code></pre>\n<p>Done</p>')
    assert (text.prose, text.code_text, text.code_block_count) == ("Use bert-base:\n\nDone", "a = 1", 1)


@pytest.mark.parametrize(
    "html",
    [
        '<p><a class="mention" href="/u/ann_b">@ann_b</a> hi</p>',
        '<p><span class="mention">@ann_b</span> hi</p>',
        '<p><a href="https://forum.example.org/u/ann_b">Ann</a> hi</p>',
        "<p>@ann_b hi</p>",
        "<p>@ann-b.c hi</p>",
    ],
)
def test_users_are_never_named(html: str) -> None:
    text = read_html(html)
    assert (text.prose, text.mention_count, text.link_count) == ("@user hi", 1, 0)


def test_users_of_a_page_are_left_out_of_its_texts() -> None:
    users = [
        {"username": "kaelith", "name": "Kae Lith"},
        {"username": "albert", "name": "Albert"},
        {"username": "Bo_b", "name": "Robert Smith"},
    ]
    names = Names(users)
    said = "Hi albert, as kaelith and Bo_b say, albert-base by Robert Smith is kaelithic.\n\nrobert: try ALBERT\nKae"
    left = "Hi @user, as @user and @user say, albert-base by @user is kaelithic.\n\n@user: try ALBERT\n@user"
    assert names.leave_out(said) == left
    assert read_html(f"<blockquote>{said.splitlines()[0]}</blockquote>", names).quote_text == left.splitlines()[0]


def test_mail_addresses_and_tokens_are_masked() -> None:
    text = read_html(f"<p>ann@example.org or hf_{'a' * 30}</p><pre><code>hf_{'b' * 30}</code></pre>")
    assert (text.prose, text.code_text) == ("…@… or hf_…", "hf_…")


def test_addresses_leave_the_prose_and_are_counted() -> None:
    html = (
        '<p>See <a href="https://huggingface.co/ann/bert-x/blob/main/README.md?x#y">the card</a>, '
        '<a href="https://Example.org/a">example.org/a</a> and https://hf.co/datasets/squad.</p>'
        '<aside class="onebox githubblob" data-onebox-src="https://github.com/a/b"><header><a href="https://github.com/a/b">'
        "github.com</a></header><article><p>Title of another</p></article></aside>"
        '<aside class="quote" data-post="1" data-topic="7"><div class="title"><a href="https://forum.example.org/t/7">T</a>'
        "</div><blockquote>Words of others</blockquote></aside>"
    )
    text = read_html(html)
    assert text.prose == "See the card, and"
    assert (text.link_count, text.quote_count) == (5, 0)
    assert text.link_hosts == ["example.org", "forum.example.org", "github.com", "hf.co", "huggingface.co"]
    assert text.linked_model_ids == ["ann/bert-x"]


def test_pictures_captions_polls_and_emoji() -> None:
    html = (
        '<p>Look <img src="/e.png" title=":hugs:" class="emoji" alt=":hugs:"></p>'
        '<div class="lightbox-wrapper"><a class="lightbox" href="/a.png"><img src="/a.png" alt="a"><div class="meta">'
        '<span class="filename">a.png</span></div></a></div>'
        '<div class="poll"><ul><li>Yes</li></ul></div><details><summary>More</summary><p>inside</p></details>'
    )
    text = read_html(html)
    assert (text.prose, text.image_count, text.link_count, text.word_count) == (
        "Look :hugs:\n\nMore\n\ninside",
        1,
        0,
        3,
    )


def test_old_quotes_of_imported_posts() -> None:
    text = read_html("<p>[quote=“ann_b”]It fails[/quote]</p>\n<p>Why?</p>\n<p>[quote=“carl”] open</p>")
    assert (text.prose, text.quote_text, text.quote_count) == ("Why?\n\nopen", "It fails", 1)


def test_lines_and_paragraphs() -> None:
    assert read_html("<p>a<br>\nb\nc</p>\n<ul>\n<li>d</li>\n<li>e</li>\n</ul>").prose == "a\nb c\n\nd\n\ne"


def test_markdown_with_the_forum_s_own_marks() -> None:
    raw = (
        '[quote="ann_b, post:1, topic:2"]\nIt [quote="carl"]deep[/quote] fails\n```\nx\n```\n[/quote]\n\n'
        "@dora try `bert-base` [here](https://hf.co/a/b), https://example.org/x.\n\n"
        '```\n[quote="in code"]\n```\n\n[poll]\n* Yes\n[/poll]\n[details="More"]\ninside\n[/details]\n'
        "![pic|69x42](upload://a.png)\n\n> old\n\n[code]\ny = 1\n[/code]\n[b]bold[/b] <b>too</b><br>end"
    )
    text = read_markdown(raw)
    assert text.prose == "@user try bert-base here,\n\nMore\ninside\n\nbold too\nend"
    assert text.quote_text == "It deep fails\n\nx\n\nold"
    assert text.code_text == '[quote="in code"]\n\ny = 1'
    assert (text.quote_count, text.image_count, text.link_count, text.mention_count) == (2, 1, 2, 1)
    assert text.linked_model_ids == ["a/b"]


def test_marks_that_are_never_closed_name_nobody() -> None:
    text = read_markdown('[/quote] so\n\n[quote="ann_b, post:1"]\nIt fails')
    assert (text.prose, text.quote_text) == ("so", "It fails")


def test_markdown_and_html_of_a_post_say_the_same() -> None:
    posts = [post for topic in InventedForum(7, 200).topics for post in topic.posts]
    assert [post.raw for post in posts if read_markdown(post.raw) != read_html(cook(post.raw))] == []


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("https://huggingface.co/google/t5-small", "google/t5-small"),
        ("http://www.huggingface.co/a/b.c_d/tree/main", "a/b.c_d"),
        ("https://hf.co/a/b?x=1", "a/b"),
        ("https://huggingface.co/datasets/squad", None),
        ("https://huggingface.co/docs/transformers", None),
        ("https://huggingface.co/gpt2", None),
        ("https://example.org/huggingface.co/a/b", None),
    ],
)
def test_models_among_addresses(url: str, model: str | None) -> None:
    assert model_of(url) == model


def test_languages_of_longer_texts_only() -> None:
    german = (
        "Ich habe ein Problem mit dem Modell und weiß leider nicht, wie ich es lösen kann, denn es lädt gar nicht mehr"
    )
    assert read_html(f"<p>{german}</p>").language == "de"
    assert read_html("<p>Danke, das geht</p>").language is None


def test_html_nested_without_end_is_not_read() -> None:
    assert not is_too_deep("<p>a<li>b<br>" * 5000)
    deep = "<div>" * (MOST_DEEP + 1) + "<b></b>" * 500
    (_, found) = rows_of("topic_posts", page(posts=[post(cooked=deep)]))
    assert found["post"]["flaws"] == ["cooked:depth"]
    assert found["post"]["text_source"] is None


@quick
@given(st.text(alphabet="<>/[]quotepoldiv=\"'`@~ \n\0abc&;!-", max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for found in (read_markdown(text), read_html(text)):
        assert found.word_count >= 0


@quick
@given(st.data())
def test_any_value_in_any_field_becomes_a_row(data: st.DataObject) -> None:
    """Whatever stands in a field, the rows fit the engine's types; a wrong type is a flaw or a reject."""
    value = data.draw(JSON_VALUES | st.just(2**64 - 1))
    where, record = data.draw(st.sampled_from(["topic", "post", "stream", "row", "category"])), page(posts=[post()])
    entity = "topic_posts"
    if where == "topic":
        record[data.draw(st.sampled_from(sorted(record)))] = value
    elif where == "post":
        inner = record["post_stream"]["posts"][0]
        inner[data.draw(st.sampled_from(sorted(inner)))] = value
    elif where == "stream":
        record["post_stream"][data.draw(st.sampled_from(["posts", "stream", "isMegaTopic"]))] = value
    elif where == "row":
        entity, record = "topics", topic_row()
        record[data.draw(st.sampled_from(sorted(record)))] = value
    else:
        entity = "site"
        category = {"id": 5, "name": "A", "slug": "a", "parent_category_id": None, "topic_count": 1, "description": ""}
        category[data.draw(st.sampled_from([*category, "subcategory_list"]))] = value
        record = {"categories": [category, value]}
    rows = rows_of(entity, record)
    assert isinstance(_batch(rows), pa.RecordBatch)
    assert all(reason in HARD_RULES for row in rows for reason in row.get("reasons") or [])


BROKEN: dict[str, tuple[str, Any]] = {
    "id:missing": ("topics", topic_row(id=...)),
    "id:type": ("topic_posts", page(id="7")),
    "id:range": ("topics", topic_row(id=0)),
    "post_stream:type": ("topic_posts", page(post_stream={"posts": {}})),
    "categories:type": ("site", {"category_list": []}),
    "post:type": ("topic_posts", page(posts=[post(), 7])),
    "post.id:missing": ("topic_posts", page(posts=[post(), post(id=...)])),
    "post.id:type": ("topic_posts", page(posts=[post(), post(id=1.0)])),
    "post.id:range": ("topic_posts", page(posts=[post(), post(id=2**63)])),
    "post.topic_id:missing": ("topic_posts", page(posts=[post(), post(id=9, topic_id=None)])),
    "post.topic_id:type": ("topic_posts", page(posts=[post(), post(id=9, topic_id="7")])),
    "post.topic_id:other": ("topic_posts", page(posts=[post(), post(id=9, topic_id=8)])),
    "category:type": ("site", {"categories": [{"id": 5}, None]}),
    "category.id:missing": ("site", {"categories": [{"id": 5}, {"name": "x"}]}),
    "category.id:type": ("site", {"categories": [{"id": 5}, {"id": True}]}),
    "category.id:range": ("site", {"category_list": {"categories": [{"id": 5, "subcategory_list": [{"id": -1}]}]}}),
}


@pytest.mark.parametrize("rule", [rule for rule in HARD_RULES if rule != "fetched_at:format"])
def test_each_hard_rule(rule: str) -> None:
    """A record that breaks it is turned away; of a page or of categories only the broken part is."""
    line, *items = rows_of(*BROKEN[rule])
    assert (line["reasons"], len(line["sha256"])) == ([rule], 64)
    if "." in rule or rule in ("post:type", "category:type"):
        assert (line["kind"] != "broken", len(items), line["item_count"], line["item_reject_count"]) == (True, 1, 2, 1)
    else:
        assert (line["kind"], items) == ("broken", [])


def test_a_line_that_does_not_say_when() -> None:
    (line,) = rows_of("topics", topic_row(), fetched_at="yesterday")
    assert (line["kind"], line["reasons"]) == ("broken", ["fetched_at:format"])


def test_soft_rules_cost_a_value() -> None:
    bad = post(
        post_type=9, reads=-1, created_at="2024-01-01", updated_at="2124-01-01T00:00:00Z", score="1", username=7,
        actions_summary=[{"id": 2, "count": "3"}], cooked=None,
    )  # fmt: skip
    changes = {"views": "12", "tags": ["a", 7], "accepted_answer": {"post_number": "2"}, "details": []}
    line, found = rows_of("topic_posts", page(posts=[bad], stream=["x"], **changes))
    assert sorted(found["post"]["flaws"]) == [
        "actions_summary:type", "created_at:format", "post_type:range", "reads:range", "score:type",
        "updated_at:range", "username:type",
    ]  # fmt: skip
    assert sorted(line["topic"]["flaws"]) == [
        "accepted_answer:type", "details:type", "post_stream.stream:type", "tags:type", "views:type",
    ]  # fmt: skip
    assert (line["topic"]["tags"], line["topic"]["view_count"], line["stream"]) == (["a"], None, None)


def test_names_of_users_leave_the_row() -> None:
    """No name of a user is in a row, wherever the forum writes it."""
    named = post(
        username="ann_b", name="Ann B", display_username="Ann B", cooked=f"<p>Hi carl, I am Ann B</p>{QUOTE}",
        reply_to_user={"username": "carl"}, user_title="Ann's",
    )  # fmt: skip
    solved = {"post_number": 1, "username": "ann_b", "name": "Ann B", "excerpt": "ann_b says"}
    changes = {"title": "To @ann_b", "accepted_answer": solved}
    details = {"created_by": {"id": 4, "username": "ann_b", "name": "Ann B"}, "last_poster": {"username": "carl"}}
    rows = rows_of("topic_posts", page(posts=[named], details=details, **changes))
    text = json.dumps(rows, default=str)
    assert [name for name in ("ann_b", "Ann", "carl") if name in text] == []
    assert rows[0]["topic"]["author_hash"] == rows[1]["post"]["author_hash"] == keyed_hash_of("ann_b", KEY)


def test_hidden_and_withdrawn_posts_have_no_text() -> None:
    _, hidden, gone = rows_of("topic_posts", page(posts=[post(hidden=True), post(id=9, user_deleted=True)]))
    assert [row["post"].get("prose") for row in (hidden, gone)] == [None, None]
    assert [row["post"]["removal"] for row in (hidden, gone)] == [None, "by_author"]


def test_markdown_counts_where_a_body_carries_it() -> None:
    _, found = rows_of("topic_posts", page(posts=[post(raw="from *raw*", cooked="<p>from cooked</p>")]))
    assert (found["post"]["text_source"], found["post"]["prose"]) == ("raw", "from raw")
