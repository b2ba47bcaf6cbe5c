"""The forum by month: topics and posts, by category and in all; whether and how soon questions are answered.

``as_of`` is the newest observation of the forum's own tables: with an earlier moment, such as the beginning of its last
crawl, posts fetched after it are left out; with a later one, such as a newer crawl of the Hub, months that nobody has
looked at would stand as empty ones.
"""

from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.columns import month_of
from ptm_spark.gold.months import every_month, first_of_month, ratio
from ptm_spark.tables.gold_forum import FORUM_HEALTH_MONTHLY, TOPICS_PER_CATEGORY_MONTHLY

_DAY_SECONDS = 24 * 60 * 60
_WEEK_SECONDS = 7 * _DAY_SECONDS


def public_topics(topics: DataFrame, *, as_of: datetime) -> DataFrame:
    """Topics of silver/forum_topics that were seen by ``as_of``, one narrow row each; private messages left out.

    ``is_counted``: the topic was there at ``as_of``, and lists show it. Unlisted topics are known by chance only (lists
    lack them, and the study took its topics from lists), so that ever_count alone counts them. A topic that staff made
    the forum's banner is one that lists show, and goes on being counted. What a source does not say excludes nothing.
    """
    moment = F.lit(as_of).cast("timestamp")
    is_there = F.col("removal").isNull() | (F.col("removed_at") > moment)
    is_shown = F.coalesce("is_visible", F.lit(True))
    is_private = F.col("archetype").eqNullSafe("private_message")
    return topics.where((F.col("first_observed_at") <= moment) & ~is_private).select(
        "topic_id",
        month_of(F.col("created_at")).alias("month"),
        "category_id",
        F.coalesce(is_there & is_shown, F.lit(False)).alias("is_counted"),
        "is_answered",
        "has_accepted_answer",
        F.col("post_count").alias("posts_in_topic"),
        "seconds_to_first_answer",
        F.col("first_staff_answer_at").isNotNull().alias("is_staff_answered"),
        # until when a topic was watched is a matter of its own page: a later list knows of no answers
        (F.unix_seconds("page_observed_at") - F.unix_seconds("created_at")).alias("watched_seconds"),
    )


def count_posts(topics: DataFrame, posts: DataFrame, *, as_of: datetime) -> DataFrame:
    """Posts of the counted among ``public_topics``: a row per month, category and author with ``written_count``.

    A post counts as an answer would: regular, still there at ``as_of``, not hidden, not by an automatic account.
    """
    moment = F.lit(as_of).cast("timestamp")
    is_there = F.col("removal").isNull() | (F.col("removed_at") > moment)
    is_wanted = (
        (F.col("first_observed_at") <= moment)
        & (F.col("post_type") == "regular")
        & is_there
        & ~F.coalesce("is_hidden", F.lit(False))
        & ~F.coalesce("is_bot", F.lit(False))
    )
    written = posts.where(is_wanted).select("topic_id", month_of(F.col("created_at")).alias("month"), "author_hash")
    return (
        written.join(topics.where("is_counted").select("topic_id", "category_id"), on="topic_id", how="inner")
        .groupBy("month", "category_id", "author_hash")
        .agg(F.count(F.lit(1)).alias("written_count"))
    )


def stack(rows: DataFrame, *further: DataFrame) -> DataFrame:
    """All rows in one frame of the first one's columns, which the others may lack: of these they are NULL.

    The first frame must have them all, for the embedded engine gives a column that only a later one has no type.
    """
    return reduce(lambda above, below: above.unionByName(below, allowMissingColumns=True), further, rows)


def is_unfinished(as_of: datetime) -> Column:
    """Whether the row's month is not over at ``as_of``; false for the unknown month."""
    return F.coalesce(F.col("month") >= first_of_month(as_of), F.lit(False)).alias("is_partial")


def count_if(condition: Column) -> Column:
    """Rows of a group that fulfil a condition."""
    return F.count(F.when(condition, 1))


def topic_counts() -> dict[str, Column]:
    """Aggregates over ``public_topics`` by name, for any grouping; rows that are no topic count for nothing."""
    counted, answered = F.col("is_counted"), F.col("is_answered")
    return {
        "topic_count": count_if(counted),
        "ever_count": count_if(counted.isNotNull()),
        "fetched_count": count_if(counted & answered.isNotNull()),
        "unanswered_count": count_if(counted & ~answered),
        "accepted_count": count_if(counted & F.col("has_accepted_answer")),
        "marked_count": count_if(counted & F.col("has_accepted_answer").isNotNull()),
    }


