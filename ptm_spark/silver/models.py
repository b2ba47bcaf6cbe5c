"""silver/models: one row per Hub model, newest observation."""

from collections.abc import Collection
from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.silver.removals import Overlap, is_return
from ptm_spark.tables.hub import METADATA, MODELS

_LICENCE = "license:"
_BASE = "base_model:"
RELATIONS = ("adapter", "finetune", "merge", "quantized")


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
    removal = F.when(F.col("is_flagged"), "flagged").when(F.col("is_disabled"), "disabled")
    # few models name a base: only for those is more asked than whether they do
    of_bases = F.filter("tags", lambda tag: tag.startswith(_BASE))
    has_bases = F.exists("tags", lambda tag: tag.startswith(_BASE))
    return kept.select(
        "*",
        _after(F.col("tags"), _LICENCE).alias("licences"),
        F.when(has_bases, F.transform(of_bases, lambda tag: F.substr(tag, F.lit(len(_BASE) + 1)))).alias("bases"),
        removal.alias("removal"),
    ).select(
        "repo_oid",
        "model_id",
        owner_of(F.col("model_id")).alias("owner"),
        "created_at",
        "created_at_basis",
        "last_modified_at",
        "head_sha",
        "library_name",
        "pipeline_tag",
        "model_type",
        "architecture",
        _one_of("licences").alias("licence"),
        "licences",
        "languages",
        F.when(F.col("bases").isNotNull(), _sorted_set(F.transform("bases", _without_relation)))
        .when(F.col("tags").isNotNull(), F.array().cast("array<string>"))
        .alias("base_models"),
        _relation().alias("base_model_relation"),
        "tags",
        "gated",
        "is_private",
        "is_disabled",
        "removal",
        F.when(F.col("removal").isNotNull(), F.col("observed_at")).alias("removed_at"),
        "downloads",
        "likes",
        "flaws",
        F.array(F.lit(scope)).alias("seen_in"),
        F.col("observed_at").alias("first_observed_at"),
        "observed_at",
        F.lit(crawl_id).alias("crawl_id"),
    )


def owner_of(model_id: Column) -> Column:
    """Namespace of a model id; NULL for legacy ids without one, such as gpt2."""
    return F.when(F.instr(model_id, "/") > 1, F.substring_index(model_id, "/", 1))


def _sorted_set(values: Column) -> Column:
    return F.array_sort(F.array_distinct(values))


def _after(tags: Column, kind: str) -> Column:
    """What follows ``kind`` in the tags that begin with it, sorted, each once."""
    of_kind = F.filter(tags, lambda tag: tag.startswith(kind))
    return _sorted_set(F.transform(of_kind, lambda tag: F.substr(tag, F.lit(len(kind) + 1))))


def _one_of(values: str) -> Column:
    return F.when(F.size(values) > 1, "multiple").when(F.size(values) == 1, F.col(values)[0])


def _has_relation(base: Column) -> Column:
    return F.substring_index(base, ":", 1).isin(*RELATIONS) & base.contains(":")


def _without_relation(base: Column) -> Column:
    return F.when(_has_relation(base), F.substr(base, F.instr(base, ":") + 1)).otherwise(base)


def _relation() -> Column:
    """The one relation that the tags name; the Hub writes each base twice, with and without it."""
    named = F.filter("bases", _has_relation)
    relations = F.array_distinct(F.transform(named, lambda base: F.substring_index(base, ":", 1)))
    found = F.when(F.size(relations) > 1, "multiple").when(F.size(relations) == 1, relations[0])
    return F.when(F.col("bases").isNotNull(), found)


