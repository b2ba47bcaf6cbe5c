"""What a service still allows: budgets learnt from its answers, and how long a refusal says to wait."""

import asyncio
import email.utils
import math
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]
#: the header's seconds are whole ones; one more is surely in the next window
_MARGIN = 1.0
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]+)?")
_SECONDS_IN_TEXT = re.compile(r"(?:in|wait) ([0-9]+(?:\.[0-9]+)?) second")


@dataclass(frozen=True)
class Pace:
    """At most ``count`` requests in any ``seconds``."""

    count: int
    seconds: float


class Budget:
    """What one bucket of a host still allows; ``take`` waits until a request is allowed, and counts it.

    The Hub names its budget in the header ``RateLimit`` of every answer (IETF draft-ietf-httpapi-ratelimit-headers):
    requests left in a fixed window, and seconds until it ends. Until the first answer nothing is known, so one request
    goes alone. ``reserve_share`` of the quota, and never less than ``connections``, stay unused: answers that are on
    their way are not in the number yet. ``paces`` hold whatever the service says. ``name`` is that of the bucket in
    the header.
    """

    def __init__(
        self,
        name: str,
        *,
        paces: tuple[Pace, ...] = (),
        reserve_share: float = 0.02,
        connections: int = 1,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.name, self._paces, self._clock, self._sleep = name, paces, clock, sleep
        self._reserve_share, self._connections = reserve_share, connections
        self._turn, self._learnt = asyncio.Lock(), asyncio.Event()
        self._sent: deque[float] = deque(maxlen=max((pace.count for pace in paces), default=1))
        self._in_flight = 0
        self._paused_until = 0.0
        #: requests left in the present window, its quota, its length and its end; None where no header told them
        self.left: int | None = None
        self.quota: int | None = None
        self.window: float | None = None
        self._ends_at = 0.0

    async def take(self) -> None:
        """Wait until one more request is allowed, in the order of asking, and count it as sent."""
        async with self._turn:
            if self._in_flight and not self._learnt.is_set():
                await self._learnt.wait()
            while (wait := self.wait()) > 0:
                await self._sleep(wait)
            if self.left is not None:
                self.left -= 1
            self._in_flight += 1
            self._sent.append(self._clock())

    def wait(self) -> float:
        """Seconds until the next request is allowed; 0 where it is now."""
        now = self._clock()
        waits = [self._paused_until - now]
        if self.left is not None and self.quota is not None and self.left <= self._reserve(self.quota):
            if now >= self._ends_at:
                self.left = self.quota  # a new window; its first answer will say what is true
                self._ends_at = now + (self.window or 0.0)
            else:
                waits.append(self._ends_at - now)
        waits += [self._sent[-pace.count] + pace.seconds - now for pace in self._paces if len(self._sent) >= pace.count]
        return max(0.0, *waits)

    def _reserve(self, quota: int) -> int:
        return min(quota - 1, max(self._connections, round(quota * self._reserve_share)) if self._reserve_share else 0)

    def learn(self, headers: Mapping[str, str] | None) -> None:
        """Take in what an answer's headers tell; None where a request ended without an answer."""
        self._in_flight -= 1
        info = parse_ratelimit_headers(headers) if headers is not None else None
        if info is not None and info.resource_type == self.name:
            now = self._clock()
            ends_at = now + info.reset_in_seconds + _MARGIN
            is_next_window = ends_at > self._ends_at + 1.5 * _MARGIN or info.limit not in (None, self.quota)
            # what the header says, less what is on its way; within a window the lower number is the true one, for
            # answers overtake each other
            left = info.remaining - self._in_flight if is_next_window else info.remaining
            self.left = left if self.left is None or is_next_window else min(self.left, left)
            self._ends_at = ends_at if is_next_window else min(ends_at, self._ends_at)
            self.quota = info.limit or self.quota or max(info.remaining, 1)
            self.window = float(info.window_seconds or self.window or info.reset_in_seconds)
        self._learnt.set()

    def pause(self, seconds: float) -> None:
        """Send nothing for so long: the service said so, and it means the whole bucket."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)


def told_wait(headers: Mapping[str, str], body: bytes) -> float | None:
    """Seconds that a 429 or 503 says to wait; None where it says nothing.

    In this order: ``RateLimit`` of the Hub, ``Retry-After`` in seconds or as a date, ``extras.wait_seconds`` of
    Discourse, a number in its text. A second is added to whole ones, which may have been rounded down.
    """
    info = parse_ratelimit_headers(headers)
    if info is not None and info.remaining <= 0:
        return info.reset_in_seconds + _MARGIN
    for wait in (_retry_after(headers.get("Retry-After", "")), _wait_seconds(body)):
        if wait is not None:
            return wait + _MARGIN
    found = _SECONDS_IN_TEXT.search(body[:2_000].decode("utf-8", errors="replace"))
    return float(found[1]) + _MARGIN if found else None


def _retry_after(text: str) -> float | None:
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    # a date without its zone is one of UTC
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _wait_seconds(body: bytes) -> float | None:
    try:
        content: Any = orjson.loads(body)
        wait = float(content["extras"]["wait_seconds"])
        return max(0.0, wait) if math.isfinite(wait) else None
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
