"""What all charts share: room, colours, axes, and the step from Altair to a Vega-Lite spec."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from ptm_spark.report.text import is_missing, month_short

# variables of the page's style sheet, so that a drawing follows the reader's light or dark
INK, QUIET, GRID, PAPER = "var(--ink)", "var(--quiet)", "var(--grid)", "var(--paper)"
BLUE, FAINT, GREY = "var(--blue)", "var(--faint)", "var(--grey)"
SERIES_COLORS = (BLUE, "var(--orange)", "var(--green)", "var(--purple)")
SERIES_SHAPES = ("circle", "diamond", "square", "triangle-up")
FONT_SIZE = 13
LABEL_SIZE = 12.5
AXIS_ROOM = 46
EDGE = 8
_PLAIN_AXIS: dict[str, Any] = {"ticks": False, "domain": False}
_YEARS = (12, 24, 60, 120, 240, 1200)

Spec = dict[str, Any]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Layout:
    """Room for a chart, in pixels of the page; ``label_room`` is that for names, which else stand above their row."""

    name: str
    width: int
    height: int
    columns: int
    month_labels: int
    panel_labels: int
    label_room: int

    @property
    def is_wide(self) -> bool:
        """Whether names stand beside their row."""
        return self.label_room > 0


WIDE = Layout("wide", width=820, height=290, columns=3, month_labels=12, panel_labels=5, label_room=195)
NARROW = Layout("narrow", width=345, height=225, columns=2, month_labels=5, panel_labels=3, label_room=0)
LAYOUTS = (WIDE, NARROW)


def chart_of(dataset: str) -> alt.Chart:
    """A chart on rows that are given to ``spec_of`` under this name.

    Altair copies what it holds at every step, rows and its own big axis and scale objects too. With named rows, and
    axes and scales as plain mappings, a page takes half the time.
    """
    return alt.Chart(alt.NamedData(name=dataset))


def spec_of(chart: alt.TopLevelMixin, datasets: Mapping[str, Rows]) -> Spec:
    """The chart as Vega-Lite in the look of the page. Not validated once more: the parts were when they were made."""
    spec: Spec = chart.to_dict(validate=False)
    axis = {"labelColor": QUIET, "labelFontSize": LABEL_SIZE, "gridColor": GRID, "tickColor": GRID}
    title = {"color": INK, "fontSize": FONT_SIZE, "fontWeight": "bold", "subtitlePadding": 3}
    return spec | {
        "datasets": dict(datasets),
        "config": {
            "aria": False,
            "padding": 4,
            "font": "Arial, Liberation Sans, sans-serif",
            "view": {"stroke": None},
            "axis": axis | {"domainColor": QUIET, "labelPadding": 6},
            "text": {"fontSize": FONT_SIZE},
            "title": title | {"subtitleColor": QUIET, "subtitleFontSize": LABEL_SIZE},
        },
    }


def month_axis(months: Sequence[str], most: int, *, points: bool = False, small: bool = False) -> alt.X:
    """Months as text on a band scale, which knows no clock and no time zone; labels only where there is room.

    A small chart of more than two years names years only. The scale's domain is left to the rows, which have every
    month: their order as text is that of time.
    """
    steps = _YEARS if small and len(months) > 24 else (1, 2, 3, 6, *_YEARS)
    step = next((step for step in steps if len(months) <= step * most), steps[-1])
    shown = [month for month in months if (int(month[:4]) * 12 + int(month[5:7]) - 1) % step == 0] or [*months[:1]]
    labels = {month: month_short(month) for month in shown}
    if step < 12 and not shown[0].endswith("-01"):
        labels[shown[0]] += f" {shown[0][:4]}"
    axis = {"values": shown, "labelExpr": f"({labels})[datum.value]", "labelAngle": 0, "labelOverlap": False}
    scale = {"type": "point", "padding": 0.5} if points else {"type": "band", "paddingInner": 0.25, "paddingOuter": 0.1}
    return alt.X("month:O", title=None, scale=scale, axis=axis | {"grid": False})


def count_axis() -> Spec:
    """Whole numbers at the left; zero has no unit."""
    whole = {"format": "~s", "labelExpr": "datum.value == 0 ? '0' : datum.label", "tickMinStep": 1}
    return whole | _PLAIN_AXIS | {"tickCount": 5} | _room(AXIS_ROOM)


def share_axis(top: float, *, ticks: int = 5, labelled: bool = True) -> Spec:
    """Per cent up to ``top``, at the left. Where labels are not wanted they are set but unseen, within the chart:
    a title stands on top of them, and must stand equally high in a row of charts."""
    axis = {"format": percent_format(top), "tickCount": ticks} | _PLAIN_AXIS
    unseen = {"labelOpacity": 0, "labelAlign": "left", "labelPadding": 0}
    return axis | (_room(AXIS_ROOM) if labelled else unseen | _room(0))


def share_axis_below(top: float, *, ticks: int) -> Spec:
    """Per cent up to ``top``, along the foot of a chart."""
    return {"format": percent_format(top), "tickCount": ticks, "labelFlush": False} | _PLAIN_AXIS


def name_axis(names: Sequence[str], layout: Layout) -> alt.Y:
    """Names at the left of their rows, or above them where the page is narrow."""
    beside = {"labelAlign": "right", "labelPadding": 8, "labelLimit": layout.label_room - 10}
    above = {"labelAlign": "left", "labelPadding": 0, "labelOffset": -13, "labelLimit": layout.width - 10}
    look = {"labelColor": INK, "labelFontSize": FONT_SIZE, "grid": False}
    axis = (beside if layout.is_wide else above) | look | _PLAIN_AXIS | _room(layout.label_room)
    return alt.Y("name:N", title=None, sort=None, scale={"domain": list(names)}, axis=axis)


def month_rows(months: Iterable[str], shares: Iterable[Any], partial: Iterable[Any], *, want_partial: bool) -> Rows:
    """Rows of the whole or of the other months; a null stays, so that a line is broken there and not drawn across."""
    return [
        {"month": month, "share": or_none(share)}
        for month, share, is_partial in zip(months, shares, partial, strict=True)
        if bool(is_partial) == want_partial
    ]


def lone_rows(rows: Rows) -> Rows:
    """Rows with a share and without a neighbour that has one: a line does not show them."""
    shares = [None, *(row["share"] for row in rows), None]
    around = zip(rows, shares, shares[1:], shares[2:], strict=False)
    return [row for row, left, here, right in around if here is not None and left is None and right is None]


def top_share(shares: Iterable[Any]) -> float:
    """The largest known share, never 0, which would be no scale."""
    return max([0.001, *(float(share) for share in shares if not is_missing(share))])


def percent_format(top: float) -> str:
    """As many decimals as the labels of an axis up to ``top`` need to differ, without zeros at the end."""
    return f".{max(0, -math.floor(math.log10(top * 10)))}~%"


def _room(pixels: int) -> Spec:
    return {"minExtent": pixels, "maxExtent": pixels}


def or_none(value: Any) -> float | None:
    """A number, or None for whatever stands for missing: NaN is no JSON."""
    return None if is_missing(value) else float(value)
