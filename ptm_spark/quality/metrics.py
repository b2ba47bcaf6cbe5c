"""Measures of tables: one pass of aggregates each, so that the judging needs no further look at the data."""

from collections.abc import Iterable, Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.tables import Table

Measures = dict[str, float | None]


def measure(table: Table, frame: DataFrame, further: Mapping[str, Column] | None = None) -> Measures:
    """Row count, nulls of every required column, rows whose key another row has too, and ``further`` aggregates.

    Keys are compared by their 64-bit hash: equal keys never pass; that two different ones collide has a chance of
    about n²/2⁶⁵ (10⁻⁶ at five million rows), and would be reported, not hidden.
    """
    parts = [F.coalesce(F.col(name).cast("string"), F.lit("\0")) for name in table.key]
    aggregates = {
        "row_count": F.count(F.lit(1)),
        "duplicate_count": F.count(F.lit(1)) - F.count_distinct(F.xxhash64(*parts)),
    }
    aggregates |= {f"null_count:{name}": count_if(F.col(name).isNull()) for name in table.required}
    aggregates |= further or {}
    return first_row(frame.agg(*(column.cast("double").alias(name) for name, column in aggregates.items())))


def uploads_measures(frame: DataFrame, table: Table) -> Measures:
    """What an upload trend is asked beyond its contract: totals, shares, and months without a gap."""
    shares = [field.name for field in table.fields if field.name.endswith("_share") or field.name == "coverage"]
    outside = [F.coalesce(~F.col(name).between(0, 1 + 1e-9), F.lit(False)).cast("int") for name in shares]
    whole = frame.groupBy("month").agg(
        *(F.sum(name).alias(name) for name in shares if name != "coverage"),
        F.sum("upload_count").alias("upload_count"),
        F.count(F.lit(1)).alias("value_count"),
    )
    off = [F.abs(F.col(name) - 1) > 1e-9 for name in shares if name != "coverage"]
    by_month = whole.where(F.col("month").isNotNull()).withColumn("next", F.lead("month").over(Window.orderBy("month")))
    sums = first_row(
        frame.agg(
            F.sum("upload_count").cast("double").alias("upload_total"),
            F.sum("ever_count").cast("double").alias("ever_total"),
            F.sum(sum(outside[1:], outside[0])).cast("double").alias("share_outside_count"),
        )
    )
    months = first_row(
        by_month.agg(
            count_if(F.col("next") != F.add_months("month", 1)).cast("double").alias("month_gap_count"),
            F.count_distinct("value_count").cast("double").alias("grid_width_count"),
        )
    )
    broken = [F.coalesce(condition, F.lit(False)).cast("int") for condition in off]
    totals = first_row(whole.agg(F.sum(sum(broken[1:], broken[0])).cast("double").alias("share_sum_off_count")))
    return sums | months | totals


def orphan_count(child: DataFrame, parent: DataFrame, key: str) -> float:
    """Distinct keys of ``child`` that ``parent`` does not have."""
    strangers = child.select(key).distinct().join(parent.select(key), on=key, how="left_anti")
    return float(strangers.count())


def flatten(run_id: str, measured_at: object, measures: Mapping[str, Measures]) -> Iterable[dict[str, object]]:
    """Measures by subject as rows of ops/dq_metrics."""
    for subject, values in measures.items():
        for metric, value in values.items():
            yield {
                "run_id": run_id,
                "measured_at": measured_at,
                "subject": subject,
                "metric": metric,
                "value": value,
            }


def count_if(condition: Column) -> Column:
    """How many rows a condition holds for."""
    return F.coalesce(F.sum(condition.cast("bigint")), F.lit(0))


def share_if(condition: Column) -> Column:
    """The share of rows that a condition holds for (0-1)."""
    return F.avg(F.coalesce(condition, F.lit(False)).cast("double"))


def first_row(frame: DataFrame) -> Measures:
    """The one row of a frame of aggregates."""
    row = frame.collect()[0]
    return {name: None if value is None else float(value) for name, value in row.asDict().items()}
