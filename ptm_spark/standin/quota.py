"""The Hub's quotas: fixed windows of five minutes for each identity and bucket, told in two headers of every answer."""

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ptm_spark.errors import UsageError

Bucket = Literal["api", "resolvers", "pages"]
WINDOW_SECONDS = 300
_WINDOWS_KEPT = 10_000

#: requests a window in each bucket, as the Hub documents them; ``unlimited`` is the stand-in's own
PLANS: dict[str, dict[Bucket, int]] = {
    "anonymous": {"api": 500, "resolvers": 3_000, "pages": 100},
    "free": {"api": 1_000, "resolvers": 5_000, "pages": 200},
    "pro": {"api": 2_500, "resolvers": 12_000, "pages": 400},
    "team": {"api": 3_000, "resolvers": 20_000, "pages": 400},
    "enterprise": {"api": 6_000, "resolvers": 50_000, "pages": 600},
    "enterprise-plus": {"api": 10_000, "resolvers": 100_000, "pages": 1_000},
    "unlimited": {"api": 1_000_000_000, "resolvers": 1_000_000_000, "pages": 1_000_000_000},
}


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request met: whether it was granted, and what the headers say (whole seconds, rounded up)."""

    bucket: Bucket
    granted: bool
    remaining: int
    limit: int
    reset_seconds: int
    window_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """``RateLimit`` and ``RateLimit-Policy`` as the Hub writes them."""
        return {
            "RateLimit": f'"{self.bucket}";r={self.remaining};t={self.reset_seconds}',
            "RateLimit-Policy": f'"fixed window";"{self.bucket}";q={self.limit};w={self.window_seconds}',
        }

    def refusal(self, address: str, *, has_token: bool) -> str:
        """The text of the 429 for that IP address or for a token."""
        if has_token:
            return (
                f"We had to rate limit you, you hit the quota of {self.limit} {self.bucket} requests per 5 minutes "
                "period. Upgrade to a PRO user or Team/Enterprise organization account (https://hf.co/pricing) to get "
                "higher limits. See https://huggingface.co/docs/hub/rate-limits"
            )
        return (
            f"We had to rate limit your IP ({address}). To continue using our service, create a HF account or login to "
            "your existing account, and make sure you pass a HF_TOKEN if you're using the API."
        )


@dataclass(slots=True)
class _Window:
    number: int
    bucket: Bucket
    granted: int = 0
    refused: int = 0


class Quota:
    """Grants or refuses requests by one plan for all identities, and counts both.

    ``time_scale`` is how much quicker than real time passes (50 makes windows of 6 seconds); windows are laid end to
    end on the clock (seconds, never going back). UsageError on a plan that there is not or a scale not above 0.
    """

    def __init__(
        self, plan: str = "unlimited", *, time_scale: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if plan not in PLANS:
            raise UsageError(f"plan {plan!r}: there is no such plan; take one of {', '.join(PLANS)}")
        if not 0 < time_scale < math.inf:
            raise UsageError(f"time scale {time_scale}: must be above 0 (1 is real time, 50 makes windows of 6 s)")
        self._limits = PLANS[plan]
        self._length = WINDOW_SECONDS / time_scale
        self._clock = clock
        self._current: dict[tuple[str, Bucket], _Window] = {}
        self._windows: list[_Window] = []
        self._counts: Counter[tuple[Bucket, bool]] = Counter()

    def charge(self, identity: str, bucket: Bucket) -> Charge:
        """Count one request of that identity (an address or a token's digest) against its current window."""
        now = self._clock()
        number = math.floor(now / self._length)
        window = self._current.get((identity, bucket))
        if window is None or window.number != number:
            window = self._current[identity, bucket] = _Window(number, bucket)
            self._windows.append(window)
            del self._windows[:-_WINDOWS_KEPT]
        limit = self._limits[bucket]
        granted = window.granted < limit
        if granted:
            window.granted += 1
        else:
            window.refused += 1
        self._counts[bucket, granted] += 1
        left = (number + 1) * self._length - now
        return Charge(
            bucket, granted, limit - window.granted, limit, max(1, math.ceil(left)), math.ceil(self._length)
        )  # fmt: skip

    def stats(self) -> dict[str, Any]:
        """Granted and refused by bucket since the start, and by window (the last 10,000; ``start`` on the clock)."""
        buckets: tuple[Bucket, ...] = ("api", "resolvers", "pages")
        return {
            "by_bucket": {
                bucket: {"granted": self._counts[bucket, True], "refused": self._counts[bucket, False]}
                for bucket in buckets
            },
            "windows": [
                {
                    "bucket": window.bucket,
                    "start": window.number * self._length,
                    "granted": window.granted,
                    "refused": window.refused,
                    "limit": self._limits[window.bucket],
                }
                for window in self._windows
            ],
        }


def bucket_of(path: str) -> Bucket:
    """The bucket that a path counts in: both hops to a file are resolvers, the rest of the API is api."""
    if "/resolve/" in path or path.startswith("/api/resolve-cache/"):
        return "resolvers"
    return "api" if path.startswith("/api/") else "pages"
