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
    entity: Annotated[str, typer.Argument(help="What the records are, such as hub/models.")],
    dumps: Annotated[list[Path], typer.Argument(help="JSON Lines or arrays; plain, gzip or zstd.", metavar="FILE…")],
    observed_at: Annotated[str, typer.Option(help="When the source was observed, UTC, such as 2024-07-11T12:00:00Z.")],
    coverage: Annotated[Coverage, typer.Option(help="What absence from it means.")] = "partial",
    scope: Annotated[str, typer.Option(help="Population looked at.")] = "hub",
) -> None:
    """Land a saved dump like a crawl; partial unless you say otherwise, for only a census tells what is gone."""
    from ptm_spark.crawl.entities import entity_named
    from ptm_spark.crawl.import_dump import import_dump

    manifest, wrong, is_new = import_dump(
        job.landing, entity_named(entity), dumps, observed_at=parse_moment(observed_at),
        coverage=coverage, scope=scope, settings=job.settings.landing,
    )  # fmt: skip
    for text in wrong:
        job.warn(text)
    facts = {"crawl": manifest.path} | {name: getattr(manifest, name) for name in ("records", "invalid", "coverage")}
    job.summary |= facts | {"new": is_new}
    job.log.info("landed" if is_new else "already landed, nothing to do", **facts)


if __name__ == "__main__":
    run(main)
