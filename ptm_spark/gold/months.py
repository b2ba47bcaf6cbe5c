"""What tables by month have in common: months without a gap, partial ones, shares."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.columns import month_of
from ptm_spark.gold.monthly import FLOOR_MONTH


def every_month(dated: DataFrame, *, as_of: datetime) -> DataFrame:
    """The months (``month``) from the first of the frame to that of ``as_of``, without a gap; none for no rows.

    A clock may be ahead of ours, so that the frame's last month may be the later one.
    """
    last = F.greatest(F.max("month"), first_of_month(as_of))
    bounds = dated.agg(F.min("month").alias("first"), last.alias("last"))
    return bounds.select(F.explode(F.sequence("first", "last", F.expr("INTERVAL 1 MONTH"))).alias("month"))


def first_of_month(as_of: datetime) -> Column:
    """First day of the month of a moment."""
    return F.lit(as_of.date().replace(day=1))


def months_until(dated: DataFrame, *, as_of: datetime) -> DataFrame:
    """``as_of`` and ``month``: a row per month from the first of the frame to that of ``as_of``, and one of NULL."""
    bounds = dated.agg(F.min("month").alias("first"), F.max("month").alias("newest"))
    at = bounds.select("first", "newest", F.lit(as_of).cast("timestamp").alias("as_of"))
    return at.select("as_of", F.explode(months_between("first", "newest")).alias("month"))


def months_between(first: str, newest: str) -> Column:
    """NULL and the months from ``first`` to that of ``as_of``, as an array; nothing but NULL where there are none.

    A clock may be ahead of ours by hours, and so the ``newest`` month be later than that of ``as_of``.
    """
    last = F.greatest(F.col(newest), month_of(F.col("as_of")))
    none = F.array(F.lit(None).cast("date"))
    # engines may work out both branches, and refuse a sequence that ends before it begins
    months = F.sequence(F.col(first), F.greatest(last, F.col(first)), F.expr("INTERVAL 1 MONTH"))
    return F.when(F.col(first) <= last, F.concat(none, months)).otherwise(none)


def with_counts(rows: DataFrame, counts: DataFrame, *keys: str) -> DataFrame:
    """``rows`` with what was counted of each ``month`` (of which NULL is one) and ``keys``; NULL where nothing was."""
    same = F.col("rows.month").eqNullSafe(F.col("counts.month"))
    for key in keys:
        same = same & (F.col(f"rows.{key}") == F.col(f"counts.{key}"))
    further = [F.col(f"counts.{name}") for name in counts.columns if name not in ("month", *keys)]
    return rows.alias("rows").join(counts.alias("counts"), on=same, how="left").select("rows.*", *further)


def is_partial() -> Column:
    """Whether a ``month`` of creation is not wholly observed: that of ``as_of``, and that of the floor."""
    is_floor = F.col("month") == F.lit(FLOOR_MONTH)
    return F.coalesce((F.col("month") >= month_of(F.col("as_of"))) | is_floor, F.lit(False))


def ratio(part: str | Column, whole: str | Column) -> Column:
    """``part`` over ``whole``; NULL where that is 0."""
    part, whole = (F.col(one) if isinstance(one, str) else one for one in (part, whole))
    return F.when(whole > 0, part.cast("double") / whole.cast("double"))


def or_zero(name: str) -> Column:
    """A count as BIGINT, 0 where there was nothing to count."""
    return F.coalesce(name, F.lit(0)).cast("bigint").alias(name)
