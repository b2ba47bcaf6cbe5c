"""silver/model_snapshots: downloads and likes, a row only where they changed."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ptm_spark.tables.hub import MODEL_SNAPSHOTS


def count_snapshots(merged: DataFrame, *, crawl_id: str) -> DataFrame:
    """A row per model whose downloads or likes one crawl changed, from the rows of ``merge_models``.

    A model never seen is a change; a source that cannot carry a number leaves it as it was and makes none.
    """
    counted = merged.where(F.col("is_counted"))
    return counted.select(
        "repo_oid", F.lit(crawl_id).alias("crawl_id"), F.col("opened_at").alias("observed_at"), "downloads", "likes"
    )


def count_first_snapshots(models: DataFrame) -> DataFrame:
    """A row per model, for the first crawl of all."""
    return models.select(*MODEL_SNAPSHOTS.names)
