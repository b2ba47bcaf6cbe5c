"""Serving the stand-in Hub and forum on loopback: inside a loop, in a thread, or until a signal."""

import asyncio
import errno
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack

from aiohttp import web

from ptm_spark.errors import UsageError
from ptm_spark.standin.fault_answers import Site, fault_middleware
from ptm_spark.standin.faults import FaultPlan
from ptm_spark.standin.hub_app import hub_app
from ptm_spark.standin.hub_listing import HubSource
from ptm_spark.standin.hub_log import RequestLog
from ptm_spark.standin.quota import Quota

if TYPE_CHECKING:
    from ptm_spark.standin.forum_source import ForumSource

HOST = "127.0.0.1"
_START_SECONDS = 60


@dataclass(frozen=True)
class Addresses:
    """Where the servers answer, such as ``http://127.0.0.1:8700``; empty for one that is not served."""

    hub: str = ""
    forum: str = ""


class Served(TypedDict, total=False):
    """What ``running`` takes, for those who pass it on."""

    hub_source: HubSource | None
    forum_source: "ForumSource | None"
    plan: str
    time_scale: float
    limits: bool | None
    faults: FaultPlan | None
    hub_port: int
    forum_port: int


@asynccontextmanager
async def running(
    *,
    hub_source: HubSource | None = None,
    forum_source: "ForumSource | None" = None,
    plan: str = "unlimited",
    time_scale: float = 1.0,
    limits: bool | None = None,
    faults: FaultPlan | None = None,
    hub_port: int = 0,
    forum_port: int = 0,
) -> AsyncIterator[Addresses]:
    """Serve the sources that are given while the block runs; port 0 takes a free one.

    ``plan`` is the Hub's quota for every identity; ``limits`` switches the forum's by address, which are on with any
    plan but ``unlimited`` if not told. ``time_scale`` makes the windows of both as much quicker. UsageError on a port
    that is taken, a plan that there is not, a scale not above 0.
    """
    quota = Quota(plan, time_scale=time_scale)
    is_limited = plan != "unlimited" if limits is None else limits
    async with AsyncExitStack() as stack:
        hub = forum = ""
        if hub_source is not None:
            app = hub_app(hub_source, quota)
            RequestLog(quota).install(app)
            hub = await _serve(stack, _with_faults(app, faults, "hub"), hub_port)
        if forum_source is not None:
            from ptm_spark.standin.forum_app import forum_app

            app = forum_app(forum_source, limits=is_limited, time_scale=time_scale)
            forum = await _serve(stack, _with_faults(app, faults, "forum"), forum_port)
        yield Addresses(hub, forum)


@contextmanager
def serve_in_thread(**served: Unpack[Served]) -> Iterator[Addresses]:
    """``running`` for callers without a loop: it has its own, in a thread that ends with the block."""
    started: list[Addresses | BaseException] = []
    is_up = threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve() -> None:
        try:
            async with running(**served) as addresses:
                started.append(addresses)
                is_up.set()
                await ended.wait()
        except BaseException as error:
            started.append(error)
            is_up.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="stand-in", daemon=True)
    thread.start()
    is_up.wait(_START_SECONDS)
    try:
        if not started:
            raise UsageError(f"stand-in: not up after {_START_SECONDS} s; try again on a machine with less to do")
        if isinstance(started[0], BaseException):
            raise started[0]
        yield started[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(_START_SECONDS)
        if not thread.is_alive():
            loop.close()


def serve_forever(announce: Callable[[Addresses], None], **served: Unpack[Served]) -> None:
    """``running`` until SIGINT or SIGTERM; ``announce`` is told the addresses once both answer."""

    async def serve() -> None:
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        async with running(**served) as addresses:
            announce(addresses)
            await ended.wait()

    asyncio.run(serve())


def _with_faults(app: web.Application, faults: FaultPlan | None, site: Site) -> web.Application:
    """Faults stand behind the record of requests, so that it tells of them, and before quotas, so that none is used."""
    if faults is not None:
        app.middlewares.insert(1, fault_middleware(faults, site))
    return app


async def _serve(stack: AsyncExitStack, app: web.Application, port: int) -> str:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, HOST, port)
    try:
        await site.start()
    except (OSError, OverflowError) as error:
        reason = "in use" if getattr(error, "errno", 0) == errno.EADDRINUSE else str(error)
        raise UsageError(f"port {port}: {reason}; give another --port, or 0 for a free one") from None
    return f"http://{HOST}:{runner.addresses[0][1]}"
