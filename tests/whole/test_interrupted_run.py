"""A run that is killed at any place, then run again, gives the tables of an undisturbed one."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import land_world, ptm_spark, published

pytestmark = pytest.mark.whole

#: what stands on disk once a run has come so far
PLACES = {
    "reading the first crawl": "_staging/*/listing_*/_delta_log/*0.json",
    "the second crawl is half in": "_staging/*/merged_1/_delta_log/*0.json",
    "models are written, what follows from them is not": "silver/models/_delta_log/*2.json",
    "silver waits for its gate": "_staged.json",
    "gold is being built": "_staging/*/uploads",
    "gold is half written": "gold/uploads_per_library_monthly/_delta_log/*1.json",
}


def run_until(lake: Path, pattern: str, *words: str) -> None:
    """Start a run and kill it, as a power cut would, when the pattern names a file."""
    command = [sys.executable, "-m", "jobs.cli", "run", "--lake", str(lake), "--quiet", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not any(lake.glob(pattern)):
            assert process.poll() is None, f"the run ended before there was a {pattern}"
            assert time.monotonic() < deadline, f"no {pattern} in two minutes"
            time.sleep(0.002)
        process.kill()


def test_fault_28_a_run_killed_at_six_places_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    land_world(calm, models=1_500)
    shutil.copytree(calm / "landing", killed / "landing")
    ptm_spark("run", "--lake", calm)
    for pattern in PLACES.values():
        run_until(killed, pattern)
        assert not (killed / "_published.json").exists()
    ptm_spark("run", "--lake", killed)
    assert "DIFFERENT" not in ptm_spark("compare", killed, "--lake", calm).stdout
    assert not (killed / "_staging").exists()
    assert not (killed / "_staged.json").exists()


def test_readers_keep_the_published_run_while_a_rebuild_is_killed(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    land_world(lake, models=500)
    ptm_spark("run", "--lake", lake)
    tables = ("silver/models", "silver/model_tags", "gold/uploads_per_pipeline_tag_monthly")
    before = {table: published(lake, table) for table in tables}
    run_until(lake, "_staged.json", "--rebuild")
    assert {table: published(lake, table) for table in tables} == before
    assert "500" not in ptm_spark("run", "--lake", lake).stderr  # the killed rebuild is taken back, nothing is new
    after = {table: published(lake, table).num_rows for table in tables}
    assert after == {table: rows.num_rows for table, rows in before.items()}


def test_two_runs_at_once_cannot_be(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    land_world(lake, models=500)
    command = [sys.executable, "-m", "jobs.cli", "run", "--lake", str(lake), "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as first:
        while not (lake / ".run.lock.holder").exists():
            assert first.poll() is None
            time.sleep(0.01)
        refused = ptm_spark("run", "--lake", lake, expect=1)
        assert f"in use by process {first.pid}" in refused.stderr
        assert first.wait() == 0
