"""Use of models by family and day of observation, as far as 30-day figures tell of it."""

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.gold.monthly import UNKNOWN
from ptm_spark.gold.months import or_zero, ratio
from ptm_spark.tables.gold_series import DOWNLOADS_PER_FAMILY_DAILY

#: what is there on a day, and what came and went on it
_STOCKS, _FLOWS = ("seen", "known", "total"), ("total", "new_total", "removed_total")
_CHANGES = ("seen", "known", "total", "new_total", "removed_total")


def build_downloads_per_family_daily(
    snapshots: DataFrame, models: DataFrame, families: DataFrame, *, as_of: datetime
) -> DataFrame:
    """Downloads as last seen by each day of observation, from silver/model_snapshots, models and model_families.

    The Hub shows the downloads of 30 days, so a total is one as of its day: totals overlap and are never added up.
    Snapshots stand only where a number changed; so each becomes its difference to the one before of the same model,
    differences add up by day and family, and running sums of those few rows are the totals. A crawl is of the day on
    which it ended, for one that runs past midnight is one observation. Models removed by ``as_of`` and still gone leave
    with the last figure from before on the day of their removal, or of the crawl that saw them last where that ended
    later; removals that ended since are as if they had not been. Days begin with the first crawl's.
    """
    moment = F.lit(as_of).cast("timestamp")
    gone = models.where(F.col("removal").isNotNull() & (F.col("removed_at") <= moment)).select("repo_oid", "removed_at")
    seen = snapshots.where(F.col("observed_at") <= moment).select("repo_oid", "crawl_id", "observed_at", "downloads")
    # sources that mark models as removed go on telling their numbers
    counted = seen.join(gone, on="repo_oid", how="left").where(
        F.col("removed_at").isNull() | (F.col("observed_at") < F.col("removed_at"))
    )
    ends = seen.groupBy("crawl_id").agg(F.max("observed_at").cast("date").alias("day"))
    steps = (
        _stepped(counted)
        .join(families.select("repo_oid", "family"), on="repo_oid", how="left")
        .join(ends, on="crawl_id", how="inner")
    )
    # from their sources, for from the steps these few rows would cost as much as the steps
    days = ends.select("day").union(gone.select(F.col("removed_at").cast("date"))).distinct()
    first = ends.agg(F.min("day").alias("first_day"))
    days = days.crossJoin(first).where(F.col("day") >= F.col("first_day")).select("day")
    grid = days.crossJoin(families.select(_family()).distinct())
    return _add_up(grid.join(_by_day(steps), on=["day", "family"], how="left"), as_of=as_of)


def _stepped(counted: DataFrame) -> DataFrame:
    """Each snapshot with the downloads ``before`` and ``now``, whether it is its model's first, and whether its last.

    What was before is looked for in 256 windows in order of model and time. With a window for each model the embedded
    engine took 9 s for 760,000 snapshots; so it takes less than one.
    """
    in_order = Window.partitionBy(F.substring("repo_oid", -2, 2)).orderBy("repo_oid", "observed_at", "crawl_id")
    neighbours = counted.select(
        "repo_oid",
        "crawl_id",
        F.col("removed_at").cast("date").alias("removed_day"),
        F.col("downloads").alias("now"),
        F.lag("repo_oid").over(in_order).alias("model_before"),
        F.lag("downloads").over(in_order).alias("downloads_before"),
        F.lead("repo_oid").over(in_order).alias("model_after"),
    )
    follows = F.coalesce(F.col("model_before") == F.col("repo_oid"), F.lit(False))
    return neighbours.select(
        "repo_oid",
        "crawl_id",
        "removed_day",
        "now",
        F.when(follows, F.col("downloads_before")).alias("before"),
        (~follows).alias("is_first"),
        F.coalesce(F.col("model_after") != F.col("repo_oid"), F.lit(True)).alias("is_last"),
    )


def _by_day(steps: DataFrame) -> DataFrame:
    """What steps and removals change of each family, by day."""
    now, before = F.col("now"), F.col("before")
    lost = {name: F.when(F.col("is_last") & F.col("removed_day").isNotNull(), column) for name, column in {
        "seen": F.lit(1), "known": now.isNotNull().cast("int"), "total": now,
    }.items()}  # fmt: skip
    changed = {
        "seen": F.col("is_first").cast("int"),
        "known": now.isNotNull().cast("int") - before.isNotNull().cast("int"),
        "total": F.coalesce(now, F.lit(0)) - F.coalesce(before, F.lit(0)),
        "new_total": F.when(before.isNull(), now),
        "removed_total": F.when(now.isNull(), before),
    }
    sums = {name: _sum(column).alias(name) for name, column in changed.items()}
    grouped = steps.groupBy("day", "removed_day", _family()).agg(
        *sums.values(), *(_sum(column).alias(f"lost_{name}") for name, column in lost.items())
    )
    came = F.struct("day", *_CHANGES)
    none = F.lit(0).cast("bigint")
    went = F.struct(
        # of models that stay there is nothing lost; the day of NULL is dropped
        F.when(F.col("removed_day").isNotNull(), F.greatest("day", "removed_day")).alias("day"),
        *((-F.col(f"lost_{name}")).alias(name) for name in _STOCKS),
        none.alias("new_total"),
        F.col("lost_total").alias("removed_total"),
    )
    # in one frame, for two of them stacked would be computed twice from the snapshots on
    both = grouped.select("family", F.explode(F.array(came, went)).alias("of")).select("family", "of.*")
    dated = both.where(F.col("day").isNotNull())
    return dated.groupBy("day", "family").agg(*(F.sum(name).alias(name) for name in _CHANGES))


def _family() -> Column:
    return F.coalesce("family", F.lit(UNKNOWN)).alias("family")


def _sum(column: Column) -> Column:
    return F.coalesce(F.sum(column), F.lit(0)).cast("bigint")


def _add_up(daily: DataFrame, *, as_of: datetime) -> DataFrame:
    """Running sums of the changes of every family on every day; families never seen are left out."""
    so_far = Window.partitionBy("family").orderBy("day").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    of_family = Window.partitionBy("family").orderBy("day")
    dense = daily.select(
        "day",
        "family",
        *(F.coalesce(F.sum(name).over(so_far), F.lit(0)).alias(f"{name}_now") for name in _STOCKS),
        *(or_zero(name) for name in _FLOWS),
        F.lag("day").over(of_family).isNull().alias("is_first"),
        F.count("seen").over(Window.partitionBy("family")).alias("change_count"),
    ).where(F.col("change_count") > 0)
    of_day = F.sum("total_now").over(Window.partitionBy("day"))
    after_first = ~F.col("is_first")
    columns = {
        "as_of": F.lit(as_of).cast("timestamp"),
        "seen_count": F.col("seen_now").cast("bigint"),
        "model_count": F.col("known_now").cast("bigint"),
        "coverage": ratio("known_now", "seen_now"),
        "download_total": F.col("total_now").cast("bigint"),
        "download_share": F.when(of_day > 0, F.col("total_now").cast("double") / of_day.cast("double")),
        "download_change": F.when(after_first, F.col("total")),
        "new_download_total": F.col("new_total"),
        "removed_download_total": F.col("removed_total"),
        "kept_download_change": F.when(after_first, F.col("total") - F.col("new_total") + F.col("removed_total")),
    }
    return dense.select(*(columns.get(name, F.col(name)).alias(name) for name in DOWNLOADS_PER_FAMILY_DAILY.names))
