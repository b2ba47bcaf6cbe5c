"""Uploads by month of creation and by what the Hub says a model is: task, library, licence."""

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.columns import month_of
from ptm_spark.tables import Table

#: sums of fractions are kept as decimals until the end: they do not depend on the order of rows, floats would
_VOTE = "DECIMAL(28, 15)"
#: creation times begin at the Hub's floor (2022-03-02T23:29:04Z), so this month is not wholly observed
_FLOOR_MONTH = "2022-03-01"
NOT_STATED = "none"


def prepare_uploads(models: DataFrame, *, as_of: datetime, bulk_month_uploads: int, bulk_total_uploads: int) -> DataFrame:
    """One narrow row per model ever seen by ``as_of``: month, owner, dimensions, alive or not, bulk or not, its vote.

    ``is_bulk``: one of an owner's uploads of a month with at least ``bulk_month_uploads`` of them, or by the end of
    which the owner had at least ``bulk_total_uploads`` in total. Later uploads never re-label earlier ones. Models of
    unknown month count as one period before all months, to which only the total applies. Uploads removed since are
    uploads all the same. Legacy models without an owner are never bulk and have no vote. ``vote`` is the model's part of its owner's one vote a month, over models alive.
    """
    moment = F.lit(as_of).cast("timestamp")
    uploads = models.where(F.col("first_observed_at") <= moment).select(
        month_of(F.col("created_at")).alias("month"),
        "owner",
        "pipeline_tag",
        "library_name",
        "licence",
        "downloads",
        (F.col("removal").isNull() | (F.col("removed_at") > moment)).alias("is_alive"),
    )
    owner_months = uploads.where(F.col("owner").isNotNull()).groupBy("owner", "month").agg(
        F.count(F.lit(1)).alias("owner_uploads"), F.sum(F.col("is_alive").cast("bigint")).alias("owner_alive")
    )
    so_far = Window.partitionBy("owner").orderBy(F.col("month").asc_nulls_first())
    total = F.sum("owner_uploads").over(so_far.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    many_in_month = F.col("month").isNotNull() & (F.col("owner_uploads") >= bulk_month_uploads)
    labelled = owner_months.withColumn("owner_total", total).select(
        F.col("owner").alias("of_owner"),
        F.col("month").alias("of_month"),
        (many_in_month | (F.col("owner_total") >= bulk_total_uploads)).alias("is_bulk"),
        (F.lit(1.0) / F.nullif("owner_alive", F.lit(0))).cast(_VOTE).alias("one_vote"),
    )
    same = (F.col("owner") == F.col("of_owner")) & F.col("month").eqNullSafe(F.col("of_month"))
    return uploads.join(labelled, on=same, how="left").select(
        *uploads.columns,
        F.coalesce("is_bulk", F.lit(False)).alias("is_bulk"),
        F.when(F.col("is_alive"), F.col("one_vote")).alias("vote"),
    )


def build_uploads_monthly(uploads: DataFrame, table: Table, *, as_of: datetime) -> DataFrame:
    """Uploads per month and value of the table's dimension, from ``prepare_uploads``; months without a gap.

    Every value has a row for every month from the first to that of ``as_of``, so that series align; the row of the
    unknown month has month NULL and stands only where there is something to count.
    """
    dimension = table.key[1]
    alive = F.col("is_alive")
    counted = uploads.groupBy("month", F.coalesce(dimension, F.lit(NOT_STATED)).alias(dimension)).agg(
        _count(alive).alias("upload_count"),
        F.count(F.lit(1)).alias("ever_count"),
        F.count_distinct(F.when(alive, F.col("owner"))).alias("owner_count"),
        F.coalesce(F.sum("vote"), F.lit(0)).cast(_VOTE).alias("votes"),
        _count(alive & ~F.col("is_bulk")).alias("without_bulk_count"),
        F.coalesce(F.sum(F.when(alive, F.col("downloads"))), F.lit(0)).alias("download_total"),
        _count(alive & F.col(dimension).isNotNull()).alias("known_count"),
    )
    last_month = F.lit(as_of.date().replace(day=1))
    months = counted.agg(F.min("month").alias("first")).select(
        F.explode(F.sequence("first", last_month, F.expr("INTERVAL 1 MONTH"))).alias("month")
    )
    grid = months.crossJoin(counted.select(dimension).distinct())
    dated = grid.join(counted, on=["month", dimension], how="left")
    dense = dated.unionByName(counted.where(F.col("month").isNull()))
    whole = Window.partitionBy("month")

    def share(name: str) -> Column:
        total = F.sum(F.coalesce(name, F.lit(0))).over(whole).cast("double")
        return F.when(total > 0, F.coalesce(name, F.lit(0)).cast("double") / total)

    return dense.select(
        F.lit(as_of).cast("timestamp").alias("as_of"),
        "month",
        dimension,
        _or_zero("upload_count"),
        share("upload_count").alias("upload_share"),
        _or_zero("ever_count"),
        _or_zero("owner_count"),
        share("votes").alias("owner_weighted_share"),
        _or_zero("without_bulk_count"),
        share("without_bulk_count").alias("without_bulk_share"),
        _or_zero("download_total"),
        share("download_total").alias("download_share"),
        _coverage(whole).alias("coverage"),
        F.coalesce(
            (F.col("month") == last_month) | (F.col("month") == F.lit(_FLOOR_MONTH).cast("date")), F.lit(False)
        ).alias("is_partial"),
    )


def _coverage(whole: "Window") -> Column:
    total = F.sum(F.coalesce("upload_count", F.lit(0))).over(whole)
    known = F.sum(F.coalesce("known_count", F.lit(0))).over(whole)
    return F.when(total > 0, known.cast("double") / total.cast("double"))


def _count(condition: Column) -> Column:
    return F.coalesce(F.sum(condition.cast("bigint")), F.lit(0)).cast("bigint")


def _or_zero(name: str) -> Column:
    return F.coalesce(name, F.lit(0)).cast("bigint").alias(name)
