"""Rows of the forum's silver tables for its monthly ones; a test overrides what it is about."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from ptm_spark.gold.forum import build_forum_health_monthly, build_topics_per_category_monthly
from ptm_spark.gold.mentions import build_mentions_per_family_monthly
from ptm_spark.store import Store
from ptm_spark.tables.families import TOPIC_MENTIONS
from ptm_spark.tables.forum import FORUM_CATEGORIES, FORUM_POSTS, FORUM_TOPICS

AS_OF = datetime(2024, 3, 15, 12, tzinfo=UTC)
JANUARY, FEBRUARY, MARCH = (date(2024, month, 1) for month in (1, 2, 3))
DAY, HOUR = 24 * 3600, 3600
Row = dict[str, Any]


def topic(number: int, **changes: Any) -> Row:
    """A row of silver/forum_topics: begun in January, its page fetched at AS_OF, no answer."""
    return {
        "topic_id": number, "category_id": 5, "created_at": datetime(2024, 1, 10, 8, tzinfo=UTC), "post_count": 1,
        "is_visible": True, "archetype": "regular", "has_accepted_answer": False, "is_answered": False,
        "page_observed_at": AS_OF, "first_observed_at": AS_OF, "observed_at": AS_OF, "crawl_id": "c1",
    } | changes  # fmt: skip


def answered(number: int, after: int, **changes: Any) -> Row:
    """A topic that was answered so many seconds after it was begun."""
    return topic(number, **({"is_answered": True, "seconds_to_first_answer": after, "post_count": 2} | changes))


def post(topic_id: int, number: int = 1, **changes: Any) -> Row:
    """A row of silver/forum_posts, of a user of its own."""
    return {
        "post_id": 100 * topic_id + number, "topic_id": topic_id, "post_number": number, "post_type": "regular",
        "created_at": datetime(2024, 1, 10, 8, tzinfo=UTC), "author_hash": f"user{number}", "is_bot": False,
        "is_hidden": False, "is_in_stream": True, "first_observed_at": AS_OF, "observed_at": AS_OF, "crawl_id": "c1",
    } | changes  # fmt: skip


def mention(topic_id: int, family: str = "bert", **changes: Any) -> Row:
    """A row of silver/topic_mentions: the family is named once, in a post."""
    return {
        "topic_id": topic_id, "family": family, "mention_count": 1, "code_mention_count": 0, "quote_mention_count": 0,
        "post_count": 1, "first_post_number": 1, "is_in_title": False, "aliases": [family], "is_ambiguous": False,
    } | changes  # fmt: skip


def rows_by_key(frame: Any, *key: str) -> dict[Any, Row]:
    """Rows of a frame by their key, which must be one."""
    rows = [row.asDict() for row in frame.collect()]
    found = {tuple(row[name] for name in key): row for row in rows}
    assert len(found) == len(rows)
    return {name[0] if len(key) == 1 else name: row for name, row in found.items()}


def health(store: Store, topics: Iterable[Row], posts: Iterable[Row] = (), as_of: datetime = AS_OF) -> dict[Any, Row]:
    frames = (store.rows_of(list(topics), FORUM_TOPICS), store.rows_of(list(posts), FORUM_POSTS))
    return rows_by_key(build_forum_health_monthly(*frames, as_of=as_of), "month")


def by_category(
    store: Store, topics: Iterable[Row], posts: Iterable[Row] = (), categories: Iterable[Row] = ()
) -> dict[Any, Row]:
    frames = [
        store.rows_of(list(rows), table)
        for rows, table in ((topics, FORUM_TOPICS), (posts, FORUM_POSTS), (categories, FORUM_CATEGORIES))
    ]
    return rows_by_key(build_topics_per_category_monthly(*frames, as_of=AS_OF), "month", "category_id")


def by_family(store: Store, topics: Iterable[Row], mentions: Iterable[Row]) -> dict[Any, Row]:
    frames = (store.rows_of(list(topics), FORUM_TOPICS), store.rows_of(list(mentions), TOPIC_MENTIONS))
    return rows_by_key(build_mentions_per_family_monthly(*frames, as_of=AS_OF), "month", "family")


def told(rows: dict[Any, Row], *names: str) -> dict[Any, tuple[Any, ...]]:
    return {key: tuple(row[name] for name in names) for key, row in rows.items()}
