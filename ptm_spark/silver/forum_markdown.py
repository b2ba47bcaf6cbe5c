"""Posts as their authors wrote them: Markdown with the forum's own marks for quotes and polls."""

import re
from collections.abc import Iterator
from typing import Any

from pyromark import Markdown, Options

from ptm_spark.silver.forum_names import Names
from ptm_spark.silver.forum_text import Parts, PostText

_READER = Markdown(options=Options.ENABLE_TABLES | Options.ENABLE_STRIKETHROUGH | Options.ENABLE_TASKLISTS)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
#: marks of the forum that enclose something; each stands for itself wherever it is in a line
_MARK = re.compile(r"\[(/?)(quote|poll|code)(?:[= ][^\]\n]*)?\]", re.IGNORECASE)
#: marks that only dress a text: they go, what they enclose stays
_DRESS = re.compile(
    r"\[/?(?:b|i|u|s|url|img|size|color|center|left|right|spoiler|wrap|grid|date|date-range|email|video)"
    r"(?:[= ][^\]\n]*)?\]",
    re.IGNORECASE,
)
_DETAILS = re.compile(r"\[details(?:=\"?([^\]\"\n]*)\"?)?[^\]\n]*\]|\[/details\]", re.IGNORECASE)
_HTML = re.compile(r"<!--.*?(?:-->|$)|<(/?)([a-zA-Z][a-zA-Z0-9]*)([^>]*)>", re.DOTALL)
_ADDRESS = re.compile(r"(?:href|src)\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_USER_PAGE = re.compile(r"(?:https?://[^/]+)?/(?:u|users|g)/[^/]+/?$")
_LINE_TAGS = frozenset({"br", "p", "div", "li", "tr", "summary", "details", "h1", "h2", "h3", "h4", "hr", "table"})
_PARAGRAPHS = ("Paragraph", "Heading", "BlockQuote", "HtmlBlock")
_LINES = ("Item", "List", "TableRow", "TableHead", "Table")


def read_markdown(raw: str, names: Names | None = None) -> PostText:
    """The post's text from its Markdown; see ``read_html`` for what stays and what goes."""
    parts = Parts(names or Names())
    for kind, text in _sections(raw):
        if kind == "quote":
            parts.quote_count += 1
            parts.quotes.append("\n\n")
            _read(text, parts, is_quoted=True)
        elif kind == "code":
            parts.code.append(text)
            parts.prose.append("\n\n")
        elif kind == "text":
            _read(text, parts, is_quoted=False)
    return parts.finish()


def _sections(raw: str) -> Iterator[tuple[str, str]]:
    """The post cut into text, quotes (those inside a quote belong to it), code and polls; fenced code is text here.

    A mark that is never closed, or was never opened, is dropped where it stands.
    """
    outer, depth, kept = "text", 0, ""
    for is_code, piece in _fenced(raw):
        at = 0
        for mark in () if is_code else _MARK.finditer(piece):
            is_end, name = bool(mark[1]), mark[2].lower()
            if outer in ("code", "poll") and not (is_end and name == outer):
                continue
            kept += piece[at : mark.start()]
            at = mark.end()
            if name == outer:
                depth += -1 if is_end else 1
            elif outer == "text" and not is_end:
                yield "text", kept
                outer, depth, kept = name, 1, ""
            if depth == 0 and outer != "text":
                yield outer, kept
                outer, kept = "text", ""
        kept += piece[at:]
    yield "text" if outer == "poll" else outer, kept


def _fenced(raw: str) -> Iterator[tuple[bool, str]]:
    """Runs of lines, and whether they are fenced code."""
    fence, lines = "", list[str]()
    for line in raw.splitlines(keepends=True):
        match = _FENCE.match(line)
        if not fence and match:
            yield False, "".join(lines)
            fence, lines = match[1], [line]
        elif fence and match and match[1].startswith(fence) and not line.strip().strip(fence[0]):
            yield True, "".join([*lines, line])
            fence, lines = "", []
        else:
            lines.append(line)
    yield bool(fence), "".join(lines)


def _read(markdown: str, parts: Parts, *, is_quoted: bool) -> None:
    """Add a section to the parts; ``>`` quotes count as quotes."""
    depth = 0
    code: list[str] | None = None
    in_image, in_link = 0, False
    event: Any
    for event in _READER.events(markdown):
        quoted = is_quoted or depth > 0
        out = parts.quotes if quoted else parts.prose
        if isinstance(event, str):
            out.append("\n" if event in ("SoftBreak", "HardBreak", "Rule") else "")
            continue
        ((kind, value),) = event.items()
        name, details = next(iter(value.items())) if isinstance(value, dict) else (value, None)
        if kind == "Start":
            if name == "CodeBlock":
                code = []
            elif name == "Image":
                in_image += 1
                parts.image_count += not quoted
            elif name == "Link" and details is not None:
                in_link = True
                if not quoted and not _USER_PAGE.match(details["dest_url"]):
                    parts.links.append(details["dest_url"])
            elif name == "BlockQuote":
                parts.quote_count += not quoted
                depth += 1
        elif kind == "End":
            if name == "CodeBlock" and code is not None:
                block, code = "".join(code), None
                if quoted:
                    out.append(f"\n{block}\n")
                else:
                    parts.code.append(block)
            elif name == "Image":
                in_image -= 1
            elif name == "Link":
                in_link = False
            elif name == "BlockQuote":
                depth -= 1
        elif in_image:
            continue
        elif code is not None:
            code.append(value)
        elif kind == "Text":
            parts.say(_undressed(value), is_quoted=quoted, has_links=not in_link)
        elif kind == "Code":
            out.append(value)
        elif kind in ("Html", "InlineHtml"):
            _say_html(value, parts, is_quoted=quoted)
        if kind in ("Start", "End"):
            out.append(
                "\n\n" if name in _PARAGRAPHS else "\n" if name in _LINES else " " if name == "TableCell" else ""
            )


def _undressed(text: str) -> str:
    return _DRESS.sub("", _DETAILS.sub(r"\1", text)) if "[" in text else text


def _say_html(html: str, parts: Parts, *, is_quoted: bool) -> None:
    """Add a piece of HTML: its words, and what its tags name."""
    at = 0
    for tag in _HTML.finditer(html):
        parts.say(html[at : tag.start()], is_quoted=is_quoted)
        at, name = tag.end(), (tag[2] or "").lower()
        if name in _LINE_TAGS:
            (parts.quotes if is_quoted else parts.prose).append("\n")
        if is_quoted or tag[1]:
            continue
        address: Any = _ADDRESS.search(tag[3] or "")
        if name == "img":
            parts.image_count += 1
        elif address and name in ("a", "iframe", "video", "audio", "source"):
            parts.links.append(address[1])
    parts.say(html[at:], is_quoted=is_quoted)
