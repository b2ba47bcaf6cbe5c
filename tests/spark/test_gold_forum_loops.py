"""The forum's monthly tables beside plain loops, over any small forum and over a real one."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest
from forum_months import AS_OF, DAY, MARCH, Row, by_category, health, post, rows_by_key, topic
from forum_pages import take_in
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ptm_spark.config import load
from ptm_spark.crawl.entities import entity_named
from ptm_spark.crawl.import_dump import import_dump
from ptm_spark.gold.forum import build_forum_health_monthly, build_topics_per_category_monthly
from ptm_spark.landing import Landing
from ptm_spark.store import Store
from ptm_spark.tables.forum import FORUM_CATEGORIES, FORUM_POSTS, FORUM_TOPICS

pytestmark = pytest.mark.spark

# moments without a zone, for strategies that give them one
BETWEEN = [moment.replace(tzinfo=None) for moment in (AS_OF - timedelta(days=150), AS_OF - timedelta(days=1))]
SECONDS = st.none() | st.integers(-DAY, 9 * DAY)
TOPICS = st.lists(
    st.builds(
        lambda begun, seconds, watched, **fields: {
            **fields,
            "created_at": begun,
            "page_observed_at": watched and (begun or AS_OF) + timedelta(seconds=watched),
            "is_answered": seconds is not None if watched else None,
            "seconds_to_first_answer": seconds if watched and begun else None,
        },
        begun=st.none() | st.datetimes(*BETWEEN, timezones=st.just(UTC)),
        seconds=SECONDS,
        watched=st.none() | st.integers(1, 9 * DAY),
        category_id=st.sampled_from([None, 5, 8]),
        post_count=st.none() | st.integers(1, 4),
        has_accepted_answer=st.sampled_from([None, False, True]),
        is_visible=st.sampled_from([True, True, False]),
        removal=st.sampled_from([None, None, "deleted"]),
    ),
    max_size=6,
)
POSTS = st.lists(
    st.tuples(
        st.integers(1, 7),
        st.datetimes(*BETWEEN, timezones=st.just(UTC)),
        st.sampled_from([None, "a", "b"]),
    ),
    max_size=8,
)


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
@hypothesis_settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(TOPICS, POSTS)
def test_any_forum_adds_up(store: Store, begun: list[Row], written: list[Any]) -> None:
    """Plain loops count the same, in any order of rows; shares are shares, categories add up, no month is missing."""
    topics = [topic(number, **fields, removed_at=AS_OF if fields["removal"] else None)
              for number, fields in enumerate(begun, start=1)]  # fmt: skip
    posts = [post(of, number, created_at=moment, author_hash=author)
             for number, (of, moment, author) in enumerate(written)]  # fmt: skip
    rows, categories = health(store, topics, posts), by_category(store, topics, posts)
    assert health(store, topics[::-1], posts[::-1]) == rows
    assert by_category(store, topics[::-1], posts[::-1]) == categories
    ids = {one["topic_id"] for one in topics if one["is_visible"] and not one["removal"]}
    kept = [one for one in posts if one["topic_id"] in ids]
    expected = {_month(one["created_at"]) for one in (*topics, *kept)}
    dated = sorted(month for month in expected if month)
    if dated:
        expected |= {date(2023 + (n // 12), n % 12 + 1, 1) for n in range(_number(dated[0]), _number(MARCH) + 1)}
    assert rows.keys() == expected
    assert categories.keys() >= {(month, one["category_id"]) for month in expected - {None} for one in topics}
    for month, row in rows.items():
        _check_month(row, [one for one in topics if _month(one["created_at"]) == month], ids)
        of_month = [one for one in kept if _month(one["created_at"]) == month]
        authors = {one["author_hash"] for one in of_month} - {None}
        assert (row["post_count"], row["author_count"]) == (len(of_month), len(authors))
        parts = [part for key, part in categories.items() if key[0] == month]
        for name in ("topic_count", "ever_count", "post_count", "fetched_count", "unanswered_count", "accepted_count"):
            assert sum(part[name] for part in parts) == row[name], name
        assert all(_is_share(part[name]) for part in (row, *parts) for name in part if name.endswith("_share"))
        assert sum(part["topic_share"] or 0 for part in parts) == pytest.approx(int(row["topic_count"] > 0))


#: columns of silver that ``_check_month`` counts from
COUNTED_FROM = (
    *("topic_id", "created_at", "post_count", "has_accepted_answer", "is_answered", "seconds_to_first_answer"),
    "page_observed_at",
)


def _check_month(row: Row, seen: list[Row], counted: set[int]) -> None:
    """The row is what plain loops count of the topics ``seen`` in its month; ids of those that are there."""
    begun = [one for one in seen if one["topic_id"] in counted]
    fetched = [one for one in begun if one["is_answered"] is not None]
    seconds = {one["topic_id"]: one["seconds_to_first_answer"] for one in fetched}
    sizes = [one["post_count"] for one in begun if one["post_count"]]
    timed = [after for after in seconds.values() if after is not None and after >= 0]
    unanswered = [one for one in fetched if not one["is_answered"]]
    truth: Row = {
        "topic_count": len(begun),
        "ever_count": len(seen),
        "fetched_count": len(fetched),
        "answered_count": len(fetched) - len(unanswered),
        "unanswered_count": len(unanswered),
        "self_accepted_count": sum(one["has_accepted_answer"] is True for one in unanswered),
        "accepted_count": sum(one["has_accepted_answer"] is True for one in begun),
        "single_post_count": sizes.count(1),
        "median_posts_per_topic": median(sizes) if sizes else None,
        "mean_posts_per_topic": mean(sizes) if sizes else None,
        "median_seconds_to_first_answer": median(timed) if timed else None,
        "unanswered_share": len(unanswered) / len(fetched) if fetched else None,
    }
    for name, window in (("day", DAY), ("week", 7 * DAY)):
        watched = [
            seconds[one["topic_id"]]
            for one in fetched
            if one["created_at"] and one["page_observed_at"] - one["created_at"] >= timedelta(seconds=window)
        ]
        watched = [after for after in watched if after is None or after >= 0]
        in_time = [after for after in watched if after is not None and after <= window]
        truth |= {f"{name}_watched_count": len(watched), f"answered_in_{name}_count": len(in_time)}
    assert {name: row[name] for name in truth} == truth


def _month(moment: datetime | None) -> date | None:
    return moment and moment.date().replace(day=1)


def _number(month: date) -> int:
    return 12 * (month.year - 2023) + month.month - 1


def _is_share(value: float | None) -> bool:
    return value is None or 0 <= value <= 1


@pytest.mark.one_engine
def test_the_months_of_a_real_forum(store: Store, engine: str, real_data: Path) -> None:
    """Plain loops over its topics count the same in all months; one post is less than no answer: 431 against 612."""
    dump, seen_at = real_data / "forum" / "urho3d_topics_2014-2022.jsonl.gz", datetime(2022, 12, 31, tzinfo=UTC)
    (landed,) = import_dump(
        Landing(store._lake), entity_named("forum/topic_posts"), [dump], observed_at=seen_at,
        coverage="census", scope="urho3d", settings=load().landing,
    )  # fmt: skip
    take_in(store, [landed.manifest])
    silver = [store.read(table) for table in (FORUM_TOPICS, FORUM_POSTS, FORUM_CATEGORIES)]
    rows = rows_by_key(build_forum_health_monthly(*silver[:2], as_of=seen_at), "month")
    topics: dict[Any, list[Row]] = {}
    for row in silver[0].select(*COUNTED_FROM).collect():
        topics.setdefault(_month(row.created_at), []).append(row.asDict())
    for month, of_month in rows.items():
        _check_month(of_month, topics.get(month, []), {one["topic_id"] for one in topics.get(month, [])})
    totals = ("topic_count", "unanswered_count", "self_accepted_count", "accepted_count", "single_post_count")
    assert [sum(row[name] for row in rows.values()) for name in totals] == [5046, 612, 50, 670, 431]
    assert (len(rows), sum(row["post_count"] for row in rows.values())) == (108, 36872)
    parts = rows_by_key(build_topics_per_category_monthly(*silver, as_of=seen_at), "month", "category_id")
    assert len(parts) == 108 * 11
    for month, row in rows.items():
        of_month = [part for key, part in parts.items() if key[0] == month]
        for name in ("topic_count", "post_count", "unanswered_count", "accepted_count"):
            assert sum(part[name] for part in of_month) == row[name]