def merge_models(
    before: DataFrame,
    observed: DataFrame,
    *,
    carried: Collection[str],
    scope: str,
    crawl_id: str,
    census_at: datetime | None,
    cutoff: datetime | None,
    spared: DataFrame | None = None,
    overlap: Overlap | None = None,
) -> DataFrame:
    """The models after one more crawl, with what it changed: ``MODELS`` and ``is_new``, ``is_opened``, ``is_counted``.

    ``is_opened``: its metadata is another than before, so that a version begins at ``opened_at``; ``is_counted``: its
    downloads or likes are; ``is_older``: the crawl's row was fetched before what is known already and is left out.
    A row that none of these holds for is as it was, ``observed_at`` and ``crawl_id`` too.

    A value that the crawl's source cannot carry (``carried`` names the Hub's fields that it can) stays what it was. A
    model that was seen in the same scope before, was created before ``cutoff`` (the census's beginning), was not seen
    after it, and is absent from a census is ``gone_or_private`` since ``census_at``; one whose name another model has
    in this crawl is ``recreated``; one that is seen again is back; one that is ``spared`` (repo_oid) is not taken for
    absent. Absence from anything but a census (``census_at`` None) says nothing. Where censuses ended while this crawl
    ran (``overlap``), what they missed and this crawl saw after they had begun is back since the crawl's end.
    """
    holders = observed.groupBy("model_id").agg(
        F.max_by("repo_oid", "observed_at").alias("holder"), F.max("observed_at").alias("held_at")
    )
    old, new, name = before.alias("old"), observed.alias("new"), holders.alias("name")
    joined = old.join(new, on=F.col("old.repo_oid") == F.col("new.repo_oid"), how="full_outer")
    known_at = F.greatest("old.observed_at", F.coalesce("old.removed_at", "old.observed_at"))
    is_older = F.coalesce(F.col("new.observed_at") < known_at, F.lit(False))
    seen_at = F.col("new_observed_at")
    if overlap is not None:
        joined = joined.withColumn("is_back", is_older & is_return(overlap))
        is_older = is_older & ~F.col("is_back")
        seen_at = F.when(F.col("is_back"), F.lit(overlap.ended_at).cast("timestamp")).otherwise(seen_at)
    joined = joined.withColumn("is_older", is_older).withColumn(
        "is_seen", F.col("new.repo_oid").isNotNull() & ~F.col("is_older")
    )
    joined = joined.join(name, on=F.col("old.model_id") == F.col("name.model_id"), how="left")
    is_spared = F.lit(False)
    if spared is not None:
        joined = joined.join(
            spared.select(F.col("repo_oid").alias("spared")), on=F.col("old.repo_oid") == F.col("spared"), how="left"
        )
        is_spared = F.col("spared").isNotNull()
    unseen, was_there = F.col("new.repo_oid").isNull(), F.col("old.removal").isNull()
    taken = (
        unseen
        & F.coalesce(F.col("name.holder") != F.col("old.repo_oid"), F.lit(False))
        & (was_there | (F.col("old.removal") != "recreated"))
        & F.coalesce(F.col("name.held_at") >= known_at, F.lit(False))
    )
    was_covered = F.lit(True)
    if cutoff is not None:
        # what was seen since the census began may have come to a place that it had passed
        was_covered = F.coalesce(F.col("old.created_at") < F.lit(cutoff), F.lit(True)) & (known_at <= F.lit(cutoff))
    missed = (
        F.lit(census_at is not None)
        & unseen
        & ~is_spared
        & F.array_contains("old.seen_in", scope)
        & was_covered
        # a flagged model was still listed; one that is disabled, gone or replaced is not expected to be
        & (was_there | (F.col("old.removal") == "flagged"))
        & ~taken
    )
    gone_at = F.when(F.col("is_taken"), F.col("held_at")).when(F.col("is_missed"), F.lit(census_at).cast("timestamp"))
    marked = joined.select(
        *(F.col(f"old.{column}").alias(f"old_{column}") for column in MODELS.names),
        *(F.col(f"new.{column}").alias(f"new_{column}") for column in MODELS.names),
        "is_older",
        "is_seen",
        *(["is_back"] if overlap is not None else []),
        F.col("name.held_at").alias("held_at"),
        F.coalesce(taken, F.lit(False)).alias("is_taken"),
        F.coalesce(missed, F.lit(False)).alias("is_missed"),
    )
    kept = (*METADATA, "removed_at", "downloads", "likes", "flaws", "seen_in", "repo_oid", "observed_at", "crawl_id")
    merged = marked.select(
        *(_merged(column, carried).alias(column) for column in MODELS.names if column not in _OF_CHANGES),
        *(F.col(f"old_{column}") for column in kept),
        "is_older",
        F.coalesce(gone_at, F.when(F.col("is_seen"), seen_at)).alias("opened_at"),
    )
    is_new = F.col("old_repo_oid").isNull()
    judged = merged.select(
        "*",
        is_new.alias("is_new"),
        (is_new | _any_differs(METADATA)).alias("is_opened"),
        (is_new | _any_differs(("downloads", "likes"))).alias("is_counted"),
    )
    is_changed = F.col("is_opened") | F.col("is_counted") | _any_differs(("flaws", "seen_in"))
    goes_on = F.col("removal") == F.col("old_removal")
    of_changes = {
        # a tombstone that goes on keeps the moment at which it began
        "removed_at": F.when(goes_on, F.col("old_removed_at")).when(F.col("removal").isNotNull(), F.col("opened_at")),
        "observed_at": F.when(is_changed, F.col("opened_at")).otherwise(F.col("old_observed_at")),
        "crawl_id": F.when(is_changed, F.lit(crawl_id)).otherwise(F.col("old_crawl_id")),
        "tags": F.when(is_changed, F.col("tags")).otherwise(F.col("old_tags")),
    }
    return judged.select(
        *(of_changes[column].alias(column) if column in of_changes else column for column in MODELS.names),
        *("opened_at", "is_new", "is_opened", "is_counted", "is_older"),
        is_changed.alias("is_changed"),
    )


