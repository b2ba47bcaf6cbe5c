"""The command line as a user calls it, and the published tables as a reader without an engine sees them."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

from ptm_spark.standin.world import CENSUS_DATES, write_dumps


def ptm_spark(*words: object, expect: int = 0, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own; fails, showing its output, where it does not end as expected."""
    command = [sys.executable, "-m", "jobs.cli", *map(str, words)]
    # a remote session in this process leaves words to children that a classic one stumbles over
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=inherited | (env or {}))
    assert done.returncode == expect, f"{' '.join(command)} ended {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def published(lake: Path, table: str) -> pa.Table:
    """A table at the version that the pointer names; ops tables at their newest."""
    versions = json.loads((lake / "_published.json").read_text(encoding="utf-8"))["tables"]
    delta = DeltaTable(str(lake / table), version=versions.get(table))
    return delta.to_pyarrow_dataset().to_table()


def land_world(lake: Path, *, models: int, dates: Sequence[datetime] = CENSUS_DATES) -> None:
    """Land censuses of an invented Hub in a lake, as their dumps were imported."""
    for dump, moment in zip(
        write_dumps(lake.parent / f"{lake.name}-dumps", models=models, dates=dates), dates, strict=True
    ):
        ptm_spark("import-dump", "hub/models", dump, "--observed-at", moment.isoformat(), "--coverage", "census",
                  "--scope", "world", "--lake", lake)  # fmt: skip
