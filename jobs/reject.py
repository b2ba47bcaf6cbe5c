"""Keep a held crawl out for good."""

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
    """Keep a held crawl out for good."""
    job.publishing.decide(crawl, "rejected", reason)
    job.log.info("rejected", crawl=crawl, reason=reason, todo="ptm-spark run")


if __name__ == "__main__":
    run(main)
