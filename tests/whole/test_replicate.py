"""``replicate`` from a user's side: a new lake will do, its table is asked in SQL, and runs leave it where it is."""

import json
import shutil
from pathlib import Path

import pytest
from commands import land_world, ptm_spark, published

pytestmark = pytest.mark.whole

STUDY = Path(__file__).resolve().parents[1] / "data/study"
COUNTS = "SELECT status, count(*) AS n FROM replication GROUP BY status ORDER BY status"


def test_a_new_lake_has_the_table_and_a_run_leaves_it_there(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    done = ptm_spark("replicate", STUDY, "--lake", lake, "--json")
    assert "247 claims: 227 reproduced, 0 disagree, 20 constant" in done.stdout
    assert json.loads(done.stdout.splitlines()[-1])["claims"] == {"reproduced": 227, "constant": 20, "disagrees": 0}
    asked = ptm_spark("query", COUNTS, "--csv", "--lake", lake)
    assert asked.stdout.split() == ["status,n", "constant,20", "reproduced,227"]
    runs = published(lake, "ops/runs").to_pylist()
    assert [(run["job"], run["status"]) for run in runs] == [("replicate", "done")]

    land_world(lake, models=300)
    ptm_spark("run", "--lake", lake)
    assert published(lake, "gold/uploads_per_library_monthly").num_rows > 0
    assert published(lake, "gold/replication").num_rows == 247
    again = ptm_spark("replicate", STUDY, "--lake", lake)
    assert "20 constant" in again.stdout  # an invented Hub is not held against the study
    assert published(lake, "silver/models").num_rows > 0


def test_a_changed_count_ends_with_1_and_says_which_claims(tmp_path: Path) -> None:
    study, lake = Path(shutil.copytree(STUDY, tmp_path / "study")), tmp_path / "lake"
    file = study / "Forums_Model_Mentions_Over_Time.csv"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("\nbert,", "\nbert,1", 1), encoding="utf-8")
    done = ptm_spark("replicate", study, "--lake", lake, expect=1)
    assert "claims disagree with the tables: tables.mentions" in done.stderr
    assert "DISAGREES" in done.stdout
    rows = {row["claim"]: row for row in published(lake, "gold/replication").to_pylist()}
    wrong = rows["popularity.total.forum.bert"]
    assert (wrong["status"], wrong["published"]) == ("disagrees", 1881.0)
    assert wrong["ours"] > 1881


def test_a_missing_file_ends_with_2_and_leaves_no_lake(tmp_path: Path) -> None:
    study, lake = Path(shutil.copytree(STUDY, tmp_path / "study")), tmp_path / "lake"
    (study / "card_data_stats_months_created.csv").unlink()
    done = ptm_spark("replicate", study, "--lake", lake, expect=2)
    assert "without card_data_stats_months_created.csv; docs/replication.md says where to get them" in done.stderr
    assert not lake.exists()


def test_without_the_optional_files_it_says_so_and_ends_well(tmp_path: Path) -> None:
    study, lake = Path(shutil.copytree(STUDY, tmp_path / "study")), tmp_path / "lake"
    for file in study.glob("derived_*.csv"):
        file.unlink()
    done = ptm_spark("replicate", study, "--lake", lake)
    assert "absent, so its claims stay constants" in done.stderr
    assert "0 disagree" in done.stdout
