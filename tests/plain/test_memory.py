"""Landing is a stream: how big a dump is must not matter to the memory it takes."""

import subprocess
import sys
from pathlib import Path

import pytest

MEASURE_MEMORY = """
import re, sys
from datetime import datetime, UTC
from pathlib import Path
import zstandard
from ptm_spark.config import load
from ptm_spark.crawl.entities import entity_named
from ptm_spark.crawl.import_dump import import_dump
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing

place = Path(sys.argv[1])
first, between, last = {"lines": (b"", b"\\n", b""), "array": (b"[", b",", b"]")}[sys.argv[2]]
row = b'{"_id":"645384a0%016x","id":"a/%d","modelId":"a/b","text":"' + b"x" * 2_000 + b'"}'
with zstandard.open(place / "dump", "wb") as file:
    for number in range(0, 50_000, 1_000):
        rows = between.join(row % (id, id) for id in range(number, number + 1_000))
        file.write((between if number else first) + rows)
    file.write(last)
[(manifest, _, _)] = import_dump(
    Landing(Folder(place / "lake")), entity_named("hub/models"), [place / "dump"], coverage="census", scope="hub",
    observed_at=datetime(2024, 7, 11, tzinfo=UTC), settings=load().landing,
)
assert (manifest.records, manifest.invalid) == (50_000, 0)
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("form", ["lines", "array"])
def test_memory_does_not_grow_with_the_dump(tmp_path: Path, form: str) -> None:
    """50,000 records, 100 MB of text, whether a line each or all in one line."""
    command = [sys.executable, "-c", MEASURE_MEMORY, str(tmp_path), form]
    peak = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert peak < 100
