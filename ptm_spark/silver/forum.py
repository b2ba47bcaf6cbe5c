"""Taking landed crawls of the forum into forum_categories, forum_topics and forum_posts."""

from collections.abc import Mapping, Sequence
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ptm_spark.intake import FamilyPlan
from ptm_spark.silver.accounting import Landed, Measures, account, keep_rejects
from ptm_spark.silver.activity_intake import batches_of
from ptm_spark.silver.forum_categories import fold_categories
from ptm_spark.silver.forum_lines import read_lines
from ptm_spark.silver.forum_posts import fold_posts
from ptm_spark.silver.forum_records import KNOWN_KEYS
from ptm_spark.silver.forum_topics import FOLDED, fold_topics, with_answers, with_order
from ptm_spark.store import Store
from ptm_spark.tables.forum import FORUM_CATEGORIES, FORUM_POSTS, FORUM_TOPICS

_ABOUT_TOPICS = ("row", "page", "chunk", "status")
_ITEMS = ("post", "category")
#: lines that the tables are folded from, and their posts
_COUNTS = "NOT is_older AND NOT is_moot"


def take_in_forum(
    store: Store, plan: FamilyPlan, marks: Mapping[str, str], *, reject_text_chars: int, user_key: str
) -> dict[str, Measures]:
    """Fold the plan's crawls into the three tables and rejects; measures by crawl.

    A table is written only if lines about it are among those of the plan. Of rejects the text is kept for categories
    only, for posts and topics name people. A damaged file costs its topics some posts: such a page counts as far as it
    is there.
    """
    measures: dict[str, Measures] = {}
    read = partial(_read, user_key=user_key, reject_text_chars=reject_text_chars)
    for number, (landed, observed, is_first) in enumerate(batches_of(store, plan, marks, read)):
        held = store.empty if is_first else store.read
        lines = observed.where(F.col("kind").isin(*_ABOUT_TOPICS)).drop("post", "category")
        before = held(FORUM_TOPICS)
        ordered = store.stage(f"forum_lines_{number}", with_order(lines, before))
        posts = store.stage(f"forum_posts_{number}", _with_order(observed, ordered))
        found = {row["kind"] for row in observed.select("kind").distinct().collect()}
        if is_first or "category" in found:
            categories = observed.where(F.col("kind") == "category")
            store.overwrite(FORUM_CATEGORIES, fold_categories(held(FORUM_CATEGORIES), categories), reshape=is_first)
        if is_first or found & {"page", "chunk"}:
            pages = ordered.where(_COUNTS).where((F.col("kind") == "page") & F.col("stream").isNotNull())
            folded = fold_posts(held(FORUM_POSTS), posts.where(_COUNTS), pages)
            store.overwrite(FORUM_POSTS, folded, reshape=is_first)
        if is_first or found & set(_ABOUT_TOPICS):
            topics = fold_topics(before.select(*FOLDED), ordered.where(_COUNTS))
            store.overwrite(FORUM_TOPICS, with_answers(topics, store.read(FORUM_POSTS)), reshape=is_first)
        measures |= _settle(store, landed, observed, ordered, posts)
    return measures


def _read(landed: Landed, *, user_key: str, reject_text_chars: int) -> DataFrame:
    return read_lines(landed.lines, entity=landed.crawl.entity, user_key=user_key, reject_text_chars=reject_text_chars)


def _with_order(observed: DataFrame, ordered: DataFrame) -> DataFrame:
    """Bodies of posts with ``order``, ``is_older`` and ``is_moot`` of their lines."""
    bodies = observed.where(F.col("kind") == "post").select(
        *("rank", "seq", "place", "observed_at", "crawl_id", "post"), F.col("post.post_id").alias("post_id")
    )
    return bodies.join(ordered.select("rank", "seq", "order", "is_older", "is_moot"), on=["rank", "seq"], how="inner")


