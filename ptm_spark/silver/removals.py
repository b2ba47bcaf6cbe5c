"""Evidence that a model is gone or disabled (answers without a record), and what outdoes that of a census."""

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.columns import moment
from ptm_spark.intake import FamilyPlan
from ptm_spark.landing import Manifest
from ptm_spark.tables.hub import MODELS

_STATUS_LINE = "seq BIGINT, fetched_at STRING, status INT, key STRING, about STRUCT<repo_oid: STRING>"
#: anonymous readers get 401 for what does not exist, and for what is private; 403 for what the Hub has disabled
GONE = (401, 404, 410)
DISABLED = (403,)


def read_statuses(dump: DataFrame) -> DataFrame:
    """Lines of a crawl (``value``) without a record: seq, observed_at, status, repo_oid (where known), model_id."""
    lines = dump.select(F.from_json("value", _STATUS_LINE).alias("line")).where(~F.col("line.status").between(200, 299))
    return lines.select(
        "line.seq",
        moment(F.col("line.fetched_at")).alias("observed_at"),
        "line.status",
        F.col("line.about.repo_oid").alias("repo_oid"),
        F.col("line.key").alias("model_id"),
    )


def find_removals(before: DataFrame, statuses: DataFrame, *, crawl_id: str) -> DataFrame:
    """The known models that the statuses speak of, each as it was but removed: rows for ``merge_models``.

    Of several answers about a model the latest counts. One about a model never seen says nothing, for there is nothing
    that could be gone.
    """
    removal = F.when(F.col("status").isin(*GONE), "gone_or_private").when(F.col("status").isin(*DISABLED), "disabled")
    said = (
        statuses.where(F.col("repo_oid").isNotNull())
        .groupBy("repo_oid")
        .agg(F.max_by("status", "seq").alias("status"), F.max("observed_at").alias("said_at"))
        .select(F.col("repo_oid").alias("of_oid"), removal.alias("said"), "said_at")
        .where(F.col("said").isNotNull())
    )
    known = before.join(said, on=F.col("repo_oid") == F.col("of_oid"))
    changed = {
        "removal": F.when(F.col("removal") == "recreated", F.col("removal")).otherwise(F.col("said")),
        "removed_at": F.col("said_at"),
        "observed_at": F.col("said_at"),
        "crawl_id": F.lit(crawl_id),
    }
    return known.select(*(changed.get(name, F.col(name)).alias(name) for name in MODELS.names))


@dataclass(frozen=True)
class Census:
    """A census that other crawls overlap: which one, of which scope, and when it began."""

    crawl_id: str
    scope: str
    began_at: datetime


@dataclass(frozen=True)
class Overlap:
    """A crawl's end, and the censuses taken in before it that ended while it ran."""

    ended_at: datetime
    censuses: tuple[Census, ...]


def find_overlap(plan: FamilyPlan, crawl: Manifest) -> Overlap | None:
    """The censuses that ended while a crawl ran; None, as mostly, where there are none.

    Dumps speak of one moment, so that nothing overlaps them.
    """
    censuses = tuple(
        Census(other.crawl_id, other.scope, datetime.fromisoformat(other.cutoff))
        for other in (*plan.earlier, *plan.crawls)
        if other.coverage == "census" and other.entity == "models" and not other.failed
        # these texts sort like the moments
        if other.order < crawl.order and other.observed_at > crawl.cutoff
    )
    return Overlap(datetime.fromisoformat(crawl.observed_at), censuses) if censuses else None


def is_return(overlap: Overlap) -> Column:
    """Whether a record (``new.…``) takes back that a census missed its model (``old.…``), though it was fetched before.

    A census may have passed a model's place long before it ended: a record fetched after its beginning is the newer
    evidence, if it is later than the beginning of every overlapping census that should have listed the model.
    """
    fetched_at = F.col("new.observed_at")
    is_outdone = F.lit(False)
    for census in overlap.censuses:
        began_at = F.lit(census.began_at).cast("timestamp")
        is_outdone = is_outdone | (F.array_contains("old.seen_in", census.scope) & (fetched_at <= began_at))
    found = (
        (F.col("old.removal") == "gone_or_private")
        & F.col("old.crawl_id").isin(*(census.crawl_id for census in overlap.censuses))
        & (F.col("old.removed_at") < F.lit(overlap.ended_at).cast("timestamp"))
        & ~F.coalesce(F.col("new.removal") == "gone_or_private", F.lit(False))
        & ~is_outdone
    )
    return F.coalesce(found, F.lit(False))
