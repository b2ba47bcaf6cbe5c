"""Killed at whatever moment, a landing leaves nothing that is read, and the same command ends with the same records."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dumps import SEEN, hub_rows, land, landed_lines, write

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest

BIG_RECORDS = ["landing.part_bytes=1000", "landing.max_record_bytes=1_000_000"]


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Records enough for two parts, and a refused one."""
    rows = [row | {"text": "x" * 400_000} for row in hub_rows(5)]
    return write(tmp_path / "models.jsonl", b"junk\n" + b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def killed_before(step: int, work: Callable[[], Any]) -> bool:
    """Do the work in a process of its own that is killed before its nth flush to disk or rename; whether it was."""
    child = os.fork()
    if child == 0:
        done = 0

        def deadly(call: Callable[..., Any]) -> Callable[..., Any]:
            def counted(*args: Any, **kwargs: Any) -> Any:
                nonlocal done
                done += 1
                if done == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*args, **kwargs)

            return counted

        os.fsync, os.replace = deadly(os.fsync), deadly(os.replace)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def contents(landing: Landing, crawl: Manifest) -> tuple[list[bytes], ...]:
    return tuple(landed_lines(landing, crawl, kind) for kind in ("part", "invalid", "requests"))


def test_killed_at_any_step_to_disk_the_same_command_gives_the_same_records(tmp_path: Path, dump: Path) -> None:
    whole = Landing(Folder(tmp_path / "whole"))
    undisturbed, _, _ = land(whole, dump, settings=BIG_RECORDS)
    assert len(undisturbed.parts) == 2
    # a file takes three steps (flush, rename, flush of the folder), the manifest comes last
    files = len(undisturbed.files) + 1
    renaming_the_manifest = 3 * files - 1
    for step in range(1, 3 * files + 1):
        landing = Landing(Folder(tmp_path / f"lake-{step}"))
        assert killed_before(step, partial(land, landing, dump, settings=BIG_RECORDS))
        finished, unreadable = landing.crawls("hub", "models")
        assert len(finished) == (step > renaming_the_manifest)
        assert len(finished) + len(unreadable) <= 1
        assert not any(landing.damage(crawl) for crawl in finished), "a manifest names files that are not whole"
        again, wrong, _ = land(landing, dump, settings=BIG_RECORDS)
        assert (again.crawl_id, again.files, wrong) == (undisturbed.crawl_id, undisturbed.files, [])
        assert contents(landing, again) == contents(whole, undisturbed)
        assert landing.crawls("hub", "models") == ([again], [])
        assert not list(Path(landing.folder.path).rglob("*.unfinished"))
    last = Landing(Folder(tmp_path / "last"))
    assert not killed_before(3 * files + 1, partial(land, last, dump, settings=BIG_RECORDS)), "there are more steps"


def test_the_command_killed_in_mid_write_is_finished_by_the_same_command(tmp_path: Path) -> None:
    line = json.dumps({"_id": "0" * 24, "id": "a/b", "modelId": "a/b", "text": "x" * 2_000}).encode() + b"\n"
    dump = write(tmp_path / "models.jsonl", line * 20_000)
    lake = tmp_path / "lake"
    command = [sys.executable, "-m", "jobs.cli", "import-dump", "hub/models", str(dump), "--lake", str(lake)]
    command += ["--observed-at", f"{SEEN:%Y-%m-%dT%H:%M:%SZ}", "--set", "landing.part_bytes=1000"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(lake.rglob("part-*.zst"))) < 3:
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    landing = Landing(Folder(lake))
    assert landing.crawls("hub", "models")[0] == []
    again, _, is_new = land(landing, dump, coverage="partial", settings=["landing.part_bytes=1000"])
    assert is_new
    assert (again.records, again.invalid) == (20_000, 0)
    assert landing.crawls("hub", "models") == ([again], [])
    assert landing.damage(again) == {}
