"""Crawl commands as processes of their own, against a stand-in in this one."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "jobs.cli", *map(str, words)]


def environment(hub: str = "", **more: str) -> dict[str, str]:
    """The environment of a crawl: no account of the user's, an endpoint of the test's."""
    return os.environ | {"HF_ENDPOINT": hub, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "PYTHONUNBUFFERED": "1"} | more


def asked(address: str) -> list[str]:
    """Every request that a stand-in was sent, in its order."""
    with urllib.request.urlopen(f"{address}/_standin/log") as answer:
        return [line["path_qs"] for line in json.load(answer)]


def kill_and_resume(
    words: Sequence[object], address: str, env: dict[str, str], *, last: Path, kills: int, seed: int
) -> int:
    """Run a command again and again, each time killed at a random moment of its crawl, at last to its end; how often
    it was killed. ``last`` is the folder of the entity that comes last: with a manifest there all is done."""
    rng, killed = random.Random(seed), 0
    while killed < kills and not list(last.glob("*/_manifest.json")):
        before = len(asked(address))
        process = subprocess.Popen(command(*words), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wanted = before + rng.randrange(4)
        while process.poll() is None and len(asked(address)) < wanted:
            time.sleep(0.001)
        time.sleep(rng.random() * 0.03)
        process.kill()
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors.decode()
        killed += process.returncode != 0
    if not list(last.glob("*/_manifest.json")):
        subprocess.run(command(*words), env=env, check=True, capture_output=True)
    return killed


def outputs(lake: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, packed ones unpacked."""
    import zstandard

    found: dict[str, bytes] = {}
    for file in (file for file in lake.rglob("*") if file.is_file()):
        content = file.read_bytes()
        if file.suffix == ".zst":
            content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
        found[str(file.relative_to(lake))] = content
    return found


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a command says with --json."""
    said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return said
