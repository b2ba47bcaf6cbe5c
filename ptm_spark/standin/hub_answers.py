"""How the Hub answers: JSON with its headers, links to next pages, refusals, and who asks."""

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from aiohttp import web

_EXPOSED = (
    "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,"
    "X-Linked-Size,X-Linked-ETag,X-Xet-Hash"
)


class Refused(Exception):
    """The Hub's refusal of a request: status, text, and the code in ``X-Error-Code`` where it has one."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        as_text: bool = False,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.headers, self.as_text = dict(headers or {}), as_text

    def response(self) -> web.Response:
        """The answer: an ``error`` in JSON, or bare text as for files."""
        line = "".join(char if char.isprintable() else "?" for char in self.message)  # a header is one line
        headers = {"X-Error-Message": line} | self.headers
        if self.code:
            headers["X-Error-Code"] = self.code
        if self.as_text:
            return web.Response(status=self.status, text=self.message, headers=headers)
        return json_answer({"error": self.message}, status=self.status, headers=headers)


def json_answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Body as JSON (bytes are taken as they are) with a weak ETag."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    etag = f'W/"{len(data):x}-{zlib.crc32(data):08x}"'
    return web.Response(
        body=data,
        status=status,
        headers={"Content-Type": "application/json; charset=utf-8", "ETag": etag} | dict(headers or {}),
    )


def common_headers(request_number: int) -> dict[str, str]:
    """Headers that stand on every answer."""
    return {
        "X-Powered-By": "huggingface-moon",
        "X-Request-Id": f"Root=1-{request_number:08x}-{hashlib.sha256(b'%d' % request_number).hexdigest()[:24]}",
        "Vary": "Origin",
        "Access-Control-Expose-Headers": _EXPOSED,
    }


def next_link(request: web.Request, **changes: str | int) -> str:
    """``Link`` to the same address with some parameters changed, absolute by the host that was asked."""
    pairs = [(key, value) for key, value in request.query.items() if key not in changes]
    query = urlencode([*pairs, *changes.items()], quote_via=quote)
    return f'<{base_of(request)}{request.rel_url.raw_path}?{query}>; rel="next"'


def base_of(request: web.Request) -> str:
    """Scheme and host under which the client knows this server."""
    return f"{request.scheme}://{request.host}"


def token_of(request: web.Request) -> str | None:
    """The bearer token; Refused if it is one of those that begin with ``hf_bad``."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        return None
    if token.startswith("hf_bad"):
        raise Refused(401, "Invalid credentials in Authorization header")
    return token


def identity_of(request: web.Request) -> str:
    """Who is charged: a digest of the token, else the address."""
    authorization = request.headers.get("Authorization")
    if authorization:
        return hashlib.sha256(authorization.encode()).hexdigest()[:16]
    return request.remote or "unknown"


def missing_repo(request: web.Request) -> Refused:
    """No such repository, or a private one: the Hub tells only those who show a token."""
    if token_of(request) is not None:
        return Refused(404, "Repository not found", "RepoNotFound")
    return Refused(
        401,
        "Invalid username or password.",
        headers={"WWW-Authenticate": 'Bearer realm="Authentication required", charset="UTF-8"'},
    )


def missing_revision(revision: str) -> Refused:
    """No such branch, tag or commit."""
    return Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
