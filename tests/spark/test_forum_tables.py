"""The forum's tables: from landed lines to rows, over several crawls in any batches. Both engines agree."""

from itertools import chain
from typing import Any

import pytest
from forum_pages import (
    KEY,
    TOPIC,
    at,
    check_gate,
    land_forum,
    page,
    pages,
    post,
    table_rows,
    take_in,
    topic_row,
)

from ptm_spark.columns import keyed_hash_of
from ptm_spark.landing import Manifest
from ptm_spark.store import Store
from ptm_spark.tables.forum import FORUM_CATEGORIES, FORUM_POSTS, FORUM_TOPICS
from ptm_spark.tables.run import REJECTS

pytestmark = pytest.mark.spark

FIRST, SECOND = "2024-07-01 12:00:00", "2024-07-02 12:00:00"


def topic_after(store: Store, *crawls: Manifest) -> dict[str, Any]:
    take_in(store, crawls)
    (row,) = table_rows(store, FORUM_TOPICS)
    return row


def posts_after(store: Store, *crawls: Manifest) -> dict[int, dict[str, Any]]:
    take_in(store, crawls)
    return {row["post_number"]: row for row in table_rows(store, FORUM_POSTS)}


def removal(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["removal"], row["removed_at"]


@pytest.mark.one_engine
def test_a_topic_of_a_list(store: Store) -> None:
    listed = land_forum(store, "topics", at(1), [(TOPIC, topic_row(tags=["b", {"id": 1, "name": "a"}]), at(1))])
    row = topic_after(store, listed)
    assert {name: value for name, value in row.items() if value is not None} == {
        "topic_id": TOPIC, "title": "A topic", "slug": "a-topic", "category_id": 5, "tags": ["a", "b"],
        "created_at": "2024-01-01 10:00:00", "last_posted_at": "2024-01-01 11:00:00", "post_count": 2,
        "highest_post_number": 2, "reply_count": 1, "view_count": 30, "like_count": 1, "is_closed": False,
        "is_archived": False, "is_pinned": False, "is_visible": True, "archetype": "regular",
        "has_accepted_answer": False, "listed_at": FIRST, "flaws": [], "first_observed_at": FIRST,
        "observed_at": FIRST, "crawl_id": listed.crawl_id,
    }  # fmt: skip


@pytest.mark.one_engine
def test_answers_are_by_others_and_still_there(store: Store) -> None:
    """Where the accounts of both are gone, nobody can tell whether another user answered."""
    others = [
        post(2, username="USER1"),  # the author, in other letters
        post(3, post_type=3, action_code="closed.enabled"),
        post(4, hidden=True),
        post(5, user_id=-1, username="system"),
        post(6, accepted_answer=True),
        post(7, staff=True),
        post(8, username=None),
    ]
    bare = page(number=8, posts=written(8, 1, 2, username=None), details={"created_by": None})
    asked = page(posts=[post(1), *others], accepted_answer={"post_number": 6})
    take_in(store, [pages(store, 1, asked, bare)])
    row, nobody = table_rows(store, FORUM_TOPICS)
    assert (nobody["author_hash"], nobody["answer_count"], nobody["is_answered"]) == (None, 0, False)
    assert (row["answer_count"], row["is_answered"], row["posts_seen_count"], row["stream_count"]) == (3, True, 8, 8)
    assert (row["first_answer_at"], row["seconds_to_first_answer"]) == ("2024-01-01 15:00:00", 5 * 3600)
    assert row["first_staff_answer_at"] == "2024-01-01 16:00:00"
    assert (row["has_accepted_answer"], row["accepted_answer_post_number"]) == (True, 6)
    assert (row["accepted_answer_post_id"], row["accepted_answer_created_at"]) == (106, "2024-01-01 15:00:00")
    assert row["author_hash"] == keyed_hash_of("user1", KEY)


@pytest.mark.one_engine
def test_an_answer_of_a_broken_moment_is_one(store: Store) -> None:
    """It has no part in the first moment, and holds no crawl."""
    broken = page(posts=[post(1), post(2, created_at="soon")])
    row = topic_after(store, pages(store, 1, broken))
    assert (row["answer_count"], row["is_answered"], row["first_answer_at"]) == (1, True, None)
    check_gate(store, warnings={"categories_known", "flawed_share"})


@pytest.mark.one_engine
def test_a_post(store: Store) -> None:
    """From its Markdown, where the body carries that."""
    likes = [{"id": 2, "count": 3}, {"id": 4}]
    full = post(2, staff=True, reply_to_post_number=1, version=2, actions_summary=likes, raw="Try `x`\n\n    y")
    row = posts_after(store, pages(store, 1, page(posts=[post(1), full])))[2]
    known = ("post_id", "topic_id", "is_first_post", "post_type", "is_staff", "is_bot", "reply_to_post_number")
    assert [row[name] for name in known] == [102, TOPIC, False, "regular", True, False, 1]
    assert (row["like_count"], row["version_count"], row["text_source"]) == (3, 2, "raw")
    assert (row["prose"], row["code_text"], row["word_count"], row["is_in_stream"]) == ("Try x", "y", 2, True)
    assert row["author_hash"] == keyed_hash_of("user2", KEY)


def written(topic: int, *numbers: int, **changes: Any) -> list[dict[str, Any]]:
    """Posts of a topic; ``changes`` are those of the last one."""
    posts = [post(number, id=10 * topic + number, topic_id=topic) for number in numbers]
    return [*posts[:-1], posts[-1] | changes]


def test_what_may_befall_posts(store: Store) -> None:
    """Each topic has pages of some days; posts that a later page lacks, takes back, moves or brings again."""
    huge = page(number=5, posts=written(5, 1)) | {
        "post_stream": {"posts": written(5, 1), "isMegaTopic": True, "lastId": 52}
    }
    fates: dict[int, list[list[dict[str, Any]]]] = {
        1: [[page(number=1, posts=written(1, 1, 2, 3))], *[[page(number=1, posts=written(1, 1, 3))]] * 2],
        2: [[page(number=2, posts=written(2, *numbers))] for numbers in ((1, 2), (1,), (1, 2))],
        3: [
            [page(number=3, posts=written(3, 1, 2))],
            *[[page(number=3, posts=written(3, 1, 2, user_deleted=True))]] * 2,
            [page(number=3, posts=written(3, 1))],
        ],
        4: [[page(number=4, posts=written(4, 1), stream=[41, 42]), _chunk(4, 2)]] * 2,
        5: [[page(number=5, posts=written(5, 1, 2))], [huge]],
        6: [[page(number=6, posts=written(6, 1, 2))], [page(number=6, posts=written(6, 1))]],
        7: [[], [page(number=7, posts=[post(1, id=62, topic_id=7)])]],
    }
    crawls = []
    for day in range(1, 5):
        of_day = [(topic, record) for topic, days in fates.items() for record in chain(*days[day - 1 : day])]
        lines = [(topic, record, at(day)) for topic, record in of_day]
        crawls.append(land_forum(store, "topic_posts", at(day), lines))
    take_in(store, crawls)
    rows = {row["post_id"]: row for row in table_rows(store, FORUM_POSTS)}
    fallen = {12: ("vanished", SECOND, False), 32: ("by_author", SECOND, False)}
    assert {number: (*removal(row), row["is_in_stream"]) for number, row in rows.items()} == {
        number: fallen.get(number, (None, None, True))
        for number in (11, 12, 13, 21, 22, 31, 32, 41, 42, 51, 52, 61, 62)
    }
    assert rows[32]["prose"] is None
    assert (rows[62]["topic_id"], rows[62]["is_first_post"]) == (7, True)
    topics = {row["topic_id"]: row for row in table_rows(store, FORUM_TOPICS)}
    assert [(topics[number]["answer_count"], topics[number]["posts_seen_count"]) for number in (1, 2, 3, 4, 6)] == [
        (1, 2), (1, 2), (0, 1), (1, 2), (0, 1),
    ]  # fmt: skip


def _chunk(topic: int, *numbers: int) -> dict[str, Any]:
    return {"id": topic, "post_stream": {"posts": written(topic, *numbers)}}


@pytest.mark.one_engine
def test_posts_without_their_topic_wait_for_its_page(store: Store) -> None:
    alone = pages(store, 1, {"id": TOPIC, "post_stream": {"posts": [post(2)]}})
    measures = take_in(store, [alone])[alone.path]
    assert [measures[name] for name in ("kept_count", "without_topic_count", "post_older_count")] == [0, 1, 1]
    assert measures["unaccounted_count"] == measures["posts_unaccounted_count"] == 0
    assert table_rows(store, FORUM_POSTS) == []


@pytest.mark.one_engine
def test_an_older_fetch_in_a_later_crawl_changes_nothing(store: Store) -> None:
    """The crawls ran at once, and the one that ended later had fetched the page before the other."""
    first = pages(store, 1, page(posts=[post(1)], title="New"))
    stale = page(posts=[post(1), post(2)], title="Old")
    second = land_forum(store, "topic_posts", at(1, 15), [(TOPIC, stale, at(1, 11))])
    assert topic_after(store, first, second)["title"] == "New"
    assert len(table_rows(store, FORUM_POSTS)) == 1


@pytest.mark.one_engine
def test_refused_topics_are_removed(store: Store) -> None:
    words = {404: "deleted", 410: "deleted", 403: "private", 401: "private", 304: None}
    there = [(number, page(number=number, posts=[post(id=number, topic_id=number)]), at(1)) for number in words]
    refused = [[(status, status, at(day)) for status in words] for day in (2, 3)]
    crawls = [land_forum(store, "topic_posts", at(day), lines) for day, lines in enumerate((there, *refused), start=1)]
    take_in(store, crawls)
    found = {row["topic_id"]: (*removal(row), row["observed_at"]) for row in table_rows(store, FORUM_TOPICS)}
    assert found == {number: (word, SECOND if word else None, FIRST) for number, word in words.items()}


@pytest.mark.one_engine
def test_a_topic_that_is_listed_again_is_back(store: Store) -> None:
    listed = land_forum(store, "topics", at(3), [(TOPIC, topic_row(title="New"), at(3))])
    row = topic_after(store, pages(store, 1, page(posts=[post(1)])), pages(store, 2, 404), listed)
    assert (removal(row), row["title"], row["posts_seen_count"]) == ((None, None), "New", 1)


@pytest.mark.one_engine
def test_lists_keep_what_only_pages_say(store: Store) -> None:
    asked = page(posts=[post(1), post(2)], accepted_answer={"post_number": 2}, participant_count=2)
    listed = land_forum(store, "topics", at(2), [(TOPIC, topic_row(views=99, has_accepted_answer=True), at(2))])
    row = topic_after(store, pages(store, 1, asked), listed)
    assert (row["view_count"], row["participant_count"], row["accepted_answer_post_id"]) == (99, 2, 102)
    assert (row["listed_at"], row["page_observed_at"], row["observed_at"]) == (SECOND, FIRST, SECOND)


@pytest.mark.one_engine
def test_a_refusal_of_a_topic_never_seen_is_no_topic(store: Store) -> None:
    measures = take_in(store, [crawl := pages(store, 1, 404)])[f"forum/topic_posts/{at(1).translate(_STRIP)}-0000abcd"]
    assert (table_rows(store, FORUM_TOPICS), measures["status_count"], measures["unaccounted_count"]) == ([], 1, 0)
    assert crawl.records == 1


_STRIP = str.maketrans("", "", "-:")


@pytest.mark.one_engine
def test_categories_of_the_site_and_of_the_list_of_them(store: Store) -> None:
    top = {"id": 5, "name": "🤗Models", "slug": "models", "position": 3, "read_restricted": False}
    below = {"id": 6, "name": "Cards", "slug": "cards", "parent_category_id": 5}
    site = {"categories": [top, below]}
    counts = {"topic_count": 4, "post_count": 9, "description": "<p>For <b>models</b></p>"}
    listed = {"category_list": {"categories": [{"id": 5, "name": "Models"} | counts | {"subcategory_list": [below]}]}}
    take_in(store, [land_forum(store, "site", at(1), [("site", site, at(1)), ("categories", listed, at(1))])])
    rows = table_rows(store, FORUM_CATEGORIES)
    assert [(row["category_id"], row["name"], row["parent_category_id"]) for row in rows] == [
        (5, "Models", None),
        (6, "Cards", 5),
    ]
    assert [rows[0][name] for name in ("position", "topic_count", "description")] == [3, 4, "For models"]


def test_rejects_and_the_account(store: Store) -> None:
    """A broken post costs the others nothing; every line and every post is accounted for; no text of posts is kept."""
    lines = [page(posts=[post(1), 7, post(2, id="x"), post(1, version=2)]), page(id=None), topic_row(), 404]
    measures = take_in(store, [crawl := pages(store, 1, *lines)])[crawl.path]
    found = {row["seq"]: row for row in table_rows(store, REJECTS)}
    assert {seq: (row["reasons"], row["raw"]) for seq, row in found.items()} == {
        0: (["post.id:type", "post:type"], None),
        1: (["id:missing"], None),
        2: (["post_stream:type"], None),
    }
    expected = {
        "record_count": 4, "kept_count": 1, "reject_count": 2, "status_count": 1, "older_fetch_count": 0,
        "unaccounted_count": 0, "post_count": 4, "post_kept_count": 1, "post_reject_count": 2, "post_older_count": 1,
        "posts_unaccounted_count": 0,
    }  # fmt: skip
    assert {name: measures[name] for name in expected} == expected
    (row,) = table_rows(store, FORUM_POSTS)
    assert row["version_count"] == 2


@pytest.mark.one_engine
def test_types_that_drift_are_counted(store: Store) -> None:
    crawl = pages(store, 1, page(posts=[post(1, reads="5"), post(2, reads="5")], views="x", brand_new=1))
    measures = take_in(store, [crawl])[crawl.path]
    assert {name: value for name, value in measures.items() if name.startswith("drift:")} == {
        "drift:post.reads:type": 2,
        "drift:unknown_field:brand_new": 1,
        "drift:views:type": 1,
    }
