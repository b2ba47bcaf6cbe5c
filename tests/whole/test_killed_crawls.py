"""Killed at whatever moment, the same command goes on: nothing is lost, nothing comes twice, a page is asked again at
most."""

from collections import Counter
from pathlib import Path

import pytest
from crawling import asked, environment, kill_and_resume
from crawls import forum_crawls, hub_crawls, lines, standin

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest

KILLS = 25
PAGE = "crawl.page_size=8"


def only(lake: Path, source: str, entity: str) -> Manifest:
    (crawl,), unreadable = Landing(Folder(lake)).crawls(source, entity)
    assert unreadable == []
    return crawl


def landed(lake: Path, crawl: Manifest) -> list[tuple[int, object, int, object]]:
    return [(line["seq"], line["key"], line["status"], line.get("raw")) for line in lines(lake, crawl)]


@pytest.mark.whole
def test_a_crawl_of_the_hub_killed_again_and_again(tmp_path: Path) -> None:
    lake, whole = tmp_path / "lake", tmp_path / "whole"
    with standin() as addresses:
        (undisturbed,) = hub_crawls(whole, addresses.hub, settings=[PAGE])
        needed = len(asked(addresses.hub))
        words = ("crawl-hub", "models", "--lake", lake, "--set", PAGE)
        killed = kill_and_resume(words, addresses.hub, environment(addresses.hub),
                                 last=lake / "landing/hub/models", kills=KILLS, seed=1)  # fmt: skip
        sent = asked(addresses.hub)[needed:]
    crawl = only(lake, "hub", "models")
    assert landed(lake, crawl) == landed(whole, undisturbed)
    assert Landing(Folder(lake)).damage(crawl) == {}
    again = len(sent) - needed
    assert 0 <= again <= killed, "more than a page a kill was asked for again"
    assert max(Counter(sent).values()) <= 1 + killed
    assert killed >= KILLS // 2


@pytest.mark.whole
def test_a_crawl_of_the_forum_killed_again_and_again(tmp_path: Path) -> None:
    lake, whole = tmp_path / "lake", tmp_path / "whole"
    with standin() as addresses:
        undisturbed = forum_crawls(whole, addresses.forum)
        needed = len(asked(addresses.forum))
        words = ("crawl-forum", "--forum-url", addresses.forum, "--lake", lake)
        killed = kill_and_resume(words, addresses.forum, environment(),
                                 last=lake / "landing/forum/topic_posts", kills=KILLS, seed=2)  # fmt: skip
        sent = asked(addresses.forum)[needed:]
    for crawl in undisturbed:
        assert landed(lake, only(lake, "forum", crawl.entity)) == landed(whole, crawl)
    # a topic of many posts is several requests, and they land together
    longest = max(Counter(path.split("/t/")[1].split("/")[0].split(".")[0] for path in sent if "/t/" in path).values())
    assert 0 <= len(sent) - needed <= killed * longest
    assert killed >= KILLS // 2


@pytest.mark.whole
def test_a_crawl_of_cards_killed_again_and_again(tmp_path: Path) -> None:
    lake, whole = tmp_path / "lake", tmp_path / "whole"
    with standin(models=80) as addresses:
        hub_crawls(lake, addresses.hub)
        *_, undisturbed = hub_crawls(whole, addresses.hub, ["models", "cards"])
        words = ("crawl-hub", "cards", "--lake", lake)
        killed = kill_and_resume(words, addresses.hub, environment(addresses.hub),
                                 last=lake / "landing/hub/cards", kills=8, seed=3)  # fmt: skip
    assert landed(lake, only(lake, "hub", "cards")) == landed(whole, undisturbed)
    assert killed >= 2
    assert not list(lake.rglob("_targets.jsonl")) + list(lake.rglob("*.unfinished"))
