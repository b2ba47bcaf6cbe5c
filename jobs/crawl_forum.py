"""Crawl the forum into the landing zone."""

import sys
from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.job import Job


@command(writes=False)
def main(
    job: Job,
    entities: Annotated[list[str] | None, typer.Argument(metavar="[ENTITY…]", help="site, topics, topic_posts")] = None,
    forum_url: Annotated[str, typer.Option(help="Address of a Discourse forum.")] = "https://discuss.huggingface.co",
    plan: Annotated[bool, typer.Option("--plan", help="Only print requests, hours, bytes and disk.")] = False,
    since: Annotated[str, typer.Option(help="What is new since a moment, or since the last crawl: last.")] = "",
    max_requests: Annotated[int | None, typer.Option(min=1, help="End after so many requests.")] = None,
    scope: Annotated[str, typer.Option(help="Population looked at.")] = "forum",
    observed_at: Annotated[str, typer.Option(help="For stand-ins: the moment that they serve.")] = "",
) -> None:
    """Crawl a forum: site, list of topics, then each new or changed topic with all its posts; repeat it to resume."""
    from ptm_spark.crawl import forum, planning

    options = forum.ForumOptions(forum_url, since, max_requests, scope, observed_at)
    asked = (job.landing, entities or list(forum.ENTITIES), options, job.settings)
    if plan:
        sys.stdout.writelines(planning.plan_forum(*asked))
    else:
        job.tell_landed(forum.crawl_forum(*asked))


if __name__ == "__main__":
    run(main)
