"""Compact the tables and delete old versions."""

import sys
from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.job import Job
from ptm_spark.maintenance import SAFE_HOURS, maintain


@command(writes=True)
def main(
    job: Job,
    retention_hours: Annotated[int, typer.Option(min=0, help="Keep files that were needed so long ago.")] = SAFE_HOURS,
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it; without this only what would be done is printed.")
    ] = False,
    dangerously_short: Annotated[bool, typer.Option("--dangerously-short", help="Allow less than a week.")] = False,
) -> None:
    """Compact the ops tables and delete files of old versions; prints only, unless --apply. Starts no engine."""
    published = job.publishing.published()
    done = maintain(job.lake, published, retention_hours=retention_hours, short_is_meant=dangerously_short, apply=apply)
    verb = "deleted" if apply else "would delete"
    for table in done:
        text = table.skipped or f"{verb} {table.deleted_files} files, compacted {table.compacted_files}"
        sys.stdout.write(f"{table.path:<44}{text}\n")
    job.summary |= {"applied": apply, "tables": [vars(table) for table in done]}


if __name__ == "__main__":
    run(main)
