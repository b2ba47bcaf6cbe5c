"""Crawling the Hub: what each entity asks for, and what its absence may mean."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from huggingface_hub import constants, get_token

from ptm_spark.config import Settings
from ptm_spark.crawl.crawling import Crawl, Order, check_stand_in_only
from ptm_spark.crawl.hosts import Hosts
from ptm_spark.crawl.hub_items import HubItems
from ptm_spark.crawl.hub_models import ALWAYS_THERE, census_stretches, changed_stretches, crawl_listing, listing_url
from ptm_spark.crawl.hub_targets import Landed, ModelRef, is_askable, known_models, sample
from ptm_spark.crawl.items import Fetch, Target, crawl_items, keep_targets
from ptm_spark.crawl.running import Walk, run_in_turn
from ptm_spark.errors import CrawlError, UsageError
from ptm_spark.landing import Coverage, Landing, Manifest, parse_moment

ENTITIES = ("models", "model_info", "cards", "commits", "discussions")
_OWNER = re.compile(r"^[\w.-]{1,96}$")
SINCE_LAST = "last"


@dataclass(frozen=True)
class HubOptions:
    """What bounds a crawl of the Hub, as the command line has it. ``since`` is a moment, ``last`` or '' (everything);
    ``observed_at`` is a moment or '' (now). ``details``: model_info with security scans, discussions with events."""

    since: str = ""
    owners: Path | None = None
    sample: int | None = None
    seed: int = 0
    max_requests: int | None = None
    details: bool = False
    scope: str = "hub"
    observed_at: str = ""

    def check(self, entities: Iterable[str], hosts: Hosts) -> None:
        """UsageError where an option does not fit an entity or the service."""
        for entity in entities:
            if entity not in ENTITIES:
                raise UsageError(f"entity {entity}: unknown; expected some of {', '.join(ENTITIES)}")
            if entity == "models" and self.sample is not None:
                raise UsageError(
                    "--sample does not fit models: a listing is walked, not drawn from; sample model_info, cards, "
                    "commits or discussions, or bound the listing by --owners or --max-requests"
                )
            if entity != "models" and self.since:
                raise UsageError(f"--since does not fit {entity}: it always asks for heads that have not landed yet")
        if self.since and self.owners:
            raise UsageError("--since and --owners do not go together; crawl the owners whole")
        check_stand_in_only(self.observed_at, hosts)


def hub_hosts(settings: Settings) -> Hosts:
    """The Hub's address, as huggingface_hub has it (``HF_ENDPOINT``); CrawlError where it must be left alone."""
    if constants.HF_HUB_OFFLINE:
        raise CrawlError("HF_HUB_OFFLINE is set, so nothing may be asked of the Hub; unset it to crawl")
    return Hosts(constants.ENDPOINT, settings.crawl.redirect_hosts)


def hub_token() -> str | None:
    """The token that huggingface_hub itself would use, unless ``HF_HUB_DISABLE_IMPLICIT_TOKEN`` forbids it."""
    return None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()


def crawl_hub(
    landing: Landing, entities: Sequence[str], options: HubOptions, settings: Settings
) -> Iterator[tuple[Manifest, bool]]:
    """Crawl entities of the Hub one after the other; (manifest, whether it is new) of each.

    See ``run_crawl`` for how a crawl may end.
    """
    hosts = hub_hosts(settings)
    options.check(entities, hosts)
    plan = partial(plan_order, landing, options=options, hosts=hosts, settings=settings)
    yield from run_in_turn(landing, "hub", entities, plan, hosts=hosts, settings=settings, token=hub_token())


def plan_order(
    landing: Landing, entity: str, *, options: HubOptions, hosts: Hosts, settings: Settings
) -> tuple[Order, Walk]:
    """What to ask for, and the walk that does it."""
    owners = read_owners(options.owners) if options.owners else ()
    since = _since(landing, options, settings) if options.since else None
    # a listing is whole or what changed; of the other entities only what is new is asked for
    coverage: Coverage = "incremental" if since or entity != "models" else "census"
    if owners or options.sample is not None or options.max_requests is not None:
        coverage = "partial"
    facts = {
        "endpoint": str(hosts.base),
        "since": options.since,
        "owners": hashlib.sha256("\n".join(owners).encode()).hexdigest()[:16] if owners else "",
        "sample": [options.sample, options.seed] if options.sample is not None else [],
        "details": options.details,
    }
    keys: tuple[str, ...] = ()
    if entity == "models":
        facts |= {"expand": settings.crawl.hub_expand, "page_size": settings.crawl.page_size}
        keys = tuple(sorted(set(settings.crawl.hub_expand) - ALWAYS_THERE))
    order = Order("hub", entity, options.scope, coverage, facts, keys=keys, most_requests=options.max_requests,
                  observed_at=parse_moment(options.observed_at) if options.observed_at else None)  # fmt: skip
    if entity == "models":
        return order, partial(_walk_models, landing=landing, owners=owners, since=since)
    return order, partial(_walk_items, landing=landing, options=options)


