"""This project's own way of the work that ``duckdb_gold.py`` does, as a command of its own: silver → gold.

Usage: python bench/gold_ptm_spark.py --lake LAKE [--part tables|series|families]

LAKE has been through build-silver and no further. ``tables`` (the default) are those that the engine counts, through
``GoldRun`` and the same command line as jobs/build_gold.py, staged and then written; ``series`` builds and writes the
statistics of these tables behind them; ``families`` is silver/model_families from silver/models. The gate, the
publication and the page are left out. The last line of output is JSON: the seconds of each part.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.gold.building import Bulk, GoldRun
from ptm_spark.gold.moments import moments_of
from ptm_spark.job import Job
from ptm_spark.silver.model_families import build_model_families
from ptm_spark.tables.families import MODEL_FAMILIES
from ptm_spark.tables.gold_series import CONCENTRATION_MONTHLY
from ptm_spark.tables.hub import MODELS

seconds: dict[str, float] = {}


@contextmanager
def timed(part: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[part] = time.perf_counter() - begun


@command(writes=True)
def main(job: Job, part: Annotated[str, typer.Option(help="tables, series or families.")] = "tables") -> None:
    """Build gold of a lake that has been through build-silver, to be timed."""
    with timed("engine"):
        store = job.store
    state = job.staged("built")
    with job.step("build-gold"):
        if part == "families":
            with timed("families"):
                families = build_model_families(store.read(MODELS), stage=store.stage)
                store.overwrite(MODEL_FAMILIES, families, reshape=True)
        else:
            settings = job.settings.gold
            bulk = Bulk(**settings.model_dump())
            gold = GoldRun(store, moments_of(job.crawls_of(state), models_as_of=state.as_of), bulk, None)
            with timed("tables"):
                store.overwrite_all(gold.build_tables() | {CONCENTRATION_MONTHLY: gold.owners()})
            if part == "series":
                with timed("series"):
                    store.overwrite_all(gold.build_series())
        store.clear_staging()
    print(json.dumps({name: round(taken, 3) for name, taken in seconds.items()}), flush=True)


if __name__ == "__main__":
    run(main)
