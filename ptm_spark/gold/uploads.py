"""Uploads by month of creation and by what a model is: task, library, licence, family."""

from datetime import date, datetime
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

from ptm_spark.columns import month_of
from ptm_spark.gold.monthly import UNKNOWN
from ptm_spark.gold.months import every_month, is_partial, or_zero
from ptm_spark.tables import Table
from ptm_spark.tables.gold import TABLES as GOLD_UPLOADS

#: sums of fractions are kept as decimals until the end: they do not depend on the order of rows, floats would
_VOTES = "DECIMAL(28, 15)"
_ONE_VOTE = "DECIMAL(16, 15)"
_LOG = "DECIMAL(18, 9)"
#: downloads of 30 days from which a model counts as popular
POPULAR = 1_000
#: uploads of a month from which they would be bulk by a stricter and by a laxer rule
STRICT, LAX = 20, 100
#: more than any owner uploads in a month
_ALWAYS = 2**31
#: stands for the unknown month where rows are joined: engines join by equal values, and NULL equals nothing
_NO_MONTH = date(1900, 1, 1)
#: what the tables of this module group by
DIMENSIONS = tuple(table.key[1] for table in GOLD_UPLOADS)


def count_owner_months(models: DataFrame, *, as_of: datetime) -> DataFrame:
    """Models ever seen by ``as_of``, counted by owner and month of creation.

    ``models`` are rows of silver/models. One row per ``owner`` and ``month``, NULL being one of each: ``ever_count`` of
    models, and ``alive_count`` of them still there.
    """
    uploads = _uploads(models, "owner", as_of=as_of)
    return uploads.groupBy("owner", "month").agg(
        F.count(F.lit(1)).alias("ever_count"), F.count(F.when(F.col("is_alive"), 1)).alias("alive_count")
    )


