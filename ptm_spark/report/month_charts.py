"""Charts over months: uploads as bars, shares as small panels, coverage as lines."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from ptm_spark.report import look
from ptm_spark.report.look import BLUE, FAINT, GREY, PAPER, Layout, Rows, Spec
from ptm_spark.report.text import clean

_PANEL_GAP = 22
_WIDEST_BAR = 64
_LETTER = 7.0  # mean width of a letter of a panel's title
_LOOKS = ["alive", "removed", "alive_partial", "removed_partial"]


def uploads_bars(months: pd.DataFrame, layout: Layout) -> Spec:
    """Models per month of creation, those removed since on top; months not wholly observed are hollow."""
    rows: Rows = []
    for month in months.to_dict("records"):
        partial = "_partial" if month["is_partial"] else ""
        for order, (kind, column) in enumerate((("alive", "alive_count"), ("removed", "removed_count"))):
            if month[column] or kind == "alive":
                rows.append({"month": month["month"], "look": kind + partial, "count": month[column], "order": order})
    top = max([1, *(int(count) for count in months["alive_count"] + months["removed_count"])])
    width = layout.width - look.AXIS_ROOM - look.EDGE
    bars = (
        look.chart_of("months")
        .mark_bar(strokeWidth=1, size=min(_WIDEST_BAR, 0.75 * width / len(months)))
        .encode(
            x=look.month_axis(list(months["month"]), layout.month_labels),
            y=alt.Y("count:Q", title=None, scale={"domain": [0, top], "nice": 5}, axis=look.count_axis()),
            fill=alt.Fill("look:N", scale={"domain": _LOOKS, "range": [BLUE, GREY, FAINT, PAPER]}, legend=None),
            stroke=alt.Stroke("look:N", scale={"domain": _LOOKS, "range": [BLUE, GREY] * 2}, legend=None),
            order="order:O",
        )
        .properties(width=width, height=layout.height)
    )
    return look.spec_of(bars, {"months": rows})


def share_panels(series: pd.DataFrame, captions: Mapping[str, str], layout: Layout) -> Spec:
    """One small chart a value, largest first; whole months as a line, others as a hollow point.

    The panels of a row share a scale. One scale for all would press everything but the largest flat; a scale for
    each would make all look alike.
    """
    sizes = series.groupby("value", sort=False)["upload_count"].sum().sort_values(ascending=False, kind="stable")
    names = [str(name) for name in sizes.index]
    shares = series.groupby("value")["upload_share"].max()
    months = sorted(set(series["month"]))
    width = (layout.width - look.AXIS_ROOM - _PANEL_GAP * (layout.columns - 1) - look.EDGE) // layout.columns
    x = look.month_axis(months, layout.panel_labels, points=True, small=True)
    panels, datasets = [], {}
    for place, name in enumerate(names):
        row = place - place % layout.columns
        top = look.top_share(shares[names[row : row + layout.columns]])
        rows = series[series["value"] == name]
        columns = (rows["month"], rows["upload_share"], rows["is_partial"])
        whole, partial = f"whole {place}", f"partial {place}"
        datasets[whole] = look.month_rows(*columns, want_partial=False)
        datasets[partial] = look.month_rows(*columns, want_partial=True)
        axis = look.share_axis(top, ticks=3, labelled=place == row)
        y = alt.Y("share:Q", title=None, scale={"domain": [0, top], "nice": 3}, axis=axis)
        title = alt.TitleParams(
            _lines(name, int(width / _LETTER)),
            subtitle=captions.get(name, ""),
            anchor="start",
            frame="group",
            offset=8,
            limit=width,
        )
        layers = [
            look.chart_of(whole).mark_area(color=FAINT).encode(x=x, y=y),
            look.chart_of(whole).mark_line(color=BLUE, strokeWidth=2).encode(x=x, y=y),
            _hollow_points(partial, BLUE, "circle", 30).encode(x=x, y=y),
        ]
        if lone := look.lone_rows(datasets[whole]):
            datasets[f"lone {place}"] = lone
            layers.append(_full_points(f"lone {place}", BLUE).encode(x=x, y=y))
        panels.append(alt.layer(*layers, title=title, width=width, height=105))
    spacing = {"column": _PANEL_GAP, "row": 24}
    return look.spec_of(alt.concat(*panels, columns=layout.columns, spacing=spacing, align="each"), datasets)


def coverage_lines(coverage: pd.DataFrame, keys: Sequence[str], layout: Layout) -> Spec:
    """Known share of each dimension by month, each line named at its end."""
    months = sorted(set(coverage["month"]))
    x = look.month_axis(months, layout.month_labels, points=True)
    y = alt.Y("share:Q", title=None, scale={"domain": [0, 1]}, axis=look.share_axis(1))
    name_room = 62
    layers, datasets = [], {}
    ends = _apart(
        {key: float(known.iloc[-1]) for key in keys if len(known := _known_shares(coverage, key))}, 17 / layout.height
    )
    for key, color, shape in zip(keys, look.SERIES_COLORS, look.SERIES_SHAPES, strict=False):
        rows = coverage[coverage["dimension"] == key]
        columns = (rows["month"], rows["coverage"], rows["is_partial"])
        whole, partial, end = f"whole {key}", f"partial {key}", f"end {key}"
        datasets[whole] = look.month_rows(*columns, want_partial=False)
        datasets[partial] = look.month_rows(*columns, want_partial=True)
        datasets[end] = [{"month": months[-1], "share": ends[key], "name": key}] if key in ends else []
        layers += [
            look.chart_of(whole).mark_line(color=color, strokeWidth=2.5).encode(x=x, y=y),
            _hollow_points(partial, color, shape, 45).encode(x=x, y=y),
            look.chart_of(end)
            .mark_text(align="left", baseline="middle", dx=13, color=color, fontWeight="bold")
            .encode(x=x, y=y, text="name:N"),
        ]
        if lone := look.lone_rows(datasets[whole]):
            datasets[f"lone {key}"] = lone
            layers.append(_full_points(f"lone {key}", color).encode(x=x, y=y))
    width = layout.width - look.AXIS_ROOM - look.EDGE - name_room
    return look.spec_of(alt.layer(*layers, width=width, height=layout.height), datasets)


def _hollow_points(dataset: str, color: str, shape: Any, size: int) -> alt.Chart:
    """Months not wholly observed; filled with the paper, so that no line shows through."""
    points: alt.Chart = look.chart_of(dataset).mark_point(
        fill=PAPER, stroke=color, strokeWidth=1.5, shape=shape, size=size, opacity=1
    )
    return points


def _full_points(dataset: str, color: str) -> alt.Chart:
    points: alt.Chart = look.chart_of(dataset).mark_point(filled=True, color=color, size=32, opacity=1)
    return points


def _known_shares(coverage: pd.DataFrame, key: str) -> "pd.Series[float]":
    return coverage.loc[coverage["dimension"] == key, "coverage"].dropna()


def _apart(places: Mapping[str, float], gap: float) -> dict[str, float]:
    """The places in the same order but at least ``gap`` from each other and within 0-1, for names beside lines."""
    ranked = sorted(places, key=lambda key: places[key])
    moved: dict[str, float] = {}
    for rank, key in enumerate(ranked):
        below = moved[ranked[rank - 1]] + gap if rank else 0.0
        moved[key] = max(places[key], below)
    for rank in range(len(ranked) - 1, -1, -1):
        above = moved[ranked[rank + 1]] - gap if rank + 1 < len(ranked) else 1.0
        moved[ranked[rank]] = min(moved[ranked[rank]], above)
    return moved


def _lines(name: str, room: int) -> list[str]:
    """A long name on two lines, broken after a hyphen, slash, underscore or space where there is one."""
    if len(name) <= room:
        return [name]
    breaks = [place + 1 for place, char in enumerate(name[:room]) if char in "-_/ "]
    place = breaks[-1] if breaks else room
    return [name[:place].rstrip(), clean(name[place:].strip() or "…", room)]
