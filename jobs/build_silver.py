"""Take new crawls into the silver tables."""

from ptm_spark.command import Rebuild, command, run
from ptm_spark.intake import Intake
from ptm_spark.job import Job
from ptm_spark.silver.families import take_in_crawls


@command(writes=True)
def main(job: Job, rebuild: Rebuild = False) -> None:
    """Take new crawls into the silver tables.

    The new versions wait for check-silver and build-gold; readers do not see them yet.
    """
    intake = job.plan(rebuild=rebuild)
    if intake.crawls:
        build(job, intake)
    else:
        job.leave_as_is()


def build(job: Job, intake: Intake) -> None:
    marks = job.begin(intake)
    with job.step("build-silver") as step:
        step.inputs = list(marks)
        chars = job.settings.landing.reject_text_chars
        known = job.publishing.known_marks() | marks
        measures = take_in_crawls(job.store, intake, known, reject_text_chars=chars, user_key=job.user_key)
        job.stage_silver(intake, marks, measures)


if __name__ == "__main__":
    run(main)
