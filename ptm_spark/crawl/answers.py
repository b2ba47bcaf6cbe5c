"""What a request has come to: an answer that counts, or the reason why there is none."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_LOGGED_HEADERS = ("RateLimit", "RateLimit-Policy", "Retry-After", "ETag", "X-Repo-Commit", "X-Error-Code", "Link")


class FetchError(Exception):
    """An address gave nothing that counts, after all tries; ``args[0]`` says why, in a few words."""


class BadBodyError(Exception):
    """An answer whose body is not what was asked for, whatever its status says; it is asked for again."""


@dataclass(slots=True)
class Answer:
    """An answer that counts: ``url`` as asked, ``final_url`` after redirects, body of bounded size.

    ``is_cut`` says that the body went on beyond the bound; ``value`` is what the caller's reader made of the body;
    ``fetched_at`` is an ISO 8601 UTC text.
    """

    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: str
    is_cut: bool = False
    value: Any = None
    hops: list[str] = field(default_factory=list)

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    def request_line(self, **facts: Any) -> dict[str, Any]:
        """What the log of requests keeps of it."""
        kept = {name.lower(): self.headers[name] for name in _LOGGED_HEADERS if name in self.headers}
        line = {
            "url": self.url,
            "status": self.status,
            "fetched_at": self.fetched_at,
            "bytes": len(self.body),
            "sha256": hashlib.sha256(self.body).hexdigest(),
            "headers": kept,
        }
        return line | ({"redirects": self.hops} if self.hops else {}) | facts
