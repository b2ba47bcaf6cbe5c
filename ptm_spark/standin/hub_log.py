"""What was asked of the stand-in Hub: a record in memory, told at two addresses of its own."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ptm_spark.standin.quota import Quota

OWN_PATHS = "/_standin/"
_LOG_LIMIT = 1_000_000


class RequestLog:
    """Requests with their statuses, the last million of them; no header but the user agent. ``clock`` gives seconds.

    A status of 0 means that no answer was begun. The stand-in's own addresses are neither recorded nor counted.
    """

    def __init__(self, quota: Quota, clock: Callable[[], float] = time.monotonic) -> None:
        self._quota, self._clock = quota, clock
        self.requests = 0
        self.refused = 0
        self.entries: deque[tuple[float, str, str, int, str]] = deque(maxlen=_LOG_LIMIT)

    def stats(self) -> dict[str, Any]:
        """All requests and those answered with 429, and what the quota granted and refused."""
        return {"requests": self.requests, "refused": self.refused} | self._quota.stats()

    def install(self, app: web.Application) -> None:
        """Record the requests of an application, and serve ``stats`` and ``log`` beside it."""
        app.middlewares.insert(0, self._middleware())
        app.router.add_get(f"{OWN_PATHS}stats", self._stats)
        app.router.add_get(f"{OWN_PATHS}log", self._log)

    def _middleware(self) -> Middleware:
        @web.middleware
        async def recorded(request: web.Request, handler: Handler) -> web.StreamResponse:
            at, status = self._clock(), 0
            try:
                answer = await handler(request)
                status = answer.status
                return answer
            finally:
                self.requests += 1
                self.refused += status == 429
                agent = request.headers.get("User-Agent", "")
                self.entries.append((at, request.method, request.path_qs, status, agent))

        @web.middleware
        async def all_but_own(request: web.Request, handler: Handler) -> web.StreamResponse:
            own = {f"{OWN_PATHS}stats": self._stats, f"{OWN_PATHS}log": self._log}.get(request.path)
            return await (own(request) if own else recorded(request, handler))

        return all_but_own

    async def _stats(self, request: web.Request) -> web.Response:
        return web.Response(body=orjson.dumps(self.stats()), content_type="application/json")

    async def _log(self, request: web.Request) -> web.Response:
        keys = ("at", "method", "path_qs", "status", "user_agent")
        entries = [dict(zip(keys, entry, strict=True)) for entry in self.entries]
        return web.Response(body=orjson.dumps(entries), content_type="application/json")
