"""Bad input and bad luck, by the number under which each is promised to be survived."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from commands import ptm_spark, published
from deltalake import DeltaTable
from dumps import as_lines, hub_row, hub_rows, write

from ptm_spark.silver.card_front_matter import read_front_matter

pytestmark = pytest.mark.whole

DAY = datetime(2024, 7, 11, tzinfo=UTC)


def land(lake: Path, content: bytes, day: int, *words: object, expect: int = 0) -> Path:
    """Land lines as a census of a day; the crawl's folder."""
    before = set(lake.glob("landing/hub/models/2*"))
    dump = write(lake.parent / f"{lake.name}-{day}.jsonl", content)
    moment = (DAY + timedelta(days=day)).isoformat()
    words = ("--observed-at", moment, "--coverage", "census", *words)
    ptm_spark("import-dump", "hub/models", dump, *words, "--lake", lake, expect=expect)
    (crawl,) = set(lake.glob("landing/hub/models/2*")) - before
    return crawl


def content(rows: int = 40, **changes: Any) -> bytes:
    return as_lines([hub_row(number, **changes) for number in range(rows)])


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of two censuses, published."""
    lake = tmp_path_factory.mktemp("faults") / "lake"
    land(lake, content(), 0)
    land(lake, content(likes=4), 1)
    ptm_spark("run", "--lake", lake)
    return lake


@pytest.fixture
def lake(calm: Path, tmp_path: Path) -> Path:
    """A copy of it, to do harm to."""
    return Path(shutil.copytree(calm, tmp_path / "lake"))


def rows(lake: Path, table: str = "silver/models") -> list[dict[str, Any]]:
    return list(published(lake, table).to_pylist())


def newest_versions(lake: Path) -> dict[str, int]:
    """Delta versions of the silver tables."""
    return {place.name: DeltaTable(str(place)).version() for place in (lake / "silver").iterdir()}


def test_fault_15_a_damaged_file_is_set_aside_and_the_others_load(lake: Path) -> None:
    crawl = land(lake, content(60, likes=5, pipeline_tag="x" * 40_000), 2, "--set", "landing.part_bytes=2000")
    part = crawl / "part-00001.jsonl.zst"
    part.write_bytes(part.read_bytes()[:-1] + b"!")
    done = ptm_spark("run", "--lake", lake, expect=1)
    assert "part-00001.jsonl.zst is not what the manifest says" in done.stderr
    likes = [row["likes"] for row in rows(lake)]
    assert likes.count(5) == 60 - next(
        file["records"]
        for file in json.loads((crawl / "_manifest.json").read_bytes())["files"]
        if file["name"] == part.name
    )
    assert all(row["removal"] is None for row in rows(lake))  # a damaged census proves no absence


def test_fault_17_new_code_reads_old_landings_without_their_source(lake: Path, calm: Path) -> None:
    state = lake / "_published.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"normaliser": 0}))
    assert "built by normaliser 0" in ptm_spark("run", "--lake", lake).stderr
    assert "DIFFERENT" not in ptm_spark("compare", calm, "--lake", lake).stdout


def test_fault_18_rows_in_are_rows_out_and_rejects(lake: Path) -> None:
    bad = b'{"_id": 5, "id": "o/bad"}\n{"id": "o/none"}\nnot json\n'
    crawl = land(lake, content() + as_lines(hub_rows(2)) + bad, 2)
    ptm_spark("run", "--lake", lake, "--set", "gate.max_reject_share=0.5")
    path = f"hub/models/{crawl.name}"
    found = {row["metric"]: row["value"] for row in rows(lake, "ops/dq_metrics") if row["subject"] == path}
    outcomes = ("kept_count", "reject_count", "invalid_count", "older_fetch_count")
    assert [found[name] for name in outcomes] == [40, 2, 1, 2]
    assert found["record_count"] == sum(found[name] for name in outcomes)
    assert sorted(row["reasons"] for row in rows(lake, "ops/rejects")) == [
        ["_id:missing"],
        ["_id:type"],
        ["record:not_json"],
    ]


def test_fault_21_odd_text_is_kept_as_it_is_and_broken_text_is_set_aside(lake: Path) -> None:
    odd = ["a\u2028b", "\u202eright-to-left", "x" * 300_000, "tab\tand\\n", "e\u0301\ufeff"]
    sound = [hub_row(100 + number, pipeline_tag=text) for number, text in enumerate(odd)]
    broken = {
        b'{"_id":"a","id":"\xff"}': "record:not_utf8",
        b'{"_id":"a","id":"\\ud800"}': "record:not_json",
        b'{"_id":"a","id":"b"} {}': "record:not_json",
        b'{"_id":"a","deep":' + b"[" * 1_100 + b"]" * 1_100 + b"}": "record:too_deep",
        b'{"_id":"a","id":"b","likes":123456789012345678901234567890}': "record:integer_beyond_64_bits",
    }
    lines = as_lines(sound) + b"\n".join(broken) + b"\n" + b'{"_id":"645384a0' + b"0" * 16 + b'",\r"id":"o/cr"}\n'
    land(lake, content(40) + lines, 2)
    ptm_spark("run", "--lake", lake, "--set", "gate.max_reject_share=0.5")
    tags = {row["model_id"]: row["pipeline_tag"] for row in rows(lake)}
    assert [tags[row["id"]] for row in sound] == odd
    assert len(rows(lake, "ops/rejects")) == len(broken)
    assert sorted(reason for row in rows(lake, "ops/rejects") for reason in row["reasons"]) == sorted(broken.values())


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
def test_fault_22_bad_dates_are_null_with_a_reason_in_whatever_zone_the_host_is(tmp_path: Path, zone: str) -> None:
    dates = {
        "2023-05-04T10:11:12.000Z": [],
        "2023-05-04T10:11:12+05:45": [],
        "0001-01-01T00:00:00Z": ["createdAt:range"],
        "9999-12-31T23:59:59Z": ["createdAt:range"],
        "2016-12-31T23:59:60Z": ["createdAt:format"],
        "2023-02-30T00:00:00Z": ["createdAt:format"],
        "12:30:00": ["createdAt:format"],
        "now": ["createdAt:format"],
        "2099-01-01T00:00:00Z": ["createdAt:range"],
    }
    lake = tmp_path / "lake"
    land(lake, as_lines([hub_row(number, createdAt=text) for number, text in enumerate(dates)]), 0)
    ptm_spark("run", "--lake", lake, env={"TZ": zone})
    found = {row["model_id"]: row for row in rows(lake)}
    assert [found[f"someone/model-{number}"]["flaws"] for number in range(len(dates))] == list(dates.values())
    created = [found[f"someone/model-{number}"]["created_at"] for number in range(len(dates))]
    assert [moment and moment.astimezone(UTC).isoformat() for moment in created] == [
        "2023-05-04T10:11:12+00:00", "2023-05-04T04:26:12+00:00", *[None] * 7
    ]  # fmt: skip


def peak(lake: Path) -> int:
    """Peak memory of a run, in MB: that of the largest child process so far."""
    ptm_spark("run", "--lake", lake)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1_000


def test_fault_26_an_owner_of_40_percent_of_all_models_costs_no_more_memory(tmp_path: Path) -> None:
    """The bound: what is kept per owner and month is counts, so that memory follows the number of owner-months."""

    def dump(share: float) -> bytes:
        return as_lines(
            [
                hub_row(number, id=f"{'hot' if number < share * 20_000 else f'o{number}'}/m{number}")
                for number in range(20_000)
            ]
        )  # fmt: skip

    lakes = [tmp_path / "even", tmp_path / "hot"]
    for lake, share in zip(lakes, (0, 0.4), strict=True):
        land(lake, dump(share), 0)
    even, hot = (peak(lake) for lake in lakes)
    assert hot <= even * 1.25


def test_fault_29_of_two_runs_at_once_one_works_and_the_other_says_so(lake: Path) -> None:
    land(lake, content(likes=9), 2)
    command = [sys.executable, "-m", "jobs.cli", "run", "--lake", str(lake), "--quiet"]
    with subprocess.Popen(command, env=dict(os.environ)) as first:
        deadline = time.monotonic() + 60
        while not (lake / ".run.lock.holder").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        done = ptm_spark("run", "--lake", lake, expect=1)
        assert f"in use by process {first.pid}" in done.stderr
        assert len(rows(lake)) == 40  # readers see a whole version all the while
    assert first.returncode == 0
    assert {row["likes"] for row in rows(lake)} == {9}


def test_fault_32_vacuum_shows_first_what_it_would_do_and_keeps_a_week(lake: Path) -> None:
    files = {file for file in lake.rglob("*.parquet")}
    assert "would delete" in ptm_spark("maintain-tables", "--lake", lake).stdout
    done = ptm_spark("maintain-tables", "--retention-hours", "1", "--apply", "--lake", lake, expect=2)
    assert "--dangerously-short" in done.stderr
    assert files == {file for file in lake.rglob("*.parquet")}
    ptm_spark("maintain-tables", "--retention-hours", "0", "--apply", "--dangerously-short", "--lake", lake)
    assert len(rows(lake)) == 40  # what the pointer names is never deleted


def test_fault_33_a_late_crawl_gives_what_it_had_given_in_time(calm: Path, tmp_path: Path) -> None:
    late = tmp_path / "late"
    land(late, content(likes=4), 1)
    ptm_spark("run", "--lake", late)
    land(late, content(), 0)
    done = ptm_spark("run", "--lake", late)
    assert "is older than crawls already in" in done.stderr
    assert "DIFFERENT" not in ptm_spark("compare", calm, "--lake", late).stdout


def test_fault_24_what_became_of_a_model_is_kept_and_no_count_is_resurrected(tmp_path: Path) -> None:
    def model(number: int, name: str, **changes: Any) -> dict[str, Any]:
        return hub_row(number, id=f"o/{name}", createdAt="2023-05-04T10:11:12.000Z", gated=False, **changes)

    lake = tmp_path / "lake"
    land(lake, as_lines([model(1, "a"), model(2, "b"), model(3, "c"), model(4, "d")]), 0)
    land(lake, as_lines([model(1, "renamed"), model(3, "c") | {"gated": "auto"}, model(4, "d")]), 1)
    land(lake, as_lines([model(1, "renamed"), model(3, "c") | {"gated": "auto"}, model(5, "b")]), 2)
    ptm_spark("run", "--lake", lake, "--set", "gate.min_census_ratio=0.5", "--set", "gate.min_alive_ratio=0.5")
    states = sorted((row["repo_oid"][-1], row["model_id"], row["gated"], row["removal"]) for row in rows(lake))
    assert states == [
        ("1", "o/renamed", "no", None),
        ("2", "o/b", "no", "recreated"),
        ("3", "o/c", "auto", None),
        ("4", "o/d", "no", "gone_or_private"),
        ("5", "o/b", "no", None),
    ]
    history = sorted(
        (row["repo_oid"][-1], row["valid_from"].day - DAY.day, row["model_id"], row["removal"])
        for row in rows(lake, "silver/model_versions")
    )
    assert [row[1:] for row in history if row[0] == "2"] == [
        (0, "o/b", None), (1, "o/b", "gone_or_private"), (2, "o/b", "recreated")
    ]  # fmt: skip
    counted = rows(lake, "gold/uploads_per_library_monthly")
    assert (sum(row["upload_count"] for row in counted), sum(row["ever_count"] for row in counted)) == (3, 5)


def test_fault_25_front_matter_never_crashes_and_never_gives_a_false_value() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n" for before, after in pairwise("abcdefghi")
    )
    traps = {
        "language: no": ("ok", {"language": "no"}),
        "flag: off": ("ok", {"flag": "off"}),
        "version: 1.10": ("ok", {"version": "1.10"}),
        "at: 12:30:00": ("ok", {"at": "12:30:00"}),
        "day: 2021-13-45": ("ok", {"day": "2021-13-45"}),
        "yes: true": ("ok", {"yes": True}),
        "- a\n- b": ("not_a_mapping", {}),
        "a:\n\t- b": ("invalid", {}),
        "a: [": ("invalid", {}),
        "a: !!python/object/apply:os.system [x]": ("invalid", {}),
        bomb: ("bomb", {}),
        "x: " + "y" * 2_000_000: ("too_large", {}),
    }
    for block, (status, values) in traps.items():
        found = read_front_matter(block)
        assert (found.status, found.values) == (status, values), block[:60]
    twice = read_front_matter("license: mit\nlicense: apache-2.0")
    assert twice.flaws
