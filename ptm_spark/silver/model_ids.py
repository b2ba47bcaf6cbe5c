"""silver/model_ids: whom a source without ObjectIds speaks of.

Names are given again after a deletion: of 27,123 names of the census of February 2022 that the listing of July 2024 has
too, 47 belong to models created in between. So a name alone links nothing; a creation time must agree with it.
"""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.tables.hub import MODEL_IDS

#: which matches of a source without ObjectIds come first
_LINKED, _BY_NAME, _RENAMED_SINCE = range(3)


@dataclass(frozen=True)
class Resolved:
    """Frames in which every model goes by the best id that is known.

    ``observed`` and ``before`` are those given; ``matches`` maps surrogates to what they were found to be (surrogate,
    repo_oid, basis; a basis of NULL: in this crawl only, for the surrogate has rows of its own); ``rekeyed`` are those
    of them that the tables have had rows of.
    """

    observed: DataFrame
    before: DataFrame
    matches: DataFrame
    rekeyed: DataFrame


def name_models(before: DataFrame, observed: DataFrame, known_ids: DataFrame) -> Resolved:
    """For a crawl without ObjectIds: find the known models that its surrogates stand for, one to one.

    The same model has the same name and creation second; where either time is unknown, a known model is the same if it
    holds the name, and if it was not created after the other had been seen. ``known_ids`` is silver/model_ids, by which
    a model that was renamed since is still found.

    What a surrogate is known to be (its link, else the rows that it has itself) comes before what its name suggests;
    of several that are linked to one model the one with the best basis is it, and the others stay surrogates. A
    surrogate of a name only is known so no longer once its name has gone to another model: then it is looked for like a
    new one.
    """
    strangers = _strangers(before, observed, known_ids)
    links = strangers.where(F.col("preference").isNotNull()).select(
        F.col("repo_oid").alias("surrogate"),
        F.col("linked").alias("repo_oid"),
        F.col("linked_basis").alias("basis"),
        "preference",
        "has_name",
        F.lit(None).cast("timestamp").alias("at"),
    )
    is_open = ~F.col("is_itself") & (F.coalesce("preference", F.lit(_BY_NAME)) != _LINKED)
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
    old, new = before.alias("old"), strangers.where(is_open).alias("new")
    named = _candidates(old, new, same_creation, existed, surrogates="new", models="old")
    own = strangers.where(F.col("is_own")).select(F.col("repo_oid").alias("own"))
    free = links.unionByName(named).join(own, on=F.col("repo_oid") == F.col("own"), how="left_anti")
    matches = (
        _one_to_one(free)
        .join(own, on=F.col("surrogate") == F.col("own"), how="left")
        .select("surrogate", "repo_oid", F.when(F.col("own").isNull(), F.col("basis")).alias("basis"))
    )
    return Resolved(rekey(observed, matches), before, matches, matches.limit(0))


def _strangers(before: DataFrame, observed: DataFrame, known_ids: DataFrame) -> DataFrame:
    """A crawl's surrogates with what is known of them.

    ``linked``, ``linked_basis``: the model that silver/model_ids has linked; ``preference``: how much that counts (NULL
    where nothing is linked or it no longer counts), ``has_name`` whether that model goes by the surrogate's name;
    ``is_own``: there are rows under the surrogate; ``is_itself``: that is what it stands for, unless it is linked.
    """
    linked = known_ids.where(F.col("repo_oid") != F.col("surrogate")).select(
        "surrogate", F.col("repo_oid").alias("linked"), F.col("basis").alias("linked_basis")
    )
    own = before.select(F.col("repo_oid").alias("own"), F.col("removal").alias("own_removal"))
    model = before.select(
        F.col("repo_oid").alias("linked_oid"),
        F.col("model_id").alias("linked_name"),
        F.col("removal").alias("linked_removal"),
    )
    is_name_only = F.col("created_at_basis") == "unknown"
    has_name = F.coalesce(F.col("linked_name") == F.col("model_id"), F.lit(False))
    is_own = F.col("own").isNotNull()
    is_itself = is_own & ~(is_name_only & F.coalesce(F.col("own_removal") == "recreated", F.lit(False)))
    preference = (
        F.when(F.col("linked").isNull(), F.lit(None))
        .when(~is_name_only, F.lit(_LINKED))
        .when(F.col("linked_removal") == "recreated", F.lit(None))
        .when(has_name, F.lit(_LINKED))
        .when(~is_itself, F.lit(_RENAMED_SINCE))
    )
    return (
        observed.select("repo_oid", "model_id", "created_at", "created_at_basis", "observed_at")
        .join(linked, on=F.col("repo_oid") == F.col("surrogate"), how="left")
        .join(model, on=F.col("linked") == F.col("linked_oid"), how="left")
        .join(own, on=F.col("repo_oid") == F.col("own"), how="left")
        .select(
            *("repo_oid", "model_id", "created_at", "created_at_basis", "observed_at", "linked", "linked_basis"),
            preference.cast("int").alias("preference"),
            has_name.alias("has_name"),
            is_own.alias("is_own"),
            is_itself.alias("is_itself"),
        )
    )


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
    found = _one_to_one(_candidates(old, new, same_creation, existed, surrogates="old", models="new"))
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

    Matches for that crawl only (without a basis) leave no trace. A match also moves what was linked to the surrogate
    itself; one that is linked stays so.
    """
    by = matches.where(F.col("basis").isNotNull()).select(
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


def _candidates(
    old: DataFrame, new: DataFrame, same_creation: Column, existed: Column, *, surrogates: str, models: str
) -> DataFrame:
    """Pairs of one name that may be the same model; ``surrogates`` and ``models`` say which side has which."""
    is_same = F.coalesce(same_creation, F.lit(False))
    pairs = old.join(new, on=F.col("old.model_id") == F.col("new.model_id"))
    return pairs.where(is_same | F.coalesce(existed, F.lit(False))).select(
        F.col(f"{surrogates}.repo_oid").alias("surrogate"),
        F.col(f"{models}.repo_oid").alias("repo_oid"),
        F.when(is_same, "same_creation").otherwise("existed_before").alias("basis"),
        F.lit(_BY_NAME).alias("preference"),
        F.lit(True).alias("has_name"),
        F.col("old.observed_at").alias("at"),
    )


def _one_to_one(candidates: DataFrame) -> DataFrame:
    """The best match of each surrogate, and of each model (surrogate, repo_oid, basis).

    Of one preference equal creation comes first, then what goes by the name, then what was seen last.
    """
    best: list[Column | str] = [
        "preference",
        F.desc("basis"),
        F.desc("has_name"),
        F.desc("at"),
        "repo_oid",
        "surrogate",
    ]
    first = candidates.withColumn("rank", F.row_number().over(Window.partitionBy("surrogate").orderBy(*best)))
    only = first.where(F.col("rank") == 1).withColumn(
        "rank", F.row_number().over(Window.partitionBy("repo_oid").orderBy(*best))
    )
    return only.where(F.col("rank") == 1).select("surrogate", "repo_oid", "basis")
