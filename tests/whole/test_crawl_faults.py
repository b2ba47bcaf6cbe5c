"""Everything that can go wrong with a service at once: the crawl ends, says what it could not have, and lands no wrong
byte. And the token, which is seen nowhere."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from crawling import asked, command, environment, outputs, summary
from crawls import AT, lines, records, standin, world
from servers import answering

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing
from ptm_spark.standin.faults import FAULTS
from ptm_spark.standin.forum_world import InventedForum
from ptm_spark.standin.hub_history import commits_at
from ptm_spark.standin.hub_repos import card_at

pytestmark = pytest.mark.whole
MODELS = 60
#: shorter than the faults of a plan would like, so that the test ends in a minute
SHORT = {"drip": {"seconds": 5.0}, "stall": {"seconds": 5.0}, "bomb": {"megabytes": 8}, "429": {"seconds": 1}}
QUICK = ("--set", "crawl.timeout_seconds=1", "--set", "crawl.max_body_bytes=2000000", "--set", "crawl.attempts=3",
         "--set", "crawl.page_size=10")  # fmt: skip
#: a body with a wrong byte is no fault that a client could see in a file without a hash, and it is set aside
EVERY = sorted(set(FAULTS) - {"edge_429"})


def crawl_until_done(words: list[object], env: dict[str, str]) -> list[int]:
    """Repeat a command until it has landed; exit codes. Each must be one that is documented: done, or run again."""
    codes: list[int] = []
    for _ in range(30):
        done = subprocess.run(command(*words), env=env, capture_output=True, text=True, timeout=120, check=False)
        codes.append(done.returncode)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode in (0, 1), done.stderr
        if done.returncode == 0 or "landed coverage" in done.stderr:
            return codes
        assert "run the same command" in done.stderr or "try again later" in done.stderr, done.stderr
    raise AssertionError(f"not done after {len(codes)} times")


def test_with_every_fault_of_the_plan_nothing_wrong_lands(tmp_path: Path) -> None:
    rules: list[dict[str, Any]] = [
        {"fault": fault, "match": match, "share": 0.02, "times": 4} | SHORT.get(fault, {})
        for fault in EVERY
        for match in ("/api/models", "README.md", "/t/", "json")
    ]
    for number, rule in enumerate(rules):
        rule["at"] = [3 + number % 17, 20 + number]  # each fault at least tried, whatever the shares would draw
        del rule["share"]
    lake, truth = tmp_path / "lake", {model.name_at(AT): model for model in world(MODELS).visible(AT)}
    forum = InventedForum(7, 60, AT)
    with standin(models=MODELS, rules=rules) as addresses:
        env = environment(addresses.hub)
        for words in (["crawl-hub", "models"], ["crawl-hub", "cards", "commits"],
                      ["crawl-forum", "--forum-url", addresses.forum]):  # fmt: skip
            crawl_until_done([*words, "--lake", lake, *QUICK], env)
    landing = Landing(Folder(lake))

    (models,), _ = landing.crawls("hub", "models")
    ids, oids = [row["_id"] for row in records(lake, models)], [model.repo_oid for model in truth.values()]
    assert [oid for oid in oids if oid in set(ids)] == ids
    assert len(ids) + models.invalid == len(oids), "what has a wrong byte is set aside, and nothing else is missing"
    for crawl in landing.crawls("hub", "cards")[0]:
        for line in lines(lake, crawl):
            assert "raw" not in line or line["raw"] == card_at(truth[line["key"]], AT)
    for crawl in landing.crawls("hub", "commits")[0]:
        of_model: dict[str, list[str]] = {}
        for line in lines(lake, crawl):
            if "raw" in line:
                of_model.setdefault(line["key"], []).append(line["raw"]["id"])
        expected = {name: [commit.sha for commit in commits_at(truth[name], AT)] for name in of_model}
        for name, commits in of_model.items():
            assert commits == [sha for sha in expected[name] if sha in set(commits)]
        assert sum(map(len, expected.values())) - sum(map(len, of_model.values())) == crawl.invalid
    for crawl in landing.crawls("forum", "topic_posts")[0]:
        for body in records(lake, crawl):
            assert {post["id"] for post in body["post_stream"]["posts"]} <= set(forum.stream(body["id"]))
    failed = [
        what for entity in ("cards", "commits") for crawl in landing.crawls("hub", entity)[0] for what in crawl.failed
    ]
    assert all(what.split(" (")[0] in truth for what in failed)


def test_what_gave_nothing_is_named_and_the_exit_code_is_1(tmp_path: Path) -> None:
    name = next(name for name in (model.name_at(AT) for model in world(MODELS).visible(AT)) if name.isascii())
    rules = [{"fault": "loop", "match": f"/{name}/commits"}]
    with standin(models=MODELS, rules=rules) as addresses:
        words = ("crawl-hub", "models", "commits", "--lake", tmp_path, "--json")
        done = subprocess.run(
            command(*words), env=environment(addresses.hub), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    said = summary(done)
    assert said["exit_code"] == 1
    assert [f"gave nothing: {name} (redirects without end)" in warning for warning in said["warnings"]] == [True]
    assert [(landed["failed"], landed["missing"]) for landed in said["landed"] if "missing" in landed] == [(1, 0)]


def test_the_token_is_seen_by_the_service_and_by_nobody_else(tmp_path: Path) -> None:
    token, elsewhere = "hf_CANARY0123456789abcdef", []

    async def listen(request: web.Request) -> web.StreamResponse:
        elsewhere.append(dict(request.headers))
        return web.Response(text="hello")

    lake = tmp_path / "lake"
    with answering(listen) as other:
        faults = [
            {"fault": "redirect", "match": "README", "every": 3, "to": f"{other}/stolen"},
            {"fault": "redirect", "match": "/commits", "every": 5, "to": "https://example.org/stolen"},
            {"fault": "500", "match": "/discussions", "every": 4},
            {"fault": "cookie", "match": "", "every": 2},
        ]
        with standin(models=MODELS, rules=faults) as addresses:
            words = ("crawl-hub", "models", "cards", "commits", "discussions", "--lake", lake, "--json",
                     "--set", "crawl.attempts=2")  # fmt: skip
            env = environment(addresses.hub, HF_TOKEN=token) | {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "0"}
            done = subprocess.run(command(*words), env=env, capture_output=True, text=True, check=False)
            said = "".join(asked(addresses.hub))
    assert done.returncode == 1, done.stderr
    assert "redirect refused" in done.stderr
    assert elsewhere == [], "a redirect to another place was followed"
    everything = {"stdout": done.stdout.encode(), "stderr": done.stderr.encode(), "log": said.encode()} | outputs(lake)
    assert len(everything) > 10
    assert [name for name, content in everything.items() if b"CANARY" in content] == []


def test_the_service_itself_does_see_the_token(tmp_path: Path) -> None:
    seen = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization", ""))
        return web.json_response([])

    with answering(handler) as base:
        env = environment(base, HF_TOKEN="hf_CANARY") | {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "0"}
        subprocess.run(command("crawl-hub", "--lake", tmp_path), env=env, capture_output=True, check=False)
        subprocess.run(
            command("crawl-hub", "--lake", tmp_path), env=environment(base), capture_output=True, check=False
        )
    assert seen == ["Bearer hf_CANARY", ""]


@pytest.mark.parametrize("words", [("crawl-hub", "--plan"), ("crawl-hub", "--probe"), ("crawl-forum", "--plan")])
def test_without_a_network_a_plan_says_so_and_leaves_nothing_behind(tmp_path: Path, words: tuple[str, ...]) -> None:
    lake = tmp_path / "lake"
    address = ["--forum-url", "http://127.0.0.1:9"] if words[0] == "crawl-forum" else []
    begun = time.monotonic()
    done = subprocess.run(command(*words, *address, "--lake", lake), env=environment("http://127.0.0.1:9"),
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert "no connection to 127.0.0.1:9" in done.stderr
    assert "check the network" in done.stderr
    assert not lake.exists()
    assert time.monotonic() - begun < 20


def test_a_plan_tells_requests_hours_bytes_and_disk_and_asks_next_to_nothing(tmp_path: Path) -> None:
    with standin(plan="anonymous", time_scale=1.0) as addresses:
        words = (
            "crawl-hub",
            "models",
            "model_info",
            "cards",
            "commits",
            "discussions",
            "--plan",
            "--lake",
            tmp_path / "l",
        )
        done = subprocess.run(
            command(*words), env=environment(addresses.hub), capture_output=True, text=True, check=True
        )
        sent = asked(addresses.hub)
    head, columns, *rows = done.stdout.splitlines()
    assert "500 API requests in 300 s" in head
    assert columns.split() == ["entity", "records", "requests", "hours", "raw", "MB", "disk", "MB"]
    assert [row.split()[0] for row in rows[:5]] == ["models", "model_info", "cards", "commits", "discussions"]
    assert "free disk" in done.stdout
    assert len(sent) == 2
    assert not (tmp_path / "l").exists()


def test_a_probe_keeps_its_answers_as_fixtures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    from ptm_spark.config import load
    from ptm_spark.crawl import probing

    with standin() as addresses:
        monkeypatch.setattr(constants, "ENDPOINT", addresses.hub)
        told = list(probing.probe_services(Folder(tmp_path), load(), forum_url=addresses.forum))
    fixtures = sorted(tmp_path.rglob("probe/*/*.json"))
    assert 18 <= len(fixtures) == len(told) - 1 <= 24
    answers = [json.loads(file.read_bytes()) for file in fixtures]
    assert all({"request", "tells", "status", "headers", "recorded_at"} <= answer.keys() for answer in answers)
    assert {200, 400, 401, 404} <= {answer["status"] for answer in answers}
    assert not any("set-cookie" in {name.lower() for name in answer["headers"]} for answer in answers)
