"""The forum's crawl: every topic, every post, what has gone, and only what has changed."""

from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from crawls import AT, forum_crawls, lines, records, standin
from servers import answering

from ptm_spark.errors import CrawlError, UsageError
from ptm_spark.landing import Manifest
from ptm_spark.standin.forum_dump import ForumDump
from ptm_spark.standin.forum_world import InventedForum
from ptm_spark.standin.serving import serve_in_thread

EARLIER, RECENTLY = AT - timedelta(days=400), AT - timedelta(days=150)


#: topics enough for several pages of the list, and for some that are deleted
MANY = 250


def forum(topics: int = 60) -> InventedForum:
    return InventedForum(7, topics, AT)


def posts(lake: Path, *crawls: Manifest) -> dict[int, set[int]]:
    """Posts that have landed, by topic."""
    found: dict[int, set[int]] = {}
    for crawl in crawls:
        for body in records(lake, crawl):
            found.setdefault(body["id"], set()).update(post["id"] for post in body["post_stream"]["posts"])
    return found


def test_every_topic_and_every_post_that_the_public_may_read(tmp_path: Path) -> None:
    with standin() as addresses:
        site, topics, topic_posts = forum_crawls(tmp_path, addresses.forum)
    truth = forum()
    assert [line["key"] for line in lines(tmp_path, site)] == ["site", "categories"]
    assert {row["id"] for row in records(tmp_path, topics)} == set(truth.listed_topics())
    assert posts(tmp_path, topic_posts) == {number: set(truth.stream(number)) for number in truth.listed_topics()}
    assert topic_posts.counts["topics"] == len(truth.listed_topics())
    assert topic_posts.counts["posts"] == sum(len(truth.stream(number)) for number in truth.listed_topics())
    assert max(len(truth.stream(number)) for number in truth.listed_topics()) > 20
    assert (site.coverage, topics.coverage, topic_posts.coverage) == ("census", "census", "incremental")
    assert topics.format == "discourse"


def test_posts_come_with_their_markdown_source(tmp_path: Path) -> None:
    with standin() as addresses:
        (*_, crawl) = forum_crawls(tmp_path, addresses.forum)
    landed = [post for body in records(tmp_path, crawl) for post in body["post_stream"]["posts"]]
    assert all("raw" in post for post in landed if not post["hidden"])


def test_rows_of_topics_are_as_they_were_sent(tmp_path: Path) -> None:
    with standin() as addresses:
        (topics,) = forum_crawls(tmp_path, addresses.forum, ["topics"])
    assert [row["id"] for row in records(tmp_path, topics)] == sorted(row["id"] for row in records(tmp_path, topics))
    assert any(isinstance(tag, dict) for row in records(tmp_path, topics) for tag in row["tags"])


def test_nothing_is_asked_again_where_nothing_has_changed(tmp_path: Path) -> None:
    with standin() as addresses:
        forum_crawls(tmp_path, addresses.forum)
        (*_, again) = forum_crawls(tmp_path, addresses.forum)
    assert (again.records, again.counts["requests"]) == (0, 0)


def test_later_only_what_is_new_or_changed_and_what_has_gone(tmp_path: Path) -> None:
    with standin(topics=MANY, at=EARLIER) as addresses:
        (*_, first) = forum_crawls(tmp_path, addresses.forum, observed_at=EARLIER.isoformat())
    with standin(topics=MANY) as addresses:
        (*_, later) = forum_crawls(tmp_path, addresses.forum, observed_at=AT.isoformat())
    truth = forum(MANY)
    before, now = set(truth.listed_topics(EARLIER)), set(truth.listed_topics(AT))
    asked = {int(line["key"]): line["status"] for line in lines(tmp_path, later)}
    gone = before - now
    assert now - before <= asked.keys()
    assert {number for number in gone if asked.get(number) == 404} == gone & set(truth.deleted_topics(AT))
    assert gone & set(truth.deleted_topics(AT))
    assert len(asked) < len(now)
    unchanged = before & now - asked.keys()
    assert all(truth.stream(number, EARLIER) == truth.stream(number, AT) for number in unchanged)
    landed = posts(tmp_path, first) | posts(tmp_path, later)
    assert {number: landed[number] for number in now} == {number: set(truth.stream(number)) for number in now}


def test_increments_by_the_feed_of_posts(tmp_path: Path) -> None:
    with standin(topics=MANY, at=RECENTLY) as addresses:
        forum_crawls(tmp_path, addresses.forum, observed_at=RECENTLY.isoformat())
    with standin(topics=MANY) as addresses:
        site, topics, increment = forum_crawls(tmp_path, addresses.forum, since="last", observed_at=AT.isoformat())
    truth = forum(MANY)
    known = set(truth.readable_topics(RECENTLY))
    new = {
        number for number in truth.listed_topics(AT)
        if set(truth.stream(number, AT)) - set(truth.stream(number, RECENTLY) if number in known else ())
    }  # fmt: skip
    assert (site.coverage, topics.coverage, increment.coverage) == ("census", "incremental", "incremental")
    assert topics.records < len(truth.listed_topics(AT))
    assert new <= {int(line["key"]) for line in lines(tmp_path, increment)}
    assert any("/posts.json" in line["url"] for line in lines(tmp_path, increment, "requests"))


