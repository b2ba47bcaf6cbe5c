"""Posts as HTML, in the forum's own markup."""

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from ptm_spark.silver.forum_names import Names
from ptm_spark.silver.forum_text import Parts, PostText

#: more deeply nested posts are not read: the parser takes quadratic time for them
MOST_DEEP = 200
_FEW_TAGS = 2 * MOST_DEEP
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_BLOCKS = frozenset(
    (
        *("p", "div", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "hr"),
        *("blockquote", "details", "summary", "section", "article", "aside", "header", "dl", "dt", "dd", "center"),
    )
)
_DROPPED = frozenset({"script", "style", "svg", "template", "noscript", "head", "button", "select", "form"})
_MEDIA = frozenset({"iframe", "video", "audio", "source", "embed", "object"})
#: what the forum adds to a post: captions of pictures, polls, marks of headings
_ADDED = frozenset(
    {"meta", "poll", "poll-outer", "anchor", "badge-wrapper", "quote-controls", "cooked-selection-barrier"}
)
_ONEBOXES = frozenset({"onebox", "inline-onebox", "inline-onebox-loading", "lazyYT", "lazy-video-container"})
_MENTIONS = frozenset({"mention", "mention-group"})
_USER_PAGE = re.compile(r"(?:https?://[^/]+)?/(?:u|users|g)/[^/]+/?$")
_VIDEO = "https://www.youtube.com/watch?v="

#: a node with whether it is quoted and whether it stands in a link, or a text to add as it is
_Work = tuple[Any, bool, bool]


def is_too_deep(html: str) -> bool:
    """Whether elements are nested beyond ``MOST_DEEP``."""
    if html.count("<") < _FEW_TAGS:
        return False
    depth = 0
    for end, name in _TAG.findall(html):
        if name.lower() not in _VOID and name.lower() not in ("p", "li"):
            depth = max(0, depth - 1) if end else depth + 1
        if depth > MOST_DEEP:
            return True
    return False


def read_html(html: str, names: Names | None = None) -> PostText:
    """The post's text from its HTML, without these names of users.

    Quotes go without their headers, of addresses that the forum has unfolded only the address stays, of polls and of
    captions nothing. Code inside a line stays in the prose, for that is how people write names of models.
    """
    parts = Parts(names or Names())
    body = LexborHTMLParser(html).body
    work: list[_Work] = [] if body is None else [(body, False, False)]
    while work:
        node, is_quoted, in_link = work.pop()
        if isinstance(node, str):
            (parts.quotes if is_quoted else parts.prose).append(node)
        elif node.tag == "-text":
            parts.say(node.text(deep=False).replace("\n", " "), is_quoted=is_quoted, has_links=not in_link)
        elif node.tag[0] != "-":
            _read_element(node, is_quoted, in_link, parts, work)
    return parts.finish()


def _read_element(node: Any, is_quoted: bool, in_link: bool, parts: Parts, work: list[_Work]) -> None:
    tag, attributes = node.tag, node.attributes
    classes = set((attributes.get("class") or "").split())
    out = parts.quotes if is_quoted else parts.prose
    if tag in _DROPPED or classes & _ADDED:
        return
    if tag == "br":
        out.append("\n")
    elif tag == "img":
        _read_image(attributes, classes, out, parts, is_quoted)
    elif tag == "a" or classes & _ONEBOXES or _is_unfolded(tag, attributes, classes):
        _read_link(node, attributes, classes, is_quoted, parts, work)
    elif classes & _MENTIONS:
        parts.mention(is_quoted=is_quoted)
    elif tag in _MEDIA:
        if not is_quoted and (address := attributes.get("src")):
            parts.links.append(address)
    elif tag == "pre":
        if is_quoted:
            out.append(f"\n{node.text()}\n")
        else:
            parts.code.append(node.text())
            out.append("\n\n")
    elif tag == "code":
        out.append(node.text())
    elif tag == "blockquote" or (tag == "aside" and "quote" in classes):
        parts.quote_count += not is_quoted
        work.append(("\n\n", True, False))
        quoted = node.css_first("blockquote") if tag == "aside" else node
        _descend(quoted or node, True, False, work)
        out.append("\n\n")
    else:
        edge = "\n\n" if tag == "p" else "\n" if tag in _BLOCKS else " " if tag in ("td", "th") else ""
        if edge:
            out.append(edge)
            work.append((edge, is_quoted, False))
        _descend(node, is_quoted, in_link, work)


def _is_unfolded(tag: str, attributes: Any, classes: set[str]) -> bool:
    """Whether an element shows another topic whose address the author gave; a quote of a person says whose it is."""
    return tag == "aside" and "quote" in classes and "data-topic" in attributes and "data-username" not in attributes


def _read_link(node: Any, attributes: Any, classes: set[str], is_quoted: bool, parts: Parts, work: list[_Work]) -> None:
    address = attributes.get("href") or attributes.get("data-onebox-src") or ""
    if node.tag != "a" and not address:
        inner = node.css_first("a[href]")
        address = (inner.attributes.get("href") if inner else None) or ""
        if not address and (video := attributes.get("data-youtube-id") or attributes.get("data-video-id")):
            address = _VIDEO + video
    if classes & _MENTIONS or _USER_PAGE.match(address):
        parts.mention(is_quoted=is_quoted)
        return
    is_picture, is_mark = "lightbox" in classes, any(name.startswith("hashtag") for name in classes)
    if address and not (is_quoted or is_picture or is_mark or address.startswith("#")):
        parts.links.append(address)
    if node.tag == "a" and not classes & _ONEBOXES and not _is_address(node.text(), address):
        _descend(node, is_quoted, True, work)


def _is_address(text: str, address: str) -> bool:
    """Whether a link shows its own address, with its scheme or without, maybe cut short."""
    shown = text.strip().lower().rstrip("…/").removeprefix("www.")
    plain = address.lower().partition("://")[2].removeprefix("www.")
    return "." in shown and plain.startswith(shown)


def _read_image(attributes: Any, classes: set[str], out: list[str], parts: Parts, is_quoted: bool) -> None:
    if "emoji" in classes:
        out.append(attributes.get("title") or attributes.get("alt") or "")
    elif not classes & {"avatar", "site-icon", "thumbnail"}:
        parts.image_count += not is_quoted


def _descend(node: Any, is_quoted: bool, in_link: bool, work: list[_Work]) -> None:
    work += [(child, is_quoted, in_link) for child in reversed(list(node.iter(include_text=True)))]
