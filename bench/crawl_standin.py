"""What crawlers are measured against: a saved listing, and a stand-in Hub in a process of its own that serves it."""

import gzip
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from measure import ROOT

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest
from ptm_spark.standin.world import CENSUS_DATES, write_dumps

LISTING = "hub/models_listing_2024-07-11.jsonl.gz"
INVENTED_MODELS = 100_000
#: the command of the stand-in, but with room for all pages of both contenders: so neither waits for one to be made
_SERVER = (
    "import ptm_spark.standin.hub_dump as dump; dump._CACHE_BYTES = 4 << 30; "
    "import jobs.cli, sys; sys.argv[0] = 'ptm-spark'; jobs.cli.main()"
)
_STOP_SECONDS = 30


@dataclass(frozen=True)
class Dump:
    """A listing: its file, what it is, and the ``_id`` of every row in rising order."""

    path: Path
    name: str
    oids: tuple[str, ...]


def find_dump(work: Path, most_models: int | None) -> Dump:
    """The real listing below PTM_REAL_DATA, else that of an invented Hub, which is kept for the next time.

    ``most_models`` cuts it to so many rows, for a quick trial.
    """
    path = Path(os.environ.get("PTM_REAL_DATA", "/")) / LISTING
    name = path.name
    if not path.is_file():
        name = f"an invented Hub: no {LISTING} below PTM_REAL_DATA"
        folder = work / f"crawled-{INVENTED_MODELS}"
        if not (found := sorted(folder.glob("*.jsonl.gz"))):
            unfinished = work / "inventing-crawled"
            shutil.rmtree(unfinished, ignore_errors=True)
            write_dumps(unfinished, models=INVENTED_MODELS, dates=CENSUS_DATES[-1:])
            unfinished.rename(folder)
            found = sorted(folder.glob("*.jsonl.gz"))
        path = found[0]
    if most_models is not None:
        whole, path = path, work / f"crawled-first-{most_models}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(whole, "rb") as rows, path.open("wb") as cut:
            cut.writelines(itertools.islice(rows, most_models))
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as rows:
        oids = sorted(orjson.loads(row)["_id"] for row in rows)
    return Dump(path, name, tuple(oids))


@dataclass(frozen=True)
class StandIn:
    """A stand-in Hub that runs: its address, and what it tells of itself."""

    endpoint: str

    def stats(self) -> dict[str, Any]:
        """Requests and refusals, in all and by window of the quota."""
        told: dict[str, Any] = self._told("stats")
        return told

    def pages_since(self, moment: float) -> list[float]:
        """When each page of the listing was asked for since a moment; both on the clock of ``time.monotonic``."""
        return [
            entry["at"]
            for entry in self._told("log")
            if entry["at"] >= moment and entry["path_qs"].startswith("/api/models?")
        ]

    def _told(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.endpoint}/_standin/{what}", timeout=60) as answer:
            return orjson.loads(answer.read())


@contextmanager
def stand_in(dump: Dump, *options: str) -> Iterator[StandIn]:
    """``ptm-spark standin`` over a dump while the block runs; CalledProcessError where it does not start."""
    command = [sys.executable, "-c", _SERVER, "standin", "--hub-dump", str(dump.path), *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            kind, _, endpoint = server.stdout.readline().strip().partition(" ")
            if kind != "hub":
                raise subprocess.CalledProcessError(server.wait(_STOP_SECONDS), command)
            yield StandIn(endpoint)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(_STOP_SECONDS)


def wait_for_window(seconds: float) -> None:
    """Sleep until the quota's next window begins; windows lie end to end on the clock of the machine."""
    time.sleep(seconds - time.monotonic() % seconds)


def landed(lake: Path) -> Manifest:
    """The one crawl of the listing in a lake."""
    ((crawl,), _) = Landing(Folder(lake)).crawls("hub", "models")
    return crawl


def flaws(lake: Path, dump: Dump) -> dict[str, int]:
    """How the landed listing differs from the dump: rows lost, doubled, out of the order of ``_id``; 0 for none."""
    oids = [json.loads(line)["raw"]["_id"] for line in Landing(Folder(lake)).lines(landed(lake))]
    return {
        "lost": len(set(dump.oids) - set(oids)),
        "unknown": len(set(oids) - set(dump.oids)),
        "doubled": len(oids) - len(set(oids)),
        "out_of_order": sum(one > other for one, other in itertools.pairwise(oids)),
    }
