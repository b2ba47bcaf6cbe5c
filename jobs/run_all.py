"""All stages, only what is new."""

from jobs import build_gold, build_silver, check_silver, write_report
from ptm_spark.command import Rebuild, command, run
from ptm_spark.errors import GateError
from ptm_spark.intake import Intake
from ptm_spark.job import Job
from ptm_spark.quality import gate


@command(writes=True)
def main(job: Job, rebuild: Rebuild = False) -> None:
    """Run all stages on what is new: silver, gate, gold, publication, report; hold crawls that break the gate."""
    intake = job.plan(rebuild=rebuild)
    if not intake.crawls and job.published_gold_settings() == job.settings.gold.model_dump():
        job.leave_as_is()
        return
    gate.warm_up()
    failures = job.try_stages(_stages, intake)
    if job.publishing.published() is not None:
        write_report.write(job)
    if failures:
        raise GateError("; ".join(str(error) for error in failures))


def _stages(job: Job, intake: Intake) -> None:
    if intake.crawls:
        build_silver.build(job, intake)
        check_silver.check(job)
    else:
        job.stage_published()
    build_gold.build(job)


if __name__ == "__main__":
    run(main)
