"""silver/model_ids: whom a source without ObjectIds speaks of.

Names are given again after a deletion: of 27,123 names of the census of February 2022 that the listing of July 2024 has
too, 47 belong to models created in between. So a name alone links nothing; a creation time must agree with it.
"""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.tables.hub import MODEL_IDS


@dataclass(frozen=True)
class Resolved:
    """Frames in which every model goes by the best id that is known.

    ``observed`` and ``before`` are those given; ``matches`` maps surrogates to what they were found to be (surrogate,
    repo_oid, basis); ``rekeyed`` are those of them that the tables have had rows of.
    """

    observed: DataFrame
    before: DataFrame
    matches: DataFrame
    rekeyed: DataFrame


def name_models(before: DataFrame, observed: DataFrame, known_ids: DataFrame) -> Resolved:
    """For a crawl without ObjectIds: find the known models that its surrogates stand for.

    The same model has the same name and creation second; where either time is unknown, a known model is the same if it
    holds the name, and if it was not created after the other had been seen. ``known_ids`` is silver/model_ids, by which
    a model that was renamed since is still found.
    """
    linked = known_ids.where(F.col("repo_oid") != F.col("surrogate")).select(
        "surrogate", F.col("repo_oid").alias("linked"), F.col("basis").alias("linked_basis")
    )
    own = before.select(F.col("repo_oid").alias("own"))
    strangers = (
        observed.join(linked, on=F.col("repo_oid") == F.col("surrogate"), how="left")
        .join(own, on=F.col("repo_oid") == F.col("own"), how="left")
        .select(
            "repo_oid", "model_id", "created_at", "created_at_basis", "observed_at", "linked", "linked_basis", "own"
        )
    )
    unknown = strangers.where(F.col("linked").isNull() & F.col("own").isNull()).alias("new")
    old = before.alias("old")
    same_creation = F.col("old.created_at") == F.col("new.created_at")
    holds = F.coalesce(F.col("old.removal") != "recreated", F.lit(True))
    existed = (
        holds
        & (
            # the source has no creation times, or both say that it is older than the Hub's
            (F.col("new.created_at_basis") == "unknown")
            | ((F.col("new.created_at_basis") == "floor") & F.col("old.created_at").isNull())
            | (
                (F.col("old.created_at_basis") == "unknown")
                & (F.col("new.created_at") <= F.col("old.first_observed_at"))
            )
        )
        & F.coalesce(F.col("old.created_at") <= F.col("new.observed_at"), F.lit(True))
    )
    found = _match(old, unknown, same_creation, existed, surrogates="new", models="old")
    again = strangers.where(F.col("linked").isNotNull()).select(
        F.col("repo_oid").alias("surrogate"), F.col("linked").alias("repo_oid"), F.col("linked_basis").alias("basis")
    )
    matches = found.unionByName(again)
    named = matches.select("surrogate", F.col("repo_oid").alias("found"))
    renamed = observed.join(named, on=F.col("repo_oid") == F.col("surrogate"), how="left").select(
        F.coalesce("found", "repo_oid").alias("repo_oid"), *observed.columns[1:]
    )
    return Resolved(renamed, before, matches, matches.limit(0))


def adopt_surrogates(before: DataFrame, observed: DataFrame) -> Resolved:
    """For a crawl with ObjectIds: find the surrogates that its models have been known by, and give their rows to them.

    A surrogate whose model is known by its ObjectId under another name already stays apart (basis ``renamed``).
    """
    new, old = observed.alias("new"), before.where(F.col("repo_oid").startswith("n")).alias("old")
    known = before.select(F.col("repo_oid").alias("known"))
    same_creation = F.col("old.created_at") == F.col("new.created_at")
    holds = F.coalesce(F.col("old.removal") != "recreated", F.lit(True))
    existed = (
        holds
        & F.col("old.created_at").isNull()
        & (
            F.col("new.created_at").isNull()
            | (
                (F.col("old.created_at_basis") == "unknown")
                & (F.col("new.created_at") <= F.col("old.first_observed_at"))
            )
        )
    )
    found = _match(old, new, same_creation, existed, surrogates="old", models="new")
    judged = found.join(known, on=F.col("repo_oid") == F.col("known"), how="left")
    matches = judged.select(
        "surrogate", "repo_oid", F.when(F.col("known").isNotNull(), "renamed").otherwise(F.col("basis")).alias("basis")
    )
    rekeyed = matches.where(F.col("basis") != "renamed")
    return Resolved(observed, rekey(before, rekeyed), matches, rekeyed)


