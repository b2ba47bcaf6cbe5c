"""The same work by this project, a DuckDB script and a Polars script, side by side: ``make bench``.

landing → models, tags, snapshots and the three monthly tables on disk; whole processes, alternated, medians. The data
are the Hub's listing of July 2024 (760,000 models) where the environment variable PTM_REAL_DATA names the folder that
has it, else an invented Hub. Results stand in bench/results/latest.json. Exit code 1 where the contenders differ in a
number that they wrote.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from figures import as_text, machine, summarise
from measure import Sample, UnfitError, run_measured
from same_numbers import differences

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest
from ptm_spark.standin.world import CENSUS_DATES, write_dumps

BENCH = Path(__file__).resolve().parent
LISTING, LISTED_AT = "hub/models_listing_2024-07-11.jsonl.gz", "2024-07-11T18:00:00Z"
INVENTED_MODELS = 200_000
#: all contenders get as many cores as the promise speaks of
CORES = 2
OURS = [BENCH / "ptm_spark_path.py", "--quiet", "--lake"]
#: contender → what runs it, given the landed crawl and a fresh place to write to
CONTENDERS: dict[str, Callable[[Path, Path], list[str | Path]]] = {
    "duckdb": lambda crawl, out: [BENCH / "duckdb_path.py", crawl, out],
    "polars": lambda crawl, out: [BENCH / "polars_path.py", crawl, out],
    "embedded": lambda _, out: [*OURS, out, "--engine", "embedded"],
    "embedded-gate": lambda _, out: [*OURS, out, "--engine", "embedded", "--gate"],
    "spark": lambda _, out: [*OURS, out, "--engine", "spark"],
}


class Bench:
    """One benchmark: its folder, its input, its samples."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.samples: dict[str, list[Sample]] = {}
        self.left_out: dict[str, str] = {}
        real = Path(os.environ.get("PTM_REAL_DATA", "/")) / LISTING
        self.data = real.name if real.is_file() else f"an invented Hub: no {LISTING} below PTM_REAL_DATA"
        self._dump, self._observed_at = (real, LISTED_AT) if real.is_file() else _invent(work)

    def land(self) -> tuple[Path, Manifest]:
        """Land the listing in a fresh lake, as a sample of import-dump."""
        lake = _fresh(self.work / "landed")
        command = ["-m", "jobs.cli", "import-dump", "hub/models", self._dump, "--observed-at", self._observed_at]
        self._run("import-dump", [*command, "--coverage", "census", "--quiet", "--lake", lake])
        manifest = Landing(Folder(lake)).crawls("hub", "models")[0][0]
        return lake / "landing" / manifest.path, manifest

    def compete(self, name: str, crawl: Path) -> None:
        """One run of a contender into a fresh folder; where the machine cannot run it, it is left out from now on."""
        if name in self.left_out:
            return
        out = _fresh(self.out(name))
        if CONTENDERS[name](crawl, out)[0] == OURS[0]:
            shutil.copytree(crawl.parents[3] / "landing", out / "landing", copy_function=os.link)
        try:
            self._run(name, CONTENDERS[name](crawl, out))
        except UnfitError as error:
            self.left_out[name] = str(error)

    def out(self, name: str) -> Path:
        return self.work / f"out-{name}"

    def check(self) -> dict[str, list[str]]:
        """What every contender's tables differ in from the first one's."""
        first, *others = [name for name in self.samples if name in CONTENDERS]
        return {f"{first} and {name}": list(differences(self.out(first), self.out(name))) for name in others}

    def _run(self, name: str, command: list[str | Path]) -> None:
        sample = run_measured(command)
        self.samples.setdefault(name, []).append(sample)
        print(f"{name:<16}{sample.seconds:>8.2f} s{sample.peak_mb:>9,.0f} MB", file=sys.stderr, flush=True)


def _invent(work: Path) -> tuple[Path, str]:
    """The dump of an invented Hub, kept for the next time: the same size and date, the same bytes."""
    at = CENSUS_DATES[-1]
    folder = work / f"invented-{INVENTED_MODELS}"
    if not (found := sorted(folder.glob("*.jsonl.gz"))):
        unfinished = _fresh(work / "inventing")
        write_dumps(unfinished, models=INVENTED_MODELS, dates=[at])
        unfinished.rename(folder)
        found = sorted(folder.glob("*.jsonl.gz"))
    return found[0], f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def main() -> int:
    options = _options()
    if hasattr(os, "sched_setaffinity"):  # children inherit it, and every engine goes by it
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    facts = machine()
    bench = Bench(options.work.resolve())
    print(f"data: {bench.data}", file=sys.stderr)
    unequal: dict[str, list[str]] | None = None
    for number in range(max(options.rounds, options.spark_rounds)):
        if number < options.rounds:
            crawl, manifest = bench.land()
        for name in options.only:
            if number < (options.spark_rounds if name == "spark" else options.rounds):
                bench.compete(name, crawl)
        if number == 0 and options.check:
            unequal = bench.check()
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": bench.data,
        "records": manifest.records,
        "machine": facts,
        "differences": unequal,
        "left_out": bench.left_out,
        **summarise(bench.samples, manifest.records),
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(as_text(result))
    for place in ("landed", *(f"out-{name}" for name in CONTENDERS)):
        shutil.rmtree(bench.work / place, ignore_errors=True)
    return _say(unequal)


def _say(unequal: dict[str, list[str]] | None) -> int:
    """What the check has found, and the exit code."""
    for pair, found in (unequal or {}).items():
        print(f"{pair}: " + ("every table the same" if not found else "; ".join(found)))
    return int(any((unequal or {}).values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender")
    parser.add_argument("--spark-rounds", type=int, default=1, help="runs of engine spark, which takes minutes")
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS), metavar="NAME")
    parser.add_argument("--check", action=argparse.BooleanOptionalAction, default=True, help="compare what they wrote")
    parser.add_argument("--work", type=Path, default=BENCH / "results" / "work", help="where contenders write")
    parser.add_argument("--json", type=Path, default=BENCH / "results" / "latest.json", help="where results go")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
