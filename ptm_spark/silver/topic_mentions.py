"""silver/topic_mentions: which model families the topics of the forum speak of."""

from collections.abc import Callable
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.silver.family_names import mentions_in_column
from ptm_spark.tables.families import TOPIC_MENTIONS

Stage = Callable[[str, DataFrame], DataFrame]


def build_topic_mentions(topics: DataFrame, posts: DataFrame, *, stage: Stage) -> DataFrame:
    """One row per topic and family that is named in its title or in a post that is still there.

    Title and prose are what people say; code and quotes are counted apart, for a name in code is mostly an address, and
    a quote repeats what was counted where it was written. ``stage`` keeps a frame aside.
    """
    there = posts.where(F.col("removal").isNull())
    texts = [
        topics.select("topic_id", F.lit(None).cast("bigint").alias("post_number"), *_text("title", F.col("title"))),
        *(there.select("topic_id", "post_number", *_text(kind, F.col(name))) for kind, name in _TEXTS.items()),
    ]
    every = reduce(DataFrame.unionByName, texts).where(F.col("text").isNotNull() & (F.col("text") != ""))
    found = every.select("topic_id", "post_number", "kind", F.explode(mentions_in_column(F.col("text"))).alias("one"))
    mentions = stage("mentions", found.select("topic_id", "post_number", "kind", "one.*"))
    is_said = F.col("kind").isin("title", "prose")
    counted = mentions.groupBy("topic_id", "family").agg(
        _times(is_said).alias("mention_count"),
        _times(F.col("kind") == "code").alias("code_mention_count"),
        _times(F.col("kind") == "quote").alias("quote_mention_count"),
        F.count_distinct(F.when(F.col("kind") == "prose", F.col("post_number"))).alias("post_count"),
        F.min(F.when(F.col("kind") == "prose", F.col("post_number"))).alias("first_post_number"),
        F.max(F.col("kind") == "title").alias("is_in_title"),
        F.array_sort(F.collect_set(F.when(is_said, F.col("alias")))).alias("said"),
        F.array_sort(F.collect_set("alias")).alias("all"),
        F.min(F.when(is_said, F.col("is_ambiguous"))).alias("said_ambiguously"),
        F.min("is_ambiguous").alias("all_ambiguous"),
    )
    values = {
        "aliases": F.when(F.size("said") > 0, F.col("said")).otherwise(F.col("all")),
        "is_ambiguous": F.coalesce("said_ambiguously", "all_ambiguous"),
    }
    return counted.select(*(values.get(name, F.col(name)).alias(name) for name in TOPIC_MENTIONS.names))


#: which text of a post is of which kind
_TEXTS = {"prose": "prose", "code": "code_text", "quote": "quote_text"}


def _text(kind: str, text: Column) -> list[Column]:
    return [F.lit(kind).alias("kind"), text.alias("text")]


def _times(condition: Column) -> Column:
    return F.coalesce(F.sum(F.when(condition, F.col("count"))), F.lit(0)).cast("bigint")
