"""A card's text below its front matter, read as GitHub-flavoured Markdown: what it holds, section by section."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyromark

from ptm_spark.silver.card_html import read_html
from ptm_spark.silver.card_links import link_kind
from ptm_spark.silver.card_words import PART, count_words

MOST_HEADING_CHARS = 200
#: headings beyond are counted, but get no section of their own
MOST_SECTIONS = 2_000
_OPTIONS = pyromark.Options
_MARKDOWN = pyromark.Markdown(
    options=_OPTIONS.ENABLE_TABLES
    | _OPTIONS.ENABLE_FOOTNOTES
    | _OPTIONS.ENABLE_STRIKETHROUGH
    | _OPTIONS.ENABLE_TASKLISTS
)
#: what ends a stretch of prose; marks within a line do not
_BREAKS = frozenset(("Paragraph", "Item", "TableCell", "TableRow", "TableHead", "FootnoteDefinition"))
#: addresses that GitHub-flavoured Markdown, and the Hub, make links of though nothing marks them
_BARE = re.compile(r"https?://[^\s<>()\[\]\"'`|]{2,2000}")
_BIBTEX = re.compile(r"([A-Za-z]{3,15})[ \t]{0,4}\{")
_BIBTEX_KINDS = frozenset(
    (
        *("article", "book", "booklet", "conference", "dataset", "inbook", "incollection", "inproceedings", "manual"),
        *("mastersthesis", "misc", "online", "phdthesis", "proceedings", "software", "techreport", "unpublished"),
    )
)


@dataclass
class Section:
    """A heading (level 0, without text: what stands before the first one) and what follows up to the next one.

    ``text`` is its prose, a paragraph, list item or table cell a line; ``has_more`` tells of code, tables, pictures.
    """

    level: int
    heading: str
    text: str
    word_count: int
    has_more: bool


@dataclass
class Body:
    """Counts of a card's text; words are those of prose and headings, links are counted by kind."""

    sections: list[Section]
    word_count: int = 0
    heading_count: int = 0
    bibtex_count: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)


def read_body(markdown: str) -> Body:
    """What a card's Markdown holds.

    Prose is all text but code, captions of pictures, HTML tags, comments, styles and scripts.
    """
    if PART in markdown:
        markdown = markdown.replace(PART, " ")
    walk = _Walk()
    walk.go(_MARKDOWN.events(markdown))
    prose = "".join(walk.prose)
    texts, words = prose.split(PART), count_words(prose)
    sections = []
    for number, level in enumerate(walk.levels[: MOST_SECTIONS + 1]):  # prose and headings take turns
        heading = " ".join(texts[2 * number - 1].split())[:MOST_HEADING_CHARS] if number else ""
        sections.append(Section(level, heading, texts[2 * number], words[2 * number], number in walk.with_more))
    if not words[0] and 0 not in walk.with_more:
        del sections[0]
    return Body(
        sections=sections,
        word_count=sum(words),
        heading_count=len(walk.levels) - 1,
        bibtex_count=_count_bibtex(markdown),
        counts=walk.counts,
        links=Counter(map(link_kind, walk.targets)),
    )


def _count_bibtex(markdown: str) -> int:
    """BibTeX entries; cut at @ first, for that is ten times as quick as searching the whole text by the pattern."""
    after_at = markdown.split("@")[1:]
    return sum(found[1].lower() in _BIBTEX_KINDS for found in map(_BIBTEX.match, after_at) if found)


class _Walk:
    """One way through a card's events. Heading and section texts stand in ``prose`` between marks of ``PART``."""

    def __init__(self) -> None:
        self.prose: list[str] = []
        self.levels = [0]
        self.targets: list[str] = []
        self.counts: Counter[str] = Counter()
        self.with_more: set[int] = set()

    def go(self, events: Iterator[Any]) -> None:
        """The branches stand in the order of how often they are taken, for there are 200 events a card."""
        put, targets = self.prose.append, self.targets
        in_link = in_heading = False
        inline_codes = 0
        for event in events:
            if event.__class__ is str:  # the end of a line, or a rule
                put("\n")
                continue
            kind, value = event.popitem()  # there is one; taking it out is the quickest way to both
            if kind == "Text":
                put(value)
                if "://" in value and not in_link:
                    targets.extend(_BARE.findall(value))
            elif kind == "End":
                if value.__class__ is str:
                    if value in _BREAKS:
                        put("\n")
                    elif value == "Link":
                        in_link = False
                elif "Heading" in value:
                    put(PART)
                    in_heading = False
            elif kind == "Start":
                if value.__class__ is str:
                    if value == "Item":
                        put("\n")
                    elif value == "HtmlBlock":
                        self._take_html("".join(_inside(events, "HtmlBlock", "Html")))
                    continue
                tag, detail = value.popitem()
                if tag == "Link":
                    targets.append(detail["dest_url"])
                    in_link = True
                elif tag == "Heading":
                    put(PART)
                    self.levels.append(int(detail["level"][1]))
                    in_heading = True
                elif tag == "CodeBlock":
                    self._count("indented" if detail == "Indented" else "fenced")
                    deque(_inside(events, "CodeBlock", ""), maxlen=0)  # passed over: code is no prose
                elif tag == "Image":
                    self._count("image")
                    deque(_inside(events, "Image", ""), maxlen=0)
                elif tag == "Table":
                    self._count("table")
            elif kind == "Code":
                inline_codes += 1
                put(value if in_heading else " ")
            elif kind == "InlineHtml":
                self._take_html(value)
        self.counts["inline"] = inline_codes

    def _count(self, what: str) -> None:
        self.counts[what] += 1
        self.with_more.add(len(self.levels) - 1)

    def _take_html(self, markup: str) -> None:
        found = read_html(markup)
        self.prose.append(found.prose)
        self.targets += found.targets
        for _ in range(found.image_count):
            self._count("image")


def _inside(events: Iterator[Any], tag: str, wanted: str) -> Iterator[str]:
    """Texts of the kind that is wanted up to the end of the element just begun; pictures may stand in captions."""
    depth = 1
    for event in events:
        if event.__class__ is str:
            continue
        kind, value = event.popitem()
        if kind == wanted:
            yield value
        elif kind == "End" and value == tag:
            depth -= 1
            if not depth:
                return
        elif kind == "Start" and value.__class__ is not str and tag in value:
            depth += 1
