"""This project's own way of the work that ``duckdb_path.py`` does, as a command of its own: landing → silver → gold.

Usage: python bench/ptm_spark_path.py --lake LAKE [--engine embedded|spark] [--gate]

LAKE holds nothing but landing. The steps are those of jobs/build_silver.py and jobs/build_gold.py, through the same
command line, with the lake claimed and ops/runs written; only the gate (unless ``--gate``), the publication and the
page are left out. The last line of output is JSON: the seconds of each part, the gate apart.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer

from jobs import build_silver
from ptm_spark.command import command, run
from ptm_spark.gold.uploads import build_uploads_monthly, count_uploads, weigh_uploads
from ptm_spark.job import Job
from ptm_spark.tables import GOLD
from ptm_spark.tables.hub import MODELS

seconds = {"engine": 0.0, "silver": 0.0, "gold": 0.0, "gate": 0.0}


@contextmanager
def timed(part: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[part] += time.perf_counter() - begun


@command(writes=True)
def main(job: Job, with_gate: Annotated[bool, typer.Option("--gate", help="Measure and judge, too.")] = False) -> None:
    """Build silver and gold of a lake that holds nothing but landing, to be timed."""
    if with_gate:  # as run_all does: the library loads beside the work
        from ptm_spark.quality import gate

        gate.warm_up()
    with timed("engine"):
        store = job.store
    with timed("silver"):
        build_silver.build(job, job.plan())
    if with_gate:
        from jobs import check_silver

        with timed("gate"):
            check_silver.check(job)
    state = job.staged("checked" if with_gate else "built")
    as_of, bulk = datetime.fromisoformat(state.as_of), job.settings.gold.model_dump()
    with job.step("build-gold"):
        with timed("gold"):
            counted = store.stage("counted", count_uploads(store.read(MODELS), as_of=as_of))
            uploads = store.stage("uploads", weigh_uploads(counted, **bulk))
            frames = {
                table.path: store.stage(table.name, build_uploads_monthly(uploads, table, as_of=as_of))
                for table in GOLD
            }
        if with_gate:
            from ptm_spark.quality import checks

            with timed("gate"):
                measures = checks.gold_measures(frames, state.measures[MODELS.path])
                verdicts = gate.judge(measures, checks.gold_rules(job.settings.gate), job.accepted_rules(state))
                job.judge(state, measures, verdicts)
        with timed("gold"):
            for table in GOLD:
                store.overwrite(table, frames[table.path])
            store.clear_staging()
    print(json.dumps({part: round(taken, 3) for part, taken in seconds.items()}), flush=True)


if __name__ == "__main__":
    run(main)
