"""An unmodified client of Discourse forums, perceval's, reads the stand-in as it reads the real ones."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import orjson
import pytest
from forums import Served, served
from perceval.backends.core.discourse import Discourse

from ptm_spark.standin.forum_dump import ForumDump
from ptm_spark.standin.forum_world import InventedForum


@pytest.fixture(scope="module")
def forum() -> InventedForum:
    return InventedForum(seed=7, topics=600)


@pytest.fixture(scope="module")
def site(forum: InventedForum) -> Iterator[Served]:
    with served(forum) as site:
        yield site


def _fetch(site: Served, from_date: datetime | None = None) -> dict[int, dict[str, Any]]:
    client = Discourse(site.url, max_retries=0, sleep_time=0)
    items = list(client.fetch(from_date=from_date))
    topics = {item["data"]["id"]: item["data"] for item in items}
    assert len(topics) == len(items)
    return topics


def test_perceval_reads_every_listed_topic_and_post_of_the_invented_forum(forum: InventedForum, site: Served) -> None:
    topics = _fetch(site)
    dated = [topic for topic in forum.listed_topics() if not forum.get(topic).never_dates_last_post]
    assert sorted(topics) == dated  # perceval leaves out what has no last_posted_at
    long = 0
    for number, topic in topics.items():
        life = forum.visible_posts(number)
        posts = topic["post_stream"]["posts"]
        assert [post["id"] for post in posts] == [post.post_id for post in life]
        assert [post["post_number"] for post in posts] == [post.number for post in life]
        assert topic["posts_count"] == len(life)
        assert topic["title"] == forum.get(number).title_at(forum.at)
        assert topic["views"] == forum.row(number)["views"]
        for post, truth in zip(posts[20:], life[20:], strict=True):  # fetched one by one, with Markdown
            assert truth.is_hidden(forum.at) or post["raw"] == truth.raw_at(forum.at)
            long += 1
    assert long > 300


def test_perceval_reads_only_what_is_newer_than_a_date(forum: InventedForum, site: Served) -> None:
    since = forum.at - timedelta(days=60)
    rows = [forum.row(topic) for topic in forum.listed_topics()]
    rows.sort(key=lambda row: (row["bumped_at"], row["id"]), reverse=True)
    rows.sort(key=lambda row: not row["pinned_globally"])
    dated = [row for row in rows if row["last_posted_at"]]
    # It stops at the first topic of an older post that is not pinned, even if an edit bumped that one.
    new = takewhile(lambda row: row["pinned"] or _moment(row["last_posted_at"]) >= since, dated)
    expected = {row["id"] for row in new if _moment(row["last_posted_at"]) >= since}
    assert set(_fetch(site, since)) == expected
    assert len(expected) > 20


def test_perceval_reads_topics_of_a_real_forum(real_data: Path) -> None:
    path = real_data / "forum" / "urho3d_topics_2014-2022.jsonl.gz"
    with gzip.open(path) as lines:
        saved = {body["id"]: body for body in map(orjson.loads, islice(lines, 40))}
    with served(ForumDump.read(path, topics=40)) as site:
        topics = _fetch(site)
    assert topics.keys() == saved.keys()
    for number, body in saved.items():
        assert topics[number]["post_stream"]["posts"] == body["post_stream"]["posts"]
        assert topics[number]["post_stream"]["stream"] == body["post_stream"]["stream"]
        rest = {key: value for key, value in body.items() if key not in ("post_stream", "suggested_topics")}
        assert {key: topics[number][key] for key in rest} == rest


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
