"""What goes wrong at the command line: one line that names the thing and what to do, and the exit code that fits."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from commands import land_world, ptm_spark, published
from rows import listing_record

pytestmark = pytest.mark.whole

AT = ("--observed-at", "2024-07-11T12:00:00Z")


def last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "--set", "gold.bulk_month_upload=3"], 2, "did you mean bulk_month_uploads"),
        (["run", "--set", "gold.bulk_month_uploads=many"], 2, "gold.bulk_month_uploads"),
        (["run", "--conf", "nowhere.toml"], 2, "nowhere.toml"),
        (["run", "--engine", "flink"], 2, "engine.name"),
        (["import-dump", "hub/models", "nowhere.jsonl", *AT], 1, "nowhere.jsonl"),
        (["import-dump", "hub/modles", "nowhere.jsonl", *AT], 2, "hub/models"),
        (["query", "SELECT 1"], 1, "nothing is published"),
        (["query", "SELECT 1", "--as-of", ""], 2, "a date such as"),
        (["check-silver"], 1, "run ptm-spark build-silver first"),
        (["build-gold"], 1, "run ptm-spark check-silver first"),
        (["accept", "20240711T000000Z-x", "--reason", "y"], 2, "not held"),
        (["query", "SELECT 1", "--as-of", "yesterday"], 2, "a date such as"),
        (["maintain-tables", "--retention-hours", "1"], 2, "--dangerously-short"),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    (tmp_path / "lake" / "landing").mkdir(parents=True)
    done = ptm_spark(*words, "--lake", tmp_path / "lake", expect=code)
    assert said in last_line(done.stderr)
    assert last_line(done.stderr).startswith("ptm-spark: ")


def test_a_mistyped_lake_is_named_and_not_made(tmp_path: Path) -> None:
    done = ptm_spark("run", "--lake", tmp_path / "typo", expect=2)
    assert f"no lake at {tmp_path / 'typo'}" in last_line(done.stderr)
    assert not (tmp_path / "typo").exists()


def test_a_mistyped_option_is_answered_with_the_nearest(tmp_path: Path) -> None:
    assert "--rebuild" in ptm_spark("run", "--rebuld", "--lake", tmp_path, expect=2).stderr


@pytest.mark.parametrize(("package", "version"), [("pyspark", "4.2.0"), ("pandas", "3.0.1")])
def test_a_package_known_to_do_harm_is_refused(tmp_path: Path, package: str, version: str) -> None:
    info = tmp_path / f"{package}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    land_world(tmp_path / "lake", models=50)
    refused = ptm_spark("run", "--lake", tmp_path / "lake", env={"PYTHONPATH": str(tmp_path)}, expect=2)
    assert f"{package} {version} is installed" in refused.stderr
    assert "make setup" in refused.stderr


def test_good_rows_load_beside_bad_ones(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    good = [listing_record(_id=f"{number:024x}", id=f"someone/model-{number}") for number in range(200)]
    lines = [json.dumps(record).encode() for record in good]
    (tmp_path / "mixed.jsonl").write_bytes(
        b"\n".join([*lines[:100], b"{no json", b'{"id": 7, "_id": "x"}', *lines[100:]])
    )
    cut = gzip.compress(b"\n".join(lines))
    (tmp_path / "cut.jsonl.gz").write_bytes(cut[: len(cut) // 2])
    said = ptm_spark("import-dump", "hub/models", tmp_path / "mixed.jsonl", tmp_path / "cut.jsonl.gz", *AT,
                     "--lake", lake, expect=1).stderr  # fmt: skip
    assert "cut.jsonl.gz" in said
    ptm_spark("run", "--lake", lake, "--set", "gate.max_reject_share=0.05")
    assert published(lake, "silver/models").num_rows == 200
    rejects = published(lake, "ops/rejects").to_pylist()
    assert sorted(row["stage"] for row in rejects) == ["landing", "normalising"]


def test_an_unfinished_and_a_changed_landing_are_told_and_the_rest_loads(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    land_world(lake, models=400)
    first, second, third = sorted(entry for entry in (lake / "landing/hub/models").iterdir() if entry.is_dir())
    (first / "_manifest.json").unlink()
    part = second / "part-00000.jsonl.zst"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    said = ptm_spark("run", "--lake", lake, "--set", "gate.min_alive_ratio=0", expect=1).stderr
    assert f"{first.name}: no _manifest.json" in said
    assert f"{second.name}: part-00000.jsonl.zst is not what the manifest says" in said
    assert set(published(lake, "silver/models").to_pandas()["crawl_id"]) == {third.name}


def test_a_reader_that_has_enough_hears_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jobs.cli", "doctor", "--lake", str(tmp_path / "lake")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_the_environment_is_examined_without_an_engine(tmp_path: Path) -> None:
    found = ptm_spark("doctor", "--lake", tmp_path / "lake", "--json")
    assert sys.version.split()[0] in found.stdout
    assert json.loads(last_line(found.stdout))["exit_code"] == 0
