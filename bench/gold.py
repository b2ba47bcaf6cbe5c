"""Gold by this project and by a DuckDB script, side by side, from the same silver: part of ``make bench``.

What is timed is silver → gold on disk: the four uploads tables, downloads by day, the concentration of owners, and the
three tables of the forum; in whole processes, alternated, medians. The statistics of these tables are timed apart, and
so is silver/model_families, whose names are read by the same regular expression on both sides. Tables of cards are left
out. The data are the Hub's listing of July 2024 (760,000 models) and a forum of 5,046 topics where the environment
variable PTM_REAL_DATA names the folder that has them, else an invented Hub at three dates, without a forum. Results
stand in bench/results/gold.json. Exit code 1 where the two differ in a number that they wrote.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from figures import machine
from measure import Sample, run_measured
from same_numbers import differing_values

from ptm_spark.config import conf_file
from ptm_spark.folder import Folder
from ptm_spark.gold.moments import moments_of
from ptm_spark.job import Job
from ptm_spark.silver.family_names import pattern_of
from ptm_spark.silver.model_families import CONFIDENCE
from ptm_spark.standin.world import CENSUS_DATES, write_dumps
from ptm_spark.tables import Table, families, forum, gold, gold_forum, gold_series, hub

BENCH = Path(__file__).resolve().parent
LISTING, LISTED_AT = "hub/models_listing_2024-07-11.jsonl.gz", "2024-07-11T18:00:00Z"
FORUM, FORUM_AT = "forum/urho3d_topics_2014-2022.jsonl.gz", "2022-12-01T00:00:00Z"
INVENTED_MODELS = 200_000
CORES = 2
#: what the yardstick reads
SOURCES = (
    *(hub.MODELS, hub.MODEL_SNAPSHOTS, families.MODEL_FAMILIES),
    *(forum.FORUM_TOPICS, forum.FORUM_POSTS, forum.FORUM_CATEGORIES, families.TOPIC_MENTIONS),
)
COUNTED = (*gold.TABLES, gold_series.CONCENTRATION_MONTHLY, gold_series.DOWNLOADS_PER_FAMILY_DAILY, *gold_forum.TABLES)
#: part → the tables that are compared
PARTS: dict[str, tuple[Table, ...]] = {"tables": COUNTED, "families": (families.MODEL_FAMILIES,), "series": ()}
#: what the project promised: the tables over DuckDB's time, and seconds of statistics
MOST_RATIO, MOST_SERIES_SECONDS = 1.0, 5


class Bench:
    """One benchmark: a lake that has been through build-silver, and the samples of both contenders."""

    def __init__(self, work: Path, lake: Path | None) -> None:
        self.work = work
        self.samples: dict[tuple[str, str], list[Sample]] = {}
        self.lake = lake or self._make_lake(work / "lake")
        shutil.rmtree(self.lake / "_staging", ignore_errors=True)
        self.files = work / "files.json"
        work.mkdir(parents=True, exist_ok=True)
        self.given = given_of(self.lake)
        self.files.write_text(json.dumps(self.given), encoding="utf-8")

    def compete(self, part: str) -> None:
        """One run of both contenders, the yardstick first; of ``series`` there is ours only."""
        if part != "series":
            self._run("duckdb", part, [BENCH / "duckdb_gold.py", self.files, fresh(self.out("duckdb")), part])
        lake = self.out("embedded")
        shutil.rmtree(lake, ignore_errors=True)
        shutil.copytree(self.lake, lake, copy_function=os.link)  # Delta writes new files, never into old ones
        self._run("embedded", part, [BENCH / "gold_ptm_spark.py", "--quiet", "--lake", lake, "--part", part])

    def differences(self, part: str) -> Iterator[str]:
        """What the tables of a part differ in."""
        for table in PARTS[part]:
            if table in gold_forum.TABLES and not self.given["forum_as_of"]:
                continue
            # what both have to say of owners is a part of its table here
            version = 1 if table == gold_series.CONCENTRATION_MONTHLY else None
            ours = DeltaTable(self.out("embedded") / table.path, version=version).to_pyarrow_dataset()
            yield from differing_values(table, ours, self.out("duckdb") / f"{table.name}.parquet")

    def out(self, name: str) -> Path:
        return self.work / f"out-{name}"

    def _run(self, name: str, part: str, command: list[str | Path]) -> Sample:
        sample = run_measured(command)
        self.samples.setdefault((part, name), []).append(sample)
        print(f"{part:<10}{name:<10}{sample.seconds:>8.2f} s{sample.peak_mb:>9,.0f} MB", file=sys.stderr, flush=True)
        return sample

    def _make_lake(self, lake: Path) -> Path:
        """Land and build silver, not timed."""
        fresh(lake)
        for entity, dump, at, *options in dumps(self.work):
            command = ["-m", "jobs.cli", "import-dump", entity, dump, "--observed-at", at, "--coverage", "census"]
            run_measured([*command, *options, "--quiet", "--lake", lake])
        run_measured(["-m", "jobs.cli", "build-silver", "--quiet", "--lake", lake])
        return lake


def dumps(work: Path) -> Iterator[tuple[str | Path, ...]]:
    """Entity, file, moment and further options of import-dump."""
    real = Path(os.environ.get("PTM_REAL_DATA", "/"))
    if (real / LISTING).is_file() and (real / FORUM).is_file():
        yield "hub/models", real / LISTING, LISTED_AT
        yield "forum/topics", real / FORUM, FORUM_AT, "--format", "discourse", "--scope", "forum"
        return
    write_dumps(fresh(work / "invented"), models=INVENTED_MODELS, dates=CENSUS_DATES)
    for at, dump in zip(CENSUS_DATES, sorted((work / "invented").glob("*.jsonl.gz")), strict=True):
        yield "hub/models", dump, f"{at:%Y-%m-%dT%H:%M:%SZ}"


def given_of(lake: Path) -> dict[str, Any]:
    """What duckdb_gold.py asks to be told: finding it out is no work of gold."""
    from ptm_spark.config import load

    job = Job(load(None, []), Folder(str(lake)))
    state = job.publishing.staged()
    if state is None:
        raise SystemExit(f"{lake} has not been through build-silver")
    moments = moments_of(job.crawls_of(state), models_as_of=state.as_of)
    given: dict[str, Any] = {
        "as_of": moments.models.isoformat(),
        "forum_as_of": moments.forum.isoformat() if moments.forum else None,
        "tables": {},
        "empty": {},
        "pattern": pattern_of("names"),
        "aliases": str(conf_file("model_families.csv")),
        "confidence": CONFIDENCE,
    }
    for table in SOURCES:
        version = state.tables.get(table.path)
        files = [] if version is None else DeltaTable(lake / table.path, version=version).file_uris()
        if files:
            given["tables"][table.name] = files
        else:
            kinds = {field.name: field.type.replace("ARRAY<STRING>", "VARCHAR[]") for field in table.fields}
            given["empty"][table.name] = kinds
    return given


def summary(samples: dict[tuple[str, str], list[Sample]]) -> dict[str, Any]:
    """Medians by part and contender."""
    found: dict[str, Any] = {}
    for (part, name), runs in samples.items():
        told = [json.loads(run.output.strip().rpartition("\n")[2]) for run in runs if run.output.strip()]
        found.setdefault(part, {})[name] = {
            "rounds": len(runs),
            "seconds_median": round(statistics.median(run.seconds for run in runs), 3),
            "seconds_min": min(run.seconds for run in runs),
            "cpu_seconds_median": round(statistics.median(run.cpu_seconds for run in runs), 2),
            "peak_mb_max": max(run.peak_mb for run in runs),
            "parts_median": {key: round(statistics.median(one[key] for one in told), 3) for key in told[0]}
            if told
            else {},
        }
    for of_part in found.values():
        if "duckdb" in of_part:
            whole = of_part["embedded"]["seconds_median"]
            inside = whole - of_part["embedded"]["parts_median"]["engine"]
            of_part["ratio"] = round(whole / of_part["duckdb"]["seconds_median"], 2)
            of_part["ratio_without_engine_start"] = round(inside / of_part["duckdb"]["seconds_median"], 2)
    return found


def as_text(result: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [
        f"{result['data']}, {result['machine']['cores']} cores, whole processes, "
        f"load at start {result['machine']['load_at_start'][0]}",
        f"{'part':<10}{'contender':<10}{'rounds':>7}{'median s':>10}{'min s':>8}{'cpu s':>8}{'peak MB':>9}",
    ]
    for part, of_part in result["parts"].items():
        for name in ("duckdb", "embedded"):
            if figure := of_part.get(name):
                inside = ", ".join(f"{key} {taken:.2f} s" for key, taken in figure["parts_median"].items())
                lines.append(
                    f"{part:<10}{name:<10}{figure['rounds']:>7}{figure['seconds_median']:>10.2f}"
                    f"{figure['seconds_min']:>8.2f}{figure['cpu_seconds_median']:>8.1f}{figure['peak_mb_max']:>9,.0f}"
                    + (f"  of it {inside}" if inside else "")
                )
        if "ratio" in of_part:
            lines.append(
                f"{part}: {of_part['ratio']:.2f} times DuckDB's time, "
                f"{of_part['ratio_without_engine_start']:.2f} without the engine's start"
            )
    for name, found, most in result["promises"]:
        lines.append(f"{'kept ' if found <= most else 'MISSED'} {name}: {found:.2f}, at most {most}")
    return "\n".join(lines)


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), metavar="PART")
    parser.add_argument("--lake", type=Path, help="one that has been through build-silver, instead of a new one")
    parser.add_argument("--work", type=Path, default=BENCH / "results" / "work-gold")
    parser.add_argument("--json", type=Path, default=BENCH / "results" / "gold.json")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    work = options.work.resolve()
    bench = Bench(work, options.lake and options.lake.resolve())
    facts = machine()
    unequal: list[str] = []
    for number in range(options.rounds):
        for part in options.only:
            bench.compete(part)
            if number == 0:
                unequal += bench.differences(part)
    parts = summary(bench.samples)
    promises = []
    if "tables" in parts:
        promises.append(("tables: time over DuckDB's", parts["tables"]["ratio"], MOST_RATIO))
    if "series" in parts:
        seconds = parts["series"]["embedded"]["parts_median"]["series"]
        promises.append(("seconds of statistics", seconds, MOST_SERIES_SECONDS))
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": f"silver as of {bench.given['as_of']}, forum as of {bench.given['forum_as_of']}",
        "machine": facts,
        "differences": unequal,
        "parts": parts,
        "promises": promises,
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(as_text(result))
    print("\n".join(unequal) or "every table the same")
    shutil.rmtree(work, ignore_errors=True)
    return int(bool(unequal))


if __name__ == "__main__":
    sys.exit(main())
