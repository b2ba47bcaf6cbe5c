"""Samples become figures: medians, ratios, what the project promised, as text and as JSON."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import psutil
from measure import ROOT, Sample

Samples = Mapping[str, Sequence[Sample]]
YARDSTICK = "duckdb"
PACKAGES = ("pysail", "pyspark", "delta-spark", "deltalake", "duckdb", "polars", "great-expectations", "pyarrow")
#: what the project promised for 760,000 models
MOST_RATIO, MOST_PEAK_MB, MOST_GATE_SECONDS, MOST_SPARK_SECONDS = 1.5, 1_500, 4, 240


def machine() -> dict[str, Any]:
    """What the figures depend on besides the code."""
    git = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cores_of_machine": os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / 1e6),
        "load_at_start": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "commit": git.stdout.strip(),
    }


def summarise(samples: Samples, records: int) -> dict[str, Any]:
    """Medians of every contender, ratios to the yardstick, the gate's own cost, the speed of the import."""
    found: dict[str, Any] = {"contenders": {}}
    for name, runs in samples.items():
        found["contenders"][name] = {
            "rounds": len(runs),
            "seconds_median": round(statistics.median(run.seconds for run in runs), 3),
            "seconds_min": min(run.seconds for run in runs),
            "cpu_seconds_median": round(statistics.median(run.cpu_seconds for run in runs), 2),
            "peak_mb_max": max(run.peak_mb for run in runs),
            "samples": [{key: value for key, value in asdict(run).items() if key != "output"} for run in runs],
        }
    figures = found["contenders"]
    if YARDSTICK in figures:
        whole = figures[YARDSTICK]["seconds_median"]
        for figure in figures.values():
            figure["ratio"] = round(figure["seconds_median"] / whole, 2)
    for name in samples:
        if parts := [
            json.loads(run.output.strip().rpartition("\n")[2]) for run in samples[name] if '"gold"' in run.output
        ]:
            figures[name]["parts_median"] = {
                part: round(statistics.median(run[part] for run in parts), 3) for part in parts[0]
            }
    if "embedded-gate" in figures:
        found["gate_seconds"] = figures["embedded-gate"]["parts_median"]["gate"]
        if "embedded" in figures:
            found["gate_whole_seconds"] = round(
                figures["embedded-gate"]["seconds_median"] - figures["embedded"]["seconds_median"], 3
            )
    found["import_models_per_second"] = round(records / figures["import-dump"]["seconds_median"])
    found["promises"] = dict(_promises(found))
    return found


def _promises(found: Mapping[str, Any]) -> Sequence[tuple[str, dict[str, Any]]]:
    figures = found["contenders"]
    checks = []
    if "embedded" in figures:
        checks.append(("embedded: time over DuckDB's", figures["embedded"].get("ratio"), MOST_RATIO))
        checks.append(("embedded: peak MB", figures["embedded"]["peak_mb_max"], MOST_PEAK_MB))
    checks.append(("gate's own seconds", found.get("gate_seconds"), MOST_GATE_SECONDS))
    if "spark" in figures:
        checks.append(("spark, local[2]: seconds", figures["spark"]["seconds_median"], MOST_SPARK_SECONDS))
    return [
        (name, {"found": value, "most": most, "kept": value <= most})
        for name, value, most in checks
        if value is not None
    ]


def as_text(result: Mapping[str, Any]) -> str:
    """The figures for people."""
    lines = [
        f"{result['records']:,} models ({result['data']}), {result['machine']['cores']} cores, whole processes",
        f"{'contender':<16}{'rounds':>7}{'median s':>10}{'min s':>8}{'cpu s':>8}{'peak MB':>9}{'ratio':>7}",
    ]
    for name, figure in result["contenders"].items():
        if name == "import-dump":
            continue
        lines.append(
            f"{name:<16}{figure['rounds']:>7}{figure['seconds_median']:>10.2f}{figure['seconds_min']:>8.2f}"
            f"{figure['cpu_seconds_median']:>8.1f}{figure['peak_mb_max']:>9,.0f}"
            f"{figure.get('ratio', float('nan')):>7.2f}"
        )
    for name, figure in result["contenders"].items():
        if parts := figure.get("parts_median"):
            lines.append(
                f"parts of {name}: " + ", ".join(f"{part} {taken:.2f} s" for part, taken in parts.items() if taken)
            )
    if "gate_whole_seconds" in result:
        lines.append(
            f"gate: {result['gate_seconds']:.2f} s of its own, "
            f"{result['gate_whole_seconds']:.2f} s of the whole process"
        )
    landed = result["contenders"]["import-dump"]
    lines.append(
        f"import-dump: {result['import_models_per_second']:,} models/s ({landed['seconds_median']:.2f} s), "
        f"peak {landed['peak_mb_max']:,.0f} MB"
    )
    for name, check in result["promises"].items():
        lines.append(
            f"{'kept ' if check['kept'] else 'MISSED'} {name}: {check['found']:,.2f}, at most {check['most']:,}"
        )
    lines += [f"left out: {name}, {why}" for name, why in result["left_out"].items()]
    return "\n".join(lines)
