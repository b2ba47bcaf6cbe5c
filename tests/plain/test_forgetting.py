"""What has landed is for its owner only, and a user who is forgotten is in none of it."""

import json
import os
import stat
from pathlib import Path

import pytest
from crawls import forum_crawls, hub_crawls, lines, standin
from forgotten import BOTH, HASH, forget, left, post, topic
from landed import day, land_lines

from ptm_spark.errors import BusyError, LandingError, UsageError
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing
from ptm_spark.landing.forgetting import forget_user


def test_all_that_lands_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with standin(models=60, topics=8) as addresses:
            hub_crawls(tmp_path / "lake", addresses.hub, ["models", "cards", "commits"])
            hub_crawls(tmp_path / "lake", addresses.hub, ["discussions"], max_requests=2)
            forum_crawls(tmp_path / "lake", addresses.forum)
        Landing(Folder(tmp_path / "lake")).user_key()
    finally:
        os.umask(before)
    places = [tmp_path / "lake/landing", *(tmp_path / "lake/landing").rglob("*")]
    modes = {place.is_dir(): set() for place in places}
    for place in places:
        modes[place.is_dir()].add(stat.S_IMODE(place.stat().st_mode))
    assert modes == {True: {0o700}, False: {0o600}} and len(places) > 20
    assert stat.S_IMODE((tmp_path / "lake").stat().st_mode) == 0o777  # the tables beside it are to be read


def test_the_entry_has_a_hash_and_counts_and_no_name(landing: Landing) -> None:
    crawl = land_lines(landing, "hub/models", day(1), [("ann/x", {"id": "ann/x"}, {})])
    forget(landing, "ANN")
    (entry,) = map(json.loads, landing.folder.read("_forgotten.jsonl").splitlines())
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "reason": "asked by mail", "user_hash": HASH, "sources": ["hub", "forum"],
        "crawls": {crawl.path: {"removed": 1}},
    }  # fmt: skip
    assert sorted(landing.folder.names()) == ["_forgotten.jsonl", "hub"]
    for place in Path(landing.folder.path).rglob("*"):
        assert b"ann" not in place.read_bytes().lower() if place.is_file() else True


def test_who_is_not_there_is_not_found_and_a_second_time_neither(landing: Landing) -> None:
    land_lines(landing, "hub/models", day(1), [("ann/x", {"id": "ann/x"}, {})])
    with pytest.raises(LandingError, match="searched: hub/models"):
        forget(landing, "an")
    with pytest.raises(LandingError, match="no crawl at all"):
        forget(landing, sources=("forum",))
    forget(landing)
    with pytest.raises(LandingError, match="forgotten already"):
        forget(landing)


@pytest.mark.parametrize(
    ("name", "reason"), [("ann", "Ann asked"), ("ann", " "), ("", "x"), ("@ann", "x"), ("a/b", "x"), (" ann", "x")]
)
def test_a_name_that_is_none_and_a_reason_that_tells_it_are_refused(landing: Landing, name: str, reason: str) -> None:
    with pytest.raises(UsageError):
        forget(landing, name, reason=reason)


def test_unfinished_crawls_are_named_and_a_crawler_at_work_stops_it(tmp_path: Path, landing: Landing) -> None:
    land_lines(landing, "hub/models", day(1), [("ann/x", {"id": "ann/x"}, {})])
    with landing.claim("hub/models"), pytest.raises(BusyError):
        forget(landing)
    Folder(landing.work("hub/models/20240709T000000Z-00000000")).write("_checkpoint.json", b"{}")
    _, skipped = forget_user(landing, "ann", reason="x", user_hash=HASH, sources=BOTH)
    assert len(skipped) == 1 and "unfinished" in skipped[0]


@pytest.mark.parametrize("writes", range(9))
def test_killed_at_any_write_the_same_command_completes_it(
    landing: Landing, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forum knows them by number only where their name is gone already, so the numbers must survive, too."""
    named = land_lines(
        landing, "forum/topic_posts", day(1), [topic([post("Ann", 1, "x"), post("bo", 2, "y", user_id=2)])]
    )
    numbered = land_lines(landing, "forum/topics", day(2), [("7", {"id": 7, "title": "My GPU", "posters": []}, {})])
    models = land_lines(landing, "hub/models", day(1), [("ann/x", {"id": "ann/x"}, {}), ("b/y", {"id": "b/y"}, {})])
    steps = 0
    write = Folder.write

    def dying(self: Folder, name: str, content: bytes) -> None:
        nonlocal steps
        steps += 1
        if steps > writes:
            raise KeyboardInterrupt
        write(self, name, content)

    monkeypatch.setattr(Folder, "write", dying)
    try:
        forget(landing)
        assert steps <= writes
    except KeyboardInterrupt:
        monkeypatch.setattr(Folder, "write", write)
        assert len(forget(landing)) == 3
    assert [line["key"] for line in left(landing, models)] == ["b/y"]
    assert [line["raw"]["title"] for line in [*left(landing, named), *left(landing, numbered)]] == ["", ""]
    assert len(landing.folder.read("_forgotten.jsonl").splitlines()) == 1
    names = [place.name for place in Path(landing.folder.path).rglob("*.jsonl*")]
    assert sorted(names) == ["_forgotten.jsonl", *["part-00000.1.jsonl.zst"] * 3]


def test_a_user_of_a_crawled_stand_in_is_gone_from_it(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    with standin(models=60, topics=30) as addresses:
        crawls = hub_crawls(lake, addresses.hub, ["models", "commits", "discussions"], details=True)
        crawls += forum_crawls(lake, addresses.forum)
    landing = Landing(Folder(lake))
    bodies = [line["raw"] for crawl in crawls for line in lines(lake, crawl) if crawl.entity == "topic_posts"]
    name = max(post["username"] or "" for body in bodies for post in body["post_stream"]["posts"])
    forget(landing, name)
    for crawl in crawls:
        for line in left(landing, crawl):
            assert f'"{name}"' not in json.dumps(line, ensure_ascii=False)