def _settle(
    store: Store, landed: Sequence[Landed], observed: DataFrame, ordered: DataFrame, posts: DataFrame
) -> dict[str, Measures]:
    """Keep the rejects of these crawls; measures by crawl."""
    inside, bodies = store.read(FORUM_TOPICS).select("topic_id"), posts.where(_COUNTS).select("rank", "post_id")
    lines = observed.where(~F.col("kind").isin(*_ITEMS)).groupBy("rank", "kind").agg(
        F.count(F.lit(1)), F.sum("item_count"), F.sum("item_reject_count")
    )  # fmt: skip
    fates = ordered.where("kind != 'status' AND (is_older OR is_moot)").groupBy("rank").agg(
        F.sum(F.col("is_older").cast("bigint")), F.sum(F.col("is_moot").cast("bigint"))
    )  # fmt: skip
    lost = ordered.where(_COUNTS).join(inside, on="topic_id", how="left_anti").groupBy("rank").count()
    of_posts = posts.groupBy("rank").agg(F.count(F.lit(1)), F.count_distinct(F.when(F.expr(_COUNTS), F.col("post_id"))))
    kept_posts = bodies.distinct().join(store.read(FORUM_POSTS).select("post_id"), on="post_id", how="left_semi")
    by_kind = {(row[0], row[1]): tuple(row)[2:] for row in lines.collect()}
    by_rank = [
        {row[0]: tuple(row)[1:] for row in frame.collect()}
        for frame in (fates, lost, of_posts, kept_posts.groupBy("rank").count())
    ]
    drift, measures = _drift(observed), {}
    for rank, one in enumerate(landed):
        kinds = {kind: counts for (found, kind), counts in by_kind.items() if found == rank}
        items, item_rejects = (sum(counts[place] or 0 for counts in kinds.values()) for place in (1, 2))
        (older, moot), (lost_count,), (bodies_in, distinct), (kept_count,) = (
            counts.get(rank, nothing) for counts, nothing in zip(by_rank, ((0, 0), (0,), (0, 0), (0,)), strict=True)
        )
        broken, status = (kinds.pop(kind, (0,))[0] for kind in ("broken", "status"))
        others = {"status": status, "older_fetch": older, "without_topic": moot}
        kept = sum(counts[0] for counts in kinds.values()) - older - moot - lost_count
        rejects = observed.where((F.col("rank") == rank) & F.col("reasons").isNotNull())
        keep_rejects(store, one, rejects, broken + item_rejects)
        entity = one.crawl.entity
        found = account(one, kept=kept, broken=broken, others=others, known=KNOWN_KEYS.get(entity, frozenset()))
        if entity == "topic_posts":
            found |= _account_posts(items, item_rejects, bodies_in - distinct, kept_count)
        elif entity == "site":
            found |= {"category_count": float(items), "category_reject_count": float(item_rejects)}
        measures[one.crawl.path] = found | drift.get(rank, {})
    return measures


def _account_posts(landed: int, rejects: int, older: int, kept: int) -> Measures:
    """Bodies of posts in = posts out + rejects + those of lines left out or outdone by a later body."""
    return {
        "post_count": float(landed),
        "post_kept_count": float(kept),
        "post_reject_count": float(rejects),
        "post_older_count": float(older),
        "posts_unaccounted_count": float(landed - rejects - older - kept),
    }


def _drift(observed: DataFrame) -> dict[int, Measures]:
    """By crawl, how many values of each field had another type than the forum's contract says."""
    found: dict[int, Measures] = {}
    flaws = observed.select(
        "rank", "kind", F.explode(F.coalesce("topic.flaws", "post.flaws", "category.flaws")).alias("flaw")
    ).where(F.col("flaw").endswith(":type"))
    for rank, kind, flaw, count in flaws.groupBy("rank", "kind", "flaw").count().collect():
        name = flaw if kind in ("row", "page") else f"{kind}.{flaw}"
        found.setdefault(rank, {})[f"drift:{name}"] = float(count)
    return found
