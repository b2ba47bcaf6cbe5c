"""What commits and discussions have in common when they are taken in: several crawls at once, every line counted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.intake import FamilyPlan
from ptm_spark.landing import Manifest
from ptm_spark.silver.accounting import Landed, Measures, account, keep_rejects, open_crawl
from ptm_spark.store import Store

#: crawls that are read together: enough to spare writes, few enough for a plan
_AT_ONCE = 16
Counts = dict[int, dict[str, int]]


def batches_of(
    store: Store, plan: FamilyPlan, marks: Mapping[str, str], read: Callable[[Landed], DataFrame]
) -> Iterator[tuple[list[Landed], DataFrame, bool]]:
    """Crawls in their order, some at a time: (their files, their lines as ``read`` reads them, whether the table begins
    anew). To the columns read come crawl_id and ``rank``, the place of the crawl among these, from 0.
    """
    for start in range(0, len(plan.crawls), _AT_ONCE):
        landed = [open_crawl(store, crawl, marks[crawl.path]) for crawl in plan.crawls[start : start + _AT_ONCE]]
        frames = [
            read(one).select("*", F.lit(one.crawl.crawl_id).alias("crawl_id"), F.lit(rank).alias("rank"))
            for rank, one in enumerate(landed)
        ]
        observed = store.stage(f"{plan.name}_{start}", reduce(DataFrame.unionByName, frames))
        yield landed, observed, plan.begins_anew and start == 0


def is_csv(crawl: Manifest) -> bool:
    return crawl.format == "csv"


def order_of_lines() -> Column:
    """By this lines of some crawls follow each other: by crawl, then by their place in it."""
    return F.col("rank").cast("bigint") * F.lit(2**40) + F.col("seq")


def count_lines(observed: DataFrame, key: Sequence[str]) -> Counts:
    """By crawl (``rank``), the lines of each kind, and ``distinct``: of how many things its rows are."""
    things = F.count_distinct(F.concat_ws("\n", *key))
    found: Counts = {}
    for row in observed.groupBy("rank", "kind").agg(F.count(F.lit(1)).alias("lines"), things.alias("things")).collect():
        counts = found.setdefault(row["rank"], {})
        counts[row["kind"]] = row["lines"]
        if row["kind"] == "row":
            counts["distinct"] = row["things"]
    return found


def settle(
    store: Store,
    landed: Sequence[Landed],
    observed: DataFrame,
    after: DataFrame,
    counts: Counts,
    *,
    key: Sequence[str],
    known: Mapping[str, frozenset[str]],
    repeated: str,
) -> dict[str, Measures]:
    """Keep the rejects of these crawls, without their text, for it names people; measures by crawl.

    ``after`` is the table that they went into: a thing that it lacks is unaccounted for. ``repeated`` names lines of a
    thing that another line of its crawl is of, too.
    """
    things = observed.where(F.col("kind") == "row").select("rank", *key).distinct()
    inside = things.join(after.select(*key), on=list(key), how="left_semi")
    kept = {row["rank"]: row["count"] for row in inside.groupBy("rank").count().collect()}
    measures = {}
    for rank, one in enumerate(landed):
        kinds = counts.get(rank, {})
        broken = observed.where((F.col("rank") == rank) & (F.col("kind") == "broken"))
        count = kinds.get("broken", 0)
        keep_rejects(store, one, broken.withColumn("raw_cut", F.lit(None).cast("string")), count)
        others = {
            "status": kinds.get("status", 0) + kinds.get("none", 0),
            repeated: kinds.get("row", 0) - kinds.get("distinct", 0),
        }
        form = "csv" if is_csv(one.crawl) else "api"
        measures[one.crawl.path] = account(one, kept=kept.get(rank, 0), broken=count, others=others, known=known[form])
    return measures
