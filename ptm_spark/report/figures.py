"""One figure each: what is seen, how it was made, its drawings for a wide and a narrow page, its numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd
from markupsafe import Markup

from ptm_spark.report import month_charts, row_charts, shaping, words
from ptm_spark.report.facts import DIMENSIONS, FAMILIES, LIBRARIES, LICENCES, MULTIPLE, TASKS, Dimension
from ptm_spark.report.look import LAYOUTS, Layout, Spec
from ptm_spark.report.svg import draw
from ptm_spark.report.text import clean, month_name

NO_DATA = "No data yet"
PARTIAL = "month not wholly observed"


@dataclass(frozen=True)
class Figure:
    """A drawing with its words; ``numbers`` is the content of its CSV file, ``empty`` says why nothing is drawn."""

    key: str
    title: str
    lede: str | Markup
    seen: str
    method: str
    numbers: pd.DataFrame
    legend: tuple[tuple[str, str], ...] = ()
    drawings: Mapping[str, Markup] = field(default_factory=dict)
    empty: str = ""


def uploads_figure(months: pd.DataFrame, span: shaping.Span) -> Figure:
    """Models per month of creation."""
    dated = months[months["month"] != "unknown"]
    lede = words.uploads_words(months, span)
    legend = [("bar blue", "alive")]
    legend += [("bar grey", "removed since")] if dated["removed_count"].any() else []
    legend += [("bar hollow", PARTIAL)] if dated["is_partial"].any() else []
    return Figure(
        key="uploads_per_month",
        title="Models by month of creation",
        lede=lede,
        seen="Each bar is the number of models created in a month and still there; on top, in grey, those removed "
        "since.",
        method="A month loses models whenever old ones are removed, so that bars of the past shrink from report to "
        "report. Models whose month is unknown are in no bar; the CSV has them in a row of their own.",
        numbers=months,
        legend=tuple(legend),
        drawings=_drawings(
            lambda layout: month_charts.uploads_bars(dated, layout), f"Bar chart, models per month. {lede}"
        )
        if len(dated)
        else {},
        empty="" if len(dated) else f"{NO_DATA}: no model has a known month of creation.",
    )


def top_figure(tidy: pd.DataFrame, span: shaping.Span, dimension: Dimension) -> Figure:
    """Shares of the most frequent values of a dimension over time."""
    values = shaping.top_values(tidy)
    series = shaping.over_time(tidy, values)
    captions = words.panel_captions(tidy, span, values)
    labels = dict(zip(values, unique_labels(values), strict=True))
    drawn = series.assign(
        value=[
            f"all other {dimension.many}" if kind == "rest" else labels[value]
            for kind, value in zip(series["kind"], series["value"], strict=True)
        ]
    )
    notes = {labels[value]: captions.get(value, "") for value in values}
    notes[f"all other {dimension.many}"] = captions.get(None, "")
    lede = words.leader_words(tidy, span, dimension)
    shown = f"Every {dimension.one} that a model of these months names."
    if (series["kind"] == "rest").any():
        shown = f"The {len(values)} {dimension.many} with most uploads over all months, all others together."
    caption = f" The figure under each name is its share over {words.span_words(span)}." if span.months else ""
    return Figure(
        key=f"{dimension.key}_over_time",
        title=f"Share of the most frequent {dimension.many}, by month of creation",
        lede=lede,
        seen=f"Each panel is one {dimension.one}, as a share of all models created in the month. Panels of one row "
        f"share a scale, rows do not.{caption}",
        method=f"{shown} Models without a {dimension.one} are in the whole but in no panel; see “What is known”.",
        numbers=series,
        legend=(("line blue", "whole month"), *_partial_legend(series)),
        drawings=_drawings(
            lambda layout: month_charts.share_panels(drawn, notes, layout),
            f"Small line charts, one a {dimension.one}. {Markup(lede).striptags()}",
        )
        if values
        else {},
        empty="" if values else f"{NO_DATA}: no model of a known month names a {dimension.one}.",
    )


def licences_figure(tidy: pd.DataFrame, span: shaping.Span) -> Figure:
    """Licences of the newest whole months."""
    shares = shaping.newest_shares(tidy, span)
    special = {"rest": "all other licences", "none": "no licence named"}
    named = shares.loc[shares["kind"] == "value", "value"].tolist()
    labels = unique_labels([_words_of(value) for value in named])
    names = [*labels, *(special[kind] for kind in shares["kind"] if kind != "value")]
    lede = words.leader_words(tidy, span, LICENCES)
    legend = [("bar blue", "share (and number) of models"), ("bar grey", "all others, and without a licence")]
    if span.before:
        legend.append(("tick", f"share in the {len(span.before)} months before"))
    return Figure(
        key="licences_newest_months",
        title="Licences of the newest models",
        lede=lede,
        seen=f"Models created in {words.span_words(span)}, by licence." if span.months else "",
        method="The licence is what the model's tags name; “other” is a licence name of the Hub, “all other licences” "
        "are those not shown. All models of the months together, each counted once.",
        numbers=shares,
        legend=tuple(legend),
        drawings=_drawings(
            lambda layout: row_charts.share_bars(shares, names, layout), f"Bar chart. {Markup(lede).striptags()}"
        )
        if len(shares)
        else {},
        empty="" if len(shares) else f"{NO_DATA}: no whole month with models.",
    )


def weightings_figure(frames: dict[str, pd.DataFrame], span: shaping.Span) -> Figure:
    """The same shares under four ways of counting."""
    found = shaping.weightings(frames, span)
    names = unique_labels([_words_of(value) for value in found["value"]], 34)
    drawable = bool(found[list(shaping.MEASURES)].notna().any().any())
    headings = {dimension.one: dimension.heading for dimension in DIMENSIONS}
    lede = words.weighting_words(found)
    marks = ("circle blue", "diamond orange", "square green", "triangle purple")
    return Figure(
        key="weightings",
        title="One share, four ways to count",
        lede=lede,
        seen=f"Mean monthly share over {words.span_words(span)}." if span.months else "",
        method="Votes of owners cannot be added up over months, so that all four are means of monthly shares and can "
        "differ a little from the shares above. Bulk uploads are those of owners with many models in "
        "a month or very many in all. "
        "Downloads are those of the last 30 days, whatever the model's age, not of the month it was made.",
        numbers=found,
        legend=tuple(zip(marks, words.WEIGHTINGS.values(), strict=True)),
        drawings=_drawings(
            lambda layout: row_charts.weighting_dots(found, names, shaping.MEASURES, headings, layout),
            f"Dot plot. {Markup(lede).striptags()}",
        )
        if drawable
        else {},
        empty="" if drawable else f"{NO_DATA}: no whole month with a known task, library, licence or family.",
    )


def coverage_figure(frames: dict[str, pd.DataFrame]) -> Figure:
    """Share of models whose task, library, licence and family is known."""
    coverage = shaping.coverage_by_month(frames)
    lede = words.coverage_words(coverage)
    newest = words.latest_coverage(coverage)
    drawable = coverage["coverage"].notna().any()
    marks = zip(("line blue", "line orange", "line green", "line purple"), DIMENSIONS, strict=True)
    legend = [(mark, f"{dimension.one} {newest.get(dimension.one, '')}".strip()) for mark, dimension in marks]
    months = sorted(set(coverage["month"]))
    period = f", {month_name(months[0])} to {month_name(months[-1])}" if months else ""
    return Figure(
        key="coverage_over_time",
        title="How much the models say of themselves",
        lede=lede,
        seen="Share of each month's models whose task, library, licence or family is known. The legend has the newest "
        "whole month.",
        method="A share of a task can rise because more models name their task; read the charts above with this one.",
        numbers=coverage,
        legend=(*legend, *_partial_legend(coverage)),
        drawings=_drawings(
            lambda layout: month_charts.coverage_lines(coverage, [dimension.one for dimension in DIMENSIONS], layout),
            f"Line chart{period}. {lede}",
        )
        if drawable
        else {},
        empty="" if drawable else f"{NO_DATA}: no model has a known month of creation.",
    )


def unique_labels(values: list[str], limit: int = 40) -> list[str]:
    """Names cut to a length; where two become the same, the later ones get a number, or they would share a row."""
    taken: set[str] = set()
    labels = []
    for value in values:
        label, copy = clean(value, limit), 1
        while label in taken:
            copy += 1
            label = f"{clean(value, limit - 4)} ({copy})"
        taken.add(label)
        labels.append(label)
    return labels


def all_figures(frames: dict[str, pd.DataFrame], months: pd.DataFrame, span: shaping.Span) -> list[Figure]:
    """The figures in the order of the page."""
    return [
        uploads_figure(months, span),
        top_figure(frames["families"], span, FAMILIES),
        top_figure(frames["tasks"], span, TASKS),
        top_figure(frames["libraries"], span, LIBRARIES),
        licences_figure(frames["licences"], span),
        weightings_figure(frames, span),
        coverage_figure(frames),
    ]


def _partial_legend(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return [("dot hollow", PARTIAL)] if rows["is_partial"].any() else []


def _words_of(value: str) -> str:
    return "several licences" if value == MULTIPLE else value


def _drawings(spec: Callable[[Layout], Spec], label: str) -> dict[str, Markup]:
    return {layout.name: draw(spec(layout), label, layout.width) for layout in LAYOUTS}
