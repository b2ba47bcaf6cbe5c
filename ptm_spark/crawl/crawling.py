"""One crawl from its first request to its manifest: resumed where it stood, stopped cleanly, and counted."""

import asyncio
import gc
import hashlib
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog

from ptm_spark.config import Settings
from ptm_spark.crawl.client import Client
from ptm_spark.crawl.hosts import Hosts
from ptm_spark.crawl.limits import Budget, Pace
from ptm_spark.crawl.progress import Progress
from ptm_spark.errors import CrawlError, InterruptedCrawlError, UsageError
from ptm_spark.landing import Checkpoint, Coverage, CrawlWriter, Landing, Manifest, Settling, utc_text

#: a stop may wait so long for the page that is on its way
_GRACE_SECONDS = 8.0
#: a crawl takes in what has this many failures in a row for a service that is gone, and puts down where it stands
MOST_FAILURES_IN_A_ROW = 20


@dataclass(frozen=True)
class Order:
    """What a command asks for. The same order resumes an unfinished crawl; ``observed_at`` is None for now.

    ``most_requests`` ends the crawl early; ``options`` are the command's, for the manifest; ``keys`` the fields that
    the source can carry although no record may show them.
    """

    source: str
    entity: str
    scope: str
    coverage: Coverage
    options: dict[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    format: str = "api"
    most_requests: int | None = None
    observed_at: datetime | None = None

    @property
    def path(self) -> str:
        return f"{self.source}/{self.entity}"

    @property
    def identity(self) -> str:
        """Hash of all that decides what the crawl is."""
        what = (
            *(self.path, self.scope, self.coverage, self.options),
            *(self.format, self.most_requests, str(self.observed_at or "")),
        )
        return hashlib.sha256(orjson.dumps(what, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def check_stand_in_only(observed_at: str, hosts: Hosts) -> None:
    """UsageError where a moment other than now is claimed of a service that is no stand-in."""
    if observed_at and not hosts.is_this_machine:
        raise UsageError(
            f"--observed-at is for stand-ins on this machine, not for {hosts.base}; there the moment is now"
        )


class StoppedError(Exception):
    """The crawl was told to stop; raised where it can be left."""


class Crawl:
    """A crawl at work: where it lands, whom it asks, where it stands."""

    def __init__(
        self, order: Order, begun: Checkpoint, writer: CrawlWriter, hosts: Hosts, settings: Settings, token: str | None
    ) -> None:
        self.order, self.writer, self.settings = order, writer, settings
        #: local folder of what is not finished yet
        self.work = writer.work
        self._begun, self._stop, self._committing = begun, asyncio.Event(), asyncio.Lock()
        #: where the walk goes on; whoever walks fills it, and ``commit`` keeps it
        self.position: dict[str, Any] = dict(begun.position)
        self.observed_at = datetime.fromisoformat(begun.observed_at)
        # the moment of observation may be another than now (--observed-at), and it goes on while the crawl runs
        self._ahead = self.observed_at - datetime.now(UTC) if order.observed_at is not None else timedelta(0)
        self.client = Client(hosts, settings.crawl, token=token, log=writer.log_request, now=self.now, sleep=self.sleep)
        self._asked_before = writer.counts.get("requests", 0), writer.counts.get("refusals", 0)
        self.progress = Progress(order.path)

    def now(self) -> datetime:
        """The moment of observation."""
        return datetime.now(UTC) + self._ahead

    def budget(self, name: str, per_second: float, connections: int = 1) -> Budget:
        """A budget of this crawl; its waits end when the crawl is told to stop."""
        crawl = self.settings.crawl
        is_paced = crawl.pace_this_machine or not self.client.hosts.is_this_machine
        budget = Budget(
            name,
            paces=(Pace(1, 1 / per_second),) if is_paced else (),
            reserve_share=crawl.reserve_share,
            connections=connections,
            sleep=self.sleep,
        )
        self.progress.budget = budget
        return budget

    @property
    def is_spent(self) -> bool:
        """Whether the crawl has sent as many requests as it may."""
        most = self.order.most_requests
        return most is not None and self._asked_before[0] + self.client.requests >= most

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        self._stop.set()

    async def stopped(self) -> None:
        await self._stop.wait()

    async def sleep(self, seconds: float) -> None:
        """Wait, but not longer than until somebody stops the crawl."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        self.leave_if_stopped()

    def leave_if_stopped(self) -> None:
        """StoppedError where the crawl was told to stop: to be called where nothing is half done."""
        if self._stop.is_set():
            raise StoppedError

    async def commit(self) -> None:
        """Keep all that has landed, and where the crawl stands, before the next request is sent.

        The disk is waited for in a thread, so that other stretches go on meanwhile; commits follow one another.
        """
        async with self._committing:
            await asyncio.shield(asyncio.to_thread(self._prepare().settle))
        self.progress.show(self.client.requests, self.writer.records)

    def commit_now(self) -> None:
        """The same where no loop runs any more."""
        self._prepare().settle()

    def _prepare(self) -> Settling:
        self.count_requests()
        return self.writer.prepare(
            crawl_id=self._begun.crawl_id,
            identity=self._begun.identity,
            observed_at=self._begun.observed_at,
            position=self.position,
        )

    def count_requests(self) -> None:
        """Add what this process has asked to what those before it asked."""
        requests, refusals = self._asked_before
        self.writer.counts |= {
            "requests": requests + self.client.requests, "refusals": refusals + self.client.refusals
        }  # fmt: skip

    def fail(self, what: str, why: str) -> None:
        """Note that an address gave nothing, for the manifest and the next crawl."""
        self.writer.failed[what] = why
        structlog.get_logger().warning("gave nothing", what=what, why=why)


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do works at the same time. The first error ends all of them; a stop lets each end its page."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        for task in asyncio.as_completed(tasks):
            with suppress(StoppedError):
                await task
    finally:
        for one in tasks:
            one.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    if any(isinstance(result, StoppedError) for result in results):
        raise StoppedError


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
