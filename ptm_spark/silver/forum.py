"""Taking landed crawls of the forum into forum_categories, forum_topics and forum_posts."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

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
from ptm_spark.tables import Table
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
        lines = observed.where(F.col("kind").isin(*_ABOUT_TOPICS)).drop("post", "category")
        before = store.empty(FORUM_TOPICS) if is_first else store.read(FORUM_TOPICS)
        ordered = store.stage(f"forum_lines_{number}", with_order(lines, before))
        posts = store.stage(f"forum_posts_{number}", _with_order(observed, ordered))
        found = {row["kind"] for row in observed.select("kind").distinct().collect()}
        if is_first or "category" in found:
            categories = observed.where(F.col("kind") == "category")
            _write(
                store, FORUM_CATEGORIES, fold_categories(_held(store, FORUM_CATEGORIES, is_first), categories), is_first
            )
        if is_first or found & {"page", "chunk"}:
            pages = ordered.where(_COUNTS).where((F.col("kind") == "page") & F.col("stream").isNotNull())
            bodies = posts.where(_COUNTS)
            _write(store, FORUM_POSTS, fold_posts(_held(store, FORUM_POSTS, is_first), bodies, pages), is_first)
        if is_first or found & set(_ABOUT_TOPICS):
            topics = fold_topics(before.select(*FOLDED), ordered.where(_COUNTS))
            _write(store, FORUM_TOPICS, with_answers(topics, store.read(FORUM_POSTS)), is_first)
        measures |= _settle(store, landed, observed, ordered, posts)
    return measures


def _held(store: Store, table: Table, is_first: bool) -> DataFrame:
    return store.empty(table) if is_first else store.read(table)


def _write(store: Store, table: Table, frame: DataFrame, is_first: bool) -> None:
    store.overwrite(table, frame, reshape=is_first)


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
    lines = _by_rank(observed.where(~F.col("kind").isin(*_ITEMS)), "kind")
    of_topics = ordered.where(F.col("kind") != "status")
    older, moot = _by_rank(of_topics.where("is_older")), _by_rank(of_topics.where("is_moot"))
    inside = store.read(FORUM_TOPICS).select("topic_id")
    lost = _by_rank(of_topics.where(_COUNTS).join(inside, on="topic_id", how="left_anti"))
    items = {
        row["rank"]: (row["items"] or 0, row["rejects"] or 0)
        for row in observed.groupBy("rank")
        .agg(F.sum("item_count").alias("items"), F.sum("item_reject_count").alias("rejects"))
        .collect()
    }
    drift = _drift(observed)
    told = posts.where(_COUNTS).select("rank", "post_id")
    kept_posts = told.distinct().join(store.read(FORUM_POSTS).select("post_id"), on="post_id", how="left_semi")
    post_counts = [_by_rank(frame) for frame in (posts, told.distinct(), kept_posts)]
    measures = {}
    for rank, one in enumerate(landed):
        kinds = {kind: count for (found, kind), count in lines.items() if found == rank}
        broken, status = kinds.pop("broken", 0), kinds.pop("status", 0)
        others = {
            "status": status,
            "older_fetch": older.get((rank,), 0),
            "without_topic": moot.get((rank,), 0),
        }
        kept = sum(kinds.values()) + status - sum(others.values()) - lost.get((rank,), 0)
        rejects = observed.where((F.col("rank") == rank) & F.col("reasons").isNotNull())
        item_count, item_rejects = items.get(rank, (0, 0))
        keep_rejects(store, one, rejects, broken + item_rejects)
        entity = one.crawl.entity
        found = account(one, kept=kept, broken=broken, others=others, known=KNOWN_KEYS.get(entity, frozenset()))
        if entity == "topic_posts":
            everything, distinct, kept = (counts.get((rank,), 0) for counts in post_counts)
            found |= _account_posts(item_count, item_rejects, everything - distinct, kept)
        elif entity == "site":
            found |= {"category_count": float(item_count), "category_reject_count": float(item_rejects)}
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


def _by_rank(frame: DataFrame, *further: str) -> dict[tuple[Any, ...], int]:
    """Rows by crawl (``rank``) and further columns."""
    return {tuple(row)[:-1]: row["count"] for row in frame.groupBy("rank", *further).count().collect()}


def _drift(observed: DataFrame) -> dict[int, Measures]:
    """By crawl, how many values of each field had another type than the forum's contract says."""
    found: dict[int, Measures] = {}
    flaws = observed.select(
        "rank", "kind", F.explode(F.coalesce("topic.flaws", "post.flaws", "category.flaws")).alias("flaw")
    ).where(F.col("flaw").endswith(":type"))
    for (rank, kind, flaw), count in _by_rank(flaws, "kind", "flaw").items():
        name = flaw if kind in ("row", "page") else f"{kind}.{flaw}"
        found.setdefault(rank, {})[f"drift:{name}"] = float(count)
    return found