#: columns that follow from whether anything has changed
_OF_CHANGES = ("removed_at", "observed_at", "crawl_id")


def _merged(name: str, carried: Collection[str]) -> Column:
    """A column after the crawl, from ``old_…`` and ``new_…``."""
    old, new, is_seen = F.col(f"old_{name}"), F.col(f"new_{name}"), F.col("is_seen")
    if name == "seen_in":
        both = F.array_sort(F.array_union(old, new))
        return F.coalesce(F.when(is_seen, both), old, new)
    if name == "first_observed_at":
        return F.coalesce(old, new)
    if name == "removal":
        # a source that knows nothing of disabled models cannot take that back
        stays = ~is_seen if "disabled" in carried else ~is_seen | (old.eqNullSafe("disabled") & new.isNull())
        found = F.when(F.col("is_taken"), "recreated").when(F.col("is_missed"), "gone_or_private")
        return found.when(stays, old).otherwise(new)
    if name in ("created_at", "created_at_basis"):
        # a moment that a source does not have, or that cannot be read, takes back none that is known
        is_told = is_seen & (F.col("new_created_at_basis") != "unknown")
        return F.when(is_told, new).when(is_seen, F.coalesce(old, new)).otherwise(old)
    if name in _SOURCE_OF and _SOURCE_OF[name].isdisjoint(carried):
        return F.coalesce(old, new)
    return F.when(is_seen, new).otherwise(old)


def _any_differs(names: Collection[str]) -> Column:
    """Whether a column is another than before; tags are compared as sets, for the Hub's order means nothing."""
    differs = F.lit(False)
    for name in names:
        same = F.col(name).eqNullSafe(F.col(f"old_{name}"))
        if name == "tags":
            same = same | _sorted_set(F.col(name)).eqNullSafe(_sorted_set(F.col(f"old_{name}")))
        differs = differs | ~same
    return differs


#: columns that come from fields which not every source has; the others follow from id, _id or the crawl itself
_SOURCE_OF = {
    "last_modified_at": {"lastModified"},
    "head_sha": {"sha"},
    "library_name": {"library_name"},
    "pipeline_tag": {"pipeline_tag"},
    "model_type": {"config"},
    "architecture": {"config"},
    "licence": {"tags"},
    "licences": {"tags"},
    "languages": {"cardData", "languages"},
    "base_models": {"tags"},
    "base_model_relation": {"tags"},
    "tags": {"tags"},
    "gated": {"gated"},
    "is_private": {"private"},
    "is_disabled": {"disabled"},
    "downloads": {"downloads"},
    "likes": {"likes"},
}
