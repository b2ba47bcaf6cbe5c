"""Land a saved dump exactly like a crawl."""

from pathlib import Path
from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.job import Job
from ptm_spark.landing import Coverage, parse_moment


@command(writes=False)
def main(
    job: Job,
    entity: Annotated[str, typer.Argument(help="What the records are: hub/models, hub/cards, forum/topic_posts …")],
    dumps: Annotated[list[Path], typer.Argument(help="Its files; plain, gzip or zstd.", metavar="FILE…")],
    observed_at: Annotated[str, typer.Option(help="When the source was observed, UTC, such as 2024-07-11T12:00:00Z.")],
    format_: Annotated[
        str, typer.Option("--format", help="api, census-2022, csv, dated-export, discourse or git-history.")
    ] = "api",
    coverage: Annotated[Coverage, typer.Option(help="What absence from it means.")] = "partial",
    scope: Annotated[str, typer.Option(help="Population looked at; hub or forum unless given.")] = "",
    zone: Annotated[str, typer.Option(help="Of times without one, as in CSV: America/New_York …; else UTC.")] = "",
) -> None:
    """Land a saved dump like a crawl; partial unless you say otherwise, for only a census tells what is gone."""
    from ptm_spark.crawl.entities import entity_named
    from ptm_spark.crawl.import_dump import import_dump

    asked, moment, scope = entity_named(entity), parse_moment(observed_at), scope or entity.partition("/")[0]
    found = import_dump(job.landing, asked, dumps, format=format_, observed_at=moment, coverage=coverage, scope=scope,
                        settings=job.settings.landing, zone=zone)  # fmt: skip
    job.tell_landed((crawl, is_new) for crawl, _, is_new in found)
    for text in [text for _, wrong, is_new in found if not is_new for text in wrong]:
        job.warn(text)


if __name__ == "__main__":
    run(main)
