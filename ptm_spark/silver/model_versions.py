"""silver/model_versions: what a model's metadata was, and from when to when it was seen so."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.tables.hub import METADATA, MODEL_VERSIONS

#: frames of openings have these columns
OPENING = ("repo_oid", "valid_from", *METADATA, "crawl_id")


def open_versions(merged: DataFrame, *, crawl_id: str) -> DataFrame:
    """The versions that one crawl opens, from the rows of ``merge_models``."""
    return merged.where(F.col("is_opened")).select(*_opening(F.col("opened_at").alias("valid_from"), crawl_id))


def open_first_versions(models: DataFrame, *, crawl_id: str) -> DataFrame:
    """The versions that the first crawl of all opens: one a model."""
    return models.select(*_opening(F.col("observed_at").alias("valid_from"), crawl_id))


def _opening(valid_from: Column, crawl_id: str) -> list[Column]:
    tags = F.array_sort(F.array_distinct("tags")).alias("tags")
    return [
        F.col("repo_oid"),
        valid_from,
        *(tags if name == "tags" else F.col(name) for name in METADATA),
        F.lit(crawl_id).alias("crawl_id"),
    ]


def build_first_versions(openings: DataFrame) -> DataFrame:
    """The table where each model has one version only."""
    return _conform(
        openings.select("*", F.lit(None).cast("timestamp").alias("valid_to"), F.lit(True).alias("is_current"))
    )


def build_model_versions(before: DataFrame | None, openings: DataFrame) -> DataFrame:
    """The table with new versions: each ends where the next one of its model begins.

    ``before`` is the table so far, under the ids that hold now; None where there is none. Only models with new versions
    are put in order; of two that begin at one moment the later crawl's counts (``openings`` tell its place: ``batch``).
    """
    rows = openings.select(*OPENING, "batch")
    if before is not None:
        touched = openings.select("repo_oid").distinct()
        earlier = before.join(touched, on="repo_oid", how="left_semi").select(*OPENING, F.lit(-1).alias("batch"))
        rows = earlier.unionByName(rows)
    # put in order by keys alone: the wide columns would pass through a sort otherwise
    keys = rows.groupBy("repo_oid", "valid_from").agg(F.max("batch").alias("batch"))
    by_time = Window.partitionBy("repo_oid").orderBy("valid_from")
    ends = keys.select("repo_oid", "valid_from", "batch", F.lead("valid_from").over(by_time).alias("valid_to"))
    ordered = rows.join(ends, on=["repo_oid", "valid_from", "batch"]).select(
        *OPENING, "valid_to", F.col("valid_to").isNull().alias("is_current")
    )
    if before is None:
        return _conform(ordered)
    untouched = before.join(touched, on="repo_oid", how="left_anti")
    return _conform(untouched).unionByName(_conform(ordered))


def _conform(versions: DataFrame) -> DataFrame:
    return versions.select(*MODEL_VERSIONS.names)
