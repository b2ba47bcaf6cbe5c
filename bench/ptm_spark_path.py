"""This project's own way of the work that ``duckdb_path.py`` does, as a command of its own: landing → silver → gold.

Usage: python bench/ptm_spark_path.py --lake LAKE [--engine embedded|spark] [--gate]

LAKE holds nothing but a landed listing. The steps are those of jobs/build_silver.py and jobs/build_gold.py, through
the same command line, with the lake claimed and ops/runs written; left out are the gate (unless ``--gate``), the
publication and the page, and the tables that the scripts beside it do not make: families of models, and what is counted
of them (bench/gold.py compares these). The last line of output is JSON: the seconds of each part, the gate apart.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer
from pyspark.sql import functions as F

from ptm_spark.command import command, run
from ptm_spark.gold.uploads import (
    build_uploads_monthly,
    count_owner_months,
    count_uploads,
    label_owner_months,
    label_uploads,
    select_uploads_table,
)
from ptm_spark.job import Job
from ptm_spark.silver.hub import take_in_models
from ptm_spark.tables.gold import TABLES, UPLOADS_PER_FAMILY_MONTHLY
from ptm_spark.tables.hub import MODELS

GOLD = tuple(table for table in TABLES if table != UPLOADS_PER_FAMILY_MONTHLY)
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
        intake = job.plan()
        marks = job.begin(intake)
        with job.step("build-silver"):
            measures = take_in_models(
                store,
                intake.families["models"],
                marks,
                first_commits=None,
                has_new_commits=False,
                reject_text_chars=job.settings.landing.reject_text_chars,
            )
            job.stage_silver(intake, marks, measures)
    if with_gate:
        from jobs import check_silver

        with timed("gate"):
            check_silver.check(job)
    state = job.staged("checked" if with_gate else "built")
    as_of, bulk = datetime.fromisoformat(state.as_of), job.settings.gold.model_dump()
    with job.step("build-gold"):
        with timed("gold"):
            models = store.read(MODELS).withColumn("family", F.lit(None).cast("string"))
            owner_months = store.stage("owner_months", count_owner_months(models, as_of=as_of))
            labels = store.stage("owner_labels", label_owner_months(owner_months, **bulk))
            uploads = store.stage("uploads", label_uploads(models, labels, as_of=as_of))
            counts = store.stage("uploads_counted", count_uploads(uploads))
            monthly = store.stage("uploads_monthly", build_uploads_monthly(counts, as_of=as_of))
            frames = {table: select_uploads_table(monthly, table) for table in GOLD}
        if with_gate:
            from ptm_spark.quality import checks

            with timed("gate"):
                of_gold = checks.gold_measures(frames, state.measures)
                verdicts = gate.judge(of_gold, checks.gold_rules(frames), job.accepted_rules(state))
                job.judge(state, of_gold, verdicts)
        with timed("gold"):
            store.overwrite_all(frames)
            store.clear_staging()
    print(json.dumps({part: round(taken, 3) for part, taken in seconds.items()}), flush=True)


if __name__ == "__main__":
    run(main)
