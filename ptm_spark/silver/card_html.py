"""HTML inside Markdown: its pictures and links, and the text that a reader sees of it.

No pattern here looks at a character more than a few times, whatever a card holds.
"""

import html
import re
from typing import NamedTuple

_NAME = re.compile(r"<(img|style|script|pre|code)\b", re.IGNORECASE)
_LINK = re.compile(
    r"<a\s(?:[^<>]{0,500}?\s)?href\s{0,9}=\s{0,9}(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>]+))", re.IGNORECASE
)
_TAG = re.compile(r"<[/A-Za-z][^<>]*>")
_BLOCK_END = re.compile(r"</(?:p|li|td|th|tr|div|h[1-6])>|<br[^<>]*>", re.IGNORECASE)
#: what stands between them is no prose
_SILENT = ("style", "script", "pre", "code")


class Markup(NamedTuple):
    """What a stretch of HTML holds; ``prose`` is its text without tags, styles, scripts and code."""

    prose: str
    image_count: int
    targets: list[str]


def read_html(markup: str) -> Markup:
    """Reads HTML as it stands in a card, whole or not; comments hold nothing."""
    if "<!--" in markup:
        markup = _without(markup, "<!--", "-->")
    names = [name.lower() for name in _NAME.findall(markup)]
    targets = [quoted or single or bare for quoted, single, bare in _LINK.findall(markup)] if "<" in markup else []
    for tag in _SILENT:
        if tag in names:
            markup = _without(markup, f"<{tag}", f"</{tag}>")
    prose = _TAG.sub(" ", _BLOCK_END.sub("\n", markup))
    return Markup(
        html.unescape(prose) if "&" in prose else prose,
        names.count("img"),
        [html.unescape(target) if "&" in target else target for target in targets],
    )


def _without(markup: str, begin: str, end: str) -> str:
    """Markup without what stands from each ``begin`` to the ``end`` after it; what never ends goes up to the next."""
    first, *rest = markup.split(begin)
    return " ".join([first, *(piece.partition(end)[2] for piece in rest)])
