"""silver/models: one row per Hub model, newest observation."""

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.tables.hub import MODELS

_LICENCE = "license:"


def build_models(listing: DataFrame, *, crawl_id: str, scope: str) -> DataFrame:
    """One row per model of one crawl, from ``read_listing``: where a repo was served twice, its latest fetch wins.

    A walk over a changing Hub serves some rows twice; ``seq`` decides where both were fetched in the same second, so
    that the same dump always gives the same rows.
    """
    good = listing.where(F.size("reasons") == 0)
    twice = good.groupBy("repo_oid").count().where(F.col("count") > 1).select("repo_oid")
    newest_first = Window.partitionBy("repo_oid").orderBy(F.desc("observed_at"), F.desc("seq"))
    contested = good.select("repo_oid", "observed_at", "seq").join(twice, on="repo_oid", how="left_semi")
    ranked = contested.withColumn("rank", F.row_number().over(newest_first))
    # few rows are contested, so that the wide rows only pass a small anti join
    kept = good.join(ranked.where(F.col("rank") > 1).select("seq"), on="seq", how="left_anti")
    of_tags = F.filter("tags", lambda tag: tag.startswith(_LICENCE))
    licences = F.array_distinct(F.array_sort(F.transform(of_tags, lambda tag: F.substr(tag, F.lit(len(_LICENCE) + 1)))))
    return kept.withColumn("licences", licences).select(
        "repo_oid",
        "model_id",
        owner_of(F.col("model_id")).alias("owner"),
        "created_at",
        "created_at_basis",
        "last_modified_at",
        "head_sha",
        "library_name",
        "pipeline_tag",
        F.when(F.size("licences") > 1, "multiple").when(F.size("licences") == 1, F.col("licences")[0]).alias("licence"),
        "licences",
        "tags",
        "gated",
        "is_private",
        "is_disabled",
        "downloads",
        "likes",
        "flaws",
        F.lit(None).cast("string").alias("removal"),
        F.lit(None).cast("timestamp").alias("removed_at"),
        F.array(F.lit(scope)).alias("seen_in"),
        F.col("observed_at").alias("first_observed_at"),
        "observed_at",
        F.lit(crawl_id).alias("crawl_id"),
    )


def owner_of(model_id: Column) -> Column:
    """Namespace of a model id; NULL for legacy ids without one, such as gpt2."""
    return F.when(F.instr(model_id, "/") > 1, F.substring_index(model_id, "/", 1))


def merge_models(
    before: DataFrame,
    observed: DataFrame,
    *,
    keys: frozenset[str],
    scope: str,
    census_at: datetime | None,
    cutoff: datetime | None,
) -> DataFrame:
    """The models after one more crawl, which must be newer than all that ``before`` holds.

    A value that the crawl's source cannot carry (``keys`` of its manifest) stays what it was. A model that was seen in
    the same scope before, was created before ``cutoff`` and is absent from a census is ``gone_or_private`` since
    ``census_at``; one that is seen again is back. Absence from anything but a census (``census_at`` None) says nothing.
    """
    old, new = before.alias("old"), observed.alias("new")
    joined = old.join(new, on=F.col("old.repo_oid") == F.col("new.repo_oid"), how="full_outer")
    is_new = F.col("new.repo_oid").isNotNull()
    was_seen_here = F.array_contains("old.seen_in", scope)
    was_covered = F.lit(True) if cutoff is None else F.coalesce(F.col("old.created_at") < F.lit(cutoff), F.lit(True))
    missed = F.lit(census_at is not None) & ~is_new & was_seen_here & was_covered & F.col("old.removal").isNull()

    def value(name: str) -> Column:
        if name == "seen_in":
            both = F.array_sort(F.array_union("old.seen_in", "new.seen_in"))
            return F.coalesce(both, F.col("old.seen_in"), F.col("new.seen_in"))
        if name == "first_observed_at":
            return F.coalesce("old.first_observed_at", "new.first_observed_at")
        if name == "removal":
            return F.when(missed, "gone_or_private").when(~is_new, F.col("old.removal"))
        if name == "removed_at":
            return F.when(missed, F.lit(census_at).cast("timestamp")).when(~is_new, F.col("old.removed_at"))
        if name == "created_at_basis" and not _carries(keys, name):
            return F.coalesce("old.created_at_basis", "new.created_at_basis")
        if not _carries(keys, name):
            return F.coalesce(f"old.{name}", f"new.{name}")
        return F.when(is_new, F.col(f"new.{name}")).otherwise(F.col(f"old.{name}"))

    return joined.select(*(value(name).alias(name) for name in MODELS.names))


#: columns that come from a field which not every source has; the others follow from id, _id or the crawl itself
_SOURCE_OF = {
    "created_at": "createdAt",
    "created_at_basis": "createdAt",
    "last_modified_at": "lastModified",
    "head_sha": "sha",
    "library_name": "library_name",
    "pipeline_tag": "pipeline_tag",
    "licence": "tags",
    "licences": "tags",
    "tags": "tags",
    "gated": "gated",
    "is_private": "private",
    "is_disabled": "disabled",
    "downloads": "downloads",
    "likes": "likes",
}


def _carries(keys: frozenset[str], column: str) -> bool:
    return column not in _SOURCE_OF or _SOURCE_OF[column] in keys
