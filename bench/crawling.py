"""The crawler of the Hub against a stand-in in a process of its own: the second half of ``make bench``.

Throughput: the whole listing without a quota, landed by ``ptm-spark crawl-hub``, and by a script with huggingface_hub's
own client once only walked, once kept as JSON Lines; whole processes, alternated, medians; a round that does not count
makes the stand-in's pages first. Quota: the same listing within the anonymous quota, its windows shortened: how much of
it is used, and whether all rows have landed. The data are the Hub's listing of July 2024 (760,000 models) where the
environment variable PTM_REAL_DATA names the folder that has it, else an invented Hub. Results stand in
bench/results/crawling.json. Exit code 1 where a row was lost, doubled or out of order.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from crawl_process import CrawlRun, run_crawl
from crawl_standin import Dump, StandIn, find_dump, flaws, landed, stand_in, wait_for_window
from figures import machine
from measure import ROOT

from ptm_spark.config import load
from ptm_spark.standin.quota import PLANS, WINDOW_SECONDS

BENCH = Path(__file__).resolve().parent
CORES = 2
OURS, YARDSTICK, KEPT = "crawl-hub", "hf-api", "hf-api-kept"
PACKAGES = ("aiohttp", "huggingface_hub", "orjson", "zstandard")
PLAN = "anonymous"
#: what the project promised
LEAST_RATIO, MOST_PEAK_MB, MOST_GROWTH_MB, LEAST_USED = 3, 200, 20, 0.95


class CrawlBench:
    """One benchmark: its folder, its listing, its figures."""

    def __init__(self, work: Path, dump: Dump) -> None:
        self.work, self.dump = work, dump
        self._fields = load().crawl.hub_expand
        work.mkdir(parents=True, exist_ok=True)
        self.samples: dict[str, list[dict[str, float]]] = {YARDSTICK: [], KEPT: [], OURS: []}

    def measure_throughput(self, rounds: int) -> dict[str, Any]:
        """Medians, how many times as quick ours is, and what has become of the rows landed in the last round."""
        with stand_in(self.dump) as hub:
            for number in range(rounds + 1):
                for name in self.samples:
                    sample = self._compete(name, hub)
                    _tell(name, sample, "" if number else " (not counted)")
                    if number:
                        self.samples[name].append(sample)
        found: dict[str, Any] = {
            name: {f"{key}_median": statistics.median(run[key] for run in runs) for key in runs[0]}
            | {"rounds": len(runs), "samples": runs}
            for name, runs in self.samples.items()
        }
        for figure in found.values():
            for key in ("models_per_second_median", "without_start_per_second_median"):
                figure[key.replace("per_second_median", "ratio")] = round(found[OURS][key] / figure[key], 2)
        return {
            "contenders": found,
            "flaws": flaws(self._lake, self.dump),
        }

    def measure_quota(self, *, window_seconds: float, page_rows: int) -> dict[str, Any]:
        """How a census uses the anonymous quota: shares of every window but its last, refusals, what has landed."""
        with stand_in(self.dump, "--plan", PLAN, "--time-scale", str(WINDOW_SECONDS / window_seconds)) as hub:
            wait_for_window(window_seconds)
            run = self._crawl(hub, "--set", f"crawl.page_size={page_rows}")
            stats = hub.stats()
        windows = [window for window in stats["windows"] if window["bucket"] == "api"]
        return {
            "plan": PLAN,
            "limit": PLANS[PLAN]["api"],
            "window_seconds": window_seconds,
            "page_rows": page_rows,
            "seconds": run.seconds,
            "requests": stats["requests"],
            "refused": stats["refused"],
            "windows": [window["granted"] for window in windows],
            "used_in_full_windows": [round(window["granted"] / window["limit"], 3) for window in windows[:-1]],
            "flaws": flaws(self._lake, self.dump),
        }

    @property
    def _lake(self) -> Path:
        return self.work / "crawled-lake"

    def _compete(self, name: str, hub: StandIn) -> dict[str, float]:
        """One run of a contender: seconds, models a second, memory in MB."""
        if name == OURS:
            run = self._crawl(hub)
            manifest = self._lake / "landing" / landed(self._lake).path / "_manifest.json"
            models, ended_at = landed(self._lake).records, manifest.stat().st_mtime
        else:
            into: list[str | Path] = ["--into", self.work / "kept.jsonl.zst"] if name == KEPT else []
            run = self._run(hub, [BENCH / "crawl_hf_api.py", *into, hub.endpoint, *self._fields])
            last = json.loads(run.output.strip().rpartition("\n")[2])
            models, ended_at = last["models"], last["ended_at"]
        pages = hub.pages_since(run.begun)
        without_start = ended_at - time.time() + time.monotonic() - pages[0]
        quarter, end = run.resident_at(pages[len(pages) // 4]), run.resident_at(pages[-1])
        return {
            "models": models,
            "seconds": run.seconds,
            "cpu_seconds": run.cpu_seconds,
            "models_per_second": round(models / run.seconds),
            "without_start_seconds": round(without_start, 3),
            "without_start_per_second": round(models / without_start),
            "peak_mb": run.peak_mb,
            "quarter_mb": quarter,
            "end_mb": end,
            "growth_mb": round(end - quarter, 1),
        }

    def _crawl(self, hub: StandIn, *options: str) -> CrawlRun:
        shutil.rmtree(self._lake, ignore_errors=True)
        return self._run(hub, ["-m", "jobs.cli", "crawl-hub", "--lake", self._lake, "--quiet", *options])

    def _run(self, hub: StandIn, command: list[str | Path]) -> CrawlRun:
        with tempfile.TemporaryDirectory() as home:
            settings = {
                "PYTHONPATH": str(ROOT),
                "HF_ENDPOINT": hub.endpoint,
                "HF_HOME": home,
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
                "NO_PROXY": "127.0.0.1",
            }
            return run_crawl(command, os.environ | settings)


def _tell(name: str, sample: dict[str, float], remark: str) -> None:
    print(
        f"{name:<16}{sample['seconds']:>8.2f} s{sample['peak_mb']:>9,.0f} MB{remark}", file=sys.stderr, flush=True
    )  # fmt: skip


def _promises(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What was promised beside what was found; ``most`` and ``least`` are the bounds."""
    throughput, quota = result.get("throughput"), result.get("quota")
    promises: dict[str, dict[str, Any]] = {}
    if throughput:
        ours = throughput["contenders"][OURS]["samples"]
        promises["crawl-hub: models a second over huggingface_hub's"] = {
            "found": throughput["contenders"][YARDSTICK]["models_ratio"], "least": LEAST_RATIO
        }  # fmt: skip
        promises["crawl-hub: peak MB"] = {"found": max(run["peak_mb"] for run in ours), "most": MOST_PEAK_MB}
        growth = statistics.median(run["growth_mb"] for run in ours)
        promises["crawl-hub: MB more at the end than after a quarter"] = {"found": growth, "most": MOST_GROWTH_MB}
    if quota:
        if shares := quota["used_in_full_windows"]:
            promises["least share of the quota used in a full window"] = {"found": min(shares), "least": LEAST_USED}
        promises["requests refused"] = {"found": quota["refused"], "most": 0}
    for promise in promises.values():
        found = promise["found"]
        promise["kept"] = promise.get("least", found) <= found <= promise.get("most", found)
    return promises


