"""Compute the study's published figures again from its own tables."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.errors import PtmError
from ptm_spark.job import Job
from ptm_spark.replication import claims, listing, pointer, tables, text
from ptm_spark.tables.gold import UPLOADS_PER_PIPELINE_TAG_MONTHLY as UPLOADS
from ptm_spark.tables.replication import REPLICATION


@command(writes=False)  # a new lake will do: it is claimed below
def main(job: Job, folder: Annotated[Path, typer.Argument(help="The study's tables.", metavar="DIR")]) -> None:
    """Compute the study's figures again from its tables in DIR, into gold/replication; exit 1 if one disagrees."""
    study = tables.load_tables(folder)
    for file, serves in tables.absent_files(folder).items():
        job.log.info("absent, so its claims stay constants", file=file, serves=serves)
    with job.lake.claim(".run.lock", f"lake {job.lake.url}"), job.step("replicate"):
        public = job.publishing.published()
        is_there = public is not None and UPLOADS.path in public.tables
        uploads = listing.count_by_month(job.published_store().read(UPLOADS)) if is_there else None
        found = claims.claims(study, uploads, public.as_of if public else "")
        rows = job.store.rows_of([asdict(claim) for claim in found], REPLICATION)
        new = job.store.overwrite(REPLICATION, rows, reshape=True)
        by = {"run_id": job.run_id, "engine": job.engine}
        pointer.publish_table(job.publishing, REPLICATION.path, version=new.version, rows=new.rows, **by)
    sys.stdout.write(text.as_text(found))
    job.summary |= {"claims": text.count_statuses(found)}
    if wrong := [claim.claim for claim in found if claim.status == "disagrees"]:
        raise PtmError(f"{len(wrong)} of {len(found)} claims disagree with the tables: {', '.join(wrong[:3])}")


if __name__ == "__main__":
    run(main)
