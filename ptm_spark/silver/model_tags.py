"""silver/model_tags: one row per model and tag as listed."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

#: base models name their relation, too, as in base_model:quantized:owner/name
_RELATIONS = tuple(f"base_model:{relation}" for relation in ("adapter", "finetune", "merge", "quantized"))


def build_model_tags(models: DataFrame) -> DataFrame:
    """Tags of all models in the Hub's order, removed models with those they had last.

    A tag of the form kind:value is taken apart; any other, such as ``12:30`` or ``license:``, is ``plain``. Some repos
    list a tag twice (697 rows of 4,770,285 in July 2024): count distinct models, not rows.
    """
    tag, kind = F.col("tag"), F.col("kind")
    first, two = F.substring_index(tag, ":", 1), F.substring_index(tag, ":", 2)
    tags = models.select("repo_oid", F.posexplode("tags").alias("position", "tag")).withColumn(
        "kind",
        # most tags have no colon, few are base models: cheap questions first
        F.when(~tag.contains(":"), "plain")
        .when(tag.startswith("base_model:") & two.isin(*_RELATIONS) & _has_value(two), two)
        .when(_has_value(first) & first.rlike(r"^[a-z][a-z0-9_-]*\z"), first)
        .otherwise("plain"),
    )
    value = F.when(kind == "plain", tag).otherwise(F.substr(tag, F.length(kind) + 2))
    return tags.select("repo_oid", "position", "tag", "kind", value.alias("value"))


def _has_value(kind: Column) -> Column:
    return F.length("tag") > F.length(kind) + 1
