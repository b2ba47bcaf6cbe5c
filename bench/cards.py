"""Reading model cards: this project beside a plain script with markdown-it-py and PyYAML. Part of ``make bench``.

Both get the same landed READMEs and the same two cores, write the same counts a card and a row a heading, and say
themselves how long that took, starting Python and the engine apart; they run in turns, medians count. The data are
the Hub's census of February 2022 (16,241 cards with text) where the environment variable PTM_REAL_DATA names the folder
that has it, else cards of an invented Hub. Results stand in bench/results/cards.json. Exit code 1 where the two differ
by more than two in a hundred in any total.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from figures import machine
from measure import ROOT, Sample, run_measured

from ptm_spark.config import load
from ptm_spark.crawl.entities import entity_named
from ptm_spark.crawl.import_dump import import_dump
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest, utc_text
from ptm_spark.standin.hub_cards import card_text
from ptm_spark.standin.world import CENSUS_DATES, make_world

BENCH = Path(__file__).resolve().parent
CENSUS, SEEN_AT = "hub/models_with_readme_2022-02.jsonl.gz", datetime(2022, 2, 15, tzinfo=UTC)
INVENTED_MODELS = 16_000
CORES = 2
OURS, YARDSTICK = "ptm-spark", "markdown-it-py"
PACKAGES = ("markdown-it-py", "py3langid", "pyromark", "pysail", "pyyaml")
#: what the project promised, cards with text a second
LEAST_PER_SECOND = 5_000
#: what the two may differ by in a total: what is a link, or a word, has edges
MOST_DIFFERENCE = 0.02


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, default=BENCH / "results" / "work-cards")
    parser.add_argument("--json", type=Path, default=BENCH / "results" / "cards.json")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    facts = machine() | {"packages": {name: version(name) for name in PACKAGES}}
    work = options.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    data, crawl = _land(work / "landed")
    print(f"data: {data}", file=sys.stderr)
    samples: dict[str, list[dict[str, Any]]] = {YARDSTICK: [], OURS: []}
    for _ in range(options.rounds):
        for name in samples:
            samples[name].append(_compete(name, work, crawl))
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": data,
        "machine": facts,
        **_summary(samples),
        "samples": samples,
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(work, ignore_errors=True)
    print(_as_text(result))
    return int(any(share > MOST_DIFFERENCE for share in result["differences"].values()))


def _land(lake: Path) -> tuple[str, Manifest]:
    landing, settings = Landing(Folder(lake)), load().landing
    real = Path(os.environ.get("PTM_REAL_DATA", "/")) / CENSUS
    if real.is_file():
        found = import_dump(
            landing, entity_named("hub/models"), [real], format="census-2022", observed_at=SEEN_AT,
            coverage="census", scope="hub", settings=settings,
        )  # fmt: skip
        return real.name, next(manifest for manifest, *_ in found if manifest.entity == "cards")
    at = CENSUS_DATES[-1]
    crawl_id = f"{at:%Y%m%dT%H%M%SZ}-invented"
    with landing.writer(f"hub/cards/{crawl_id}", settings) as writer:
        for model in make_world(7, INVENTED_MODELS).models:
            text = card_text(model, 0).encode()
            writer.add_text(text, name=model.repo_oid, fetched_at=utc_text(at), about={})
        manifest = writer.finish(
            source="hub", entity="cards", crawl_id=crawl_id, format="api", coverage="census", failed=(), scope="hub",
            observed_at=utc_text(at), cutoff=utc_text(at),
        )  # fmt: skip
    return f"an invented Hub: no {CENSUS} below PTM_REAL_DATA", manifest


def _compete(name: str, work: Path, crawl: Manifest) -> dict[str, Any]:
    out = work / f"out-{name}"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if name == OURS:
        shutil.copytree(work / "landed" / "landing", out / "landing", copy_function=os.link)
        sample = run_measured([BENCH / "cards_ptm_spark.py", out])
    else:
        sample = run_measured([BENCH / "cards_markdown_it.py", work / "landed" / "landing" / crawl.path, out])
    told = _told(sample)
    print(
        f"{name:<16}{told['seconds']:>8.2f} s{told['per_second']:>9,.0f} cards/s{sample.cpu_seconds:>8.1f} s of "
        f"processor{sample.peak_mb:>8,.0f} MB",
        file=sys.stderr,
        flush=True,
    )
    return told


def _told(sample: Sample) -> dict[str, Any]:
    told = json.loads(sample.output.strip().rpartition("\n")[2])
    measured = {"whole_seconds": sample.seconds, "cpu_seconds": sample.cpu_seconds, "peak_mb": sample.peak_mb}
    return told | measured | {"per_second": told["totals"]["card_count"] / told["seconds"]}


def _summary(samples: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    medians = {
        name: {
            key: statistics.median(run[key] for run in runs)
            for key in ("seconds", "per_second", "whole_seconds", "cpu_seconds", "peak_mb")
        }
        for name, runs in samples.items()
    }
    ours, theirs = (samples[name][-1]["totals"] for name in (OURS, YARDSTICK))
    return {
        "contenders": medians,
        "ratio": medians[OURS]["per_second"] / medians[YARDSTICK]["per_second"],
        "promised": medians[OURS]["per_second"] >= LEAST_PER_SECOND,
        "differences": {name: abs(ours[name] - theirs[name]) / max(theirs[name], 1) for name in theirs},
    }


def _as_text(result: dict[str, Any]) -> str:
    lines = [f"{'':<16}{'cards/s':>10}{'seconds':>9}{'processor':>11}{'peak MB':>9}"]
    for name, values in result["contenders"].items():
        lines.append(
            f"{name:<16}{values['per_second']:>10,.0f}{values['seconds']:>9.2f}{values['cpu_seconds']:>11.1f}"
            f"{values['peak_mb']:>9,.0f}"
        )
    kept = "yes" if result["promised"] else "no"
    worst = max(result["differences"], key=lambda name: float(result["differences"][name]))
    lines += [
        f"ratio {result['ratio']:.1f}; promised {LEAST_PER_SECOND:,} cards/s: {kept}",
        f"the totals differ by {result['differences'][worst]:.2%} at most ({worst})",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
