"""All stages, only what is new."""

from typing import Annotated

import typer

from jobs import build_gold, build_silver, check_silver, write_report
from ptm_spark.command import command, run
from ptm_spark.errors import GateError
from ptm_spark.intake import Intake
from ptm_spark.job import Job
from ptm_spark.quality import gate


@command(writes=True)
def main(
    job: Job,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build all tables anew from landing.")] = False,
) -> None:
    """Run all stages on what is new: silver, gate, gold, publication, report; hold crawls that break the gate."""
    intake = job.plan(rebuild=rebuild)
    if not intake.crawls:
        job.leave_as_is()
        return
    gate.warm_up()
    failures = job.try_stages(_stages, intake)
    if job.publishing.published() is not None:
        write_report.write(job)
    if failures:
        raise GateError("; ".join(str(error) for error in failures))


def _stages(job: Job, intake: Intake) -> None:
    build_silver.build(job, intake)
    check_silver.check(job)
    build_gold.build(job)


if __name__ == "__main__":
    run(main)
