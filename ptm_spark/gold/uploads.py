"""Uploads by month of creation and by what a model is: task, library, licence, family."""

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

from ptm_spark.columns import month_of
from ptm_spark.gold.monthly import FLOOR_MONTH, UNKNOWN
from ptm_spark.gold.months import every_month, first_of_month, or_zero
from ptm_spark.tables import Table
from ptm_spark.tables.gold import TABLES as GOLD_UPLOADS

#: sums of fractions are kept as decimals until the end: they do not depend on the order of rows, floats would
_VOTES = "DECIMAL(28, 15)"
#: a row has one vote at most (1.000000000000002 as rounding goes), which engines store as an integer
_ONE_VOTE = "DECIMAL(16, 15)"
_LOG = "DECIMAL(18, 9)"
#: downloads of 30 days from which a model counts as popular
POPULAR = 1_000
#: uploads of a month from which they would be bulk by a stricter and by a laxer rule
STRICT, LAX = 20, 100
#: more than any owner uploads in a month
_ALWAYS = 2**31
#: what the tables of this module group by
DIMENSIONS = tuple(table.key[1] for table in GOLD_UPLOADS)


def count_uploads(models: DataFrame, *, as_of: datetime) -> DataFrame:
    """Models ever seen by ``as_of``, counted by month, owner and everything that a gold table groups by.

    ``models`` are rows of silver/models with their ``family``. One row per combination: ``ever_count`` of models,
    ``alive_count`` of them still there, of the living ``download_total``, the sum of log(1 + downloads), and how many
    have any or many downloads. Everything later is counted from these rows, which are half as many as the models.
    """
    moment = F.lit(as_of).cast("timestamp")
    uploads = models.where(F.col("first_observed_at") <= moment).select(
        month_of(F.col("created_at")).alias("month"),
        "owner",
        *DIMENSIONS,
        (F.col("removal").isNull() | (F.col("removed_at") > moment)).alias("is_alive"),
        "downloads",
    )
    return uploads.groupBy("month", "owner", *DIMENSIONS).agg(
        F.count(F.lit(1)).alias("ever_count"),
        F.count(F.when(F.col("is_alive"), 1)).alias("alive_count"),
        F.coalesce(F.sum(F.when(F.col("is_alive"), F.col("downloads"))), F.lit(0)).alias("download_total"),
        F.coalesce(F.sum(F.when(F.col("is_alive"), F.log1p("downloads").cast(_LOG))), F.lit(0)).alias("log_downloads"),
        F.count(F.when(F.col("is_alive") & (F.col("downloads") > 0), 1)).alias("downloaded_count"),
        F.count(F.when(F.col("is_alive") & (F.col("downloads") >= POPULAR), 1)).alias("popular_count"),
    )


