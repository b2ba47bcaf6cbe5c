"""Answers without a record: evidence that a model is gone, or that the Hub has disabled it."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ptm_spark.columns import moment
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
