"""A census in which half the models are missing: held, seen by no reader, and then a person decides."""

import gzip
import shutil
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from commands import land_world, ptm_spark, published
from deltalake import DeltaTable

from ptm_spark.standin.world import CENSUS_DATES, write_dumps

pytestmark = pytest.mark.whole

MODELS = 1_500
GOLD = "gold/uploads_per_pipeline_tag_monthly"
QUERY = "SELECT count(*) AS models, count(removed_at) AS removed, sum(likes) AS likes FROM models"


def answers(lake: Path) -> dict[str, Any]:
    """What different readers say: by the pointer, and of gold just as it lies there."""
    with duckdb.connect() as db:
        db.register("lying_there", DeltaTable(str(lake / GOLD)).to_pyarrow_dataset())
        found = db.execute("SELECT count(*), sum(upload_count), max(as_of) FROM lying_there").fetchall()
    return {
        "query": ptm_spark("query", QUERY, "--lake", lake).stdout,
        "polars": pl.read_delta(str(lake / GOLD)).sort(pl.all().exclude("as_of")).to_dicts(),
        "duckdb": found,
        "pointer": published(lake, "silver/models").num_rows,
        "_published.json": (lake / "_published.json").read_bytes(),
    }


def decide(lake: Path, word: str, reason: str) -> tuple[Path, str]:
    """A copy of the lake in which a person has spoken on the held crawl, and that crawl's id."""
    copy = lake.parent / word
    shutil.copytree(lake, copy)
    (crawl,) = [entry.name for entry in (copy / "landing/hub/models").iterdir() if entry.name.startswith("20241130")]
    ptm_spark(word, crawl, "--reason", reason, "--lake", copy)
    return copy, crawl


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """A lake with two good censuses published and half a census held; the answers before; what the run said."""
    place = tmp_path_factory.mktemp("holding")
    lake = place / "lake"
    land_world(lake, models=MODELS, dates=CENSUS_DATES[:2])
    ptm_spark("run", "--lake", lake)
    before = answers(lake)
    (whole,) = write_dumps(place / "dumps", models=MODELS, dates=CENSUS_DATES[2:])
    lines = gzip.decompress(whole.read_bytes()).splitlines(keepends=True)
    half = place / "half.jsonl"
    half.write_bytes(b"".join(lines[::2]))
    at = CENSUS_DATES[2].isoformat()
    ptm_spark("import-dump", "hub/models", half, "--observed-at", at, "--coverage", "census", "--scope", "world",
              "--lake", lake)  # fmt: skip
    return lake, before, ptm_spark("run", "--lake", lake, expect=3).stderr


def test_it_is_held_and_the_reason_named(held: tuple[Path, dict[str, Any], str]) -> None:
    lake, _, said = held
    assert "census_ratio" in said
    assert "ptm-spark accept" in said
    assert "ptm-spark reject" in said
    results = published(lake, "ops/dq_results").to_pandas()
    failed = results[(results["verdict"] == "failed") & (results["severity"] == "error")]
    assert "census_ratio" in set(failed["rule"])
    runs = published(lake, "ops/runs").to_pandas()
    assert runs.sort_values("started_at")["status"].iloc[-1] in {"held", "done"}
    assert (runs["status"] == "held").sum() == 1


def test_no_reader_sees_it(held: tuple[Path, dict[str, Any], str]) -> None:
    lake, before, _ = held
    assert answers(lake) == before


def test_rejected_the_next_run_is_fine_and_changes_nothing(held: tuple[Path, dict[str, Any], str]) -> None:
    lake, before, _ = held
    copy, _ = decide(lake, "reject", "the exporter lost half of them")
    assert "nothing new" in ptm_spark("run", "--lake", copy).stderr
    assert answers(copy) == before


def test_accepted_it_is_published(held: tuple[Path, dict[str, Any], str]) -> None:
    lake, before, _ = held
    copy, crawl = decide(lake, "accept", "the Hub did lose half of them")
    ptm_spark("run", "--lake", copy)
    models = published(copy, "silver/models").to_pandas()
    assert models["crawl_id"].eq(crawl).sum() > MODELS // 3
    assert models["removed_at"].notna().sum() > MODELS // 4
    assert answers(copy) != before
    assert "accepted" in set(published(copy, "ops/dq_results").to_pandas()["verdict"])


def test_a_crawl_that_is_not_held_cannot_be_decided(held: tuple[Path, dict[str, Any], str]) -> None:
    lake, _, _ = held
    refused = ptm_spark("accept", "20200101T000000Z-nowhere", "--reason", "why not", "--lake", lake, expect=2)
    assert "not held" in refused.stderr
