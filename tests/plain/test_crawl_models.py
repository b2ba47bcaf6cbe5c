"""The walk over the Hub's listing: whole, in order, each row once, whatever happens meanwhile."""

import asyncio
import json
import os
import signal
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from crawls import AT, hub_crawls, lines, records, standin, world
from servers import answering

from ptm_spark.crawl.hub_models import FLOOR_AT, Stretch, census_stretches, listing_url, oid_at
from ptm_spark.errors import CrawlError, InterruptedCrawlError, LandingError, UsageError
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing


def true_ids(at: datetime = AT) -> list[str]:
    return [model.repo_oid for model in world().visible(at)]


def test_a_census_holds_every_model_once_and_in_order(tmp_path: Path) -> None:
    with standin() as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub)
    assert [row["_id"] for row in records(tmp_path, crawl)] == true_ids()
    assert (crawl.coverage, crawl.failed, crawl.invalid) == ("census", (), 0)
    assert crawl.counts["pages"] == crawl.counts["requests"] == -(-len(true_ids()) // 100)
    assert {"sha", "gated", "pipeline_tag", "gguf"} - set(crawl.keys) == {"gguf"}
    assert crawl.cutoff <= crawl.observed_at


def test_the_log_of_requests_says_where_each_record_came_from(tmp_path: Path) -> None:
    with standin() as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub)
    log = lines(tmp_path, crawl, "requests")
    assert [line["first_seq"] for line in log] == list(range(0, crawl.records, 100))
    assert sum(line["count"] for line in log) == crawl.records
    assert {line["status"] for line in log} == {200}
    assert all("ratelimit" in line["headers"] and len(line["sha256"]) == 64 for line in log)


def test_a_census_of_the_very_same_moment_is_not_landed_twice(tmp_path: Path) -> None:
    moment = AT.isoformat()
    with standin() as addresses:
        first = hub_crawls(tmp_path, addresses.hub, observed_at=moment)
        second = hub_crawls(tmp_path, addresses.hub, observed_at=moment)
    assert first == second
    assert first[0].cutoff == "2024-11-30T12:00:00Z"
    assert first[0].observed_at.startswith("2024-11-30T12:00:")


def test_while_models_appear_vanish_and_are_renamed_no_lasting_one_is_lost_or_doubled(tmp_path: Path) -> None:
    begin, step = AT - timedelta(days=300), timedelta(days=30)
    with standin(at=begin, advance=step) as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub)
    landed = Counter(row["_id"] for row in records(tmp_path, crawl))
    lasting = set.intersection(
        *(set(true_ids(begin + step * number)) for number in range(crawl.counts["requests"] + 1))
    )
    assert set(landed.values()) == {1}
    assert lasting <= set(landed)


@pytest.mark.parametrize("shards", [2, 5])
def test_stretches_of_creation_time_give_the_same_models(tmp_path: Path, shards: int) -> None:
    with standin() as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub, settings=[f"crawl.shards={shards}", "crawl.connections=3"])
    landed = [row["_id"] for row in records(tmp_path, crawl)]
    assert sorted(landed) == true_ids()
    assert crawl.counts["repeated"] == 0


def test_stretches_cover_all_times_without_a_gap() -> None:
    until = datetime(2026, 11, 24, tzinfo=UTC)
    page = partial(listing_url, "https://x", expand=["sha"], limit=1000)
    stretches = census_stretches(page, until=until, shards=4)
    assert stretches[-1].end == oid_at(until)
    assert "cursor" not in stretches[0].url
    for earlier, later in pairwise(stretches):
        assert listing_url("https://x", expand=["sha"], limit=1000, after=earlier.end, sort="createdAt",
                           direction="1") == later.url  # fmt: skip


def test_what_is_younger_than_the_crawl_is_left_to_the_next(tmp_path: Path) -> None:
    early = FLOOR_AT + timedelta(days=400)
    with standin() as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub, observed_at=early.isoformat())
    landed = [row["_id"] for row in records(tmp_path, crawl)]
    assert landed == [oid for oid in true_ids() if oid < oid_at(early)]
    assert 0 < len(landed) < len(true_ids())


