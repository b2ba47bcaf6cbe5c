"""The forum by month: what counts as a topic and as a post, and how answers are timed. Both engines agree."""

from datetime import UTC, date, datetime, timedelta

import pytest
from forum_months import (
    AS_OF,
    DAY,
    FEBRUARY,
    HOUR,
    JANUARY,
    MARCH,
    Row,
    answered,
    by_category,
    health,
    post,
    told,
    topic,
)

from ptm_spark.store import Store
from ptm_spark.tables.gold_forum import FORUM_HEALTH_MONTHLY

pytestmark = pytest.mark.spark


def test_categories_by_month_without_a_gap(store: Store) -> None:
    topics = [
        topic(1, has_accepted_answer=True),
        answered(2, HOUR, category_id=8),
        topic(3, category_id=8, page_observed_at=None, is_answered=None, has_accepted_answer=None),
        topic(4, category_id=None, created_at=AS_OF),
    ]
    posts = [post(1), post(2, created_at=datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)), post(2, 2), post(4)]
    categories = [
        {"category_id": 5, "name": "Research"},
        {"category_id": 8, "name": "Papers", "parent_category_id": 5},
        {"category_id": 9, "name": "Empty"},
    ]
    rows = by_category(store, topics, posts, categories)
    names = {5: ("Research", None, None), 8: ("Papers", 5, "Research"), None: (None, None, None)}
    assert {key[1]: (row["category_name"], row["parent_category_id"], row["parent_category_name"])
            for key, row in rows.items()} == names  # fmt: skip
    counts = ("topic_count", "topic_share", "ever_count", "post_count", "fetched_count", "coverage")
    answers = ("unanswered_count", "unanswered_share", "accepted_count", "accepted_share", "is_partial")
    nothing = (0, None, 0, 0, 0, None, 0, None, 0, None)
    none_of_some = (0, 0.0, *nothing[2:])
    assert told(rows, *counts, *answers) == {
        (JANUARY, 5): (1, 1 / 3, 1, 1, 1, 1.0, 1, 1.0, 1, 1.0, False),
        (JANUARY, 8): (2, 2 / 3, 2, 1, 1, 0.5, 0, 0.0, 0, 0.0, False),
        (JANUARY, None): (*none_of_some[:3], 1, *none_of_some[4:], False),
        (FEBRUARY, 5): (*nothing, False),
        (FEBRUARY, 8): (*nothing[:3], 1, *nothing[4:], False),
        (FEBRUARY, None): (*nothing, False),
        (MARCH, 5): (*none_of_some, True),
        (MARCH, 8): (*none_of_some, True),
        (MARCH, None): (1, 1.0, 1, 0, 1, 1.0, 1, 1.0, 0, 0.0, True),
    }


def test_a_month_of_the_whole_forum(store: Store) -> None:
    """Answers by staff, solutions of one's own, posts as the forum counts them, and everything else in one row."""
    topics = [
        answered(1, HOUR, post_count=5, has_accepted_answer=True, first_staff_answer_at=AS_OF),
        answered(2, 2 * DAY, post_count=3),
        topic(3, has_accepted_answer=True, post_count=2),
        topic(4),
        topic(5, page_observed_at=None, is_answered=None, has_accepted_answer=None, post_count=None),
    ]
    posts = [post(1), post(1, 2), post(2), post(3, author_hash=None)]
    rows = health(store, topics, posts)
    row = rows[JANUARY]
    assert row.pop("as_of").replace(tzinfo=UTC) == AS_OF
    assert row == {
        "month": JANUARY, "topic_count": 5, "ever_count": 5, "post_count": 4, "author_count": 2, "fetched_count": 4,
        "coverage": 0.8, "answered_count": 2, "unanswered_count": 2, "unanswered_share": 0.5,
        "self_accepted_count": 1, "accepted_count": 2, "accepted_share": 0.5, "single_post_count": 1,
        "single_post_share": 0.25, "median_posts_per_topic": 2.5, "mean_posts_per_topic": 2.75,
        "median_seconds_to_first_answer": (HOUR + 2 * DAY) / 2, "day_watched_count": 4, "answered_in_day_count": 1,
        "answered_in_day_share": 0.25, "week_watched_count": 4, "answered_in_week_count": 2,
        "answered_in_week_share": 0.5, "staff_answered_count": 1, "staff_answered_share": 0.25, "is_partial": False,
    }  # fmt: skip
    nothing = {name: 0 if name.endswith("_count") else None for name in FORUM_HEALTH_MONTHLY.names}
    del nothing["as_of"], rows[FEBRUARY]["as_of"]
    assert rows[FEBRUARY] == nothing | {"month": FEBRUARY, "is_partial": False}
    assert list(FORUM_HEALTH_MONTHLY.names) == ["as_of", *row]
    assert (sorted(rows), rows[MARCH]["is_partial"]) == ([JANUARY, FEBRUARY, MARCH], True)


