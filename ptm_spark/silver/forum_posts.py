"""silver/forum_posts: the newest body of every post, and whether the pages of its topic still list it."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.silver.forum_lines import POST_COLUMNS
from ptm_spark.silver.forum_topics import order_of
from ptm_spark.tables.forum import FORUM_POSTS

#: of a post's removal
_WITHDRAWN = ("by_author", "by_staff")
_FACTS = ("removal", "removed_at", "is_in_stream", "first_observed_at")


def newest_bodies(posts: DataFrame) -> DataFrame:
    """Observations of posts (post_id, rank, seq, order …) that are the newest of their post."""
    newest = Window.partitionBy("post_id").orderBy(F.desc("order"), F.desc("place"))
    return posts.withColumn("newness", F.row_number().over(newest)).where(F.col("newness") == 1).drop("newness")


def fold_posts(before: DataFrame, observed: DataFrame, pages: DataFrame) -> DataFrame:
    """The posts after some more bodies and pages: ``FORUM_POSTS``.

    ``observed`` has a row for each body: post_id, ``order``, ``place`` (tells bodies of one line apart), observed_at,
    crawl_id, rank, seq and ``post``; ``pages`` a row for each whole page: topic_id, ``order``, observed_at, ``stream``.
    None of them is older than what the tables hold of its topic. A post is removed since the first body that says so,
    or since the first page after its newest body that does not list it.
    """
    facts = _facts(before, observed, pages)
    newest = newest_bodies(observed.select("post_id", "order", "place"))
    bodies = observed.join(newest, on=["post_id", "order", "place"], how="left_semi").select(
        *(F.col(f"post.{name}").alias(name) for name in POST_COLUMNS), "observed_at", "crawl_id"
    )
    known = before.select(*POST_COLUMNS, "observed_at", "crawl_id")
    is_kept = facts.where(F.col("is_held")).select("post_id")
    is_taken = facts.where(~F.col("is_held")).select("post_id")
    current = known.join(is_kept, on="post_id", how="left_semi").unionByName(
        bodies.join(is_taken, on="post_id", how="left_semi")
    )
    return current.drop("removal").join(facts.select("post_id", *_FACTS), on="post_id").select(*FORUM_POSTS.names)


def _facts(before: DataFrame, observed: DataFrame, pages: DataFrame) -> DataFrame:
    """A row for each post: ``_FACTS``, and ``is_held``: its newest body is the one in the tables."""
    held = (
        before.select(
            "post_id", "topic_id", "observed_at", "first_observed_at", "removal", "removed_at", "is_in_stream"
        )
        .withColumn("rank", F.lit(-1))
        .withColumn("seq", F.lit(0))
    )
    of_bodies = observed.select(
        *("post_id", "order"),
        F.col("post.topic_id").alias("topic_id"),
        F.col("post.removal").alias("mark"),
        F.when(F.col("post.removal").isNotNull(), F.col("observed_at")).alias("marked_at"),
        F.col("observed_at").alias("first_observed_at"),
        F.lit(False).alias("is_held"),
        F.lit(None).cast("timestamp").alias("lost_at"),
    )
    is_marked = F.col("removal").isin(*_WITHDRAWN)
    of_tables = held.select(
        "post_id",
        order_of().alias("order"),
        "topic_id",
        F.when(is_marked, F.col("removal")).alias("mark"),
        F.when(is_marked, F.col("removed_at")).alias("marked_at"),
        "first_observed_at",
        F.lit(True).alias("is_held"),
        # of a post marked before it was lost only the mark's time is known, and that is the one that counts
        F.when(~F.col("is_in_stream"), F.col("removed_at")).alias("lost_at"),
    )
    of_post = Window.partitionBy("post_id")
    last_there = F.coalesce(F.max(F.when(F.col("mark").isNull(), F.col("order"))).over(of_post), F.lit(""))
    folded = (
        of_bodies.unionByName(of_tables)
        .withColumn("last_there", last_there)
        .groupBy("post_id")
        .agg(
            F.max_by(F.struct("topic_id", "order", "mark", "is_held", "lost_at"), "order").alias("newest"),
            F.min(F.when(F.col("order") > F.col("last_there"), F.col("marked_at"))).alias("marked_at"),
            F.min("first_observed_at").alias("first_observed_at"),
        )
        .select("post_id", "newest.*", "marked_at", "first_observed_at")
    )
    lost = _lost(folded, pages)
    lost_at = F.least("lost_at", "page_at")
    return folded.join(lost, on="post_id", how="left").select(
        "post_id",
        "is_held",
        "first_observed_at",
        F.coalesce("mark", F.when(lost_at.isNotNull(), "vanished")).alias("removal"),
        F.when(F.col("mark").isNotNull(), F.col("marked_at")).otherwise(lost_at).alias("removed_at"),
        lost_at.isNull().alias("is_in_stream"),
    )


def _lost(posts: DataFrame, pages: DataFrame) -> DataFrame:
    """(post_id, page_at): the first whole page after a post's newest body that does not list it."""
    later = (
        posts.select("post_id", "topic_id", F.col("order").alias("seen"))
        .join(
            pages.select("topic_id", F.col("order").alias("page"), F.col("observed_at").alias("page_at")), on="topic_id"
        )
        .where(F.col("page") > F.col("seen"))
    )
    listed = pages.select("topic_id", F.col("order").alias("page"), F.explode("stream").alias("post_id"))
    missing = later.join(listed, on=["topic_id", "page", "post_id"], how="left_anti")
    return missing.groupBy("post_id").agg(F.min("page_at").alias("page_at"))
