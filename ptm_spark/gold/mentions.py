"""Families of models that the forum talks about, by month."""

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.gold.forum import count_if, is_unfinished, public_topics, stack, topic_counts
from ptm_spark.gold.months import every_month, ratio
from ptm_spark.tables.gold_forum import MENTIONS_PER_FAMILY_MONTHLY


def build_mentions_per_family_monthly(topics: DataFrame, mentions: DataFrame, *, as_of: datetime) -> DataFrame:
    """``MENTIONS_PER_FAMILY_MONTHLY`` from silver/forum_topics and silver/topic_mentions.

    As the study counts (its replication package, README): a topic counts for a family in the month in which the topic
    was begun, once, however often it mentions the family. Rows of topics × families, of the topics themselves (family
    null: what they add up to is the month's totals) and of the grid stand in one frame that is grouped once.
    """
    begun = public_topics(topics, as_of=as_of).drop("category_id", "posts_in_topic", "watched_seconds")
    named = mentions.select(
        "topic_id",
        "family",
        (F.col("mention_count") > 0).alias("is_mentioned"),
        (F.col("code_mention_count") > 0).alias("is_in_code"),
        "is_ambiguous",
    )
    # what is counted of topics is counted, in the row of a family, of those that mention it; code alone is no mention
    pairs = begun.join(named, on="topic_id", how="inner").select(
        *(name for name in begun.columns if name != "is_counted"),
        "family",
        F.when(F.col("is_mentioned"), F.col("is_counted")).alias("is_counted"),
        (F.col("is_counted") & F.col("is_mentioned") & F.col("is_ambiguous")).alias("is_only_ambiguous"),
        (F.col("is_counted") & ~F.col("is_mentioned") & F.col("is_in_code")).alias("is_only_in_code"),
        F.lit(None).cast("boolean").alias("is_telling"),
    )
    telling = named.where("is_mentioned").select("topic_id", F.lit(True).alias("is_telling")).distinct()
    whole = begun.join(telling, on="topic_id", how="left")
    grid = every_month(begun, as_of=as_of).crossJoin(pairs.select("family").distinct())
    counted = (
        stack(pairs, whole, grid)
        .groupBy("month", "family")
        .agg(
            *(column.alias(name) for name, column in topic_counts().items()),
            count_if(F.col("is_only_ambiguous")).alias("ambiguous_count"),
            count_if(F.col("is_only_in_code")).alias("code_only_count"),
            count_if(F.col("is_counted") & F.col("is_telling")).alias("telling_count"),
        )
    )
    of_month = Window.partitionBy("month")

    def of_all(name: str) -> Column:
        return F.max(F.when(F.col("family").isNull(), F.col(name))).over(of_month)

    columns = {
        "as_of": F.lit(as_of).cast("timestamp"),
        "topic_share": ratio("topic_count", of_all("topic_count")),
        "mention_share": ratio(
            "topic_count", F.sum(F.when(F.col("family").isNotNull(), F.col("topic_count"))).over(of_month)
        ),
        "unanswered_share": ratio("unanswered_count", "fetched_count"),
        "accepted_share": ratio("accepted_count", "marked_count"),
        "coverage": ratio(of_all("telling_count"), of_all("topic_count")),
        "fetched_share": ratio(of_all("fetched_count"), of_all("topic_count")),
        "is_partial": is_unfinished(as_of),
    }
    told = counted.select(*(columns.get(name, F.col(name)).alias(name) for name in MENTIONS_PER_FAMILY_MONTHLY.names))
    return told.where(F.col("family").isNotNull())