def as_text(result: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [
        f"crawling {result['records']:,} models ({result['data']}), {result['machine']['cores']} cores, whole processes"
    ]
    if throughput := result.get("throughput"):
        lines.append(
            f"{'contender':<16}{'rounds':>7}{'median s':>10}{'cpu s':>8}{'models/s':>10}{'no start':>10}"
            f"{'peak MB':>9}{'at 25 %':>9}{'at 100 %':>9}{'ours is':>9}{'no start':>10}"
        )
        for name, figure in throughput["contenders"].items():
            lines.append(
                f"{name:<16}{figure['rounds']:>7}{figure['seconds_median']:>10.2f}{figure['cpu_seconds_median']:>8.1f}"
                f"{figure['models_per_second_median']:>10,.0f}{figure['without_start_per_second_median']:>10,.0f}"
                f"{max(run['peak_mb'] for run in figure['samples']):>9,.0f}"
                f"{figure['quarter_mb_median']:>9,.0f}{figure['end_mb_median']:>9,.0f}"
                f"{figure['models_ratio']:>8.2f}x{figure['without_start_ratio']:>9.2f}x"
            )
    if quota := result.get("quota"):
        lines.append(
            f"quota: {quota['requests']:,} requests for pages of {quota['page_rows']:,}, {quota['limit']} a window of "
            f"{quota['window_seconds']:g} s: {', '.join(map(str, quota['windows']))} granted, "
            f"{quota['refused']} refused, {quota['seconds']:.1f} s"
        )
    for name, check in result["promises"].items():
        bound = f"at least {check['least']:,}" if "least" in check else f"at most {check['most']:,}"
        lines.append(f"{'kept ' if check['kept'] else 'MISSED'} {name}: {check['found']:,.2f}, {bound}")
    return "\n".join(lines)


def main() -> int:
    options = _options()
    if hasattr(os, "sched_setaffinity"):  # children inherit it
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    facts = machine()
    facts["packages"] |= {name: version(name) for name in PACKAGES}
    dump = find_dump(options.work.resolve(), options.models)
    print(f"data: {dump.name}", file=sys.stderr)
    bench = CrawlBench(options.work.resolve(), dump)
    result: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": dump.name,
        "records": len(dump.oids),
        "machine": facts,
    }
    if "throughput" in options.only:
        result["throughput"] = bench.measure_throughput(options.rounds)
    if "quota" in options.only:
        result["quota"] = bench.measure_quota(window_seconds=options.window, page_rows=options.page_rows)
    result["promises"] = _promises(result)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(as_text(result))
    shutil.rmtree(bench.work / "crawled-lake", ignore_errors=True)
    (bench.work / "kept.jsonl.zst").unlink(missing_ok=True)
    return _say({name: result[name]["flaws"] for name in options.only})


def _say(flaws_by_part: dict[str, dict[str, int]]) -> int:
    """What differs between the dump and what has landed, and the exit code."""
    for part, found in flaws_by_part.items():
        wrong = [f"{number:,} {what.replace('_', ' ')}" for what, number in found.items() if number]
        print(f"{part}: " + (", ".join(wrong) or "every row landed once, in order"))
    return int(any(any(found.values()) for found in flaws_by_part.values()))


def _options() -> argparse.Namespace:
    parts = ("throughput", "quota")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender that count")
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts), metavar="PART")
    parser.add_argument("--models", type=int, help="only so many rows of the listing, for a quick trial")
    parser.add_argument("--page-rows", type=int, default=1000, help="rows a page in the part about the quota")
    parser.add_argument("--window", type=float, default=30.0, help="seconds of a window of the quota, at least 10")
    parser.add_argument("--work", type=Path, default=BENCH / "results" / "work", help="where contenders write")
    parser.add_argument("--json", type=Path, default=BENCH / "results" / "crawling.json", help="where results go")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
