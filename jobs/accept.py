"""Let a held crawl in."""

from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.job import Job


@command(writes=True)
def main(
    job: Job,
    crawl: Annotated[str, typer.Argument(help="The held crawl: hub/models/<crawl_id>, or its id alone.")],
    reason: Annotated[str, typer.Option(help="Why, for those who read it later.")],
) -> None:
    """Let a held crawl in: the next run takes it, the rules it broke are reported, not enforced, for it."""
    job.publishing.decide(crawl, "accepted", reason)
    job.log.info("accepted", crawl=crawl, reason=reason, todo="ptm-spark run")


if __name__ == "__main__":
    run(main)