def build_topics_per_category_monthly(
    topics: DataFrame, posts: DataFrame, categories: DataFrame, *, as_of: datetime
) -> DataFrame:
    """``TOPICS_PER_CATEGORY_MONTHLY`` from silver/forum_topics, forum_posts and forum_categories.

    Rows of topics, of posts and of the grid of months and categories stand in one frame that is grouped once: so
    months and categories that are null need no join of their own, and gaps fill with zeros.
    """
    begun = public_topics(topics, as_of=as_of)
    written = count_posts(begun, posts, as_of=as_of).select("month", "category_id", "written_count")
    rows = stack(begun.withColumn("written_count", F.lit(None).cast("bigint")), written)
    grid = every_month(rows, as_of=as_of).crossJoin(begun.select("category_id").distinct())
    counted = (
        stack(rows, grid)
        .groupBy("month", "category_id")
        .agg(
            *(column.alias(name) for name, column in topic_counts().items()),
            F.coalesce(F.sum("written_count"), F.lit(0)).cast("bigint").alias("post_count"),
        )
    )
    named = categories.select("category_id", F.col("name").alias("category_name"), "parent_category_id")
    parents = categories.select(
        F.col("category_id").alias("parent_category_id"), F.col("name").alias("parent_category_name")
    )
    of_month = F.sum("topic_count").over(Window.partitionBy("month"))
    columns = {
        "as_of": F.lit(as_of).cast("timestamp"),
        "topic_share": ratio("topic_count", of_month),
        "coverage": ratio("fetched_count", "topic_count"),
        "unanswered_share": ratio("unanswered_count", "fetched_count"),
        "accepted_share": ratio("accepted_count", "marked_count"),
        "is_partial": is_unfinished(as_of),
    }
    told = counted.join(named, on="category_id", how="left").join(parents, on="parent_category_id", how="left")
    names = TOPICS_PER_CATEGORY_MONTHLY.names
    return told.select(*(columns.get(name, F.col(name)).alias(name) for name in names))


def build_forum_health_monthly(topics: DataFrame, posts: DataFrame, *, as_of: datetime) -> DataFrame:
    """``FORUM_HEALTH_MONTHLY`` from silver/forum_topics and forum_posts.

    Answers within a day or a week are asked only of topics that were watched that long: whether a younger one is
    answered in time is not known yet (right-censoring), and to count it as either would bend the newest months.
    """
    begun = public_topics(topics, as_of=as_of)
    written = count_posts(begun, posts, as_of=as_of).select("month", "author_hash", "written_count")
    nobody = F.lit(None).cast("string").alias("author_hash")
    rows = stack(begun.select("*", nobody, F.lit(None).cast("bigint").alias("written_count")), written)
    counted, seconds = F.col("is_counted"), F.col("seconds_to_first_answer")
    is_timed = counted & (seconds >= 0)
    size = F.when(counted, F.col("posts_in_topic"))
    is_moved = F.coalesce(seconds < 0, F.lit(False))
    watched = {
        name: counted & F.col("is_answered").isNotNull() & (F.col("watched_seconds") >= window) & ~is_moved
        for name, window in (("day", _DAY_SECONDS), ("week", _WEEK_SECONDS))
    }
    monthly = (
        stack(rows, every_month(rows, as_of=as_of))
        .groupBy("month")
        .agg(
            *(column.alias(name) for name, column in topic_counts().items()),
            F.coalesce(F.sum("written_count"), F.lit(0)).cast("bigint").alias("post_count"),
            F.count_distinct("author_hash").alias("author_count"),
            count_if(counted & F.col("is_answered")).alias("answered_count"),
            count_if(counted & ~F.col("is_answered") & F.col("has_accepted_answer")).alias("self_accepted_count"),
            count_if(size == 1).alias("single_post_count"),
            F.count(size).alias("sized_count"),
            F.sum(size).alias("size_total"),
            F.percentile(size, F.lit(0.5)).cast("double").alias("median_posts_per_topic"),
            F.percentile(F.when(is_timed, seconds), F.lit(0.5)).cast("double").alias("median_seconds_to_first_answer"),
            count_if(watched["day"]).alias("day_watched_count"),
            count_if(watched["day"] & (seconds <= _DAY_SECONDS)).alias("answered_in_day_count"),
            count_if(watched["week"]).alias("week_watched_count"),
            count_if(watched["week"] & (seconds <= _WEEK_SECONDS)).alias("answered_in_week_count"),
            count_if(counted & F.col("is_staff_answered")).alias("staff_answered_count"),
        )
    )
    columns = {
        "as_of": F.lit(as_of).cast("timestamp"),
        "coverage": ratio("fetched_count", "topic_count"),
        "unanswered_share": ratio("unanswered_count", "fetched_count"),
        "accepted_share": ratio("accepted_count", "marked_count"),
        "single_post_share": ratio("single_post_count", "sized_count"),
        "mean_posts_per_topic": ratio("size_total", "sized_count"),
        "answered_in_day_share": ratio("answered_in_day_count", "day_watched_count"),
        "answered_in_week_share": ratio("answered_in_week_count", "week_watched_count"),
        "staff_answered_share": ratio("staff_answered_count", "fetched_count"),
        "is_partial": is_unfinished(as_of),
    }
    return monthly.select(*(columns.get(name, F.col(name)).alias(name) for name in FORUM_HEALTH_MONTHLY.names))