def test_only_what_was_modified_since_then(tmp_path: Path) -> None:
    since = AT - timedelta(days=60)
    with standin() as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub, since=since.isoformat(), settings=["crawl.page_size=20"])
        (whole,) = hub_crawls(tmp_path, addresses.hub)
    oldest = since.strftime("%Y-%m-%dT%H:%M:%S")
    changed = {row["_id"] for row in records(tmp_path, whole) if row["lastModified"] >= oldest}
    landed = [row["_id"] for row in records(tmp_path, crawl)]
    assert crawl.coverage == "incremental"
    created = {row["_id"] for row in records(tmp_path, whole) if row["createdAt"] >= oldest}
    assert changed | created <= set(landed)
    assert len(set(landed)) < len(changed | created) + 40


def test_since_the_last_crawl_looks_a_few_hours_further_back(tmp_path: Path) -> None:
    with standin() as addresses:
        with pytest.raises(UsageError, match="no crawl of scope hub has landed yet"):
            hub_crawls(tmp_path, addresses.hub, since="last")
        hub_crawls(tmp_path, addresses.hub, observed_at=(AT - timedelta(days=30)).isoformat())
        (crawl,) = hub_crawls(tmp_path, addresses.hub, since="last")
    assert crawl.options["since"] == "last"
    first = records(tmp_path, crawl)[0]
    assert first["createdAt"] >= "2024-10-31T06:00:00", "the overlap is six hours"


def test_only_the_models_of_some_owners(tmp_path: Path) -> None:
    owners = tmp_path / "owners.txt"
    owners.write_text("# two\nfiftyfold\n\nnearly-fifty\n")
    with standin() as addresses:
        (crawl,) = hub_crawls(tmp_path / "lake", addresses.hub, owners=owners)
    landed = records(tmp_path / "lake", crawl)
    expected = [
        model for model in world().visible(AT) if model.name_at(AT).split("/")[0] in ("fiftyfold", "nearly-fifty")
    ]
    assert sorted(row["_id"] for row in landed) == sorted(model.repo_oid for model in expected)
    assert crawl.coverage == "partial"


def test_so_many_requests_and_no_more(tmp_path: Path) -> None:
    with standin() as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub, max_requests=3)
    assert (crawl.counts["requests"], crawl.records, crawl.coverage) == (3, 300, "partial")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample": 5}, "--sample does not fit models"),
        ({"since": "yesterday"}, "--since yesterday: expected a UTC moment"),
        ({"since": "2024-01-01T00:00:00Z", "owners": Path("x")}, "--since and --owners do not go together"),
        ({"owners": Path("no-such-file")}, "--owners no-such-file: No such file"),
        ({"observed_at": "2024-01-01"}, "without a zone"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_sent(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        hub_crawls(tmp_path, "http://127.0.0.1:9", **options)
    assert not list(tmp_path.rglob("_checkpoint.json"))


def test_another_moment_than_now_is_for_stand_ins_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--observed-at is for stand-ins"):
        hub_crawls(tmp_path, "https://huggingface.co", observed_at=AT.isoformat())


def test_an_unknown_entity_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="entity model: unknown; expected some of models, model_info"):
        hub_crawls(tmp_path, "http://127.0.0.1:9", ["model"])


def test_with_nobody_there_nothing_is_left_behind(tmp_path: Path) -> None:
    with pytest.raises(CrawlError, match=r"no connection to 127\.0\.0\.1:9"):
        hub_crawls(tmp_path, "http://127.0.0.1:9", settings=["crawl.attempts=1"])
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [".crawl.lock"]


def test_a_page_that_comes_again_ends_the_crawl(tmp_path: Path) -> None:
    rules = [{"fault": "repeat_page", "match": "/api/models", "at": [2]}]
    with standin(rules=rules) as addresses, pytest.raises(CrawlError, match="goes round in circles"):
        hub_crawls(tmp_path, addresses.hub)
    landed, unfinished = Landing(Folder(tmp_path)).crawls("hub", "models")
    assert (landed, unfinished) == ([], [])
    assert len(Landing(Folder(tmp_path)).unfinished("hub", "models")) == 1


def test_a_page_that_times_out_is_asked_for_in_halves(tmp_path: Path) -> None:
    rules = [{"fault": "504", "match": "limit=100&", "every": 1}]
    with standin(rules=rules) as addresses:
        (crawl,) = hub_crawls(tmp_path, addresses.hub, max_requests=10)
    assert crawl.records > 0
    assert any("limit=50&" in line["url"] for line in lines(tmp_path, crawl, "requests") if line["status"] == 200)


def test_rows_that_may_not_land_are_set_aside_and_the_rest_of_the_page_lands(tmp_path: Path) -> None:
    good = [{"_id": f"{number:024x}", "id": f"a/{number}", "sha": "0" * 40} for number in range(1, 4)]
    body = json.dumps(good).replace('"a/2"', '"a/2", "n": 123456789012345678901234567890')

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, content_type="application/json")

    with answering(handler) as base:
        (crawl,) = hub_crawls(tmp_path, base)
    assert [row["id"] for row in records(tmp_path, crawl)] == ["a/1", "a/3"]
    (refused,) = lines(tmp_path, crawl, "invalid")
    assert refused["reason"] == "record:integer_beyond_64_bits"
    assert crawl.invalid == 1