def test_what_is_a_topic_of_the_forum(store: Store) -> None:
    topics = [
        topic(1),
        topic(2, archetype="banner"),
        topic(3, archetype=None, is_visible=None),
        topic(4, is_visible=False),
        topic(5, archetype="private_message"),
        topic(6, removal="deleted", removed_at=AS_OF),
        topic(7, removal="private", removed_at=AS_OF + timedelta(days=1)),
        topic(8, first_observed_at=AS_OF + timedelta(days=1)),
    ]
    posts = [post(number) for number in range(1, 9)]
    expected = {JANUARY: (4, 6, 4), FEBRUARY: (0, 0, 0), MARCH: (0, 0, 0)}
    assert told(health(store, topics, posts), "topic_count", "ever_count", "post_count") == expected


def test_what_is_a_post_of_the_forum(store: Store) -> None:
    posts = [
        post(1, 1, author_hash="one"),
        post(1, 2, author_hash="one", is_bot=None, is_hidden=None),
        post(1, 3, post_type="small_action"),
        post(1, 4, is_hidden=True),
        post(1, 5, is_bot=True),
        post(1, 6, removal="vanished", removed_at=AS_OF, is_in_stream=False),
        post(1, 7, removal="by_author", removed_at=AS_OF + timedelta(days=1), author_hash=None),
        post(1, 8, first_observed_at=AS_OF + timedelta(days=1)),
    ]
    assert told(health(store, [topic(1)], posts), "post_count", "author_count")[JANUARY] == (3, 1)


def test_topics_too_young_for_a_window_are_left_out_of_it(store: Store) -> None:
    """What counts is when their page was last seen, however late the newest list is."""

    def watched(number: int, seconds: int, after: int | None = None) -> Row:
        begun = AS_OF - timedelta(days=10)
        changes = {"created_at": begun, "page_observed_at": begun + timedelta(seconds=seconds)}
        return topic(number, **changes) if after is None else answered(number, after, **changes)

    topics = [
        watched(1, DAY - 1, HOUR),  # answered in time, but had it not been, nobody would know
        watched(2, DAY),
        watched(3, DAY, DAY),
        watched(4, 7 * DAY - 1, DAY + 1),
        watched(5, 7 * DAY, 7 * DAY),
        watched(6, 8 * DAY, 7 * DAY + 1),
        watched(7, 8 * DAY, -5),  # its first answer was moved here from elsewhere
        watched(8, 8 * DAY),
    ]
    names = ("day_watched_count", "answered_in_day_count", "week_watched_count", "answered_in_week_count")
    row = health(store, topics)[MARCH]
    assert [row[name] for name in names] == [6, 1, 3, 1]
    assert (row["answered_in_day_share"], row["answered_in_week_share"]) == (1 / 6, 1 / 3)
    assert (row["answered_count"], row["median_seconds_to_first_answer"]) == (6, DAY + 1)


def test_what_has_no_month_has_a_row_of_its_own(store: Store) -> None:
    undated, posts = [topic(1, created_at=None), topic(2)], [post(1, created_at=None), post(2)]
    names = ("topic_count", "post_count", "day_watched_count", "is_partial")
    rows = told(health(store, undated, posts), *names)
    assert (rows[None], rows[JANUARY]) == ((1, 1, 0, False), (1, 1, 1, False))
    shares = told(by_category(store, undated, posts), "topic_count", "topic_share", "post_count")
    assert (shares[(None, 5)], shares[(JANUARY, 5)]) == ((1, 1.0, 1), (1, 1.0, 1))
    assert list(health(store, undated[:1], posts[:1])) == [None]


@pytest.mark.one_engine
def test_posts_from_before_and_topics_from_after_widen_the_months(store: Store) -> None:
    """Posts may be moved into a younger topic; a clock may be ahead of ours."""
    ahead = datetime(2024, 4, 1, tzinfo=UTC)
    rows = health(
        store, [topic(1), topic(2, created_at=ahead)], [post(1, created_at=datetime(2023, 12, 31, tzinfo=UTC))]
    )
    assert told(rows, "topic_count", "post_count", "is_partial") == {
        date(2023, 12, 1): (0, 1, False),
        JANUARY: (1, 0, False),
        FEBRUARY: (0, 0, False),
        MARCH: (0, 0, True),
        date(2024, 4, 1): (1, 0, True),
    }


def test_without_topics_there_are_no_rows(store: Store) -> None:
    alone = [post(1)]
    assert (health(store, [], alone), by_category(store, [], alone)) == ({}, {})
    assert told(health(store, [topic(1, is_visible=False)]), "topic_count", "ever_count", "coverage")[JANUARY] == (
        0,
        1,
        None,
    )
