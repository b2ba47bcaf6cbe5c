"""The charts as Vega-Lite specs, each for a wide and a narrow page; colours are the page's CSS variables."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from ptm_spark.report.text import clean, is_missing, month_short, number, percent

INK, QUIET, GRID, PAPER = "var(--ink)", "var(--quiet)", "var(--grid)", "var(--paper)"
ACCENT, FAINT, GREY = "var(--blue)", "var(--faint)", "var(--grey)"
SERIES = ("var(--blue)", "var(--orange)", "var(--green)", "var(--purple)")
SHAPES = ("circle", "diamond", "square", "triangle-up")

Spec = dict[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Layout:
    """Room for a chart in pixels; ``labels`` is that for names at the left, 0 puts them above their row."""

    name: str
    width: int
    columns: int
    ticks: int
    panel_ticks: int
    labels: int
    font: float


WIDE = Layout("wide", width=820, columns=3, ticks=12, panel_ticks=5, labels=200, font=13)
NARROW = Layout("narrow", width=345, columns=2, ticks=5, panel_ticks=3, labels=0, font=13)
LAYOUTS = (WIDE, NARROW)
_AXIS = 46


def uploads_bars(months: pd.DataFrame, layout: Layout) -> Spec:
    """Models per month of creation, those removed since on top; months not wholly observed are hollow."""
    rows: list[Row] = []
    for month in months.itertuples(index=False):
        partial = "_partial" if month.is_partial else ""
        rows.append({"month": month.month, "look": "alive" + partial, "count": int(month.alive_count), "order": 0})
        rows.append({"month": month.month, "look": "removed" + partial, "count": int(month.removed_count), "order": 1})
    looks = ["alive", "removed", "alive_partial", "removed_partial"]
    top = max([1, *(int(count) for count in months["ever_count"])])
    bars = (
        alt.Chart(_data(rows), width=layout.width - _AXIS - 8, height=300 if layout is WIDE else 230)
        .mark_bar(strokeWidth=1)
        .encode(
            x=_month_axis(list(months["month"]), layout.ticks),
            y=alt.Y("count:Q", title=None, scale=alt.Scale(domain=[0, top], nice=5), axis=_value_axis("~s", True)),
            fill=alt.Fill("look:N", scale=alt.Scale(domain=looks, range=[ACCENT, GREY, FAINT, PAPER]), legend=None),
            stroke=alt.Stroke("look:N", scale=alt.Scale(domain=looks, range=[ACCENT, GREY] * 2), legend=None),
            order="order:O",
        )
    )
    return _spec(bars, layout)


def share_panels(series: pd.DataFrame, captions: Mapping[str, str], layout: Layout) -> Spec:
    """One small chart a value, all on one scale; whole months as a line, others as a hollow point."""
    months = sorted(set(series["month"]))
    top = _top_share(series["upload_share"])
    gap = 22
    width = (layout.width - _AXIS - gap * (layout.columns - 1) - 8) // layout.columns
    panels = []
    for place, (value, rows) in enumerate(series.groupby("value", sort=False)):
        panels.append(
            _share_panel(
                rows, months, top, layout, width, str(value), captions.get(str(value), ""),
                with_labels=place % layout.columns == 0,
            )
        )
    return _spec(alt.concat(*panels, columns=layout.columns, spacing={"column": gap, "row": 26}, align="each"), layout)


def _share_panel(
    rows: pd.DataFrame, months: list[str], top: float, layout: Layout, width: int, name: str, caption: str,
    *, with_labels: bool,
) -> alt.LayerChart:
    whole = _data(_month_rows(rows, "upload_share", partial=False))
    partial = _data(_month_rows(rows, "upload_share", partial=True))
    x = _month_axis(months, layout.panel_ticks, points=True)
    y = alt.Y(
        "share:Q", title=None, scale=alt.Scale(domain=[0, top]),
        axis=_value_axis(_percent_format(top), with_labels, ticks=3),
    )
    title = alt.TitleParams(
        _lines(name, int(width / 7.4)), subtitle=caption, anchor="start", frame="group", offset=6, limit=width + 10,
    )
    return alt.layer(
        alt.Chart(whole).mark_area(color=FAINT, interpolate="linear").encode(x=x, y=y),
        alt.Chart(whole).mark_line(color=ACCENT, strokeWidth=2).encode(x=x, y=y),
        alt.Chart(partial).mark_point(filled=True, fill=PAPER, stroke=ACCENT, strokeWidth=1.5, size=30, opacity=1)
        .encode(x=x, y=y),
        title=title, width=width, height=110,
    )


def share_bars(shares: pd.DataFrame, names: Sequence[str], layout: Layout) -> Spec:
    """Share of each value as a bar with its figures; a tick where it stood in the span before."""
    rows: list[Row] = []
    for name, row in zip(names, shares.itertuples(index=False), strict=True):
        figures = f"{percent(row.upload_share)}  ({number(row.upload_count)})"
        share, before = float(row.upload_share), _or_none(row.share_before)
        rows.append({"name": name, "kind": row.kind, "share": share, "before": before, "figures": figures})
    width = layout.width - layout.labels - 8
    top = max(_top_share(shares["upload_share"]), _top_share(shares["share_before"]))
    x_scale = alt.Scale(domain=[0, top * width / (width - 130)], nice=False)
    kinds = alt.Scale(domain=["value", "rest", "none"], range=[ACCENT, GREY, GREY])
    x = alt.X("share:Q", title=None, scale=x_scale, axis=None)
    y = _name_axis(names, layout)
    chart = alt.Chart(_data(rows), width=width, height=alt.Step(30 if layout.labels else 46))
    shift = 0 if layout.labels else 7
    bars = chart.mark_bar(size=17, yOffset=shift).encode(
        x=x, y=y, color=alt.Color("kind:N", scale=kinds, legend=None)
    )
    ticks = chart.mark_tick(color=INK, thickness=2, size=25, yOffset=shift).encode(
        x=alt.X("before:Q", scale=x_scale, axis=None), y=y
    )
    ends = alt.X("end:Q", scale=x_scale, axis=None)
    text = (
        chart.transform_calculate(end="max(datum.share, isValid(datum.before) ? datum.before : 0)")
        .mark_text(align="left", dx=7, dy=shift, color=INK)
        .encode(x=ends, y=y, text="figures:N")
    )
    return _spec(alt.layer(bars, ticks, text), layout)


def weighting_dots(
    found: pd.DataFrame, names: Sequence[str], measures: Sequence[str], headings: Mapping[str, str], layout: Layout
) -> Spec:
    """For each value its share under every weighting, as points on one line; one block a dimension, one scale."""
    top = max(_top_share(found[measure]) for measure in measures)
    width = layout.width - layout.labels - 14
    named = found.assign(name=list(names))
    blocks = []
    for key, heading in headings.items():
        rows = named[named["dimension"] == key]
        if not rows.empty:
            blocks.append(_dots_block(rows, measures, heading, top, width, layout))
    return _spec(alt.vconcat(*blocks, spacing=24), layout)


def _dots_block(
    block: pd.DataFrame, measures: Sequence[str], heading: str, top: float, width: int, layout: Layout
) -> alt.LayerChart:
    rows: list[Row] = []
    for row in block.to_dict("records"):
        for measure in measures:
            if not is_missing(row[measure]):
                rows.append({"name": row["name"], "measure": measure, "share": float(row[measure])})
    x = alt.X(
        "share:Q", title=None, scale=alt.Scale(domain=[0, top], nice=False),
        axis=_value_axis(_percent_format(top), True, ticks=layout.ticks // 2 + 1),
    )
    y = _name_axis(list(block["name"]), layout)
    shift = 0 if layout.labels else 8
    chart = alt.Chart(_data(rows))
    reach = chart.mark_rule(color=GREY, strokeWidth=2, yOffset=shift).encode(
        x=alt.X("min(share):Q", title=None), x2="max(share):Q", y=y
    )
    points = chart.mark_point(filled=True, size=75, opacity=1, yOffset=shift, stroke=PAPER, strokeWidth=1).encode(
        x=x, y=y,
        fill=alt.Fill("measure:N", scale=alt.Scale(domain=list(measures), range=list(SERIES)), legend=None),
        shape=alt.Shape("measure:N", scale=alt.Scale(domain=list(measures), range=list(SHAPES)), legend=None),
    )
    title = alt.TitleParams(heading, anchor="start", frame="bounds", offset=8)
    return alt.layer(reach, points, title=title, width=width, height=alt.Step(26 if layout.labels else 44))


def coverage_lines(coverage: pd.DataFrame, keys: Sequence[str], layout: Layout) -> Spec:
    """Known share of each dimension by month; months not wholly observed as hollow points."""
    months = sorted(set(coverage["month"]))
    x = _month_axis(months, layout.ticks, points=True)
    y = alt.Y("share:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=_value_axis(".0%", True))
    layers = []
    for key, color, shape in zip(keys, SERIES, SHAPES, strict=False):
        rows = coverage[coverage["dimension"] == key]
        whole = alt.Chart(_data(_month_rows(rows, "coverage", partial=False)))
        partial = alt.Chart(_data(_month_rows(rows, "coverage", partial=True)))
        layers.append(whole.mark_line(color=color, strokeWidth=2.5).encode(x=x, y=y))
        layers.append(
            partial.mark_point(filled=True, shape=shape, fill=PAPER, stroke=color, strokeWidth=1.5, size=45, opacity=1)
            .encode(x=x, y=y)
        )
    return _spec(alt.layer(*layers, width=layout.width - _AXIS - 8, height=260 if layout is WIDE else 220), layout)


def _month_rows(rows: pd.DataFrame, column: str, *, partial: bool) -> list[Row]:
    """Months of one kind; where a line is broken a null stands, so that it is not drawn across the gap."""
    found: list[Row] = []
    for month, share, is_partial in zip(rows["month"], rows[column], rows["is_partial"], strict=True):
        if bool(is_partial) == partial:
            found.append({"month": month, "share": _or_none(share)})
    return found


def _month_axis(months: list[str], most: int, *, points: bool = False) -> alt.X:
    """Months as text on a band scale: no clock, no time zone, and a label only where there is room."""
    step = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120, 240, 1200) if len(months) / step <= most or step == 1200)
    shown = [month for month in months if (int(month[:4]) * 12 + int(month[5:7]) - 1) % step == 0] or months[:1]
    labels = {month: month_short(month) for month in shown}
    if step < 12 and not shown[0].endswith("-01"):
        labels[shown[0]] = f"{month_short(shown[0])} {shown[0][:4]}"
    axis = alt.Axis(values=shown, labelExpr=f"({labels})[datum.value]", labelAngle=0, labelOverlap=False, grid=False)
    scale = (
        alt.Scale(type="point", domain=months, padding=0.5)
        if points
        else alt.Scale(type="band", domain=months, paddingInner=0.25, paddingOuter=0.1)
    )
    return alt.X("month:O", title=None, scale=scale, axis=axis)


def _value_axis(fmt: str, with_labels: bool, ticks: int = 5) -> alt.Axis:
    extent = alt.Undefined if not with_labels else _AXIS
    return alt.Axis(
        format=fmt, labels=with_labels, tickCount=ticks, tickMinStep=1 if fmt == "~s" else alt.Undefined,
        ticks=False, domain=False, grid=True, minExtent=extent, maxExtent=extent,
    )


def _name_axis(names: Sequence[str], layout: Layout) -> alt.Y:
    beside = bool(layout.labels)
    axis = alt.Axis(
        labelAlign="right" if beside else "left", labelPadding=8 if beside else 0, labelOffset=0 if beside else -13,
        labelLimit=(layout.labels - 10) if beside else layout.width - 10, labelColor=INK, ticks=False, domain=False,
        minExtent=layout.labels, maxExtent=layout.labels,
    )
    return alt.Y("name:N", title=None, sort=None, scale=alt.Scale(domain=list(names)), axis=axis)


def _spec(chart: alt.TopLevelMixin, layout: Layout) -> Spec:
    """The chart with the house's look; unknown to schema checks by purpose, they cost more than the drawing."""
    axis = {"labelColor": QUIET, "labelFontSize": layout.font - 0.5, "gridColor": GRID, "tickColor": GRID,
            "domainColor": QUIET, "labelPadding": 6}  # fmt: skip
    styled = chart.configure(
        aria=False, font="Arial, Liberation Sans, sans-serif", padding=4
    ).configure_view(stroke=None).configure_axis(**axis).configure_text(fontSize=layout.font).configure_title(
        color=INK, fontSize=layout.font, fontWeight="bold", subtitleColor=QUIET, subtitleFontSize=layout.font - 0.5,
        subtitlePadding=3,
    )
    return dict(styled.to_dict(validate=False))


def _data(rows: list[Row]) -> alt.Data:
    return alt.Data(values=rows)


def _or_none(value: Any) -> float | None:
    return None if is_missing(value) else float(value)


def _top_share(shares: "pd.Series[float]") -> float:
    known = [float(share) for share in shares if not is_missing(share)]
    return max([0.001, *known])


def _percent_format(top: float) -> str:
    return f".{max(0, -math.floor(math.log10(top * 10)) if top < 0.1 else 0)}%"


def _lines(name: str, room: int) -> list[str]:
    """A long name on two lines, broken after a hyphen, slash, underscore or space where there is one."""
    if len(name) <= room:
        return [name]
    breaks = [place + 1 for place, char in enumerate(name[:room]) if char in "-_/ "]
    place = breaks[-1] if breaks else room
    return [name[:place], clean(name[place:].strip() or "…", room)]
