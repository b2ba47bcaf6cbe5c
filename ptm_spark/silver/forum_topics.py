"""silver/forum_topics: topics folded from rows of lists, their own pages and refusals of these; then their answers."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.silver.forum_lines import PAGE_COLUMNS, SHARED_COLUMNS
from ptm_spark.tables.forum import FORUM_TOPICS

#: what the posts of a topic tell of it
DERIVED = (
    *("accepted_answer_post_id", "accepted_answer_created_at", "answer_count", "is_answered", "first_answer_at"),
    *("seconds_to_first_answer", "first_staff_answer_at", "posts_seen_count"),
)
#: columns of a topic that its posts do not change
FOLDED = tuple(name for name in FORUM_TOPICS.names if name not in DERIVED)
_DELETED, _PRIVATE = (404, 410), (401, 403)
_SEEN = ("row", "page")


def order_of() -> Column:
    """By this observations follow each other, as text: by moment, then crawl (``rank``, from 0; -1 is what the tables
    hold already), then place in it."""
    parts = ((F.unix_micros("observed_at"), 16), (F.col("rank") + 1, 4), (F.col("seq"), 12))
    return F.concat(*(F.lpad(part.cast("string"), length, "0") for part, length in parts))


def with_order(lines: DataFrame, before: DataFrame) -> DataFrame:
    """Lines about topics with ``order``, and what becomes of each: ``is_older``, ``is_moot``, or neither.

    Older: another line of the same kind of source, in a crawl before or in the tables, was fetched later. Lists and
    pages of topics are two sources, for both may be crawled at once. Moot: a refusal, or posts alone, of a topic that
    nothing has told of before. ``before`` is forum_topics.
    """
    in_turn = [F.col(name) for name in ("rank", "observed_at", "seq")]
    so_far = Window.partitionBy("topic_id").orderBy(*in_turn).rowsBetween(Window.unboundedPreceding, -1)
    of_source = Window.partitionBy("topic_id", "is_row").orderBy(*in_turn).rowsBetween(Window.unboundedPreceding, -1)
    known = before.select("topic_id", F.lit(True).alias("is_known"), "listed_at", "page_asked_at")
    is_row, is_seen = F.col("kind") == "row", F.col("kind").isin(*_SEEN)
    was_seen = F.coalesce("is_known", F.max(is_seen.cast("int")).over(so_far) == 1, F.lit(False))
    joined = (
        lines.join(known, on="topic_id", how="left")
        .withColumn("is_row", is_row)
        .withColumn("is_moot", ~is_seen & ~was_seen)
    )
    latest = F.greatest(
        F.max(F.when(~F.col("is_moot"), F.col("observed_at"))).over(of_source),
        F.when(is_row, F.col("listed_at")).otherwise(F.col("page_asked_at")),
    )
    return joined.select(
        *lines.columns,
        order_of().alias("order"),
        "is_moot",
        (~F.col("is_moot") & F.coalesce(F.col("observed_at") < latest, F.lit(False))).alias("is_older"),
    )


def fold_topics(before: DataFrame, lines: DataFrame) -> DataFrame:
    """The topics (``FOLDED``) after some more lines, from ``with_order``, that are neither older nor moot.

    What lists and pages both say is taken from the newest of either, what only pages say from the newest page. A topic
    is removed while the newest word about it is a refusal.
    """
    shared, page = F.struct(*SHARED_COLUMNS), F.struct(*PAGE_COLUMNS)
    is_seen, is_page = F.col("kind").isin(*_SEEN), F.col("kind") == "page"
    word = F.when(F.col("status").isin(*_DELETED), "deleted").when(F.col("status").isin(*_PRIVATE), "private")
    of_lines = lines.select(
        "topic_id",
        "order",
        F.when(is_seen, F.struct(*(F.col(f"topic.{name}").alias(name) for name in SHARED_COLUMNS))).alias("shared"),
        F.when(is_page, F.struct(*(F.col(f"topic.{name}").alias(name) for name in PAGE_COLUMNS))).alias("page"),
        F.when(F.col("kind") == "status", word).alias("removal"),
        F.col("observed_at").alias("at"),
        F.when(is_seen, F.col("observed_at")).alias("seen_at"),
        F.when(is_seen, F.col("crawl_id")).alias("crawl_id"),
        F.when(is_seen, F.col("observed_at")).alias("first_observed_at"),
        F.when(F.col("kind") == "row", F.col("observed_at")).alias("listed_at"),
        F.when(F.col("kind") != "row", F.col("observed_at")).alias("page_asked_at"),
        F.when(is_page, F.col("observed_at")).alias("page_observed_at"),
    )
    held = before.withColumn("rank", F.lit(-1)).withColumn("seq", F.lit(0))
    nothing = F.lit(None)
    no_moment = nothing.cast("timestamp")
    seen = held.select(
        "topic_id",
        order_of().alias("order"),
        shared.alias("shared"),
        # a page is never older than the newest word about pages, which is what lines are compared with
        F.when(F.col("page_observed_at").isNotNull(), page).alias("page"),
        nothing.cast("string").alias("removal"),
        F.col("observed_at").alias("at"),
        F.col("observed_at").alias("seen_at"),
        *("crawl_id", "first_observed_at", "listed_at", "page_asked_at", "page_observed_at"),
    )
    refused = (
        held.where(F.col("removal").isNotNull())
        .withColumn("observed_at", F.col("removed_at"))
        .withColumn("seq", F.lit(1))
        .select(
            "topic_id",
            order_of().alias("order"),
            F.when(F.lit(False), shared).alias("shared"),
            F.when(F.lit(False), page).alias("page"),
            "removal",
            F.col("removed_at").alias("at"),
            no_moment.alias("seen_at"),
            nothing.cast("string").alias("crawl_id"),
            *(no_moment.alias(name) for name in ("first_observed_at", "listed_at", "page_asked_at")),
            no_moment.alias("page_observed_at"),
        )
    )
    everything = of_lines.unionByName(seen).unionByName(refused)
    last_seen = F.max(F.when(F.col("seen_at").isNotNull(), F.col("order"))).over(Window.partitionBy("topic_id"))
    marked = everything.withColumn("last_seen", last_seen)
    is_refused = F.col("removal").isNotNull() & (F.col("order") > F.col("last_seen"))
    is_there = F.col("seen_at").isNotNull()
    folded = marked.groupBy("topic_id").agg(
        F.max_by("shared", F.when(is_there, F.col("order"))).alias("shared"),
        F.max_by("page", F.when(F.col("page").isNotNull(), F.col("order"))).alias("page"),
        F.max_by("crawl_id", F.when(is_there, F.col("order"))).alias("crawl_id"),
        F.max_by("removal", F.when(is_refused, F.col("order"))).alias("removal"),
        F.min(F.when(is_refused, F.col("at"))).alias("removed_at"),
        F.max("seen_at").alias("observed_at"),
        F.min("first_observed_at").alias("first_observed_at"),
        *(F.max(name).alias(name) for name in ("listed_at", "page_asked_at", "page_observed_at")),
    )
    values = {name: F.col(f"shared.{name}") for name in SHARED_COLUMNS}
    values |= {name: F.col(f"page.{name}") for name in PAGE_COLUMNS}
    return folded.select(*(values.get(name, F.col(name)).alias(name) for name in FOLDED))


def with_answers(topics: DataFrame, posts: DataFrame) -> DataFrame:
    """Topics (``FOLDED``) with what their posts tell: ``FORUM_TOPICS``. ``posts`` are silver/forum_posts.

    An answer is a regular post after the first by another user than the topic's author, still there, not hidden, not by
    an automatic account. Where the author of both is unknown nobody can tell, and it is none.
    """
    author = topics.select("topic_id", F.col("author_hash").alias("topic_author"), "accepted_answer_post_number")
    facts = posts.select(
        *("topic_id", "post_id", "post_number", "is_first_post", "post_type", "created_at", "author_hash"),
        *("is_bot", "is_staff", "is_hidden", "removal", "is_in_stream"),
    ).join(author, on="topic_id", how="inner")
    is_other = ~F.col("author_hash").eqNullSafe(F.col("topic_author"))
    is_answer = (
        (F.col("post_type") == "regular")
        & (F.col("post_number") > 1)
        & is_other
        & F.col("removal").isNull()
        & ~F.coalesce("is_hidden", F.lit(False))
        & ~F.coalesce("is_bot", F.lit(False))
    )
    is_accepted = (F.col("post_number") == F.col("accepted_answer_post_number")) & F.col("is_in_stream")
    told = facts.groupBy("topic_id").agg(
        # imports may give a number twice; the lower id is as good as any, and always the same
        F.min(F.when(is_accepted, F.col("post_id"))).alias("accepted_answer_post_id"),
        F.min(F.when(is_accepted, F.col("created_at"))).alias("accepted_answer_created_at"),
        F.sum(F.coalesce(is_answer, F.lit(False)).cast("bigint")).alias("answers"),
        F.min(F.when(is_answer, F.col("created_at"))).alias("first_answer_at"),
        F.min(F.when(is_answer & F.col("is_staff"), F.col("created_at"))).alias("first_staff_answer_at"),
        F.sum(F.col("is_in_stream").cast("bigint")).alias("posts_seen"),
    )
    was_fetched = F.col("page_observed_at").isNotNull()
    counted = topics.join(told, on="topic_id", how="left").select(
        *FOLDED,
        "accepted_answer_post_id",
        "accepted_answer_created_at",
        F.when(was_fetched, F.coalesce("answers", F.lit(0).cast("bigint"))).alias("answer_count"),
        F.when(was_fetched, F.coalesce("posts_seen", F.lit(0).cast("bigint"))).alias("posts_seen_count"),
        *("first_answer_at", "first_staff_answer_at"),
        (F.unix_seconds("first_answer_at") - F.unix_seconds("created_at")).alias("seconds_to_first_answer"),
    )
    return counted.withColumn("is_answered", F.col("answer_count") > 0).select(*FORUM_TOPICS.names)
