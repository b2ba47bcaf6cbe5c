"""A crawl at work: what was asked for, where it lands, where it stands."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Coroutine, Iterable
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
from ptm_spark.errors import UsageError
from ptm_spark.landing import Checkpoint, Coverage, CrawlWriter, Settling

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

    async def aside(self, work: Callable[[], int]) -> int:
        """Do long work in a thread, so that a stop need not wait for it; a stopped crawl leaves it to end with the
        process."""
        loop, done = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

        def tell(set_outcome: Callable[[Any], None], outcome: object) -> None:
            with suppress(RuntimeError, asyncio.InvalidStateError):  # nobody waits any more
                loop.call_soon_threadsafe(set_outcome, outcome)

        def run() -> None:
            try:
                tell(done.set_result, work())
            except BaseException as error:
                tell(done.set_exception, error)

        threading.Thread(target=run, daemon=True).start()
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({done, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        self.leave_if_stopped()
        return int(await done)

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