def rekey(frame: DataFrame, rekeyed: DataFrame) -> DataFrame:
    """The same rows, those of surrogates under what these were found to be (surrogate, repo_oid)."""
    by = rekeyed.select("surrogate", F.col("repo_oid").alias("found"))
    names = [F.coalesce("found", name).alias(name) if name == "repo_oid" else F.col(name) for name in frame.columns]
    return frame.join(by, on=F.col("repo_oid") == F.col("surrogate"), how="left").select(*names)


def build_model_ids(known_ids: DataFrame, surrogates: DataFrame, matches: DataFrame, *, crawl_id: str) -> DataFrame:
    """The table after one more crawl: ``surrogates`` (as observed, without ObjectIds) added, ``matches`` filled in.

    A match also moves what was linked to the surrogate itself; one that is linked stays so.
    """
    by = matches.select(
        F.col("surrogate").alias("matched"), F.col("repo_oid").alias("found"), F.col("basis").alias("found_basis")
    )
    fresh = surrogates.select(
        F.col("repo_oid").alias("surrogate"),
        "model_id",
        "created_at",
        F.col("repo_oid").alias("repo_oid"),
        F.lit(None).cast("string").alias("basis"),
        F.col("observed_at").alias("first_observed_at"),
        F.lit(crawl_id).alias("crawl_id"),
    ).join(known_ids.select("surrogate"), on="surrogate", how="left_anti")
    everything = known_ids.unionByName(fresh.select(*MODEL_IDS.names))
    return everything.join(by, on=F.col("repo_oid") == F.col("matched"), how="left").select(
        "surrogate",
        "model_id",
        "created_at",
        F.coalesce("found", "repo_oid").alias("repo_oid"),
        F.coalesce("basis", "found_basis").alias("basis"),
        "first_observed_at",
        "crawl_id",
    )


def _match(
    old: DataFrame, new: DataFrame, same_creation: Column, existed: Column, *, surrogates: str, models: str
) -> DataFrame:
    """Pairs of one name that are the same model, one to one; ``surrogates`` and ``models`` say which side has which."""
    is_same = F.coalesce(same_creation, F.lit(False))
    pairs = old.join(new, on=F.col("old.model_id") == F.col("new.model_id"))
    candidates = pairs.where(is_same | F.coalesce(existed, F.lit(False))).select(
        F.col(f"{surrogates}.repo_oid").alias("surrogate"),
        F.col(f"{models}.repo_oid").alias("repo_oid"),
        F.when(is_same, "same_creation").otherwise("existed_before").alias("basis"),
        F.col("old.observed_at").alias("at"),
    )
    return _one_to_one(candidates)


def _one_to_one(candidates: DataFrame) -> DataFrame:
    """The best match of each surrogate, and of each model: equal creation first, then the one seen last."""
    best = [F.desc("basis"), F.desc("at"), F.col("repo_oid"), F.col("surrogate")]
    first = candidates.withColumn("rank", F.row_number().over(Window.partitionBy("surrogate").orderBy(*best)))
    only = first.where(F.col("rank") == 1).withColumn(
        "rank", F.row_number().over(Window.partitionBy("repo_oid").orderBy(*best))
    )
    return only.where(F.col("rank") == 1).select("surrogate", "repo_oid", "basis")
