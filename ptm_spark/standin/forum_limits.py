"""Limits of a Discourse forum by address of the caller, its two forms of refusal, and a record of what was asked."""

import math
import re
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ptm_spark.standin.forum_answers import Route, json_answer, refusal

ADDRESS_LIMITS = ((50, 10, "ip_10_secs_limit"), (200, 60, "ip_60_secs_limit"))
"""(requests, seconds, error code) that one address may make in any stretch of that many seconds."""

OWN_PATHS = "/_standin/"
"""What begins so is the stand-in's own: never limited, never recorded."""

_LOG_LIMIT = 1_000_000

RefusalForm = Literal["list", "text"]


@dataclass
class ActionRefusals:
    """Refusals of single actions still to be given, as a controller gives them: JSON with the time to wait.

    ``left`` of the next requests whose path and query match ``match`` are refused. ``form`` says whether ``errors`` is
    a list or one text; the latter comes without ``Retry-After``, as seen with fractional waits.
    """

    left: int
    wait_seconds: float = 60
    form: RefusalForm = "list"
    match: re.Pattern[str] = re.compile("")

    def refuse(self, request: web.Request) -> web.Response | None:
        """The refusal of this request, or None where it may pass."""
        if self.left <= 0 or not self.match.search(request.path_qs):
            return None
        self.left -= 1
        wait = int(self.wait_seconds) if float(self.wait_seconds).is_integer() else self.wait_seconds
        spoken = f"{math.ceil(wait)} seconds"
        text = f"You've performed this action too many times. Please wait {spoken} before trying again."
        if self.form == "text":
            return json_answer({"errors": text, "extras": {"wait_seconds": wait}}, status=429)
        extras = {"wait_seconds": wait, "time_left": spoken}
        answer = refusal(429, "rate_limit", text, extras=extras)
        answer.headers["Retry-After"] = str(math.ceil(wait))
        return answer


@dataclass
class ForumLimits:
    """Counts requests by address in sliding windows, shortened by ``time_scale``; refused requests count too.

    ``clock`` gives seconds, from any start. ``is_on`` switches the limits by address only.
    """

    is_on: bool = True
    time_scale: float = 1
    clock: Callable[[], float] = time.monotonic
    actions: ActionRefusals = field(default_factory=lambda: ActionRefusals(0))
    requests: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    by_route: Counter[str] = field(default_factory=Counter)
    cached: int = 0
    log: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=_LOG_LIMIT))
    _seen: dict[tuple[str, str], deque[float]] = field(default_factory=dict)

    def wait(self, address: str) -> tuple[str, float] | None:
        """Count a request; (error code, seconds to wait) of the limit it breaks, None if it breaks none."""
        now = self.clock()
        for limit, seconds, code in ADDRESS_LIMITS:
            window = seconds / self.time_scale
            seen = self._seen.setdefault((address, code), deque(maxlen=limit))
            is_over = len(seen) == limit and now - seen[0] < window
            seen.append(now)
            if is_over:
                return code, window - (now - seen[0])
        return None

    def stats(self) -> dict[str, object]:
        """Counters since the start. ``requests`` includes refused ones; both leave out the stand-in's own paths."""
        return {
            "requests": self.requests,
            "refused": self.refused.total(),
            "refused_by_code": dict(self.refused),
            "by_route": dict(self.by_route),
            "cached": self.cached,
        }

    def middleware(self) -> Middleware:
        """Middleware that limits, refuses and records; put it before all others."""

        @web.middleware
        async def limited(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(OWN_PATHS):
                return await handler(request)
            at, started = self.clock(), time.perf_counter()
            self.requests += 1
            status = 500
            try:
                answer = self._refuse(request) or await handler(request)
                status = answer.status
                if not answer.prepared:
                    answer.headers["X-Runtime"] = f"{time.perf_counter() - started:.6f}"
                self.by_route[answer.headers.get("X-Discourse-Route", "none")] += 1
                return answer
            except web.HTTPException as error:
                status = error.status
                raise
            finally:
                agent = request.headers.get("User-Agent", "")
                self.log.append(
                    {
                        "at": at,
                        "method": request.method,
                        "path_qs": request.path_qs,
                        "status": status,
                        "user_agent": agent,
                    }
                )

        return limited

    def _refuse(self, request: web.Request) -> web.Response | None:
        if self.is_on and (over := self.wait(request.remote or "")):
            code, seconds = over
            self.refused[code] += 1
            return _slow_down(code, max(1, math.ceil(seconds)))
        answer = self.actions.refuse(request)
        if answer is not None:
            self.refused["action"] += 1
        return answer


def _slow_down(code: str, seconds: int) -> web.Response:
    text = (
        f"Slow down, you're making too many requests.\nPlease retry again in {seconds} seconds.\nError code: {code}.\n"
    )
    headers = {"Retry-After": str(seconds), "Discourse-Rate-Limit-Error-Code": code}
    return web.Response(status=429, text=text, content_type="text/plain", headers=headers)


def own_routes(limits: ForumLimits) -> list[Route]:
    """The stand-in's own paths: ``stats`` and ``log`` to read, ``refuse`` to switch on refusals of actions.

    ``POST /_standin/refuse?count=3&wait_seconds=8.72&form=text&match=^/t/`` refuses the next three matching requests.
    """

    async def stats(request: web.Request) -> web.Response:
        return json_answer(limits.stats())

    async def log(request: web.Request) -> web.Response:
        return json_answer(list(limits.log))

    async def refuse(request: web.Request) -> web.Response:
        query = request.query
        try:
            limits.actions = ActionRefusals(
                int(query.get("count", "1")),
                float(query.get("wait_seconds", "60")),
                "text" if query.get("form") == "text" else "list",
                re.compile(query.get("match", "")),
            )
        except (ValueError, re.error) as error:
            return refusal(400, "invalid_parameters", str(error))
        return json_answer({"success": "OK"})

    return [
        Route("GET", f"{OWN_PATHS}stats", stats),
        Route("GET", f"{OWN_PATHS}log", log),
        Route("POST", f"{OWN_PATHS}refuse", refuse),
    ]
