"""Taking landed commits into silver/model_commits, and first commits out of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.intake import FamilyPlan
from ptm_spark.silver.accounting import Landed, Measures
from ptm_spark.silver.activity_intake import batches_of, count_lines, is_csv, order_of_lines, settle
from ptm_spark.silver.model_commits import KNOWN_KEYS, read_commits
from ptm_spark.store import Store
from ptm_spark.tables.activity import MODEL_COMMITS

#: with more invalid lines in a crawl than that, none of its histories counts as whole
_MOST_INVALID = 1000
_KEY = ["model_id", "commit_sha"]
#: values that the best observation of a commit gives, all together
_VALUES = ("committed_at", "committed_at_basis", "title", "message_char_count", "pull_request_num", "author_hashes",
           "author_count", "author_basis", "is_bot", "flaws")  # fmt: skip
_FILES = ("file_paths", "serialization_formats")


def take_in_commits(
    store: Store, plan: FamilyPlan, marks: Mapping[str, str], *, reject_text_chars: int, user_key: str
) -> dict[str, Measures]:
    """Fold the plan's crawls into model_commits and rejects; measures by crawl.

    The text of rejects is not kept, for it names people: ``reject_text_chars`` bounds nothing here.
    """
    measures: dict[str, Measures] = {}
    for landed, observed, is_first in batches_of(store, plan, marks, partial(_read, user_key=user_key)):
        counts = count_lines(observed, _KEY)
        if is_first or any(kinds.get("row") or kinds.get("none") for kinds in counts.values()):
            before = store.empty(MODEL_COMMITS) if is_first else store.read(MODEL_COMMITS)
            moments = [datetime.fromisoformat(one.crawl.observed_at) for one in landed]
            merged = merge_commits(before, observed, doubted=_doubted(observed, landed), moments=moments)
            store.overwrite(MODEL_COMMITS, merged, reshape=is_first)
        after = store.read(MODEL_COMMITS)
        measures |= settle(store, landed, observed, after, counts, key=_KEY, known=KNOWN_KEYS, repeated="further_line")
    return measures


def build_first_commits(model_commits: DataFrame) -> DataFrame:
    """(model_id, repo_oid, first_committed_at) of models whose whole history is known, from silver/model_commits.

    The oldest commit of main, so that a model of unknown creation time is known to be as old at least. Models with a
    commit of unusable date are left out: that one could be the first. repo_oid may be NULL.
    """
    inside = model_commits.where(F.col("is_history_whole") & F.col("is_in_history"))
    found = inside.groupBy("model_id").agg(
        F.max("repo_oid").alias("repo_oid"),
        F.min("committed_at").alias("first_committed_at"),
        F.sum(F.col("committed_at").isNull().cast("int")).alias("undated_count"),
    )
    return found.where(F.col("undated_count") == 0).select("model_id", "repo_oid", "first_committed_at")


def merge_commits(
    before: DataFrame, observed: DataFrame, *, doubted: DataFrame | None, moments: Sequence[datetime]
) -> DataFrame:
    """model_commits after some more crawls, all newer than what ``before`` holds.

    ``observed`` has the columns of ``read_commits`` and crawl_id, ``rank`` (place of the crawl among these),
    ``is_hub`` and ``may_be_whole``; ``moments`` are the crawls' observation times by rank; ``doubted`` (model_id, rank)
    names histories from which a line may be missing. Values are those of the newest observation by the Hub, else of
    the newest at all; files those of the newest crawl that lists any.
    """
    whole = observed.where(F.col("is_hub") & F.col("may_be_whole") & F.col("model_id").isNotNull())
    whole = (
        whole.where(F.col("kind").isin("row", "none", "broken"))
        .groupBy("model_id", "rank")
        .agg(F.sum((F.col("kind") == "broken").cast("int")).alias("broken_count"))
    )
    whole = whole.where(F.col("broken_count") == 0).select("model_id", "rank")
    if doubted is not None:
        whole = whole.join(doubted, on=["model_id", "rank"], how="left_anti")
    histories = whole.groupBy("model_id").agg(F.collect_set("rank").alias("history_ranks"))
    known_whole = (
        before.where("is_history_whole").select("model_id").unionByName(histories.select("model_id")).distinct()
    )
    old, new = before.alias("old"), _newest(observed.where(F.col("kind") == "row")).alias("new")
    is_same = (F.col("old.model_id") == F.col("new.model_id")) & (F.col("old.commit_sha") == F.col("new.commit_sha"))
    is_new = F.col("new.commit_sha").isNotNull()
    is_better = is_new & (
        F.col("old.commit_sha").isNull()
        | (F.col("new.author_basis") == "hub_user")
        | (F.col("old.author_basis") == "git_name")
    )

    def either(name: str) -> Column:
        return F.when(is_new, F.col(f"new.{name}")).otherwise(F.col(f"old.{name}")).alias(name)

    joined = old.join(new, on=is_same, how="full_outer").select(
        *(F.coalesce(f"old.{name}", f"new.{name}").alias(name) for name in _KEY),
        F.coalesce("new.repo_oid", "old.repo_oid").alias("repo_oid"),
        *(F.when(is_better, F.col(f"new.{name}")).otherwise(F.col(f"old.{name}")).alias(name) for name in _VALUES),
        *(F.coalesce(f"new.{name}", f"old.{name}").alias(name) for name in _FILES),
        F.coalesce("old.first_observed_at", "new.first_observed_at").alias("first_observed_at"),
        either("observed_at"),
        either("crawl_id"),
        F.when(is_new, F.col("new.last_rank")).otherwise(F.lit(-1)).alias("last_rank"),
        F.when(~is_new, F.col("old.left_history_at")).alias("left_before"),
    )
    missed = F.array_min(F.filter("history_ranks", lambda rank: rank > F.col("last_rank")))
    times = F.array(*(F.lit(moment) for moment in moments))
    # the JVM takes an element of an array of literals for never null, whatever its index is: so the index is asked
    left_at = F.coalesce("left_before", F.when(missed.isNotNull(), F.element_at(times, missed + 1)))
    is_whole = known_whole.withColumn("is_history_whole", F.lit(True))
    return (
        joined.join(histories, on="model_id", how="left")
        .join(is_whole, on="model_id", how="left")
        .withColumn("left_history_at", left_at)
        .withColumn("is_in_history", F.col("left_history_at").isNull())
        .withColumn("is_history_whole", F.coalesce("is_history_whole", F.lit(False)))
        .select(*MODEL_COMMITS.names)
    )


def _newest(rows: DataFrame) -> DataFrame:
    """One row a commit: the values of its best observation, and when it was seen first and last."""
    order = order_of_lines()
    best = F.col("is_hub").cast("bigint") * F.lit(2**60) + order
    found = rows.groupBy(*_KEY).agg(
        F.max_by(F.struct(*_VALUES), best).alias("best"),
        F.max_by(F.struct("observed_at", "crawl_id", "rank"), order).alias("last"),
        F.min_by("observed_at", order).alias("first_observed_at"),
        F.max_by("repo_oid", F.when(F.col("repo_oid").isNotNull(), order)).alias("repo_oid"),
    )
    by_crawl = (
        rows.where(F.col("file_path").isNotNull())
        .groupBy(*_KEY, "rank")
        .agg(
            F.sort_array(F.collect_set("file_path")).alias("file_paths"),
            F.sort_array(F.collect_set("serialization_format")).alias("serialization_formats"),
        )
    )
    files = by_crawl.groupBy(*_KEY).agg(F.max_by(F.struct(*_FILES), "rank").alias("files"))
    return found.join(files, on=_KEY, how="left").select(
        *_KEY,
        "repo_oid",
        *(F.col(f"best.{name}").alias(name) for name in _VALUES),
        *(F.col(f"files.{name}").alias(name) for name in _FILES),
        "first_observed_at",
        F.col("last.observed_at").alias("observed_at"),
        F.col("last.crawl_id").alias("crawl_id"),
        F.col("last.rank").alias("last_rank"),
    )


def _read(landed: Landed, *, user_key: str) -> DataFrame:
    of_csv, zone = is_csv(landed.crawl), landed.crawl.options.get("zone")
    read = read_commits(
        landed.lines, is_csv=of_csv, user_key=user_key, zone=zone if isinstance(zone, str) and zone else None
    )
    return read.select(
        "*",
        F.lit(not of_csv).alias("is_hub"),
        F.lit(not of_csv and not landed.damaged_file_count).alias("may_be_whole"),
        F.lit("git_name" if of_csv else "hub_user").alias("author_basis"),
    )


def _doubted(observed: DataFrame, landed: Sequence[Landed]) -> DataFrame | None:
    """Histories that a line refused at the door may belong to: it has no key, but stands beside those of its model."""
    frames = []
    for rank, one in enumerate(landed):
        if not one.invalid_count:
            continue
        ranges = (
            observed.where((F.col("rank") == rank) & F.col("model_id").isNotNull())
            .groupBy("model_id")
            .agg(F.min("seq").alias("low"), F.max("seq").alias("high"))
        )
        if one.invalid_count > _MOST_INVALID:
            frames.append(ranges.select("model_id", F.lit(rank).alias("rank")))
            continue
        at = one.invalid_lines.select(F.from_json("value", "seq BIGINT")["seq"].alias("at")).crossJoin(ranges)
        sides = (
            at.where("low < at").groupBy("at").agg(F.max_by("model_id", "low").alias("model_id")),
            at.where("high > at").groupBy("at").agg(F.min_by("model_id", "high").alias("model_id")),
        )
        frames += [side.select("model_id", F.lit(rank).alias("rank")) for side in sides]
    return reduce(DataFrame.unionByName, frames).distinct() if frames else None
