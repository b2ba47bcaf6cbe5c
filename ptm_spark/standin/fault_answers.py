"""What each fault does to an answer, as one middleware for both stand-ins."""

import asyncio
import gzip
import io
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Literal

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ptm_spark.standin.faults import FaultPlan

Site = Literal["hub", "forum"]
_OWN_PATHS = "/_standin/"
_HTML = "<!DOCTYPE html>\n<html><head><title>Just a moment</title></head><body><h1>Please wait</h1></body></html>\n"
_RATE_LIMITED = "We had to rate limit your IP. To continue using our service, log in or create an account."
_REASONS = {
    "500": "Internal Server Error",
    "502": "Bad Gateway",
    "503": "Service Unavailable",
    "504": "Gateway Time-out",
}
#: headers that the raw faults write themselves
_FRAMING = {"content-length", "connection", "transfer-encoding", "content-encoding"}

_Act = Callable[[web.Request, Handler, Mapping[str, Any]], Awaitable[web.StreamResponse]]


def fault_middleware(plan: FaultPlan, site: Site) -> Middleware:
    """Middleware that commits the plan's faults; the stand-in's own addresses are spared."""

    @web.middleware
    async def faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_OWN_PATHS):
            return await handler(request)
        rule = plan.choose(request.path_qs)
        if rule is None:
            return await handler(request)
        if rule.fault == "429":
            return _too_many(site, request, rule.parameters["seconds"])
        if rule.fault in _REASONS:
            text = f"<html><body><h1>{rule.fault} {_REASONS[rule.fault]}</h1></body></html>"
            return web.Response(status=int(rule.fault), text=text, content_type="text/html")
        return await _ACTS[rule.fault](request, handler, rule.parameters)

    return faulty


def _too_many(site: Site, request: web.Request, seconds: int) -> web.Response:
    headers = {"Retry-After": str(seconds)}
    if site == "forum":
        headers["Discourse-Rate-Limit-Error-Code"] = "ip_10_secs_limit"
        text = f"Slow down, you're making too many requests.\nPlease retry again in {seconds} seconds.\n"
        return web.Response(status=429, text=f"{text}Error code: ip_10_secs_limit.\n", headers=headers)
    bucket = "resolvers" if "resolve" in request.path else "api"
    headers |= {
        "RateLimit": f'"{bucket}";r=0;t={seconds}',
        "RateLimit-Policy": f'"fixed window";"{bucket}";q=500;w=300',
    }
    return web.Response(status=429, text=_RATE_LIMITED, headers=headers)


async def _edge_429(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    return web.Response(status=429, text="Too Many Requests")


async def _reset(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # nobody is left to read it


async def _stall(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    await asyncio.sleep(parameters["seconds"])
    return await _reset(request, handler, parameters)


async def _drip(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    """Four pieces of the body a second until the time is up, then the connection ends."""
    answer, body = await _whole(request, handler)
    size, turns = parameters["bytes"], int(4 * parameters["seconds"])
    _write_head(request, answer, len(body))
    for turn in range(turns):
        piece = body[turn * size : (turn + 1) * size]
        if request.transport is None or request.transport.is_closing():
            break
        request.transport.write(piece if len(body) > (turn + 1) * size else b"")  # the last piece never comes
        await asyncio.sleep(0.25)
    return await _reset(request, handler, parameters)


async def _truncation(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    answer, body = await _whole(request, handler)
    return _write_raw(request, answer, max(1, len(body)), body[: len(body) // 2])


async def _wrong_length(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    answer, body = await _whole(request, handler)
    return _write_raw(request, answer, len(body) // 2, body)


async def _html(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    return web.Response(text=_HTML, content_type="text/html", charset="utf-8")


async def _object(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    return web.json_response({"error": _RATE_LIMITED})


async def _empty(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    return web.Response(content_type="application/json")


async def _bomb(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    body = await asyncio.get_running_loop().run_in_executor(None, _packed_spaces, parameters["megabytes"])
    headers = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"}
    return web.Response(body=body, headers=headers)


@lru_cache(maxsize=2)
def _packed_spaces(megabytes: int) -> bytes:
    """An empty JSON list with that many megabytes of spaces in it, packed."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6) as file:
        file.write(b"[")
        for _ in range(megabytes):
            file.write(b" " * (1 << 20))
        file.write(b"]")
    return packed.getvalue()


async def _redirect(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": parameters["to"]})


async def _loop(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": request.rel_url.raw_path_qs})


async def _bad_utf8(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    """A byte that UTF-8 does not know, inside the first text of the JSON or else in the middle."""
    answer, body = await _whole(request, handler)
    place = body.find(b'":"') + 3 if b'":"' in body else len(body) // 2
    return _with_body(answer, body[:place] + b"\xff" + body[place:])


async def _repeat_page(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    answer = await handler(request)
    if "Link" in answer.headers:
        answer.headers["Link"] = f'<{request.scheme}://{request.host}{request.rel_url.raw_path_qs}>; rel="next"'
    return answer


async def _cookie(request: web.Request, handler: Handler, parameters: Mapping[str, Any]) -> web.StreamResponse:
    answer = await handler(request)
    answer.headers.add("Set-Cookie", parameters["cookie"])
    return answer


async def _whole(request: web.Request, handler: Handler) -> tuple[web.StreamResponse, bytes]:
    answer = await handler(request)
    body = answer.body if isinstance(answer, web.Response) else b""
    return answer, bytes(body) if isinstance(body, bytes | bytearray) else b""


def _with_body(answer: web.StreamResponse, body: bytes) -> web.Response:
    headers = {key: value for key, value in answer.headers.items() if key.lower() not in _FRAMING}
    return web.Response(body=body, status=answer.status, headers=headers)


def _write_head(request: web.Request, answer: web.StreamResponse, length: int) -> None:
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}", f"Content-Length: {length}", "Connection: close"]
    lines += [f"{key}: {value}" for key, value in answer.headers.items() if key.lower() not in _FRAMING]
    if request.transport is not None:
        request.transport.write("\r\n".join([*lines, "", ""]).encode())


def _write_raw(request: web.Request, answer: web.StreamResponse, length: int, body: bytes) -> web.Response:
    """Write an answer whose length and body disagree straight to the connection, and end that."""
    _write_head(request, answer, length)
    if request.transport is not None:
        request.transport.write(body)
        request.transport.close()
    return web.Response()  # nobody is left to read it


_ACTS: dict[str, _Act] = {
    "edge_429": _edge_429,
    "reset": _reset,
    "drip": _drip,
    "stall": _stall,
    "truncation": _truncation,
    "wrong_length": _wrong_length,
    "html": _html,
    "object": _object,
    "empty": _empty,
    "bomb": _bomb,
    "redirect": _redirect,
    "private_redirect": _redirect,
    "file_redirect": _redirect,
    "loop": _loop,
    "bad_utf8": _bad_utf8,
    "repeat_page": _repeat_page,
    "cookie": _cookie,
}
