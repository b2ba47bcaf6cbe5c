"""Running crawls: resumed where they stood, stopped cleanly, and counted."""

import asyncio
import gc
import hashlib
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress

import orjson
import structlog

from ptm_spark.config import Settings
from ptm_spark.crawl.crawling import Crawl, Order, StoppedError
from ptm_spark.crawl.hosts import Hosts
from ptm_spark.errors import CrawlError, InterruptedCrawlError
from ptm_spark.landing import Landing, Manifest, utc_text

#: a stop may wait so long for the page that is on its way
_GRACE_SECONDS = 8.0

Walk = Callable[[Crawl], Awaitable[None]]


def run_crawl(
    landing: Landing, order: Order, walk: Walk, *, hosts: Hosts, settings: Settings, token: str | None = None
) -> tuple[Manifest, bool]:
    """Do what an order asks for, from where it was left if it was begun; (manifest, whether it is new).

    SIGINT and SIGTERM let the page on its way land, then InterruptedCrawlError says how to go on. CrawlError where the
    service refuses; what has landed stays, and the same command resumes. A crawl of the very moment and order that has
    already landed (``observed_at``) is not landed twice.
    """
    log = structlog.get_logger()
    with landing.resumable(order.path, order.identity, settings.landing, observed_at=order.observed_at) as (
        begun,
        writer,
    ):
        if (known := landing.find(f"{order.path}/{begun.crawl_id}")) is not None:
            return known, False
        if begun.position:
            log.info("resuming", crawl=f"{order.path}/{begun.crawl_id}", begun=begun.started_at, records=writer.records)
        if not (settings.crawl.contact or hosts.is_this_machine):
            log.warning(
                "nobody can reach you", why="crawl.contact is empty", todo="--set crawl.contact=you@example.org"
            )
        crawl = Crawl(order, begun, writer, hosts, settings, token)
        try:
            _run_until_stopped(crawl, walk)
        except CrawlError:
            if not writer.seq:
                landing.forget(f"{order.path}/{begun.crawl_id}")  # nothing has come of it: nothing is left of it
            else:
                crawl.commit_now()  # the log of what failed, too
            raise
        finally:
            crawl.progress.close()
        failed = tuple(f"{what} ({why})" for what, why in writer.failed.items())
        writer.counts["failed"] = len(failed)
        if (expected := writer.counts.get("expected")) is not None:
            writer.counts["missing"] = max(0, expected - writer.counts.get("seen", 0) - len(failed))
        manifest = writer.finish(
            source=order.source,
            entity=order.entity,
            crawl_id=begun.crawl_id,
            format=order.format,
            scope=order.scope,
            coverage=order.coverage,
            # the whole of it was seen when its last record was; what came after its beginning may be missing
            observed_at=utc_text(crawl.now()),
            cutoff=begun.observed_at,
            keys=order.keys,
            failed=failed,
            options=order.options,
        )
    return manifest, True


def run_in_turn(
    landing: Landing,
    source: str,
    entities: Sequence[str],
    plan: Callable[[str], tuple[Order, Walk]],
    *,
    hosts: Hosts,
    settings: Settings,
    token: str | None = None,
) -> Iterator[tuple[Manifest, bool]]:
    """Crawl entities one after the other, each planned when its turn comes, for it may ask what has just landed.

    Where the command was interrupted in one of them, the same command does not begin those before it anew.
    """
    turn = landing.turn(source, hashlib.sha256(orjson.dumps([plan(one)[0].identity for one in entities])).hexdigest())
    for entity in entities[turn.done :]:
        order, walk = plan(entity)
        yield run_crawl(landing, order, walk, hosts=hosts, settings=settings, token=token)
        turn.take()
    turn.end()


def _run_until_stopped(crawl: Crawl, walk: Walk) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    caught: list[int] = []

    async def work() -> None:
        def catch(number: int) -> None:
            caught.append(number)
            crawl.stop()

        loop = asyncio.get_running_loop()
        for number in before:
            with suppress(RuntimeError, ValueError):  # signals reach the main thread only
                loop.add_signal_handler(number, catch, number)
        async with crawl.client:
            walking = asyncio.ensure_future(walk(crawl))
            stopping = asyncio.ensure_future(crawl.stopped())
            await asyncio.wait({walking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not walking.done():
                await asyncio.wait({walking}, timeout=_GRACE_SECONDS)
                walking.cancel()
            stopping.cancel()
            with suppress(StoppedError, asyncio.CancelledError):
                await walking

    # pages come and go as thousands of small objects: to look for cycles among them every few hundred is waste
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, *thresholds[1:])
    try:
        asyncio.run(work())
    finally:
        gc.set_threshold(*thresholds)
        for number, handler in before.items():
            with suppress(ValueError):
                signal.signal(number, handler)
        crawl.count_requests()
    if caught:
        crawl.commit_now()
        raise InterruptedCrawlError(
            f"crawl of {crawl.order.path} stopped after {crawl.writer.seq:,} records, {utc_text(crawl.now())}; "
            "run the same command again to go on",
            exit_code=128 + caught[0],
        )
