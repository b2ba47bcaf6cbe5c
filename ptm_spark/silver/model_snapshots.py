"""silver/model_snapshots: downloads and likes, a row only where they changed."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build_model_snapshots(before: DataFrame, after: DataFrame, *, crawl_id: str) -> DataFrame:
    """A row per model that the crawl saw and whose downloads or likes it changed; a model never seen is a change.

    ``before`` and ``after`` are silver/models without and with the crawl, so that a source which cannot carry a number
    leaves it as it was and makes no false change.
    """
    known = before.select(
        "repo_oid",
        F.col("downloads").alias("old_downloads"),
        F.col("likes").alias("old_likes"),
        F.lit(True).alias("is_known"),
    )
    joined = after.where(F.col("crawl_id") == crawl_id).join(known, on="repo_oid", how="left")
    unchanged = F.col("downloads").eqNullSafe(F.col("old_downloads")) & F.col("likes").eqNullSafe(F.col("old_likes"))
    return joined.where(F.col("is_known").isNull() | ~unchanged).select(
        "repo_oid", "crawl_id", "observed_at", "downloads", "likes"
    )
