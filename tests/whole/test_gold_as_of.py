"""Trends as of an earlier moment are those that a run of that moment had published."""

from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from commands import land_world, ptm_spark

from ptm_spark.standin.world import CENSUS_DATES

pytestmark = pytest.mark.whole
TABLES = ("uploads_per_pipeline_tag_monthly", "uploads_per_licence_monthly")
KEYS = {"uploads_per_pipeline_tag_monthly": "pipeline_tag", "uploads_per_licence_monthly": "licence"}


def ask(lake: Path, table: str, *words: object) -> pd.DataFrame:
    sql = f"SELECT * FROM {table} ORDER BY month, {KEYS[table]}"
    told = ptm_spark("query", sql, "--lake", lake, "--csv", "--limit", 100_000, *words).stdout
    return pd.read_csv(StringIO(told))


def test_trends_as_of_a_date_are_those_published_then(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    land_world(lake, models=1_500, dates=CENSUS_DATES[:2])
    ptm_spark("run", "--lake", lake)
    then = {table: ask(lake, table) for table in TABLES}
    land_world(lake, models=1_500, dates=CENSUS_DATES[2:])
    ptm_spark("run", "--lake", lake)
    for table in TABLES:
        now = ask(lake, table)
        assert now["as_of"].max() > then[table]["as_of"].max()
        assert now["upload_count"].sum() != then[table]["upload_count"].sum()
        again = ask(lake, table, "--as-of", f"{CENSUS_DATES[1]:%Y-%m-%d}")
        pd.testing.assert_frame_equal(again, then[table])


def test_statistics_as_of_a_date_speak_of_it(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    land_world(lake, models=800)
    ptm_spark("run", "--lake", lake)
    told = ptm_spark(
        "query", "SELECT DISTINCT as_of FROM concentration_monthly", "--as-of", CENSUS_DATES[0].isoformat(),
        "--lake", lake, "--csv",
    ).stdout  # fmt: skip
    assert told.split("\n")[1].startswith(f"{CENSUS_DATES[0]:%Y-%m-%d}")
    sql = "SELECT count(tau) AS n FROM trend_tests"
    assert ptm_spark("query", sql, "--as-of", "2001-01-01", "--lake", lake, "--csv").stdout.split() == ["n", "0"]
