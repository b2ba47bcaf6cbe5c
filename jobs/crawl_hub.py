"""Crawl the Hub into the landing zone."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.job import Job


@command(writes=False)
def main(
    job: Job,
    entities: Annotated[list[str] | None, typer.Argument(metavar="[ENTITY…]", help="models, cards, commits …")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only print requests, hours, bytes and disk.")] = False,
    probe: Annotated[bool, typer.Option("--probe", help="Only record some twenty answers of the services.")] = False,
    since: Annotated[str, typer.Option(help="models modified since a moment, or since the last crawl: last.")] = "",
    owners: Annotated[Path | None, typer.Option(help="File of owners, one a line: only their models.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="So many models, by year and downloads.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another sample.")] = 0,
    max_requests: Annotated[int | None, typer.Option(min=1, help="End after so many requests.")] = None,
    details: Annotated[bool, typer.Option("--details", help="Security scans and events, too.")] = False,
    scope: Annotated[str, typer.Option(help="Population looked at.")] = "hub",
    observed_at: Annotated[str, typer.Option(help="For stand-ins: the moment that they serve.")] = "",
) -> None:
    """Crawl the Hub at HF_ENDPOINT: models (default), model_info, cards, commits, discussions; repeat it to resume."""
    from ptm_spark.crawl import hub, planning, probing

    options = hub.HubOptions(since, owners, sample, seed, max_requests, details, scope, observed_at)
    asked = (job.landing, entities or ["models"], options, job.settings)
    if plan or probe:
        sys.stdout.writelines(planning.plan_hub(*asked) if plan else probing.probe_services(job.lake, job.settings))
    else:
        job.tell_landed(hub.crawl_hub(*asked))


if __name__ == "__main__":
    run(main)
