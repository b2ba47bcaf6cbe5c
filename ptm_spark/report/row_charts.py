"""Charts of one row a value: shares as bars, the ways to count as points."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from ptm_spark.report import look
from ptm_spark.report.look import BLUE, GREY, INK, PAPER, Layout, Rows, Spec
from ptm_spark.report.text import is_missing, number, percent

_FIGURES_ROOM = 135


def share_bars(shares: pd.DataFrame, names: Sequence[str], layout: Layout) -> Spec:
    """Share of each value as a bar with its figures; a tick where it stood in the span before."""
    rows: Rows = []
    for name, row in zip(names, shares.to_dict("records"), strict=True):
        share, before = float(row["upload_share"]), look.or_none(row["share_before"])
        figures = f"{percent(share)}  ({number(row['upload_count'])})"
        end = max(share, before or 0.0)
        rows.append(
            {"name": name, "kind": row["kind"], "share": share, "before": before, "end": end, "figures": figures}
        )
    width = layout.width - layout.label_room - look.EDGE
    top = look.top_share([*shares["upload_share"], *shares["share_before"]])
    scale = {"domain": [0, top * width / (width - _FIGURES_ROOM)], "nice": False}
    kinds = {"domain": ["value", "rest", "none"], "range": [BLUE, GREY, GREY]}
    y = look.name_axis(names, layout)
    below = 0 if layout.is_wide else 7  # under the name, where that stands above
    chart = look.chart_of("shares")
    bars = chart.mark_bar(size=17, yOffset=below).encode(
        x=alt.X("share:Q", scale=scale, axis=None), y=y, color=alt.Color("kind:N", scale=kinds, legend=None)
    )
    ticks = (
        chart.transform_filter("isValid(datum.before)")
        .mark_tick(color=INK, thickness=2, size=25, yOffset=below)
        .encode(x=alt.X("before:Q", scale=scale, axis=None), y=y)
    )
    text = chart.mark_text(align="left", baseline="middle", dx=8, dy=below, color=INK).encode(
        x=alt.X("end:Q", scale=scale, axis=None), y=y, text="figures:N"
    )
    step = alt.Step(30 if layout.is_wide else 46)
    return look.spec_of(alt.layer(bars, ticks, text, width=width, height=step), {"shares": rows})


def weighting_dots(
    found: pd.DataFrame, names: Sequence[str], measures: Sequence[str], headings: Mapping[str, str], layout: Layout
) -> Spec:
    """For each value its share under every weighting, as points on one line; a block and a scale a dimension."""
    named = found.assign(name=list(names))
    blocks, datasets = [], {}
    for key, heading in headings.items():
        block = named[named["dimension"] == key]
        if not block.empty:
            datasets[key] = [
                {"name": row["name"], "measure": measure, "share": float(row[measure])}
                for row in block.to_dict("records")
                for measure in measures
                if not is_missing(row[measure])
            ]
            top = look.top_share(row["share"] for row in datasets[key])
            blocks.append(_dots(key, list(block["name"]), measures, heading, top, layout))
    return look.spec_of(alt.vconcat(*blocks, spacing=26), datasets)


def _dots(
    dataset: str, names: list[str], measures: Sequence[str], heading: str, top: float, layout: Layout
) -> alt.LayerChart | alt.FacetChart:
    axis = look.share_axis_below(top, ticks=6 if layout.is_wide else 4)
    x = alt.X("share:Q", title=None, scale={"domain": [0, top], "nice": False}, axis=axis)
    y = look.name_axis(names, layout)
    below = 0 if layout.is_wide else 8
    colors = {"domain": list(measures), "range": list(look.SERIES_COLORS)}
    shapes = {"domain": list(measures), "range": list(look.SERIES_SHAPES)}
    chart = look.chart_of(dataset)
    reach = chart.mark_rule(color=GREY, strokeWidth=2, yOffset=below).encode(
        x=alt.X("min(share):Q", title=None, axis=axis), x2="max(share):Q", y=y
    )
    points = chart.mark_point(size=80, opacity=1, yOffset=below, stroke=PAPER, strokeWidth=1).encode(
        x=x,
        y=y,
        fill=alt.Fill("measure:N", scale=colors, legend=None),
        shape=alt.Shape("measure:N", scale=shapes, legend=None),
    )
    title = alt.TitleParams(heading, anchor="start", frame="bounds", offset=8)
    step = alt.Step(28 if layout.is_wide else 44)
    width = layout.width - layout.label_room - look.EDGE - 6
    return alt.layer(reach, points, title=title, width=width, height=step)
