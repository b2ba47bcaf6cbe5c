"""Crawling the forum: what each entity asks for, and what its absence may mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import orjson

from ptm_spark.config import Settings
from ptm_spark.crawl.crawling import Crawl, Order, check_stand_in_only
from ptm_spark.crawl.forum_posts import TopicPosts, topics_to_ask
from ptm_spark.crawl.forum_topics import (
    TOPICS_A_PAGE,
    category_topics,
    crawl_site,
    crawl_topics,
    forum_budget,
    touched_topics,
)
from ptm_spark.crawl.hosts import Hosts
from ptm_spark.crawl.items import crawl_items, keep_targets
from ptm_spark.crawl.running import Walk, run_in_turn
from ptm_spark.errors import UsageError
from ptm_spark.landing import Coverage, Landing, Manifest, parse_moment

ENTITIES = ("site", "topics", "topic_posts")
FORUM_URL = "https://discuss.huggingface.co"
SINCE_LAST = "last"


@dataclass(frozen=True)
class ForumOptions:
    """What bounds a crawl of the forum, as the command line has it. ``since`` is a moment, ``last`` or '' (everything);
    ``observed_at`` is a moment or '' (now)."""

    url: str = FORUM_URL
    since: str = ""
    max_requests: int | None = None
    scope: str = "forum"
    observed_at: str = ""

    def check(self, entities: Sequence[str], hosts: Hosts) -> None:
        """UsageError where an entity is unknown or an option does not fit the service."""
        for entity in entities:
            if entity not in ENTITIES:
                raise UsageError(f"entity {entity}: unknown; expected some of {', '.join(ENTITIES)}")
        check_stand_in_only(self.observed_at, hosts)


def crawl_forum(
    landing: Landing, entities: Sequence[str], options: ForumOptions, settings: Settings
) -> Iterator[tuple[Manifest, bool]]:
    """Crawl entities of the forum one after the other; (manifest, whether it is new) of each.

    See ``run_crawl`` for how a crawl may end. No token is ever sent to the forum.
    """
    hosts = Hosts(options.url)
    options.check(entities, hosts)
    plan = partial(plan_order, landing, options=options, hosts=hosts, settings=settings)
    yield from run_in_turn(landing, "forum", entities, plan, hosts=hosts, settings=settings)


def plan_order(
    landing: Landing, entity: str, *, options: ForumOptions, hosts: Hosts, settings: Settings
) -> tuple[Order, Walk]:
    """What to ask for, and the walk that does it."""
    since = _since(landing, entity, options, settings)
    coverage: Coverage = "incremental" if since is not None or entity == "topic_posts" else "census"
    if options.max_requests is not None:
        coverage = "partial"
    facts = {"endpoint": str(hosts.base), "since": options.since}
    moment = parse_moment(options.observed_at) if options.observed_at else None
    order = Order("forum", entity, options.scope, coverage, facts, format="discourse",
                  most_requests=options.max_requests, observed_at=moment)  # fmt: skip
    if entity == "site":
        return order, crawl_site
    if entity == "topics":
        return order, partial(_walk_topics, landing=landing, since=since)
    return order, partial(_walk_posts, landing=landing, since=since)


async def _walk_topics(crawl: Crawl, *, landing: Landing, since: datetime | None) -> None:
    if since is None and (expected := expected_topics(landing, crawl.order.scope)):
        crawl.writer.counts["expected"] = expected
        crawl.progress.total = expected // TOPICS_A_PAGE + 1
    await crawl_topics(crawl, since=since)


async def _walk_posts(crawl: Crawl, *, landing: Landing, since: datetime | None) -> None:
    budget = forum_budget(crawl)
    touched: set[int] = set()
    if since is not None and "targets" not in crawl.position:
        touched = await touched_topics(crawl, budget, since=since)
    await keep_targets(crawl, partial(topics_to_ask, landing, crawl.order.scope, touched=touched))
    # one connection: the forum's operators see one reader
    await crawl_items(crawl, TopicPosts(crawl, budget).topic, connections=1)


def expected_topics(landing: Landing, scope: str) -> int | None:
    """Topics that the newest landed categories count; None where none has landed."""
    crawls = landing.crawls_of("forum", "site", scope)
    for line in map(orjson.loads, landing.lines(crawls[-1]) if crawls else ()):
        if line["key"] == "categories":
            return category_topics((line["raw"].get("category_list") or {}).get("categories") or [])
    return None


def _since(landing: Landing, entity: str, options: ForumOptions, settings: Settings) -> datetime | None:
    if not options.since or entity == "site":
        return None
    if options.since != SINCE_LAST:
        return parse_moment(options.since, "--since", " or last")
    landed = landing.crawls_of("forum", entity, options.scope)
    before = [crawl for crawl in landed if crawl.coverage in ("census", "incremental")]
    if not before:
        raise UsageError(f"--since last: no crawl of forum/{entity} has landed yet; crawl everything first")
    return datetime.fromisoformat(before[-1].cutoff) - timedelta(hours=settings.crawl.overlap_hours)
