"""The command line as a user calls it, and the published tables as a reader without an engine sees them."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable


def ptm_spark(*words: object, expect: int = 0, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own; fails, showing its output, where it does not end as expected."""
    command = [sys.executable, "-m", "jobs.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == expect, f"{' '.join(command)} ended {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def published(lake: Path, table: str) -> pa.Table:
    """A table at the version that the pointer names; ops tables at their newest."""
    versions = json.loads((lake / "_published.json").read_text(encoding="utf-8"))["tables"]
    delta = DeltaTable(str(lake / table), version=versions.get(table))
    return delta.to_pyarrow_dataset().to_table()
