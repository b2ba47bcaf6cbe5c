"""The whole path over the seeded world, dirt included: every table must be what the world knows to be true."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import ptm_spark, published

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing
from ptm_spark.standin.world import CENSUS_DATES, make_world, write_dumps

pytestmark = pytest.mark.whole

MODELS = 3_000
DIMENSIONS = {
    "pipeline_tag": "uploads_per_pipeline_tag_monthly",
    "library_name": "uploads_per_library_monthly",
    "licence": "uploads_per_licence_monthly",
}


@pytest.fixture(scope="module", params=["embedded", "spark"])
def lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of three dirty censuses, taken in by one run."""
    place = tmp_path_factory.mktemp(f"world-{request.param}")
    dumps = write_dumps(place / "dumps", models=MODELS, dirty=True)
    for dump, moment in zip(dumps, CENSUS_DATES, strict=True):
        ptm_spark("import-dump", "hub/models", dump, "--observed-at", moment.isoformat(), "--coverage", "census",
                  "--lake", place / "lake")  # fmt: skip
    ptm_spark("run", "--lake", place / "lake", "--engine", request.param, "--set", "gate.max_reject_share=0.05")
    return place / "lake"


@pytest.fixture(scope="module")
def world() -> Any:
    return make_world(models=MODELS)


@pytest.fixture(scope="module")
def truth(world: Any) -> Any:
    return world.truth(dirty=True)


def test_every_model_is_as_it_was_last_seen(lake: Path, truth: Any) -> None:
    rows = {row["repo_oid"]: row for row in published(lake, "silver/models").to_pylist()}
    assert rows.keys() == truth.models.keys()
    for oid, state in truth.models.items():
        row, seen = rows[oid], state.newest
        expected = (
            seen.model_id, seen.owner, seen.created_at, seen.created_at_basis, seen.pipeline_tag, seen.library_name,
            seen.licence, seen.downloads, seen.likes, state.removed_at, state.first_observed_at, state.changed_at,
        )  # fmt: skip
        found = (
            row["model_id"], row["owner"], _utc(row["created_at"]), row["created_at_basis"], row["pipeline_tag"],
            row["library_name"], row["licence"], row["downloads"], row["likes"], _utc(row["removed_at"]),
            _utc(row["first_observed_at"]), _utc(row["observed_at"]),
        )  # fmt: skip
        assert found == expected, oid
        assert (row["removal"] is not None) == state.is_removed


def test_tags_and_snapshots_are_the_worlds(lake: Path, truth: Any) -> None:
    tags = published(lake, "silver/model_tags").to_pandas()
    assert len(tags) == truth.tag_row_count
    listed = tags.sort_values("position").groupby("repo_oid")["tag"].agg(tuple)
    assert listed.to_dict() == {oid: state.newest.tags for oid, state in truth.models.items() if state.newest.tags}
    snapshots = published(lake, "silver/model_snapshots").to_pylist()
    found = {(row["repo_oid"], _utc(row["observed_at"])): (row["downloads"], row["likes"]) for row in snapshots}
    assert len(found) == len(snapshots)
    assert found == truth.snapshots


def test_versions_are_the_worlds(lake: Path, truth: Any) -> None:
    rows = published(lake, "silver/model_versions").to_pylist()
    found = {
        (row["repo_oid"], _utc(row["valid_from"])): (
            row["removal"] is None, row["model_id"], row["pipeline_tag"], row["library_name"], row["licence"],
            tuple(row["tags"] or ()),
        )
        for row in rows
    }  # fmt: skip
    assert len(found) == len(rows)
    assert found == truth.versions


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_monthly_uploads_are_the_worlds(lake: Path, truth: Any, dimension: str) -> None:
    rows = published(lake, f"gold/{DIMENSIONS[dimension]}").to_pylist()
    counted = {(row["month"], row[dimension]): row for row in rows if row["ever_count"]}
    expected = truth.uploads_monthly(dimension)
    assert counted.keys() == expected.keys()
    for key, uploads in expected.items():
        row = counted[key]
        names = ("upload_count", "ever_count", "owner_count", "without_bulk_count", "download_total")
        assert [row[name] for name in names] == [getattr(uploads, name) for name in names], key
        share = uploads.owner_weighted_share
        assert row["owner_weighted_share"] == (None if share is None else pytest.approx(share, rel=1e-9)), key


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_months_have_no_gap_and_shares_add_up(lake: Path, truth: Any, dimension: str) -> None:
    frame = published(lake, f"gold/{DIMENSIONS[dimension]}").to_pandas()
    dated = frame[frame["month"].notna()]
    months = pd.PeriodIndex(pd.to_datetime(sorted(dated["month"].unique())), freq="M")
    assert list(months) == list(pd.period_range(months.min(), "2024-11", freq="M"))
    assert (dated.groupby("month")[dimension].nunique() == dated[dimension].nunique()).all()
    alive = sum(not state.is_removed for state in truth.models.values())
    assert frame["upload_count"].sum() == alive
    shares = frame.groupby("month", dropna=False)[["upload_share", "owner_weighted_share", "download_share"]].sum(
        min_count=1
    )
    assert ((shares - 1).abs().fillna(0) < 1e-9).all().all()
    assert frame["upload_share"].dropna().between(0, 1).all()
    assert {str(month)[:7] for month in dated[dated["is_partial"]]["month"]} == {"2022-03", "2024-11"}


def test_every_dirty_record_ends_where_it_must(lake: Path, world: Any) -> None:
    crawls, unreadable = Landing(Folder(lake)).crawls("hub", "models")
    rejects = published(lake, "ops/rejects").to_pylist()
    assert not unreadable
    for crawl, moment in zip(crawls, CENSUS_DATES, strict=True):
        mine = [row for row in rejects if row["crawl_id"] == crawl.crawl_id]
        dirt = world.dirt(moment)
        assert sum(row["stage"] == "landing" for row in mine) == sum(d.fate == "invalid" for d in dirt) == crawl.invalid
        turned_away = sorted(row["reasons"][0] for row in mine if row["stage"] == "normalising")
        assert turned_away == sorted(d.rule for d in dirt if d.fate == "reject")
        assert all(row["sha256"] and row["raw"] for row in mine)
    kept = {d.truth.repo_oid: [d.rule] if d.rule else [] for d in world.dirt(CENSUS_DATES[-1]) if d.fate == "kept"}
    flaws = {row["repo_oid"]: row["flaws"] for row in published(lake, "silver/models").to_pylist()}
    assert {oid: flaws[oid] for oid in kept} == kept


def test_fault_27_a_second_run_changes_nothing(lake: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in lake.rglob("*.json")}
    done = ptm_spark("run", "--lake", lake, "--json")
    assert "nothing new" in done.stderr
    assert json.loads(done.stdout)["exit_code"] == 0
    assert {file: file.stat().st_mtime_ns for file in lake.rglob("*.json")} == before


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
