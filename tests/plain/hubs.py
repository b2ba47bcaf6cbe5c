"""Plain requests to a stand-in that answers on loopback; nothing is followed, nothing is retried."""

import base64
import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import orjson


@dataclass(frozen=True)
class Answer:
    """Status, headers and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def next_path(self) -> str | None:
        """Path and query of ``Link: rel="next"``."""
        link = self.headers.get("Link")
        if link is None:
            return None
        assert link.startswith("<http://127.0.0.1:") and link.endswith('>; rel="next"')
        parts = urlsplit(link[1 : link.index(">")])
        return f"{parts.path}?{parts.query}"


def ask(address: str, path: str, method: str = "GET", *, timeout: float = 20, **headers: str) -> Answer:
    """One request; underscores of header names stand for dashes."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=timeout)
    try:
        connection.request(method, path, headers={key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def walk(address: str, path: str) -> list[Any]:
    """All rows of a listing, page after page."""
    rows: list[Any] = []
    following: str | None = path
    while following:
        answer = ask(address, following)
        assert answer.status == 200, (following, answer.status, answer.body[:200])
        rows += answer.json
        following = answer.next_path
    return rows


def cursor(predicate: object) -> str:
    """A cursor of the listing as it stands in an address."""
    return quote(base64.b64encode(orjson.dumps(predicate)).decode(), safe="")
