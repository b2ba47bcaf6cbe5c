"""Saved listings served as a Hub, and the command that serves them."""

import gzip
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
import zstandard
from hubs import ask, cursor, walk

from ptm_spark.errors import UsageError
from ptm_spark.standin.hub_dump import read_hub_dump
from ptm_spark.standin.hub_listing import WorldHub
from ptm_spark.standin.serving import serve_in_thread
from ptm_spark.standin.starting import start
from ptm_spark.standin.world import CENSUS_DATES, World, make_world

LAST = CENSUS_DATES[-1]
STANDIN = [sys.executable, "-m", "jobs.cli", "standin"]


@pytest.mark.parametrize("packing", ["plain", "gzip", "zstd"])
def test_a_dump_is_served_as_it_is(world: World, tmp_path: Path, packing: str) -> None:
    lines = [orjson.dumps(row) for row in world.listing(LAST)][:2500]
    text = b"\n".join([*lines[::-1], b"not json", b'{"id": "a/b"}', b"[]", lines[3]]) + b"\n"
    path = tmp_path / "dump.jsonl"
    path.write_bytes({"plain": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}[packing](text))
    source = read_hub_dump(path, LAST)
    assert len(source) == 2500
    rows = [orjson.loads(line) for line in lines]
    with serve_in_thread(hub_source=source) as addresses:
        hub = addresses.hub
        page = ask(hub, "/api/models?sort=createdAt&direction=1")
        assert page.body == b"[" + b",".join(lines[:1000]) + b"]"
        assert walk(hub, "/api/models?sort=createdAt&direction=1") == rows
        assert walk(hub, "/api/models?sort=createdAt") == rows[::-1]
        by_downloads = sorted(rows, key=lambda row: row["downloads"], reverse=True)
        assert walk(hub, "/api/models?sort=downloads&limit=700") == by_downloads
        bounds = {"$gt": rows[9]["_id"], "$lt": rows[40]["_id"]}
        for direction, expected in ((1, rows[10:40]), (-1, rows[10:40][::-1])):
            query = f"/api/models?sort=createdAt&direction={direction}&limit=7&cursor={cursor({'_id': bounds})}"
            assert ask(hub, query).json == expected[:7]
        assert walk(hub, "/api/models?filter=bert&limit=50&sort=createdAt&direction=1") == [
            row for row in rows if "bert" in row["tags"]
        ]
        query = "/api/models?sort=createdAt&direction=1&limit=3&expand[]=likes&expand[]=sha&expand[]=usedStorage"
        for row, whole in zip(ask(hub, query).json, rows, strict=False):
            assert row == {key: whole[key] for key in ("_id", "id", "likes")}, "a row says no more than the dump"
            info = ask(hub, f"/api/models/{quote(whole['id'])}").json
            assert info["downloads"] == whole["downloads"]
            commits = ask(hub, f"/api/models/{quote(whole['id'])}/commits/main").json
            assert [commit["id"] for commit in commits] == [info["sha"]]
            assert ask(hub, f"/{quote(whole['id'])}/resolve/main/README.md").status == 404


def test_a_dump_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "dump.jsonl.gz"
    with pytest.raises(UsageError, match="No such file"):
        read_hub_dump(path)
    for content in (b"", b"hello\n", gzip.compress(b'{"_id": 1}\n' * 9)[:-9]):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"hub dump .*dump\.jsonl\.gz"):
            read_hub_dump(path)


def test_a_taken_port_is_named(world: World) -> None:
    with (
        serve_in_thread(hub_source=WorldHub(world, LAST)) as first,
        pytest.raises(UsageError, match=r"port \d+: in use; give another --port"),
        serve_in_thread(hub_source=WorldHub(world, LAST), hub_port=int(first.hub.rpartition(":")[2])),
    ):
        pass


def test_a_real_dump(real_data: Path) -> None:
    source = read_hub_dump(real_data / "hub" / "models_listing_2024-07-11.jsonl.gz", LAST)
    assert len(source) == 760_000
    with serve_in_thread(hub_source=source) as addresses:
        page = ask(addresses.hub, "/api/models?sort=downloads")
        assert [row["downloads"] for row in page.json] == sorted((row["downloads"] for row in page.json), reverse=True)
        following = ask(addresses.hub, page.next_path or "")
        assert not {row["_id"] for row in page.json} & {row["_id"] for row in following.json}


def test_the_command_serves_both_until_it_is_told_to_end(tmp_path: Path) -> None:
    world = make_world(models=300)
    dump, plan = tmp_path / "dump.jsonl", tmp_path / "plan.json"
    dump.write_bytes(b"".join(world.dump_lines(LAST)))
    plan.write_text('{"rules": [{"fault": "503", "match": "/api/whoami"}, {"fault": "504", "match": "/hot.json"}]}')
    options = ["--hub-dump", str(dump), "--plan", "free", "--time-scale", "100", "--faults", str(plan)]
    server = subprocess.Popen([*STANDIN, *options], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        (hub_name, hub), (forum_name, forum) = (server.stdout.readline().split() for _ in range(2))
        assert (hub_name, forum_name) == ("hub", "forum")
        assert walk(hub, "/api/models?sort=createdAt&direction=1&limit=100") == list(world.listing(LAST))
        assert ask(hub, "/api/models").headers["RateLimit-Policy"] == '"fixed window";"api";q=1000;w=3'
        assert ask(hub, "/api/whoami-v2").status == 503 and ask(forum, "/hot.json").status == 504
        assert "topic_list" in ask(forum, "/latest.json").json
        assert ask(forum, "/_standin/stats").json["requests"] == 2
    finally:
        server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"plan": "gold"}, "plan 'gold': there is no such plan; take one of anonymous"),
        ({"hub_dump": Path("nothing.jsonl")}, "--hub-dump nothing.jsonl: no such file"),
        ({"port": 65535}, "--port 65535: must be from 1 to 65534"),
        ({"at": "noon"}, "--at noon: expected a UTC moment"),
        ({"advance": -1.0}, "--advance -1.0"),
        ({"time_scale": 0.0}, "time scale 0.0: must be above 0"),
        ({"faults": Path("nothing.json")}, "fault plan nothing.json: No such file"),
        ({"dirty": True}, "--dirty: only dumps can be dirty"),
    ],
)
def test_options_that_do_not_fit_are_named(options: dict[str, Any], text: str) -> None:
    usual: dict[str, Any] = {
        "write": None, "dirty": False, "port": 0, "hub_dump": None, "forum_dump": None, "seed": 7, "models": 300,
        "at": "", "advance": 0.0, "plan": "unlimited", "time_scale": 1.0, "faults": None,
    }  # fmt: skip
    with pytest.raises(UsageError) as raised:
        start(**(usual | options))
    assert text in str(raised.value) and "\n" not in str(raised.value)


def test_the_command_says_it_in_one_line() -> None:
    done = subprocess.run([*STANDIN, "--plan", "gold"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
