"""From tidy gold rows to the small frames behind each chart; each is also the chart's CSV file."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ptm_spark.report.facts import DIMENSIONS, NONE, Dimension

TOP = 8
WINDOW = 12
MEASURES = ("upload_share", "owner_weighted_share", "without_bulk_share", "download_share")


@dataclass(frozen=True)
class Span:
    """A run of whole months; ``before`` is the equally long run ahead of it, empty where there is none."""

    months: tuple[str, ...]
    before: tuple[str, ...]


def uploads_by_month(tidy: pd.DataFrame) -> pd.DataFrame:
    """Models per month of creation, the row of unknown months last with month ``unknown``."""
    rows = tidy.assign(month=tidy["month"].fillna("unknown").astype(str))
    months = rows.groupby("month", sort=True).agg(
        alive_count=("upload_count", "sum"), ever_count=("ever_count", "sum"), is_partial=("is_partial", "any")
    )
    # the two tables are counted apart; a negative rest would draw below the axis
    months.insert(1, "removed_count", (months["ever_count"] - months["alive_count"]).clip(lower=0))
    return months.reset_index()


def newest_span(tidy: pd.DataFrame, length: int = WINDOW) -> Span:
    """The newest ``length`` whole months, fewer where there are fewer."""
    dated = tidy[tidy["month"].notna()]
    partial = set(dated.loc[dated["is_partial"], "month"])
    whole = sorted(set(dated["month"]) - partial)
    months, before = whole[-length:], whole[-2 * length : -length]
    return Span(tuple(months), tuple(before if len(before) == length else ()))


def top_values(tidy: pd.DataFrame, count: int = TOP) -> list[str]:
    """The known values with most uploads over all dated months, most first; ``none`` is no value.

    One more than ``count`` is returned where that leaves nothing over: a rest of one value should have its name.
    """
    dated = tidy[tidy["month"].notna() & (tidy["value"] != NONE)]
    totals = dated.groupby("value", sort=True)["upload_count"].sum()
    ranked = list(totals[totals > 0].sort_values(ascending=False, kind="stable").index)
    return ranked if len(ranked) <= count + 1 else ranked[:count]


def over_time(tidy: pd.DataFrame, values: Sequence[str]) -> pd.DataFrame:
    """Uploads and shares per month for ``values`` and for all others together (``kind`` is rest)."""
    dated = tidy[tidy["month"].notna()]
    totals = dated.groupby("month", sort=True).agg(total=("upload_count", "sum"), is_partial=("is_partial", "any"))
    named = dated[dated["value"] != NONE]
    parts = []
    for series in [*values, None]:
        of_series = named[~named["value"].isin(list(values))] if series is None else named[named["value"] == series]
        if series is None and not of_series["upload_count"].any():
            continue
        counts = of_series.groupby("month")["upload_count"].sum().reindex(totals.index, fill_value=0)
        parts.append(
            totals.assign(
                kind="rest" if series is None else "value",
                value="all others" if series is None else series,
                upload_count=counts,
                upload_share=(counts / totals["total"]).where(totals["total"] > 0),
            )
        )
    columns = ["month", "kind", "value", "upload_count", "upload_share", "is_partial"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts).reset_index()[columns]


def pooled_counts(tidy: pd.DataFrame, months: Sequence[str]) -> "pd.Series[int]":
    """Uploads per value over ``months`` taken together."""
    rows = tidy[tidy["month"].isin(list(months))]
    return rows.groupby("value", sort=True)["upload_count"].sum()


def newest_shares(tidy: pd.DataFrame, span: Span, count: int = TOP) -> pd.DataFrame:
    """Counts and shares over ``span`` per value: the most frequent, then the rest, then ``none``."""
    now, before = pooled_counts(tidy, span.months), pooled_counts(tidy, span.before)
    columns = ["kind", "value", "upload_count", "upload_share", "share_before"]
    total, total_before = int(now.sum()), int(before.sum())
    if total == 0:
        return pd.DataFrame(columns=columns)
    top = top_values(tidy[tidy["month"].isin(span.months)], count)
    rest = sorted({*now.index, *before.index} - {*top, NONE})
    groups = [("value", value, [value]) for value in top] + [("rest", "all others", rest), ("none", NONE, [NONE])]
    rows = []
    for kind, label, members in groups:
        found, earlier = (int(series.reindex(members).fillna(0).sum()) for series in (now, before))
        if found or kind == "value":
            share_before = earlier / total_before if total_before else None
            rows.append((kind, label, found, found / total, share_before))
    return pd.DataFrame(rows, columns=columns).astype({"share_before": "float64"})


def weightings(frames: dict[str, pd.DataFrame], span: Span, count: int = 6) -> pd.DataFrame:
    """Mean monthly share over ``span`` under each weighting, for the values with most uploads in it.

    Means of months and not shares of sums: owners vote anew each month, so that their votes cannot be added up.
    """
    rows = []
    for dimension in DIMENSIONS:
        tidy = frames[dimension.key]
        tidy = tidy[tidy["month"].isin(list(span.months))]
        for value in top_values(tidy, count)[:count]:
            means = [_mean_monthly_share(tidy, value, measure) for measure in MEASURES]
            rows.append((dimension.one, value, *means))
    found = pd.DataFrame(rows, columns=["dimension", "value", *MEASURES])
    return found.astype(dict.fromkeys(MEASURES, "float64"))


def coverage_by_month(frames: dict[str, pd.DataFrame], dimensions: Sequence[Dimension] = DIMENSIONS) -> pd.DataFrame:
    """Share of each month's models whose task, library, licence or family is known."""
    parts = []
    for dimension in dimensions:
        tidy = frames[dimension.key]
        dated = tidy[tidy["month"].notna()]
        months = dated.groupby("month", sort=True).agg(coverage=("coverage", "max"), is_partial=("is_partial", "any"))
        if not months.empty:
            parts.append(months.reset_index().assign(dimension=dimension.one))
    columns = ["month", "dimension", "coverage", "is_partial"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _mean_monthly_share(tidy: pd.DataFrame, value: str, measure: str) -> float | None:
    """A month in which the value has no row counts as 0; one in which nothing has a share does not count."""
    defined = tidy.loc[tidy[measure].notna(), "month"].nunique()
    return float(tidy.loc[tidy["value"] == value, measure].sum()) / defined if defined else None
