"""Where a crawl lands: one process at a time, any place that fsspec knows, and what happens when it gives out."""

import asyncio
import json
import resource
import signal
import subprocess
import threading
import time
import urllib.request
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from crawling import command, environment
from crawls import AT, forum_crawls, hub_crawls, records, standin, world
from servers import answering

from ptm_spark.errors import BusyError, CrawlError
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing


def test_a_second_crawler_of_the_same_entity_is_refused_and_told_who_is_at_it(tmp_path: Path) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    async def handler(_: web.Request) -> web.StreamResponse:
        is_asked.set()
        await asyncio.to_thread(may_answer.wait)
        return web.json_response([])

    with answering(handler) as base:
        first = subprocess.Popen(
            command("crawl-hub", "--lake", tmp_path), env=environment(base), stderr=subprocess.PIPE
        )
        assert is_asked.wait(60)
        with pytest.raises(BusyError, match=f"landing of hub/models is in use by process {first.pid} on "):
            hub_crawls(tmp_path, base)
        may_answer.set()
        first.communicate(timeout=60)
        hub_crawls(tmp_path, base)  # its lock has gone with it


def test_a_lake_on_an_object_store_gets_whole_files_only(tmp_path: Path) -> None:
    lake = "memory://lake-of-crawls"
    with standin(rules=[{"fault": "503", "match": "cursor=", "at": [3, 4, 5, 6]}]) as addresses:
        with pytest.raises(CrawlError, match="run the same command again"):
            hub_crawls(lake, addresses.hub)  # type: ignore[arg-type]
        store = Folder(lake)
        assert store.fs.find(store.path) == [], "what grows lies on this machine"
        (crawl,) = hub_crawls(lake, addresses.hub)  # type: ignore[arg-type]
    landing = Landing(store)
    assert [line["raw"]["_id"] for line in map(json.loads, landing.lines(crawl))] == [
        model.repo_oid for model in world().visible(AT)
    ]
    assert landing.damage(crawl) == {}
    names = [name.rpartition("/")[2] for name in store.fs.find(store.path)]
    assert sorted(names) == ["_manifest.json", "part-00000.jsonl.zst", "requests-00000.jsonl.zst"]
    assert not list(landing.work("hub/models").glob("*/*"))


def test_a_disk_that_is_full_is_named_and_the_crawl_goes_on_when_there_is_room(tmp_path: Path) -> None:
    def narrow() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    with standin() as addresses:
        words = command("crawl-hub", "--lake", tmp_path, "--set", "crawl.page_size=100")
        full = subprocess.run(
            words, env=environment(addresses.hub), capture_output=True, text=True, preexec_fn=narrow, check=False
        )
        assert full.returncode == 1
        assert "File too large; check the place, its rights and free space" in full.stderr
        assert "Traceback" not in full.stderr
        subprocess.run(words, env=environment(addresses.hub), capture_output=True, check=True)
    (crawl,), unreadable = Landing(Folder(tmp_path)).crawls("hub", "models")
    assert unreadable == []
    assert [row["_id"] for row in records(tmp_path, crawl)] == [model.repo_oid for model in world().visible(AT)]


def test_a_place_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file")
    done = subprocess.run(command("crawl-hub", "--lake", tmp_path / "lake"), env=environment("http://127.0.0.1:9"),
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert str(tmp_path / "lake") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_told_to_stop_ends_soon_and_with_its_code(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with standin(
        plan="anonymous", rules=[{"fault": "429", "match": "cursor=", "at": [3], "seconds": 600}]
    ) as addresses:
        words = command("crawl-hub", "--lake", tmp_path, "--set", "crawl.page_size=100")
        process = subprocess.Popen(words, env=environment(addresses.hub), stderr=subprocess.PIPE, text=True)
        while len(list(tmp_path.rglob("_checkpoint.json"))) == 0:
            time.sleep(0.05)
        time.sleep(1)  # it waits for the end of a long refusal now
        begun = time.monotonic()
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == code, errors
    assert time.monotonic() - begun < 10
    assert "run the same command again to go on" in errors


def test_the_forum_sees_no_more_requests_a_second_than_it_was_promised(tmp_path: Path) -> None:
    with standin(topics=20) as addresses:
        forum_crawls(tmp_path, addresses.forum, settings=["crawl.pace_this_machine=true", "crawl.forum_per_second=25"])
        with urllib.request.urlopen(f"{addresses.forum}/_standin/log") as answer:
            log = json.load(answer)
    moments = [line["at"] for line in log]
    assert len(moments) > 20
    # the gaps are kept where requests are sent; where they arrive a few may come a little closer
    gaps = sorted(later - earlier for earlier, later in pairwise(moments))
    assert gaps[len(gaps) // 2] >= 0.038
    assert moments[-1] - moments[0] >= (len(moments) - 3) / 25 * 0.95
    assert all(line["user_agent"].startswith("ptm_spark/") for line in log)


def test_a_crawl_at_work_is_left_out_by_a_run_without_a_warning(tmp_path: Path) -> None:
    rules = [{"fault": "503", "match": "cursor=", "every": 1}]
    with standin(rules=rules) as addresses, pytest.raises(CrawlError, match="run the same command again"):
        hub_crawls(tmp_path, addresses.hub)
    landing = Landing(Folder(tmp_path))
    assert landing.crawls("hub", "models") == ([], [])
    (path,) = landing.unfinished("hub", "models")
    assert path.startswith("hub/models/")


def test_a_crawl_that_was_killed_before_its_first_checkpoint_leaves_nothing(tmp_path: Path) -> None:
    with standin() as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub)
        place = tmp_path / "landing/hub/models"
        (place / crawl.crawl_id).rename(place / f"20200101T000000Z{crawl.crawl_id[-9:]}")
        (stillborn,) = place.glob("2020*")
        (stillborn / "_manifest.json").unlink()
        other = place / "20200101T000000Z-ffffffff"
        other.mkdir()
        hub_crawls(tmp_path, addresses.hub)
    assert not stillborn.exists()
    assert other.exists(), "it may be at work: an import has no checkpoint"