def weigh_uploads(counted: DataFrame, *, bulk_month_uploads: int, bulk_total_uploads: int) -> DataFrame:
    """The rows of ``count_uploads`` with ``is_bulk``, ``bulk_uploads`` and ``votes``.

    ``is_bulk``: of an owner's uploads in a month with at least ``bulk_month_uploads`` of them, or by the end of which
    the owner had at least ``bulk_total_uploads`` in total. Later uploads never re-label earlier ones. Models of unknown
    month count as one period before all months, to which only the total applies. Uploads removed since are uploads all
    the same. ``bulk_uploads`` are the owner's of that month as far as they count for the first rule, very many where
    the second holds: what another limit of a month would make bulk. ``votes``: an owner has one vote a month, shared
    among the owner's living models of that month. Legacy models without an owner are never bulk and have no vote.
    """
    owner_months = (
        counted.where(F.col("owner").isNotNull())
        .groupBy("owner", "month")
        .agg(F.sum("ever_count").alias("owner_uploads"), F.sum("alive_count").alias("owner_alive"))
    )
    # few owners ever reach the total, so that only their months need adding up in order
    large = (
        owner_months.groupBy("owner")
        .agg(F.sum("owner_uploads").alias("total"))
        .where(F.col("total") >= bulk_total_uploads)
    )
    so_far = Window.partitionBy("owner").orderBy(F.col("month").asc_nulls_first())
    total = F.sum("owner_uploads").over(so_far.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    reached = (
        owner_months.join(large, on="owner", how="left_semi")
        .select("owner", "month", total.alias("total"))
        .where(F.col("total") >= bulk_total_uploads)
    )
    bulk_uploads = F.when(F.col("reached.owner").isNotNull(), F.lit(_ALWAYS)).when(
        F.col("counted.month").isNotNull(), F.col("owner_uploads")
    )
    one_vote = F.lit(1.0) / F.nullif("owner_alive", F.lit(0))
    # what is told of an owner's month is joined to the many rows once
    labels = (
        owner_months.alias("counted")
        .join(reached.alias("reached"), on=_same_owner_month("reached"), how="left")
        .select(
            "counted.owner",
            "counted.month",
            F.coalesce(bulk_uploads, F.lit(0)).cast("bigint").alias("bulk_uploads"),
            one_vote.cast(_ONE_VOTE).alias("one_vote"),
        )
    )
    return (
        counted.alias("counted")
        .join(labels.alias("labels"), on=_same_owner_month("labels"), how="left")
        .select(
            "counted.*",
            F.coalesce("bulk_uploads", F.lit(0)).alias("bulk_uploads"),
            (F.coalesce("bulk_uploads", F.lit(0)) >= bulk_month_uploads).alias("is_bulk"),
            (F.col("one_vote") * F.col("alive_count").cast("DECIMAL(10, 0)")).cast(_ONE_VOTE).alias("votes"),
        )
    )


def _same_owner_month(other: str) -> Column:
    same_month = F.col("counted.month").eqNullSafe(F.col(f"{other}.month"))
    return (F.col("counted.owner") == F.col(f"{other}.owner")) & same_month


def build_uploads_monthly(uploads: DataFrame, table: Table, *, as_of: datetime) -> DataFrame:
    """Uploads per month and value of the table's dimension, from ``weigh_uploads``; months without a gap.

    Every value has a row for every month from the first to that of ``as_of``, so that series align; the row of the
    unknown month has month NULL and stands only where there is something to count.
    """
    dimension = table.key[1]
    alive = F.col("alive_count")
    counted = uploads.groupBy("month", F.coalesce(dimension, F.lit(UNKNOWN)).alias(dimension)).agg(
        F.sum(alive).alias("upload_count"),
        F.sum("ever_count").alias("ever_count"),
        F.count_distinct(F.when(alive > 0, F.col("owner"))).alias("owner_count"),
        F.coalesce(F.sum("votes"), F.lit(0)).cast(_VOTES).alias("votes"),
        _sum_if(~F.col("is_bulk")).alias("without_bulk_count"),
        _sum_if(F.col("bulk_uploads") < STRICT).alias("without_strict_count"),
        _sum_if(F.col("bulk_uploads") < LAX).alias("without_lax_count"),
        *(F.sum(name).alias(name) for name in ("download_total", "log_downloads", "downloaded_count", "popular_count")),
        _sum_if(F.col(dimension).isNotNull()).alias("known_count"),
    )
    last_month = first_of_month(as_of)
    grid = every_month(counted, as_of=as_of).crossJoin(counted.select(dimension).distinct())
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
        or_zero("upload_count"),
        share("upload_count").alias("upload_share"),
        or_zero("ever_count"),
        or_zero("owner_count"),
        share("votes").alias("owner_weighted_share"),
        or_zero("without_bulk_count"),
        share("without_bulk_count").alias("without_bulk_share"),
        share("without_strict_count").alias("without_bulk_20_share"),
        share("without_lax_count").alias("without_bulk_100_share"),
        *map(or_zero, ("downloaded_count", "popular_count", "download_total")),
        share("download_total").alias("download_share"),
        share("log_downloads").alias("log_download_share"),
        _coverage(whole).alias("coverage"),
        F.coalesce((F.col("month") >= last_month) | (F.col("month") == F.lit(FLOOR_MONTH)), F.lit(False)).alias(
            "is_partial"
        ),
    )


def _coverage(whole: WindowSpec) -> Column:
    total = F.sum(F.coalesce("upload_count", F.lit(0))).over(whole)
    known = F.sum(F.coalesce("known_count", F.lit(0))).over(whole)
    return F.when(total > 0, known.cast("double") / total.cast("double"))


def _sum_if(condition: Column) -> Column:
    return F.coalesce(F.sum(F.when(condition, F.col("alive_count"))), F.lit(0))
