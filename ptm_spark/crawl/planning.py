"""What a crawl would cost: requests, hours at the present quota, bytes, disk. Asks two small things, lands nothing."""

import asyncio
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from ptm_spark.config import Settings
from ptm_spark.crawl.answers import Answer, FetchError
from ptm_spark.crawl.bodies import error_text, read_json
from ptm_spark.crawl.client import Client
from ptm_spark.crawl.forum import ForumOptions
from ptm_spark.crawl.forum_posts import topics_to_ask
from ptm_spark.crawl.forum_topics import TOPICS_A_PAGE, category_topics
from ptm_spark.crawl.hosts import Hosts
from ptm_spark.crawl.hub import HubOptions, expected_models, hub_hosts, hub_token, plan_order, read_owners, targets_of
from ptm_spark.crawl.hub_targets import known_models
from ptm_spark.crawl.limits import Budget
from ptm_spark.errors import CrawlError
from ptm_spark.folder import free_bytes
from ptm_spark.landing import Landing

#: models on 2026-10-03, by a full walk of the listing; taken where nothing better is known
MODELS_KNOWN = 3_117_871
#: requests of the resolver bucket by those of the API bucket, in the plans that the Hub publishes (September 2025)
RESOLVERS_OF = {500: 3_000, 1_000: 5_000, 2_500: 12_000, 3_000: 20_000, 6_000: 50_000, 10_000: 100_000}
#: a README is a redirect and a file
_REQUESTS = {"cards": 2}
#: raw bytes of a record, and of it on disk: rows with all fields and detail bodies of July 2024, READMEs of February
#: 2022, the rest by their form
_BYTES = {"models": (1_750, 0.17), "model_info": (1_740, 0.2), "cards": (2_700, 0.4), "commits": (450, 0.2),
          "discussions": (900, 0.2)}  # fmt: skip
_FORUM_BYTES = {"site": (60_000, 0.2), "topics": (1_500, 0.15), "topic_posts": (11_000, 0.2)}
_COMMITS_A_MODEL, _REQUESTS_A_TOPIC = 5, 1.02
#: where no answer names a quota, only the pace counts
_UNTOLD_QUOTA = 10**9
_HEAD = f"{'entity':<14}{'records':>12}{'requests':>12}{'hours':>9}{'raw MB':>11}{'disk MB':>10}\n"


@dataclass(frozen=True)
class _Present:
    """What two small requests tell: quota of the API bucket a window, models there are."""

    quota: int
    window: float
    models: int | None


def plan_hub(landing: Landing, entities: Sequence[str], options: HubOptions, settings: Settings) -> Iterator[str]:
    """Lines for a person: a table of what each entity would cost. CrawlError where the Hub cannot be reached."""
    hosts = hub_hosts(settings)
    options.check(entities, hosts)
    present = asyncio.run(_present(hosts, settings))
    models = present.models or expected_models(landing, options.scope) or MODELS_KNOWN
    yield f"{hosts.base}: {models:,} models, {present.quota:,} API requests in {present.window:.0f} s\n"
    yield _HEAD
    for entity in entities:
        plan_order(landing, entity, options=options, hosts=hosts, settings=settings)
        count, note = _count(landing, entity, options, settings, models)
        owners = len(read_owners(options.owners)) if options.owners else 0
        if entity == "models":
            requests = max(owners, math.ceil(count / settings.crawl.page_size))
        else:
            requests = count * _REQUESTS.get(entity, 1)
        requests = min(requests, options.max_requests or requests)
        resolvers = RESOLVERS_OF.get(present.quota, 5 * present.quota)
        quota = (resolvers if entity == "cards" else present.quota) * (1 - settings.crawl.reserve_share)
        seconds = max(requests / quota * present.window, requests / settings.crawl.hub_per_second)
        records = count * (_COMMITS_A_MODEL if entity == "commits" else 1)
        yield _line(entity, records, requests, seconds, _BYTES[entity], note)
    yield _free(landing)