def test_a_parameter_that_the_hub_refuses_ends_the_crawl(tmp_path: Path) -> None:
    with standin() as addresses, pytest.raises(CrawlError, match=r"status 400.*must be one of"):
        hub_crawls(tmp_path, addresses.hub, settings=['crawl.hub_expand=["nonsense"]'])


def test_an_order_that_was_interrupted_goes_on_at_its_page(tmp_path: Path) -> None:
    rules = [{"fault": "503", "match": "cursor=", "at": [3, 4, 5, 6]}]  # as many tries as there are
    with standin(rules=rules) as addresses:
        with pytest.raises(CrawlError, match="run the same command again"):
            hub_crawls(tmp_path, addresses.hub)
        (crawl,) = hub_crawls(tmp_path, addresses.hub)
    assert [row["_id"] for row in records(tmp_path, crawl)] == true_ids()
    assert crawl.counts["requests"] == crawl.counts["pages"] + 4
    assert not list(tmp_path.rglob("*.unfinished")) + list(tmp_path.rglob("_checkpoint.json"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_the_page_land_and_the_same_command_goes_on(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    asked: list[int] = []
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]

    async def slow(request: web.Request) -> web.StreamResponse:
        page = int(request.query.get("cursor", "0"))
        asked.append(page)
        await asyncio.sleep(0.1)
        rows = [{"_id": f"{10 * page + row:024x}", "id": f"a/{10 * page + row}"} for row in range(1, 11)]
        link = {"Link": f'<{request.url.with_query(cursor=page + 1)}>; rel="next"'} if page < 9 else {}
        return web.json_response(rows, headers=link)

    with answering(slow) as base:
        threading.Timer(0.35, os.kill, (os.getpid(), number)).start()
        with pytest.raises(InterruptedCrawlError, match="run the same command again") as stopped:
            hub_crawls(tmp_path, base)
        (crawl,) = hub_crawls(tmp_path, base)
    assert stopped.value.exit_code == code
    assert asked == list(range(10)), "the page on its way was lost, or one was asked twice"
    assert [row["id"] for row in records(tmp_path, crawl)] == [f"a/{number}" for number in range(1, 101)]
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_checkpoint_that_is_none_is_named(tmp_path: Path) -> None:
    place = tmp_path / "landing/hub/models/20240101T000000Z-00000000"
    place.mkdir(parents=True)
    (place / "_checkpoint.json").write_text("{}")
    with pytest.raises(LandingError, match=r"_checkpoint\.json: not a checkpoint"):
        hub_crawls(tmp_path, "http://127.0.0.1:9")


def test_a_stretch_survives_being_written_down() -> None:
    stretch = Stretch("https://x", "6f", "6e", 3)
    assert Stretch(**json.loads(json.dumps(vars(stretch)))) == stretch
