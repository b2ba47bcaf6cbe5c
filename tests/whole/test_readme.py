"""What README shows, done: its ways of reading give the same number, its targets run the commands they promise."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import land_world, ptm_spark

pytestmark = pytest.mark.whole

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_way_of_reading_gives_the_same_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    land_world(tmp_path / "lake", models=500)
    ptm_spark("run", "--lake", tmp_path / "lake")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for snippet in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(snippet, names)
    asked = ptm_spark("query", "SELECT sum(upload_count) FROM uploads_per_library_monthly", "--csv", "--lake", "lake")
    totals = {name: int(value) for name, value in names.items() if name.endswith("_total")}
    assert totals.keys() == {"polars_total", "duckdb_total", "pandas_total", "spark_total"}
    assert set(totals.values()) == {int(asked.stdout.splitlines()[1])}


def test_the_main_target_runs_the_whole_path(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    done = subprocess.run(
        [ROOT / "scripts/run_world.sh", lake, "4000"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.rstrip().endswith("report/index.html")
    assert (lake / "report/index.html").stat().st_size > 100_000
    assert "gold/uploads_per_licence_monthly" in done.stdout