def _count(landing: Landing, entity: str, options: HubOptions, settings: Settings, models: int) -> tuple[int, str]:
    """How many models a crawl would ask about, and what must be known to read the number."""
    is_known = bool(landing.crawls_of("hub", "models", options.scope))
    if entity == "models":
        if options.since:
            return models, "at most: how many have changed shows on the way"
        if options.owners is None:
            return models, ""
        if not is_known:
            return 0, "a request an owner at least: no listing has landed that would tell more"
        owners = frozenset(read_owners(options.owners))
        known = known_models(landing, options.scope)
        return sum(model.id.partition("/")[0] in owners for model in known), "by the landed listing"
    if not is_known:
        return min(models, options.sample or models), "at most: no listing has landed that would tell more"
    again = timedelta(days=settings.crawl.again_days)
    count = sum(1 for _ in targets_of(landing, entity, options, at=datetime.now(UTC), again=again))
    return count, "and a request a discussion" if entity == "discussions" and options.details else ""


def _line(entity: str, records: int, requests: int, seconds: float, sizes: tuple[int, float], note: str = "") -> str:
    megabytes = records * sizes[0] / 1e6
    return (
        f"{entity:<14}{records:>12,}{requests:>12,}{seconds / 3600:>9,.2f}{megabytes:>11,.1f}"
        f"{megabytes * sizes[1]:>10,.1f}  {note}".rstrip()
        + "\n"
    )


def _free(landing: Landing) -> str:
    free = free_bytes(landing.folder)
    disk = "" if free is None else f"free disk: {free / 1e6:,.0f} MB\n"
    return f"{disk}estimates: sizes are means of real bodies; quota and hours are of this moment and this token\n"


def plan_forum(landing: Landing, entities: Sequence[str], options: ForumOptions, settings: Settings) -> Iterator[str]:
    """Lines for a person: what each entity of the forum would cost. CrawlError where it cannot be reached."""
    hosts = Hosts(options.url)
    options.check(entities, hosts)
    url = f"{hosts.base}/categories.json?include_subcategories=true"
    answer = asyncio.run(_ask_once(hosts, settings, url, Budget("forum"), dict))
    topics = category_topics((answer.value.get("category_list") or {}).get("categories") or [])
    yield f"{hosts.base}: {topics:,} topics in its categories, {settings.crawl.forum_per_second:g} requests a second\n"
    yield _HEAD
    has_list = bool(landing.crawls_of("forum", "topics", options.scope))
    for entity in entities:
        count, requests = topics, math.ceil(topics / TOPICS_A_PAGE)
        if entity == "site":
            count = requests = 2
        elif entity == "topic_posts":
            count = sum(1 for _ in topics_to_ask(landing, options.scope)) if has_list else topics
            requests = math.ceil(count * _REQUESTS_A_TOPIC)
        requests = min(requests, options.max_requests or requests)
        note = "at most" if options.since and entity != "site" else ""
        yield _line(entity, count, requests, requests / settings.crawl.forum_per_second, _FORUM_BYTES[entity], note)
    yield _free(landing)


async def _ask_once(hosts: Hosts, settings: Settings, url: str, budget: Budget, kind: type) -> Answer:
    """One small question; CrawlError where it is not answered."""
    token = hub_token() if budget.name == "api" else None
    client = Client(hosts, settings.crawl, token=token, log=lambda _: None, now=lambda: datetime.now(UTC))
    async with client:
        try:
            answer = await client.get(url, budget, read=partial(read_json, kind=kind), attempts=2)
        except FetchError as error:
            raise CrawlError(
                f"{hosts.base}: {error}; nothing was planned: check the network and the service's address"
            ) from None
    if not answer.is_ok:
        raise CrawlError(f"{url}: status {answer.status}, {error_text(answer)}; check the address and the token")
    return answer


async def _present(hosts: Hosts, settings: Settings) -> _Present:
    budget = Budget("api")
    await _ask_once(hosts, settings, f"{hosts.base}/api/models?limit=1", budget, list)
    models = None
    with suppress(CrawlError):  # the number is not documented for ever; an estimate will do
        url = f"{hosts.base}/api/quicksearch?q=&type=model&limit=1"
        models = (await _ask_once(hosts, settings, url, budget, dict)).value.get("modelsCount")
    return _Present(budget.quota or _UNTOLD_QUOTA, budget.window or 300.0, models if isinstance(models, int) else None)