async def _walk_models(crawl: Crawl, *, landing: Landing, owners: tuple[str, ...], since: datetime | None) -> None:
    settings, until = crawl.settings.crawl, crawl.observed_at
    base = str(crawl.client.hosts.base)
    page = partial(listing_url, base, expand=settings.hub_expand, limit=settings.page_size)
    if since is not None:
        await crawl_listing(crawl, changed_stretches(page, since=since, until=until))
        return
    if crawl.order.coverage == "census" and (expected := expected_models(landing, crawl.order.scope)):
        crawl.writer.counts["expected"] = expected
        crawl.progress.total = -(-expected // settings.page_size)
    await crawl_listing(crawl, census_stretches(page, until=until, shards=settings.shards, owners=owners))


def expected_models(landing: Landing, scope: str) -> int | None:
    """Models of the newest landed census of a scope; None where there is none."""
    censuses = [crawl for crawl in landing.crawls_of("hub", "models", scope) if crawl.coverage == "census"]
    return censuses[-1].records if censuses else None


async def _walk_items(crawl: Crawl, *, landing: Landing, options: HubOptions) -> None:
    entity, fetchers = crawl.order.entity, HubItems(crawl)
    fetch_by_entity: dict[str, Fetch] = {
        "model_info": partial(fetchers.model_info, security=options.details),
        "cards": fetchers.card,
        "commits": fetchers.commits,
        "discussions": partial(fetchers.discussions, events=options.details),
    }
    again = timedelta(days=crawl.settings.crawl.again_days)
    await keep_targets(crawl, partial(targets_of, landing, entity, options, at=crawl.observed_at, again=again))
    await crawl_items(crawl, fetch_by_entity[entity], connections=crawl.settings.crawl.connections)


def targets_of(
    landing: Landing, entity: str, options: HubOptions, *, at: datetime, again: timedelta
) -> Iterator[Target]:
    """The models to ask about: those whose answer has not landed yet.

    Cards and commits follow from a model's head, so that a head is asked for once. Discussions and scans do not: they
    are asked for again in each period of ``again``. For commits the models of the floor come first, whose true creation
    only their first commit tells; cards are asked of models that have one, or had one when they were asked before: that
    it is gone now a listing does not tell those who read the cards.
    """
    landed = Landed(landing, entity, scope=options.scope, at=at, again=again)
    owners = frozenset(read_owners(options.owners)) if options.owners else None
    period = "" if entity in ("cards", "commits") else f"/{int(at.timestamp() // again.total_seconds())}"
    question = period + ("+" if options.details and period else "")

    def wanted() -> Iterator[ModelRef]:
        for model in known_models(landing, options.scope):
            if owners is not None and model.id.partition("/")[0] not in owners:
                continue
            is_new = not landed.has(model, model.sha + question)
            may_answer = entity != "cards" or model.has_card or landed.blob(model)
            if is_new and may_answer and is_askable(model.id):
                yield model

    def in_order() -> Iterator[ModelRef]:
        if options.sample is not None:
            yield from sample(wanted, options.sample, options.seed)
        elif entity == "commits":
            yield from (model for model in wanted() if model.is_floor)
            yield from (model for model in wanted() if not model.is_floor)
        else:
            yield from wanted()

    for model in in_order():
        target = {"id": model.id, "oid": model.oid, "sha": model.sha, "asked": model.sha + question}
        yield target | ({"blob": blob} if (blob := landed.blob(model)) else {})


def _since(landing: Landing, options: HubOptions, settings: Settings) -> datetime:
    if options.since != SINCE_LAST:
        return parse_moment(options.since, "--since", " or last")
    landed = landing.crawls_of("hub", "models", options.scope)
    before = [crawl for crawl in landed if crawl.coverage in ("census", "incremental")]
    if not before:
        raise UsageError(f"--since last: no crawl of scope {options.scope} has landed yet; crawl everything first")
    newest = datetime.fromisoformat(before[-1].cutoff).astimezone(UTC)
    return newest - timedelta(hours=settings.crawl.overlap_hours)


def read_owners(file: Path) -> tuple[str, ...]:
    """The owners that a file names, one a line, # for comments; UsageError where it is none such."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise UsageError(f"--owners {file}: {reason}; give a text file with an owner a line") from None
    owners = [line for line in lines if line and not line.startswith("#")]
    if odd := [owner for owner in owners if not _OWNER.match(owner)]:
        raise UsageError(f"--owners {file}: {odd[0]!r} is no owner's name; expected one a line, such as google-bert")
    if not owners:
        raise UsageError(f"--owners {file}: names no owner; expected one a line, such as google-bert")
    return tuple(dict.fromkeys(owners))
