"""Remove a user from what has landed."""

from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.job import Job


@command(writes=True)
def main(
    job: Job,
    user: Annotated[str, typer.Argument(help="The user's name as the service writes it, in any case.")],
    reason: Annotated[str, typer.Option(help="Why, without the name; it is kept.")],
    hub: Annotated[bool, typer.Option("--hub", help="Only in what the Hub gave.")] = False,
    forum: Annotated[bool, typer.Option("--forum", help="Only in what the forum gave.")] = False,
) -> None:
    """Remove a user's records, and their name from those of others; what is kept of it is a hash and a count."""
    from ptm_spark.columns import keyed_hash_of
    from ptm_spark.landing.forgetting import forget_user

    sources = [name for name, wanted in (("hub", hub), ("forum", forum)) if wanted or not (hub or forum)]
    found, skipped = forget_user(
        job.landing, user, reason=reason, user_hash=keyed_hash_of(user, job.user_key), sources=sources
    )
    for text in skipped:
        job.warn(text)
    for path, counts in found.items():
        job.log.info("forgotten", crawl=path, **counts)
    job.summary["forgotten"] = found
    todo = "ptm-spark run, then ptm-spark maintain-tables --apply --retention-hours 0 --dangerously-short"
    job.log.info("the tables still hold what was made of it", crawls=len(found), todo=todo)


if __name__ == "__main__":
    run(main)
