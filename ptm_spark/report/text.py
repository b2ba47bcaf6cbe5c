"""Values as a reader sees them: numbers, shares, moments, and text that somebody else wrote."""

import math
import re
from datetime import UTC, date, datetime
from numbers import Integral
from typing import Any

from markupsafe import Markup

MISSING = "–"
_SEPARATORS = re.compile(r"(?<=[/_:-])(?=.)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def is_missing(value: Any) -> bool:
    """True for None and for everything that is not equal to itself (NaN, NaT) or does not know (pandas' NA)."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return True


def clean(value: Any, limit: int = 80) -> str:
    """Crawled text made fit to be seen: no control or direction marks, cut at ``limit`` with an ellipsis.

    Direction marks could turn round the text after them, and control characters are not allowed in SVG; both are
    replaced visibly instead of dropped, so that two names that differ look different. Escaping is not done here.
    """
    if is_missing(value):
        return MISSING
    text = str(value)
    if not text.strip():
        return "(empty)"
    seen = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[: limit + 1])
    return seen if len(text) <= limit else seen[: limit - 1].rstrip() + "…"


def breakable(value: Any, limit: int = 80) -> Markup:
    """A path or rule for a narrow cell: it may be broken after its separators before it is broken within a word."""
    parts = _SEPARATORS.split(clean(value, limit))
    return Markup("<bdi>{}</bdi>").format(Markup("<wbr>").join(parts))


def number(value: Any) -> str:
    """A count with thousands separated, or a measure with four significant digits."""
    if is_missing(value):
        return MISSING
    try:
        found = float(value)
    except (TypeError, ValueError):
        return clean(value, 24)
    if math.isinf(found):
        return "∞" if found > 0 else "−∞"
    if found == int(found):
        whole = int(value) if isinstance(value, Integral) else int(found)
        return f"{whole:,}".replace("-", "−")
    shown = f"{found:,.4g}" if abs(found) < 10_000 else f"{found:,.1f}"
    return shown.replace("-", "−")


def percent(value: Any) -> str:
    """A share (0-1) in per cent with one decimal."""
    if is_missing(value) or math.isinf(value):
        return MISSING
    if 0 < value < 0.0005:
        return "<0.1%"
    return f"{100 * value:.1f}%"


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 model``, ``2 models``."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def month_name(month: str) -> str:
    """``2024-05`` as ``May 2024``."""
    return f"{_MONTHS[int(month[5:7]) - 1]} {month[:4]}"


def month_short(month: str) -> str:
    """A month's label on an axis: the year in January, else the month's name."""
    return month[:4] if month.endswith("-01") else _MONTHS[int(month[5:7]) - 1]


def when(value: Any) -> str:
    """A moment in UTC to the minute; text that is no ISO moment is shown as it is."""
    if is_missing(value):
        return MISSING
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return clean(value, 40)
    if isinstance(value, datetime):
        moment = value if value.tzinfo is None else value.astimezone(UTC)
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    return value.isoformat() if isinstance(value, date) else clean(value, 40)
