"""silver/model_families: which family a model belongs to, and what told it.

The surest word counts: what a model's config says, then a tag that the Hub made of the config, then what it was made
from, then the names of those, then its own. The order is that of the shares of right answers (docs/method.md).
"""

from collections.abc import Callable
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.silver.family_names import (
    family_of_architecture_column,
    family_of_name_column,
    family_of_type_column,
    read_aliases,
)
from ptm_spark.tables.families import MODEL_FAMILIES

#: share of right answers by method, as measured on models whose config tells (docs/method.md, Families)
CONFIDENCE = {"config": 1.0, "architecture": 1.0, "tag": 0.997, "base_model": 0.992, "base_name": 0.970, "name": 0.938}
#: a type that the table of families does not have is a family by itself, if it is written like one
_TYPE = r"^[a-z0-9][a-z0-9_.-]{1,49}\z"
#: bases that are followed one behind the other; chains of more were not seen in 117,000 models with bases
_MOST_STEPS = 6
Stage = Callable[[str, DataFrame], DataFrame]


def build_model_families(models: DataFrame, *, stage: Stage) -> DataFrame:
    """One row per model. ``stage`` keeps a frame aside, so that what follows does not compute it again.

    A model with several bases has the family of those that are known, if they are of one. Bases are found by the name
    that a model there has now.
    """
    own = stage("families_own", _judge(models))
    orphans = own.where(F.col("family").isNull() & (F.size("base_models") > 0))
    pairs = orphans.select("repo_oid", "model_id", "is_there", F.explode("base_models").alias("base_id"))
    edges = stage("families_edges", pairs)
    known = own.where(F.col("family").isNotNull() & F.col("is_there")).select(
        F.col("model_id").alias("base_id"), F.col("family").alias("base_family")
    )
    found = stage("families_bases_1", _agree(edges.join(known, on="base_id"), steps=1))
    for steps in range(2, _MOST_STEPS + 1):
        # chains run among the models without a family of their own, a small part of all
        heirs = edges.join(found.select("repo_oid"), on="repo_oid", how="left_anti")
        there = edges.where("is_there").select("repo_oid", F.col("model_id").alias("base_id")).distinct()
        parents = there.join(found, on="repo_oid")
        parents = parents.select("base_id", F.col("inherited").alias("base_family"))
        more = stage(f"families_more_{steps}", _agree(heirs.join(parents, on="base_id"), steps=steps))
        if not more.limit(1).count():
            break
        found = stage(f"families_bases_{steps}", found.unionByName(more))
    unnamed = edges.join(found.select("repo_oid"), on="repo_oid", how="left_anti")
    # one expression for both: to write it down takes as long as to read 40,000 names
    of_name = family_of_name_column(F.col("name"))["family"]
    of_bases = unnamed.withColumnRenamed("base_id", "name").select("repo_oid", of_name.alias("base_family"))
    by_base_name = stage("families_base_names", _agree(of_bases, steps=1))
    told = found.select("repo_oid").unionByName(by_base_name.select("repo_oid"))
    # names are read of those only that nothing else tells; as a branch of a CASE they would be read many times
    unknown = own.where(F.col("family").isNull()).join(told, on="repo_oid", how="left_anti")
    by_name = unknown.select("repo_oid", F.col("model_id").alias("name")).select("repo_oid", of_name.alias("family"))
    by_base = (
        frame.select("repo_oid", F.col("inherited").alias("family"), F.lit(method).alias("method"), "steps")
        for method, frame in (("base_model", found), ("base_name", by_base_name))
    )
    # each model is in one of these, so that none need be joined to all models
    by_method = (
        own.where(F.col("family").isNotNull()).select("repo_oid", "family", "method", F.lit(0).alias("steps")),
        *by_base,
        by_name.select("repo_oid", "family", _if_told("family", "name").alias("method"), F.lit(0).alias("steps")),
    )
    confidence = F.create_map(*(F.lit(part) for pair in CONFIDENCE.items() for part in pair))
    columns = {
        "confidence": F.try_element_at(confidence, F.col("method")),
        "base_steps": F.col("steps").cast("int"),
    }
    return reduce(DataFrame.unionByName, by_method).select(
        *(columns.get(name, F.col(name)).alias(name) for name in MODEL_FAMILIES.names)
    )


def _judge(models: DataFrame) -> DataFrame:
    """What each model's metadata say: ``family`` and ``method``."""
    says = {
        "config": F.coalesce(family_of_type_column(F.col("model_type")), _as_type(F.lower("model_type"))),
        "architecture": family_of_architecture_column(F.col("architecture")),
        "tag": _family_of_tags(F.col("tags")),
    }
    judged = models.select(
        *("repo_oid", "model_id", "base_models"),
        F.col("removal").isNull().alias("is_there"),
        *(answer.alias(method) for method, answer in says.items()),
    )
    return judged.select(
        *("repo_oid", "model_id", "base_models", "is_there"),
        F.coalesce(*says).alias("family"),
        F.coalesce(*(_if_told(method, method) for method in says)).alias("method"),
    )


def _as_type(text: Column) -> Column:
    return F.when(text.rlike(_TYPE), text)


def _family_of_tags(tags: Column) -> Column:
    """The family that a tag names; of several the longest, where it holds the others (mt5 and t5), else none.

    The Hub makes such a tag of the model_type of a config.
    """
    names = sorted({alias.family for alias in read_aliases() if alias.family})
    found = F.array_distinct(F.filter(tags, lambda tag: tag.isin(names)))
    by_length = F.transform(found, lambda name: F.struct(F.length(name).alias("length"), name.alias("name")))
    longest = F.array_max(by_length)["name"]
    return F.when(F.size(found) == 1, F.get(found, F.lit(0))).when(
        (F.size(found) > 1) & F.forall(found, lambda name: F.contains(longest, name)), longest
    )


def _if_told(name: str, method: str) -> Column:
    return F.when(F.col(name).isNotNull(), F.lit(method))


def _agree(bases: DataFrame, *, steps: int) -> DataFrame:
    """The family of a model's bases (repo_oid, base_family) where they are of one: repo_oid, inherited, steps."""
    of_model = bases.groupBy("repo_oid").agg(
        F.min("base_family").alias("inherited"), F.max("base_family").alias("other")
    )
    return of_model.where(F.col("inherited") == F.col("other")).select(
        "repo_oid", "inherited", F.lit(steps).alias("steps")
    )
