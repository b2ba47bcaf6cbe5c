"""Compare two lakes row by row."""

import sys
from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.comparing import compare_tables
from ptm_spark.errors import PtmError
from ptm_spark.folder import Folder
from ptm_spark.job import Job
from ptm_spark.tables import GOLD, SILVER


@command(writes=False)
def main(
    job: Job,
    other: Annotated[str, typer.Argument(help="The lake to compare with --lake.")],
    apart_from: Annotated[list[str] | None, typer.Option(help="A column to leave out. May be repeated.")] = None,
) -> None:
    """Compare the published silver and gold tables of two lakes, not those about runs; exit 1 where they differ."""
    left = job.published_store()
    right = job.beside(Folder(other))
    differing = []
    for table in (*SILVER, *GOLD):
        found = compare_tables(left.read(table), right.read(table), table, apart_from=apart_from or ())
        if not found.is_equal:
            differing.append(table.path)
        sys.stdout.write(f"{table.path:<44}{found.left_rows:>12,} {found.right_rows:>12,}  {found}\n")
    job.summary |= {"differing": differing}
    if differing:
        raise PtmError(f"{len(differing)} tables differ between {job.lake.url} and {other}")


if __name__ == "__main__":
    run(main)