def label_owner_months(owner_months: DataFrame, *, bulk_month_uploads: int, bulk_total_uploads: int) -> DataFrame:
    """The rows of ``count_owner_months`` that have an owner, with ``is_bulk``, ``bulk_uploads`` and ``one_vote``.

    ``is_bulk``: in a month with at least ``bulk_month_uploads`` of the owner's uploads, or by the end of which it
    had at least ``bulk_total_uploads`` in total. Later uploads never re-label earlier ones. Models of unknown month
    count as one period before all months, to which only the total applies. Uploads removed since are uploads all the
    same. ``bulk_uploads`` are the owner's of that month as far as they count for the first rule, very many where the
    second holds: what another limit of a month would make bulk. ``one_vote``: the part of the owner's one vote of that
    month that each of the living models has. ``owner_month`` is a number for the row, different for each.
    """
    owned = owner_months.where(F.col("owner").isNotNull())
    # few owners ever reach the total, so that only their months need adding up in order
    large = owned.groupBy("owner").agg(F.sum("ever_count").alias("total")).where(F.col("total") >= bulk_total_uploads)
    so_far = Window.partitionBy("owner").orderBy(F.col("month").asc_nulls_first())
    total = F.sum("ever_count").over(so_far.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    reached = (
        owned.join(large, on="owner", how="left_semi")
        .select("owner", _key_of("month"), total.alias("total"))
        .where(F.col("total") >= bulk_total_uploads)
    )
    bulk_uploads = F.when(F.col("total").isNotNull(), F.lit(_ALWAYS)).when(
        F.col("month").isNotNull(), F.col("ever_count")
    )
    return (
        owned.withColumn("month_key", _key_of("month"))
        .join(reached, on=["owner", "month_key"], how="left")
        .select(
            "owner",
            "month",
            "month_key",
            F.monotonically_increasing_id().alias("owner_month"),
            F.coalesce(bulk_uploads, F.lit(0)).cast("bigint").alias("bulk_uploads"),
            (F.lit(1.0) / F.nullif("alive_count", F.lit(0))).cast(_ONE_VOTE).alias("one_vote"),
        )
        .withColumn("is_bulk", F.col("bulk_uploads") >= bulk_month_uploads)
    )


def label_uploads(models: DataFrame, labels: DataFrame, *, as_of: datetime) -> DataFrame:
    """Models ever seen by ``as_of``, a row each, as narrow as what is counted of them allows.

    ``models`` are rows of silver/models with their ``family``, ``labels`` those of ``label_owner_months``. ``month``,
    the four dimensions, ``is_alive``; of the living ``downloads`` and their ``vote``; of the owner's month a number for
    it (``owner_month``), ``bulk_uploads`` and ``is_bulk``. Legacy models, without an owner, are never bulk and have no
    vote.
    """
    uploads = _uploads(models, "owner", *DIMENSIONS, "downloads", as_of=as_of).withColumn("month_key", _key_of("month"))
    of_owners = labels.select("owner", "month_key", "owner_month", "bulk_uploads", "is_bulk", "one_vote")
    alive = F.col("is_alive")
    return uploads.join(of_owners, on=["owner", "month_key"], how="left").select(
        "month",
        *DIMENSIONS,
        "is_alive",
        F.when(alive, F.col("downloads")).alias("downloads"),
        F.when(alive, F.col("one_vote")).alias("vote"),
        "owner_month",
        F.coalesce("bulk_uploads", F.lit(0)).alias("bulk_uploads"),
        F.coalesce("is_bulk", F.lit(False)).alias("is_bulk"),
    )


def count_uploads(uploads: DataFrame) -> DataFrame:
    """The rows of ``label_uploads`` counted by ``dimension``, its ``value`` (``none`` where unknown) and ``month``."""
    each = (
        uploads.groupBy("month", F.coalesce(name, F.lit(UNKNOWN)).alias("value"))
        .agg(*_counts(), _living(F.col(name).isNotNull()).alias("known_count"))
        .withColumn("dimension", F.lit(name))
        for name in DIMENSIONS
    )
    return reduce(DataFrame.unionByName, each)


def build_uploads_monthly(counts: DataFrame, *, as_of: datetime) -> DataFrame:
    """The gold tables of uploads in one frame, from ``count_uploads``: by ``dimension``, its ``value`` and ``month``.

    Months are without a gap: every value has a row for every month from the first to that of ``as_of``, so that series
    align; the row of the unknown month has month NULL and stands only where there is something to count.
    """
    grid = every_month(counts, as_of=as_of).crossJoin(counts.select("dimension", "value").distinct())
    dated = grid.join(counts, on=["month", "dimension", "value"], how="left")
    dense = dated.unionByName(counts.where(F.col("month").isNull()))
    whole = Window.partitionBy("dimension", "month")

    def share(name: str) -> Column:
        total = F.sum(F.coalesce(name, F.lit(0))).over(whole).cast("double")
        return F.when(total > 0, F.coalesce(name, F.lit(0)).cast("double") / total)

    return dense.withColumn("as_of", F.lit(as_of).cast("timestamp")).select(
        "as_of",
        "month",
        "dimension",
        "value",
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
        is_partial().alias("is_partial"),
    )


def select_uploads_table(monthly: DataFrame, table: Table) -> DataFrame:
    """One of the gold tables of uploads, from ``build_uploads_monthly``."""
    dimension = table.key[1]
    of_table = monthly.where(F.col("dimension") == dimension).withColumnRenamed("value", dimension)
    return of_table.select(*table.names)


def _uploads(models: DataFrame, *names: str, as_of: datetime) -> DataFrame:
    """Models ever seen by ``as_of``: their ``month``, whether each ``is_alive`` then, and columns of theirs."""
    moment = F.lit(as_of).cast("timestamp")
    return models.where(F.col("first_observed_at") <= moment).select(
        month_of(F.col("created_at")).alias("month"),
        (F.col("removal").isNull() | (F.col("removed_at") > moment)).alias("is_alive"),
        *names,
    )


def _key_of(month: str) -> Column:
    return F.coalesce(month, F.lit(_NO_MONTH)).alias("month_key")


def _counts() -> list[Column]:
    downloads = F.col("downloads")
    columns = {
        "upload_count": _living(F.lit(True)),
        "ever_count": F.count(F.lit(1)),
        "owner_count": F.count_distinct(F.when(F.col("is_alive"), F.col("owner_month"))),
        "votes": F.coalesce(F.sum("vote"), F.lit(0)).cast(_VOTES),
        "without_bulk_count": _living(~F.col("is_bulk")),
        "without_strict_count": _living(F.col("bulk_uploads") < STRICT),
        "without_lax_count": _living(F.col("bulk_uploads") < LAX),
        "download_total": F.coalesce(F.sum(downloads), F.lit(0)),
        "log_downloads": F.coalesce(F.sum(F.log1p(downloads).cast(_LOG)), F.lit(0)),
        "downloaded_count": F.count(F.when(downloads > 0, 1)),
        "popular_count": F.count(F.when(downloads >= POPULAR, 1)),
    }
    return [column.alias(name) for name, column in columns.items()]


def _living(condition: Column) -> Column:
    return F.count(F.when(F.col("is_alive") & condition, 1))


def _coverage(whole: WindowSpec) -> Column:
    total = F.sum(F.coalesce("upload_count", F.lit(0))).over(whole)
    known = F.sum(F.coalesce("known_count", F.lit(0))).over(whole)
    return F.when(total > 0, known.cast("double") / total.cast("double"))
