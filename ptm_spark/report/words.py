"""The sentences of the page, written from the same small frames as the charts."""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from ptm_spark.report.facts import DIMENSIONS, MULTIPLE, NONE, Dimension
from ptm_spark.report.shaping import MEASURES, Span, pooled_counts
from ptm_spark.report.text import clean, counted, is_missing, month_name, number, percent

WEIGHTINGS = {
    "upload_share": "each model counts once",
    "owner_weighted_share": "each owner has one vote a month",
    "without_bulk_share": "without bulk uploads",
    "download_share": "each download counts",
}


def name(value: str, limit: int = 60) -> Markup:
    """A crawled name inside a sentence; isolated, so that its writing direction stays its own."""
    return Markup("<bdi>{}</bdi>").format(clean(value, limit))


def span_words(span: Span) -> str:
    """``the newest 12 whole months (Aug 2025 – Jul 2026)``."""
    if len(span.months) == 1:
        return f"the newest whole month ({month_name(span.months[0])})"
    return f"the newest {len(span.months)} whole months ({month_name(span.months[0])} – {month_name(span.months[-1])})"


def uploads_words(months: pd.DataFrame, span: Span) -> str:
    """What the newest whole months brought, against those before, and which month was busiest."""
    dated = months[months["month"] != "unknown"].set_index("month")
    if not span.months:
        return "No month is wholly observed yet." if len(dated) else ""
    now = int(dated.loc[list(span.months), "alive_count"].sum())
    said = f"{_first_upper(span_words(span))} brought {counted(now, 'model')} that are still there"
    before = int(dated.loc[list(span.before), "alive_count"].sum()) if span.before else 0
    if before:
        change = now / before - 1
        said += f", {percent(abs(change))} {'more' if change >= 0 else 'fewer'} than the {len(span.before)} before"
    whole = dated[~dated["is_partial"].astype(bool)]
    if len(whole) == 1:
        return f"{said}."
    busiest = str(whole["alive_count"].idxmax())
    return f"{said}. The busiest whole month was {month_name(busiest)} with {number(whole['alive_count'].max())}."


def leader_words(tidy: pd.DataFrame, span: Span, dimension: Dimension) -> Markup:
    """The most frequent known value of the newest whole months, and where it stood before."""
    now, before = pooled_counts(tidy, span.months), pooled_counts(tidy, span.before)
    known = now[(now.index != NONE) & (now.index != MULTIPLE)].sort_values(ascending=False, kind="stable")
    if known.empty or not int(known.iloc[0]):
        return Markup("")
    leader = str(known.index[0])
    said = Markup("{} is the most frequent {} of {}: {} of all models made then").format(
        name(leader), dimension.one, span_words(span), percent(int(known.iloc[0]) / int(now.sum()))
    )
    if int(before.sum()):
        earlier = percent(int(before.get(leader, 0)) / int(before.sum()))
        said += Markup(", after {} in the {} months before").format(earlier, len(span.before))
    return said + Markup(". {} name no {}.").format(percent(int(now.get(NONE, 0)) / int(now.sum())), dimension.one)


def weighting_words(found: pd.DataFrame) -> Markup:
    """The value whose share depends most on the way of counting."""
    widest: tuple[float, str, float, float, str] | None = None
    for row in found.to_dict("records"):
        for measure in MEASURES[1:]:
            if is_missing(row[measure]) or is_missing(row["upload_share"]):
                continue
            gap = abs(row[measure] - row["upload_share"])
            if widest is None or gap > widest[0]:
                widest = (gap, str(row["value"]), float(row["upload_share"]), float(row[measure]), measure)
    if widest is None:
        return Markup("")
    return Markup("The way of counting matters most for {}: {} when each model counts once, {} {}.").format(
        name(widest[1]), percent(widest[2]), percent(widest[3]), _when(widest[4])
    )


def coverage_words(coverage: pd.DataFrame) -> str:
    """How much is known of the newest whole month."""
    whole = coverage[~coverage["is_partial"].astype(bool)] if len(coverage) else coverage
    if whole.empty:
        return ""
    month = max(whole["month"])
    newest = whole[whole["month"] == month].set_index("dimension")["coverage"]
    parts = [f"a {one} for {percent(share)}" for one, share in newest.items() if not is_missing(share)]
    if not parts:
        return ""
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Of the models made in {month_name(month)} the Hub names {listed}."


def panel_captions(tidy: pd.DataFrame, span: Span, values: Sequence[str]) -> dict[str | None, str]:
    """For each value, and None for all others, its share over the newest whole months."""
    now = pooled_counts(tidy, span.months)
    total = int(now.sum())
    if not total:
        return {}
    shares: dict[str | None, float] = {value: int(now.get(value, 0)) / total for value in values}
    rest = [value for value in now.index if value not in {*values, NONE}]
    shares[None] = int(now.reindex(rest).sum()) / total
    return {value: percent(share) for value, share in shares.items()}


def latest_coverage(coverage: pd.DataFrame) -> Mapping[str, str]:
    """Each dimension's known share in the newest whole month, for the legend."""
    known: dict[str, str] = {}
    for dimension in DIMENSIONS:
        if len(coverage):
            rows = coverage[(coverage["dimension"] == dimension.one) & ~coverage["is_partial"].astype(bool)]
            if len(rows):
                known[dimension.one] = percent(rows["coverage"].iloc[-1])
    return known


def _when(measure: str) -> str:
    words = WEIGHTINGS[measure]
    return words if words.startswith("without") else f"when {words}"


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
