"""silver/model_tags: one row per model and tag as listed."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

#: tags of the form kind:value; base models name their relation too, as in base_model:quantized:owner/name
_KIND = r"^(base_model:(?:adapter|finetune|merge|quantized)|[a-z][a-z0-9_-]*):(?:.)"


def build_model_tags(models: DataFrame) -> DataFrame:
    """Tags of all models in the Hub's order, removed models with those they had last.

    Some repos list a tag twice (697 rows of 4,770,285 in July 2024): count distinct models, not rows.
    """
    tags = models.select("repo_oid", F.posexplode("tags").alias("position", "tag"))
    kind = F.regexp_extract("tag", _KIND, 1)
    return tags.select(
        "repo_oid",
        "position",
        "tag",
        F.when(kind == "", "plain").otherwise(kind).alias("kind"),
        F.when(kind == "", F.col("tag")).otherwise(F.substr(F.col("tag"), F.length(kind) + 2)).alias("value"),
    )
