"""The invented forum: does it hold every kind of thing, does it move with time, has it the recorded keys?"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from forums import AT, EARLIER, Served, served

from ptm_spark.standin.forum_life import reached
from ptm_spark.standin.forum_world import InventedForum


@pytest.fixture(scope="module")
def forum() -> InventedForum:
    return InventedForum(seed=7, topics=600, at=AT)


@pytest.fixture(scope="module")
def site(forum: InventedForum) -> Iterator[Served]:
    with served(forum) as site:
        yield site


def test_the_same_seed_gives_the_same_forum_and_another_seed_another(forum: InventedForum) -> None:
    assert InventedForum(seed=7, topics=600).topics == forum.topics
    assert InventedForum(seed=8, topics=40).topics != InventedForum(seed=7, topics=40).topics


def test_the_forum_holds_every_kind_of_topic_and_post(forum: InventedForum) -> None:
    topics = forum.topics
    assert sum(not topic.is_definition for topic in topics) == 600
    ids = [topic.topic_id for topic in topics]
    assert all(left < right for left, right in pairwise(ids))
    assert 0.65 < 1 - len(ids) / (ids[-1] - ids[0]) < 0.85
    assert all(one.created_at <= other.created_at for one, other in pairwise(topics))
    for field in ("deleted_at", "unlisted_at", "closed_at", "archived_at", "moved_at", "retitled_at", "unsolved_at"):
        assert any(reached(getattr(topic, field), AT) for topic in topics), field
    posts = [post for topic in topics for post in topic.posts]
    assert {post.post_type for post in posts} == {1, 2, 3, 4}
    assert sorted(post.post_id for post in posts) == [
        post.post_id for post in sorted(posts, key=lambda post: (post.created_at, post.post_id))
    ]
    assert len({post.post_id for post in posts}) == len(posts)
    lengths = sorted(len(topic.posts) for topic in topics)
    assert sum(length > 20 for length in lengths) >= 10 and sum(length > 60 for length in lengths) >= 3
    for present in (
        [post.hidden_at for post in posts], [post.withdrawn_at for post in posts], [post.deleted_at for post in posts],
        [post.edits for post in posts], [post.poll for post in posts], [post.author.deleted_at for post in posts],
    ):  # fmt: skip
        assert any(present)
    assert {topic.has_tag_objects for topic in topics if topic.tags} == {True, False}
    assert {"bert", "llama", "stable-diffusion", None} <= {topic.family for topic in topics}
    first = min(topic.created_at for topic in topics if topic.family == "llama")
    assert first >= datetime(2023, 3, 1, tzinfo=UTC)


def test_numbers_only_grow_and_text_changes_by_edits_only(forum: InventedForum) -> None:
    for topic_id in forum.listed_topics(EARLIER):
        before, after = forum.row(topic_id, EARLIER), forum.row(topic_id, AT)
        assert before["views"] <= after["views"]
        assert before["created_at"] == after["created_at"]
    edited = next(post for topic in forum.topics for post in topic.posts if post.edits and post.edits[0][0] < AT)
    moment, raw = edited.edits[0]
    earlier = moment - timedelta(seconds=1)
    assert (edited.raw_at(earlier), edited.raw_at(moment)) == (edited.raw, raw)
    assert (edited.version_at(earlier), edited.version_at(moment)) == (1, 2)
    assert edited.updated_at(moment) == moment > edited.updated_at(earlier) == edited.created_at


def test_bodies_have_the_keys_of_recorded_ones(forum: InventedForum, site: Served, real_data: Path) -> None:
    def recorded(name: str) -> Any:
        return orjson.loads((real_data / "api_samples" / f"discourse_{name}.json").read_bytes())

    topic = recorded("urho3d_topic_385")
    long = max(forum.readable_topics(), key=lambda topic: len(forum.visible_posts(topic)))
    body = site.json(f"/t/{long}.json")
    assert topic.keys() <= body.keys()
    assert topic["details"].keys() <= body["details"].keys()
    assert topic["details"]["participants"][0].keys() <= body["details"]["participants"][0].keys()
    assert topic["post_stream"]["posts"][0].keys() <= body["post_stream"]["posts"][0].keys()
    assert topic["suggested_topics"][0].keys() <= body["suggested_topics"][0].keys()
    for name in ("perceval_topics", "hf-forum_latest"):
        row = recorded(name)["topic_list"]["topics"][0]
        assert row.keys() <= site.json("/latest.json")["topic_list"]["topics"][0].keys()
    old = {"avg_time", "primary_group_flair_url", "primary_group_flair_bg_color", "primary_group_flair_color"}
    assert (
        recorded("api_posts_before")["latest_posts"][0].keys() - old
        <= site.json("/posts.json")["latest_posts"][0].keys()
    )
    assert recorded("site_trae_2026-04").keys() <= site.json("/site.json").keys()
    category = recorded("api_categories")["category_list"]["categories"][1]
    old = {"hotness", "featured_user_ids", "topics", "topics_week", "topics_month", "topics_year"}
    assert category.keys() - old <= site.json("/categories.json")["category_list"]["categories"][0].keys()
    refused = {case["case"]: case for case in recorded("429_and_errors")}
    with served(forum, limits=True) as limited:
        while (answer := limited.ask("/t/1.json")).status != 429:
            pass
        sample = refused["middleware per-IP 10 s"]
        assert re.sub(r"\d+ seconds", "4 seconds", answer.body.decode()) == sample["body_text"]
    with served(forum) as limited:
        limited.ask("/_standin/refuse?count=1&wait_seconds=60", "POST")
        assert limited.ask("/t/1.json").json == refused["controller rate limiter (user api key)"]["body"]
        limited.ask("/_standin/refuse?count=1&wait_seconds=8.72&form=text", "POST")
        assert limited.ask("/t/1.json").json["extras"] == refused["fractional wait"]["body"]["extras"]


def test_the_forum_moves_at_each_list_request_with_advance() -> None:
    forum = InventedForum(seed=7, topics=600, at=EARLIER, advance=timedelta(days=3))
    with served(forum) as site:
        first = site.json("/latest.json?order=created")["topic_list"]["topics"]
        topic = site.json(f"/t/{first[0]['id']}.json")
        assert forum.at == EARLIER and topic["views"] == first[0]["views"]
        pages = site.walk("/latest.json?order=created&ascending=true&per_page=30")
    assert forum.at == EARLIER + timedelta(days=3) * len(pages)
    found = [row["id"] for page in pages for row in page]
    assert len(set(found)) == len(found) and found[-1] > first[0]["id"]
    # A topic that goes moves the rows behind it up, past the page that is read next: so many may be missed, no more.
    stable = set(forum.listed_topics(EARLIER + timedelta(days=3))) & set(forum.listed_topics())
    gone = set(forum.listed_topics(EARLIER)) - set(forum.listed_topics())
    assert len(stable - set(found)) <= len(gone)


def test_post_may_be_deleted_between_list_and_fetch(forum: InventedForum) -> None:
    topic, post = next(
        (topic, post) for topic in forum.topics for post in topic.posts
        if post.deleted_at and topic.topic_id in forum.listed_topics(post.deleted_at)
    )  # fmt: skip
    assert post.deleted_at is not None
    moving = InventedForum(seed=7, topics=600, at=post.deleted_at - timedelta(minutes=1))
    with served(moving) as site:
        assert post.post_id in site.json(f"/t/{topic.topic_id}.json")["post_stream"]["stream"]
        moving.at = post.deleted_at
        posts = site.json(f"/t/{topic.topic_id}/posts.json?post_ids[]={post.post_id}")
        assert posts["post_stream"]["posts"] == []
