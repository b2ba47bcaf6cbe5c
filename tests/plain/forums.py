"""A stand-in forum on a free port of loopback, in a thread, and plain requests to it."""

import asyncio
import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from ptm_spark.standin.forum_app import forum_app
from ptm_spark.standin.forum_source import ForumSource

AT = datetime(2024, 11, 30, 12, tzinfo=UTC)
EARLIER = datetime(2023, 6, 1, tzinfo=UTC)


def ids(rows: list[dict[str, Any]]) -> list[int]:
    """Ids of list rows or posts."""
    return [row["id"] for row in rows]


@dataclass(frozen=True)
class Answer:
    """One answer; nothing is followed."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json; charset=utf-8"
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Served:
    """A forum that answers at ``url``."""

    url: str

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def json(self, path: str) -> Any:
        answer = self.ask(path)
        assert answer.status == 200, (path, answer.status, answer.body[:200])
        return answer.json

    def walk(self, path: str) -> list[list[dict[str, Any]]]:
        """Pages of a list until one has no follower."""
        pages, page = [], 0
        while True:
            topics = self.json(f"{path}&page={page}")["topic_list"]
            pages.append(topics["topics"])
            if "more_topics_url" not in topics:
                return pages
            page += 1


@contextmanager
def served(
    source: ForumSource, *, limits: bool = False, time_scale: float = 1, clock: Callable[[], float] | None = None
) -> Iterator[Served]:
    """Serve a source while the block runs."""
    loop = asyncio.new_event_loop()
    clocks = {} if clock is None else {"clock": clock}
    runner = web.AppRunner(forum_app(source, limits=limits, time_scale=time_scale, **clocks), access_log=None)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{port}")
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
