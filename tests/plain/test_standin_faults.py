"""Faults: which requests they befall, and what each does to an answer."""

import gzip
import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hubs import Answer, ask

from ptm_spark.errors import UsageError
from ptm_spark.standin.faults import FAULTS, make_plan, read_plan
from ptm_spark.standin.hub_listing import WorldHub
from ptm_spark.standin.serving import serve_in_thread
from ptm_spark.standin.world import CENSUS_DATES, World

LIST = "/api/models?limit=5&sort=createdAt"


@contextmanager
def hub(world: World, *rules: dict[str, Any]) -> Iterator[str]:
    plan = make_plan({"seed": 7, "rules": list(rules)})
    with serve_in_thread(hub_source=WorldHub(world, CENSUS_DATES[-1]), faults=plan) as addresses:
        yield addresses.hub


def hit(world: World, fault: str, path: str = LIST, **parameters: Any) -> Answer:
    with hub(world, {"fault": fault, **parameters}) as address:
        return ask(address, path)


def test_triggers() -> None:
    def hits(count: int = 12, **rule: Any) -> list[int]:
        plan = make_plan({"seed": 7, "rules": [{"fault": "503", "match": "models", **rule}]})
        return [number for number in range(1, count + 1) if plan.choose("/api/models") is not None]

    assert hits(every=5) == [5, 10]
    assert hits(every=2, times=2) == [2, 4]
    assert hits(at=[1, 7]) == [1, 7]
    assert hits(times=1) == [1]
    shared = hits(2000, share=0.1)
    assert shared == hits(2000, share=0.1) and 150 < len(shared) < 250
    assert len(hits(2000, share=0.1, times=3)) == 3


def test_only_matching_requests_count() -> None:
    rules = [
        {"fault": "502", "match": "/api/models?limit", "every": 2},
        {"fault": "500", "match": r"^/[^/]+/x/resolve"},
    ]
    plan = make_plan({"rules": rules})
    paths = [
        "/api/models?limit=5",
        "/a/x/resolve/main/y",
        "/api/models",
        "/b/a/x/resolve/main/y",
        "/api/models?limit=5",
    ]
    chosen = [rule.fault if (rule := plan.choose(path)) else None for path in paths]
    assert chosen == [None, "500", None, None, "502"]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"fault": "503", "evry": 2}, "rule 2: 503 takes no 'evry'; it takes at, every"),
        ({"fault": "5o3"}, "rule 2: there is no fault '5o3'; take one of 429, edge_429"),
        ({}, "rule 2: there is no fault None"),
        ([], "rule 2: must be an object"),
        ({"fault": "503", "every": 0}, "rule 2: every of 503 is 0; it must be a whole number from 1"),
        ({"fault": "503", "share": 2}, "rule 2: share of 503 is 2"),
        ({"fault": "503", "every": 2, "share": 0.1}, "give one of every, share, at"),
        ({"fault": "bomb", "megabytes": "much"}, "rule 2: megabytes of bomb is 'much'"),
        ({"fault": "redirect", "to": "http://x/\r\nSet-Cookie: a"}, "rule 2: to of redirect"),
    ],
)
def test_a_broken_plan_names_its_rule(tmp_path: Path, rule: Any, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"seed": 7, "rules": [{"fault": "503"}, rule]}))
    with pytest.raises(UsageError) as raised:
        read_plan(path)
    assert str(path) in str(raised.value) and text in str(raised.value)


def test_a_plan_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with pytest.raises(UsageError, match="No such file"):
        read_plan(path)
    for text in ("{", "[]", '{"rules": 5}', '{"rules": [], "rule": []}'):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"fault plan .*plan\.json"):
            read_plan(path)


def test_status_faults(world: World) -> None:
    limited = hit(world, "429", seconds=3)
    assert (limited.status, limited.headers["Retry-After"]) == (429, "3")
    assert limited.headers["RateLimit"] == '"api";r=0;t=3'
    edge = hit(world, "edge_429")
    assert edge.status == 429 and not {"RateLimit", "Retry-After", "RateLimit-Policy"} & set(edge.headers)
    for status in ("500", "502", "503", "504"):
        answer = hit(world, status)
        assert (answer.status, answer.headers["Content-Type"]) == (int(status), "text/html; charset=utf-8")


@pytest.mark.parametrize("fault", ["reset", "truncation", "stall", "drip"])
def test_connections_that_break(world: World, fault: str) -> None:
    begun = time.monotonic()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        hit(world, fault, **({"seconds": 0.5} if fault in {"stall", "drip"} else {}))
    assert fault in {"reset", "truncation"} or time.monotonic() - begun >= 0.5


def test_bodies_that_lie(world: World) -> None:
    with hub(world) as address:
        good = ask(address, LIST)
    short = hit(world, "wrong_length")
    assert len(short.body) == len(good.body) // 2 and good.body.startswith(short.body)
    assert hit(world, "html").headers["Content-Type"].startswith("text/html")
    assert list(hit(world, "object").json) == ["error"]
    assert hit(world, "empty").body == b""
    bad = hit(world, "bad_utf8")
    assert bad.status == 200 and bad.body.replace(b"\xff", b"") == good.body
    bomb = hit(world, "bomb", megabytes=3)
    assert len(bomb.body) < 10_000 and bomb.headers["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(bomb.body)) == (3 << 20) + 2


def test_redirects(world: World) -> None:
    for fault in ("redirect", "private_redirect", "file_redirect"):
        answer = hit(world, fault)
        assert (answer.status, answer.headers["Location"]) == (302, FAULTS[fault]["to"])
    assert hit(world, "redirect", to="http://x.example/").headers["Location"] == "http://x.example/"
    assert hit(world, "loop").headers["Location"] == LIST


def test_a_page_that_repeats_and_a_cookie(world: World) -> None:
    with hub(world, {"fault": "repeat_page", "at": [2]}, {"fault": "cookie", "at": [1]}) as address:
        first = ask(address, LIST)
        assert first.headers["Set-Cookie"].startswith("session=")
        assert first.next_path is not None
        second = ask(address, first.next_path)
        assert second.next_path == first.next_path
        third = ask(address, second.next_path or "")
        assert third.body == second.body and third.next_path != second.next_path
        log = ask(address, "/_standin/log").json
        assert [entry["status"] for entry in log] == [200, 200, 200]
