"""How unevenly uploads and mentions are spread: over families in plain Python, over 190,000 owners natively."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.gold.monthly import UNKNOWN, Row, first_day, is_missing
from ptm_spark.gold.months import is_partial, months_until, or_zero, ratio, with_counts
from ptm_spark.statistics.concentration import gini, hhi, top_share
from ptm_spark.tables.gold_series import CONCENTRATION_MONTHLY

_TOPS = (1, 5, 10)


def build_concentration_monthly(
    mentions: Iterable[Row], uploads: Iterable[Row], *, as_of: datetime
) -> list[dict[str, Any]]:
    """Rows of gold/concentration_monthly over families, from those of mentions_per_family_monthly and
    uploads_per_family_monthly; of the family ``none`` and of unknown months nothing is said.
    """
    return [
        *_of_families("forum_families", mentions, "topic_count", as_of=as_of),
        *_of_families("hub_families", uploads, "upload_count", as_of=as_of),
    ]


def _of_families(subject: str, rows: Iterable[Row], column: str, *, as_of: datetime) -> Iterator[dict[str, Any]]:
    counts: dict[date, list[tuple[str, int]]] = defaultdict(list)
    about: dict[date, Row] = {}
    for row in rows:
        if is_missing(row["month"]):
            continue
        month = first_day(row["month"])
        about[month] = row
        if row["family"] != UNKNOWN and row[column]:
            counts[month].append((row["family"], int(row[column])))
    seen: set[str] = set()
    for month in sorted(about):
        active = [count for _, count in counts[month]]
        seen |= {family for family, _ in counts[month]}
        coverage = about[month]["coverage"]
        yield {
            "as_of": as_of,
            "month": month,
            "subject": subject,
            "total_count": sum(active),
            "value_count": len(seen),
            "active_count": len(active),
            "hhi": hhi(sorted(active)).value,
            "gini": gini(sorted(active)).value,
            **{f"top_{k}_share": top_share(sorted(active), k).value for k in _TOPS},
            "coverage": None if is_missing(coverage) else coverage,
            "is_partial": bool(about[month]["is_partial"]),
        }


def build_owner_concentration_monthly(owner_months: DataFrame, *, as_of: datetime) -> DataFrame:
    """Rows of gold/concentration_monthly over owners, from ``count_owner_months``.

    The formulas of ``statistics.concentration``, in integers until the last division, over owners grouped by how many
    uploads they have in a month: of 190,000 owners there are a few hundred different numbers a month. Owners with as
    many have ranks that follow each other, whose sum is known.
    """
    dated = owner_months.where(F.col("month").isNotNull())
    owned = dated.where((F.col("alive_count") > 0) & F.col("owner").isNotNull()).select(
        "month", "owner", F.col("alive_count").alias("size")
    )
    sizes = owned.groupBy("month", "size").agg(F.count(F.lit(1)).alias("owners"))
    of_sizes = _ranked(sizes).groupBy("month").agg(*(column.alias(name) for name, column in _sums().items()))
    newcomers = (
        owned.groupBy("owner")
        .agg(F.min("month").alias("month"))
        .groupBy("month")
        .agg(F.count(F.lit(1)).alias("newcomers"))
    )
    models = dated.groupBy("month").agg(F.sum("alive_count").alias("models"))
    rows = months_until(dated, as_of=as_of).where(F.col("month").isNotNull())
    for frame in (of_sizes, newcomers, models):
        rows = with_counts(rows, frame)
    until = Window.partitionBy("as_of").orderBy("month").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    total, active = F.col("total").cast("double"), F.col("active").cast("double")
    columns = {
        "subject": F.lit("hub_owners"),
        "total_count": or_zero("total"),
        "value_count": F.coalesce(F.sum("newcomers").over(until), F.lit(0)).cast("bigint"),
        "active_count": or_zero("active"),
        "hhi": F.col("squares").cast("double") / (total * total),
        "gini": (F.col("twice_ranks") - (F.col("active") + 1) * F.col("total")).cast("double") / (active * total),
        **{f"top_{k}_share": F.col(f"top_{k}").cast("double") / total for k in _TOPS},
        "coverage": ratio(F.coalesce("total", F.lit(0)), "models"),
        "is_partial": is_partial(),
    }
    return rows.select(*(columns.get(name, F.col(name)).alias(name) for name in CONCENTRATION_MONTHLY.names))


def _ranked(sizes: DataFrame) -> DataFrame:
    """The sizes of a month with how many owners are smaller and how many are larger."""
    ascending = Window.partitionBy("month").orderBy("size").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    of_month = Window.partitionBy("month")
    until = F.sum("owners").over(ascending)
    return sizes.select(
        "month",
        "size",
        "owners",
        (until - F.col("owners")).alias("smaller"),
        (F.sum("owners").over(of_month) - until).alias("larger"),
    )


def _sums() -> dict[str, Column]:
    """Sums over the sizes of a month: of counts, of their squares, of rank times count, of the largest ones."""
    size, owners = F.col("size"), F.col("owners")
    # their ranks go from smaller + 1 to smaller + owners; twice the sum, for the sum itself needs a half
    twice_ranks = owners * (F.lit(2) * F.col("smaller") + owners + F.lit(1))
    tops = {f"top_{k}": F.sum(F.greatest(F.least(owners, F.lit(k) - F.col("larger")), F.lit(0)) * size) for k in _TOPS}
    return {
        "active": F.sum("owners"),
        "total": F.sum(owners * size),
        "squares": F.sum(owners * size * size),
        "twice_ranks": F.sum(twice_ranks * size),
        **tops,
    }