def test_a_members_only_or_vanished_topic_is_a_status(tmp_path: Path) -> None:
    with standin() as addresses:
        forum_crawls(tmp_path, addresses.forum, ["topics"])
    with standin(at=EARLIER) as addresses:  # topics of the list that are not there yet
        (crawl,) = forum_crawls(tmp_path, addresses.forum, ["topic_posts"])
    statuses = {line["status"] for line in lines(tmp_path, crawl)}
    assert statuses == {200, 404}
    assert all("raw" not in line for line in lines(tmp_path, crawl) if line["status"] == 404)


def test_what_gives_nothing_is_named_and_asked_again_by_the_next_crawl(tmp_path: Path) -> None:
    number = forum().listed_topics()[5]
    with standin(rules=[{"fault": "502", "match": f"/t/{number}\\.json"}]) as addresses:
        (*_, crawl) = forum_crawls(tmp_path, addresses.forum, settings=["crawl.attempts=1"])
    with standin() as addresses:
        (again,) = forum_crawls(tmp_path, addresses.forum, ["topic_posts"])
    assert crawl.failed == (f"{number} (status 502)",)
    assert {int(line["key"]) for line in lines(tmp_path, again)} == {number}


def test_refusals_are_waited_for_as_they_say(tmp_path: Path) -> None:
    with standin(limits=True, time_scale=20) as addresses:
        settings = ["crawl.forum_per_second=200", "crawl.pace_this_machine=true"]
        (*_, crawl) = forum_crawls(tmp_path, addresses.forum, settings=settings)
    assert crawl.counts["refusals"] > 0
    assert posts(tmp_path, crawl).keys() == set(forum().listed_topics())
    assert crawl.failed == ()


def test_a_list_that_goes_round_in_circles_ends_the_crawl(tmp_path: Path) -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        topics = [{"id": number, "title": "t"} for number in range(1, 4)]
        return web.json_response({"topic_list": {"topics": topics, "more_topics_url": "/latest?page=1"}})

    with answering(handler) as base, pytest.raises(CrawlError, match="goes round in circles"):
        forum_crawls(tmp_path, base, ["topics"])


def test_a_forum_that_needs_a_login_says_so(tmp_path: Path) -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response({"errors": ["You need to be logged in"], "error_type": "not_logged_in"}, status=403)

    with answering(handler) as base, pytest.raises(CrawlError, match=r"status 403.*without a login"):
        forum_crawls(tmp_path, base)
    assert not list(tmp_path.rglob("_checkpoint.json"))


def test_what_somebody_before_the_forum_says_is_no_evidence(tmp_path: Path) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=403, text="Crawler is not allowed!")

    with standin() as addresses:
        forum_crawls(tmp_path, addresses.forum, ["topics"])
    with answering(refuse) as base, pytest.raises(CrawlError, match=r"20 addresses in a row gave nothing.*status 403"):
        forum_crawls(tmp_path, base, ["topic_posts"])


def test_a_huge_topic_without_a_full_stream_is_walked_by_its_pages(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/latest.json":
            return web.json_response({"topic_list": {"topics": [{"id": 1}] if request.query["page"] == "0" else []}})
        page = int(request.query.get("page", "1"))
        if page > 3:
            return web.json_response({"errors": ["gone"]}, status=404)
        stream = {"posts": [{"id": 10 * page + number} for number in range(5)], "isMegaTopic": True, "lastId": 34}
        return web.json_response({"id": 1, "post_stream": stream})

    with answering(handler) as base:
        _, crawl = forum_crawls(tmp_path, base, ["topics", "topic_posts"])
    assert crawl.counts["posts"] == 15
    assert len(records(tmp_path, crawl)) == 3


@pytest.mark.parametrize(
    ("options", "entities", "message"),
    [
        ({}, ["posts"], "entity posts: unknown; expected some of site, topics, topic_posts"),
        ({"since": "last"}, ["topics"], "no crawl of forum/topics has landed yet"),
        ({"since": "soon"}, ["topics"], "--since soon: expected a UTC moment"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(
    tmp_path: Path, options: dict[str, str], entities: list[str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        forum_crawls(tmp_path, "http://127.0.0.1:9", entities, **options)


def test_topics_cannot_be_asked_for_before_they_are_listed(tmp_path: Path) -> None:
    with pytest.raises(CrawlError, match="run ptm-spark crawl-forum topics first"):
        forum_crawls(tmp_path, "http://127.0.0.1:9", ["topic_posts"])


def test_a_real_forum_to_its_last_post(tmp_path: Path, real_data: Path) -> None:
    source = ForumDump.read(real_data / "forum" / "urho3d_topics_2014-2022.jsonl.gz")
    with serve_in_thread(forum_source=source) as addresses:
        _, topics, crawl = forum_crawls(tmp_path, addresses.forum)
    assert topics.records == crawl.counts["topics"] == 5_046
    landed = posts(tmp_path, crawl)
    assert sum(map(len, landed.values())) == crawl.counts["posts"] == 36_990
    assert max(map(len, landed.values())) == 437
