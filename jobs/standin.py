"""An invented Hub for trials without a network."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.job import Job


@command(writes=False)
def main(
    job: Job,
    write: Annotated[Path, typer.Option(help="Folder for the dumps.")],
    models: Annotated[int, typer.Option(min=1, help="Models in the invented world.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 7,
    dirty: Annotated[bool, typer.Option("--dirty", help="Mix in broken records of every known kind.")] = False,
) -> None:
    """Write listings of an invented Hub at three dates as dumps, a path and its moment a line."""
    from ptm_spark.standin.world import CENSUS_DATES, write_dumps

    dumps = write_dumps(write, seed=seed, models=models, dirty=dirty)
    for dump, date in zip(dumps, CENSUS_DATES, strict=True):
        sys.stdout.write(f"{dump} {date:%Y-%m-%dT%H:%M:%SZ}\n")


if __name__ == "__main__":
    run(main)
