"""The forum's tables beside the truth of the invented forum, and beside the figures of a real one."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from crawls import AT, forum_crawls, standin
from forum_pages import KEY, at, check_gate, table_rows, take_in

from ptm_spark.columns import keyed_hash_of
from ptm_spark.config import load
from ptm_spark.crawl.entities import entity_named
from ptm_spark.crawl.import_dump import import_dump
from ptm_spark.landing import Landing
from ptm_spark.silver.forum_markdown import read_markdown
from ptm_spark.standin.forum_categories import PLANS
from ptm_spark.standin.forum_life import REGULAR
from ptm_spark.standin.forum_world import InventedForum
from ptm_spark.store import Store
from ptm_spark.tables.forum import FORUM_CATEGORIES, FORUM_POSTS, FORUM_TOPICS

pytestmark = pytest.mark.spark


def check_truth(store: Store, forum: InventedForum, moment: datetime, before: datetime | None = None) -> None:
    """The tables are what the forum was at a moment, and remember what they saw at the one before."""
    topics = {row["topic_id"]: row for row in table_rows(store, FORUM_TOPICS)}
    listed = forum.listed_topics(moment)
    earlier = forum.listed_topics(before) if before else []
    assert sorted(number for number, row in topics.items() if row["listed_at"][:10] == f"{moment:%Y-%m-%d}") == listed
    assert sorted(topics) == sorted({*listed, *earlier})
    words = {404: "deleted", 403: "private", 200: None}
    assert {number: row["removal"] for number, row in topics.items()} == {
        number: words[forum.status(number, moment)] for number in topics
    }
    posts = {row["post_id"]: row for row in table_rows(store, FORUM_POSTS)}
    for number in listed:
        _check_topic(topics[number], posts, forum, number, moment)
    for number in listed:
        visible = {one.post_id for one in forum.visible_posts(number, moment)}
        found = {key for key, row in posts.items() if row["topic_id"] == number and row["is_in_stream"]}
        assert found == visible, number
        seen = {one.post_id for one in forum.visible_posts(number, before)} if before and number in earlier else set()
        gone = {key for key, row in posts.items() if row["topic_id"] == number and not row["is_in_stream"]}
        assert gone == seen - visible


def _check_topic(
    row: dict[str, Any], posts: dict[int, dict[str, Any]], forum: InventedForum, number: int, moment: datetime
) -> None:
    topic, visible = forum.get(number), forum.visible_posts(number, moment)
    author = topic.posts[0].author
    answers = [
        one
        for one in visible
        if one.post_type == REGULAR
        and one.number > 1
        and not (one.is_hidden(moment) or one.is_withdrawn(moment))
        and (one.author != author if one.author.is_known(moment) else author.is_known(moment))
    ]
    accepted = topic.accepted(moment)
    assert row["category_id"] == topic.category_at(moment)
    assert row["answer_count"] == len(answers)
    assert row["first_answer_at"] == (str(min(one.created_at for one in answers))[:-6] if answers else None)
    assert row["accepted_answer_post_id"] == (accepted.post_id if accepted else None)
    assert row["post_count"] == row["posts_seen_count"] == len(visible)
    for one in visible:
        found = posts[one.post_id]
        is_told = not (one.is_hidden(moment) or one.is_withdrawn(moment))
        text = read_markdown(one.raw_at(moment)).prose if is_told else None
        assert (found["prose"], found["is_hidden"]) == (text, one.is_hidden(moment))
        assert found["like_count"] == one.likes_at(moment)
        assert found["author_hash"] == (
            keyed_hash_of(one.author.username, KEY) if one.author.is_known(moment) else None
        )


def test_the_tables_are_the_invented_forum(store: Store, tmp_path: Path) -> None:
    lake, before = tmp_path / "lake", AT - timedelta(days=200)
    forum = InventedForum(7, 60)
    with standin(at=before) as addresses:
        first = forum_crawls(lake, addresses.forum, observed_at=f"{before:%Y-%m-%dT%H:%M:%SZ}")
    take_in(store, first)
    check_truth(store, forum, before)
    with standin(at=AT) as addresses:
        second = forum_crawls(lake, addresses.forum, observed_at=f"{AT:%Y-%m-%dT%H:%M:%SZ}")
    take_in(store, second, first)
    check_truth(store, forum, AT, before)
    open_plans = {plan.category_id: plan for plan in PLANS if not plan.read_restricted and plan.began_at <= AT}
    categories = {row["category_id"]: row for row in table_rows(store, FORUM_CATEGORIES)}
    truth = {one.category_id: one for one in forum.categories(AT)}
    assert {
        number: (row["name"], row["parent_category_id"], row["topic_count"]) for number, row in categories.items()
    } == {number: (plan.name, plan.parent_id, truth[number].topic_count) for number, plan in open_plans.items()}
    check_gate(store, warnings=set())


@pytest.mark.one_engine
def test_a_real_forum(store: Store, engine: str, real_data: Path) -> None:
    if engine == "spark":
        pytest.skip("the small session of the tests is for small frames")
    dump = real_data / "forum" / "urho3d_topics_2014-2022.jsonl.gz"
    (landed,) = import_dump(
        Landing(store._lake), entity_named("forum/topic_posts"), [dump], observed_at=datetime.fromisoformat(at(1)),
        coverage="census", scope="urho3d", settings=load().landing,
    )  # fmt: skip
    measures = take_in(store, [landed.manifest])[landed.manifest.path]
    assert (measures["kept_count"], measures["post_kept_count"], measures["post_reject_count"]) == (5046, 36990, 0)
    topics = store.read(FORUM_TOPICS)
    assert (
        topics.where("has_accepted_answer").count()
        == topics.where("accepted_answer_post_id IS NOT NULL").count()
        == 670
    )
    assert topics.where("NOT is_answered").count() == 612
    assert topics.selectExpr("percentile(seconds_to_first_answer, 0.5)").collect()[0][0] == 10207
    counts = {row["post_type"]: row["count"] for row in store.read(FORUM_POSTS).groupBy("post_type").count().collect()}
    assert counts == {"regular": 36895, "small_action": 92, "moderator_action": 3}
    assert store.read(FORUM_POSTS).where("is_hidden").count() == 22
    check_gate(store, warnings={"categories_known", "answered_after_asked"})
