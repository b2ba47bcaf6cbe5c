"""Asking for models one by one: only what is new, in a fixed order, with every answer accounted for."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from crawls import AT, hub_crawls, lines, records, standin, world
from dumps import landed_lines
from servers import answering

from ptm_spark.errors import CrawlError, UsageError
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest
from ptm_spark.standin.hub_discussions import discussions_at
from ptm_spark.standin.hub_history import commits_at
from ptm_spark.standin.hub_repos import card_at, gate_of, git_blob_id
from ptm_spark.standin.life import Model

MODELS = 60
FEW = ["crawl.page_size=50"]


def visible() -> dict[str, Model]:
    return {model.name_at(AT): model for model in world(MODELS).visible(AT)}


def land_listing(lake: Path, hub: str, **options: Any) -> Manifest:
    (crawl,) = hub_crawls(lake, hub, settings=FEW, **options)
    return crawl


def by_key(lake: Path, crawl: Manifest) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines(lake, crawl):
        found.setdefault(line["key"], []).append(line)
    return found


def test_cards_are_those_of_the_listed_heads_as_they_stand(tmp_path: Path) -> None:
    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub)
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["cards"])
    truth = {name: card_at(model, AT) for name, model in visible().items()}
    found = by_key(tmp_path, crawl)
    assert found.keys() == {name for name, text in truth.items() if text is not None}
    for name, (line,) in found.items():
        if gate_of(visible()[name]):
            assert (line["status"], "raw" in line) == (401, False)
            continue
        text = truth[name]
        assert text is not None
        assert line["raw"] == text
        assert line["about"]["blob"] == git_blob_id(text.encode())
        assert line["about"]["sha"] == line["about"]["asked"] == commits_at(visible()[name], AT)[0].sha
        assert line["about"]["repo_oid"] == visible()[name].repo_oid
    assert crawl.counts["seen"] == crawl.counts["expected"] == len(found)
    assert (crawl.counts["missing"], crawl.coverage) == (0, "incremental")


def test_a_card_is_fetched_again_only_where_its_head_is_new(tmp_path: Path) -> None:
    earlier = AT - timedelta(days=200)
    with standin(models=MODELS, at=earlier) as addresses:
        land_listing(tmp_path, addresses.hub, observed_at=earlier.isoformat())
        (first,) = hub_crawls(tmp_path, addresses.hub, ["cards"])
        (again,) = hub_crawls(tmp_path, addresses.hub, ["cards"])
    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub, observed_at=AT.isoformat())
        (later,) = hub_crawls(tmp_path, addresses.hub, ["cards"])
    assert (again.records, again.counts["requests"]) == (0, 0)
    heads = {name: commits_at(model, earlier)[0].sha for name, model in visible().items() if commits_at(model, earlier)}
    changed = {
        name for name, model in visible().items()
        if card_at(model, AT) is not None and heads.get(name) != commits_at(model, AT)[0].sha
    }  # fmt: skip
    known = {line["key"] for line in lines(tmp_path, first)}
    new = {line["key"] for line in lines(tmp_path, later)}
    assert changed <= new
    assert 0 < len(new) < len(known | new)


def test_commits_come_whole_and_the_floor_comes_first(tmp_path: Path) -> None:
    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub)
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["commits"])
    found = by_key(tmp_path, crawl)
    for name, model in visible().items():
        assert [line["raw"]["id"] for line in found[name]] == [commit.sha for commit in commits_at(model, AT)]
    order = [visible()[name].is_floor for name in found]
    assert any(order)
    assert order == sorted(order, reverse=True)


def test_discussions_come_as_rows_or_with_their_events(tmp_path: Path) -> None:
    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub)
        (rows,) = hub_crawls(tmp_path, addresses.hub, ["discussions"])
        (none,) = hub_crawls(tmp_path, addresses.hub, ["discussions"])
        (details,) = hub_crawls(tmp_path / "other", addresses.hub, ["models", "discussions"], details=True)[1:]
    truth = {name: sorted(talk.num for talk in discussions_at(model, AT)) for name, model in visible().items()}
    assert sum(map(len, truth.values())) > 0
    for lake, crawl, has_events in ((tmp_path, rows, False), (tmp_path / "other", details, True)):
        for name, found in by_key(lake, crawl).items():
            assert sorted(line["raw"]["num"] for line in found if "raw" in line) == truth[name]
            assert all(("events" in line["raw"]) == has_events for line in found if "raw" in line)
            assert truth[name] or [line["status"] for line in found] == [204], "asked, and there was none"
    assert none.records == 0, "asked a moment ago"


def test_details_of_a_model_are_its_body_as_it_was_sent(tmp_path: Path) -> None:
    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub)
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["model_info"], details=True)
    bodies = records(tmp_path, crawl)
    assert {body["id"] for body in bodies} == visible().keys()
    assert all("securityRepoStatus" in body and body["siblings"][0]["blobId"] for body in bodies)
    sent = {line["first_seq"]: line["sha256"] for line in lines(tmp_path, crawl, "requests")}
    for line in landed_lines(Landing(Folder(tmp_path)), crawl):
        raw = line.rstrip(b"\n").partition(b'"raw":')[2][:-1]
        assert hashlib.sha256(raw).hexdigest() == sent[json.loads(line)["seq"]]


def test_a_model_that_has_gone_or_moved_since_is_told_by_its_status(tmp_path: Path) -> None:
    earlier = AT - timedelta(days=400)
    with standin(models=700, at=earlier) as addresses:
        land_listing(tmp_path, addresses.hub)
    with standin(models=700) as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["model_info"])
    found = {line["about"]["repo_oid"]: line for line in lines(tmp_path, crawl)}
    before = {model.repo_oid: model for model in world(700).visible(earlier)}
    assert found.keys() == before.keys()
    gone = {oid for oid, model in before.items() if not model.is_visible(AT)}
    moved = {oid for oid, model in before.items() if model.name_at(AT) != model.name_at(earlier)} - gone
    names_now = {model.name_at(AT) for model in world(700).visible(AT)}
    assert gone and moved
    assert all(found[oid]["status"] == 401 for oid in gone if before[oid].name_at(earlier) not in names_now)
    assert all(quote(before[oid].name_at(AT)) in found[oid]["about"]["moved_to"] for oid in moved)


def test_what_gives_nothing_is_named_and_asked_again_by_the_next_crawl(tmp_path: Path) -> None:
    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub)
    name = next(name for name, model in visible().items() if name.isascii())
    with standin(models=MODELS, rules=[{"fault": "html", "match": f"/{name}/commits"}]) as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["commits"], settings=["crawl.attempts=1"])
    with standin(models=MODELS) as addresses:
        (again,) = hub_crawls(tmp_path, addresses.hub, ["commits"])
    assert crawl.failed == (f"{name} (text/html instead of JSON)",)
    assert (crawl.counts["failed"], crawl.counts["missing"]) == (1, 0)
    assert {line["key"] for line in lines(tmp_path, again)} == {name}


def test_what_failed_by_chance_is_asked_once_more_at_the_end(tmp_path: Path) -> None:
    rules = [{"fault": "502", "match": "/commits/", "at": [3]}]
    with standin(models=MODELS, rules=rules) as addresses:
        land_listing(tmp_path, addresses.hub)
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["commits"], settings=["crawl.attempts=1"])
    assert crawl.failed == ()
    assert {line["key"] for line in lines(tmp_path, crawl)} == visible().keys()


def test_a_service_that_is_gone_ends_the_crawl_and_is_asked_on_later(tmp_path: Path) -> None:
    with standin(models=MODELS, rules=[{"fault": "reset", "match": "/commits/", "every": 1, "times": 30}]) as addresses:
        land_listing(tmp_path, addresses.hub)
        with pytest.raises(CrawlError, match="20 addresses in a row gave nothing"):
            hub_crawls(tmp_path, addresses.hub, ["commits"], settings=["crawl.attempts=1"])
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["commits"], settings=["crawl.attempts=1"])
    assert {line["key"] for line in lines(tmp_path, crawl)} == visible().keys()
    assert crawl.failed == ()


def test_a_readme_that_is_not_what_its_hash_says_never_lands(tmp_path: Path) -> None:
    rules = [
        {"fault": fault, "match": "README.md", "share": 0.2}
        for fault in ("truncation", "wrong_length", "html", "empty")
    ]
    with standin(models=MODELS, rules=rules) as addresses:
        land_listing(tmp_path, addresses.hub)
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["cards"], settings=["crawl.attempts=2"])
    for name, (line,) in by_key(tmp_path, crawl).items():
        if "raw" in line:
            assert line["raw"] == card_at(visible()[name], AT)


def test_a_long_readme_is_cut_and_says_so(tmp_path: Path) -> None:
    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub)
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["cards"], settings=["crawl.max_card_bytes=1000"])
    cut = [line for line in lines(tmp_path, crawl) if line.get("about", {}).get("truncated")]
    assert cut
    for line in cut:
        text = card_at(visible()[line["key"]], AT)
        assert text is not None
        assert text.startswith(line["raw"])
        assert 990 <= len(line["raw"].encode()) <= 1000


def test_bytes_that_are_no_utf8_are_set_aside_with_their_model(tmp_path: Path) -> None:
    with standin(models=MODELS, rules=[{"fault": "bad_utf8", "match": "README.md", "at": [2]}]) as addresses:
        land_listing(tmp_path, addresses.hub)
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["cards"], settings=["crawl.connections=1"])
    for refused in lines(tmp_path, crawl, "invalid"):
        assert refused["reason"] == "record:not_utf8"
        assert refused["key"] in visible()


def test_without_a_listing_there_is_nothing_to_ask_about(tmp_path: Path) -> None:
    with pytest.raises(CrawlError, match="run ptm-spark crawl-hub models first"):
        hub_crawls(tmp_path, "http://127.0.0.1:9", ["cards"])


def test_since_does_not_fit_items(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--since does not fit cards"):
        hub_crawls(tmp_path, "http://127.0.0.1:9", ["cards"], since="last")


def test_what_does_not_follow_from_the_head_is_asked_again_after_a_while(tmp_path: Path) -> None:
    later = AT + timedelta(days=31)
    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub, observed_at=AT.isoformat())
        for entity in ("discussions", "commits"):
            hub_crawls(tmp_path, addresses.hub, [entity], observed_at=AT.isoformat())
        again = [hub_crawls(tmp_path, addresses.hub, [entity], observed_at=later.isoformat())[0]
                 for entity in ("discussions", "commits")]  # fmt: skip
    assert [crawl.counts["expected"] for crawl in again] == [len(visible()), 0]


def test_a_card_that_is_what_has_landed_before_is_not_landed_twice(tmp_path: Path) -> None:
    earlier = AT - timedelta(days=200)
    with standin(models=MODELS, at=earlier) as addresses:
        land_listing(tmp_path, addresses.hub, observed_at=earlier.isoformat())
        (first,) = hub_crawls(tmp_path, addresses.hub, ["cards"])
    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub, observed_at=AT.isoformat())
        (later,) = hub_crawls(tmp_path, addresses.hub, ["cards"])
    texts = {line["about"]["repo_oid"]: line["raw"] for line in lines(tmp_path, first) if "raw" in line}
    same = [line for line in lines(tmp_path, later) if line["status"] == 304]
    assert same
    for line in same:
        assert texts[line["about"]["repo_oid"]] == card_at(visible()[line["key"]], AT)
        assert line["about"]["blob"] == git_blob_id(texts[line["about"]["repo_oid"]].encode())
    assert all(texts.get(line["about"]["repo_oid"]) != line["raw"] for line in lines(tmp_path, later) if "raw" in line)


@pytest.mark.parametrize("status", [400, 403, 404, 451, 501])
def test_what_somebody_before_the_hub_says_is_no_evidence(tmp_path: Path, status: int) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="<html>Access denied</html>", content_type="text/html")

    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub)
    with answering(refuse) as base, pytest.raises(CrawlError, match=f"20 addresses in a row.*status {status}"):
        hub_crawls(tmp_path, base, ["commits"])


def test_other_populations_of_the_same_lake_are_left_alone(tmp_path: Path) -> None:
    with standin(models=MODELS) as addresses:
        land_listing(tmp_path, addresses.hub, scope="one")
        (crawl,) = hub_crawls(tmp_path, addresses.hub, ["commits"], scope="one")
        with pytest.raises(CrawlError, match="no listing of models of scope two"):
            hub_crawls(tmp_path, addresses.hub, ["commits"], scope="two")
        other = land_listing(tmp_path, addresses.hub, scope="two")
    assert crawl.counts["expected"] == len(visible())
    assert "expected" not in other.counts
