"""The stand-in forum's limits, refusals, stale lists and record of requests."""

from datetime import timedelta

import pytest
from forums import AT, EARLIER, served

from ptm_spark.standin.forum_limits import ForumLimits
from ptm_spark.standin.forum_world import InventedForum


@pytest.fixture(scope="module")
def forum() -> InventedForum:
    return InventedForum(seed=7, topics=600, at=AT)


class Clock:
    """Seconds that stand still until told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_limits_by_address_are_50_in_10_seconds_and_200_in_a_minute() -> None:
    clock = Clock()
    limits = ForumLimits(clock=clock)
    assert [limits.wait("a") for _ in range(50)] == [None] * 50
    clock.now += 4
    assert limits.wait("a") == ("ip_10_secs_limit", 6)
    assert limits.wait("b") is None
    clock.now += 6  # the refused one counts
    assert [limits.wait("a") is None for _ in range(51)] == [True] * 49 + [False] * 2
    clock.now += 11
    for _ in range(2):
        assert [limits.wait("a") for _ in range(45)] == [None] * 45
        clock.now += 11
    codes = [limits.wait("a") for _ in range(30)]
    assert [code and code[0] for code in codes][-1] == "ip_60_secs_limit"


def test_scaled_limits_refuse_as_plain_text_and_pass_again_after_the_wait(forum: InventedForum) -> None:
    clock = Clock()
    with served(forum, limits=True, time_scale=10, clock=clock) as site:
        assert {site.ask("/t/1.json").status for _ in range(50)} == {404}
        refused = site.ask("/t/1.json", **{"User-Agent": "census/1"})
        assert refused.status == 429 and refused.headers["Content-Type"].startswith("text/plain")
        assert refused.headers["Retry-After"] == "1"
        assert refused.headers["Discourse-Rate-Limit-Error-Code"] == "ip_10_secs_limit"
        clock.now += 1
        assert site.ask("/t/1.json").status == 404
        stats = site.json("/_standin/stats")
        assert (stats["requests"], stats["refused"]) == (52, 1)
        log = site.json("/_standin/log")
    assert len(log) == 52
    assert log[50] == {"at": 1000.0, "method": "GET", "path_qs": "/t/1.json", "status": 429, "user_agent": "census/1"}


def test_actions_are_refused_as_json_with_whole_or_fractional_waits(forum: InventedForum) -> None:
    with served(forum) as site:
        assert site.ask("/_standin/refuse?count=1&wait_seconds=60&match=^/t/", "POST").status == 200
        assert site.ask("/site.json").status == 200
        answer = site.ask("/t/1.json")
        assert answer.status == 429 and answer.headers["Retry-After"] == "60"
        assert answer.json["error_type"] == "rate_limit" and answer.json["extras"]["wait_seconds"] == 60
        assert site.ask("/t/1.json").status == 404
        site.ask("/_standin/refuse?count=1&wait_seconds=8.72&form=text", "POST")
        answer = site.ask("/latest.json")
        assert isinstance(answer.json["errors"], str) and answer.json["extras"] == {"wait_seconds": 8.72}
        assert "Retry-After" not in answer.headers and "Discourse-Rate-Limit-Error-Code" not in answer.headers
        assert site.ask("/_standin/refuse?count=many", "POST").status == 400


def test_lists_are_stale_for_a_minute_where_the_cache_is_on() -> None:
    clock = Clock()
    forum = InventedForum(seed=7, topics=600, at=EARLIER)
    with served(forum, limits=True, time_scale=2, clock=clock) as site:
        first = site.ask("/latest.json?order=created")
        assert first.headers["X-Discourse-Cached"] == "store"
        forum.at += timedelta(days=30)
        clock.now += 29
        stale = site.ask("/latest.json?order=created")
        assert stale.headers["X-Discourse-Cached"] == "true" and stale.body == first.body
        newest = stale.json["topic_list"]["topics"][0]
        assert site.json(f"/t/{newest['id']}.json")["views"] > newest["views"]
        clock.now += 2
        fresh = site.ask("/latest.json?order=created")
        assert fresh.headers["X-Discourse-Cached"] == "store" and fresh.json["topic_list"]["topics"][0] != newest
