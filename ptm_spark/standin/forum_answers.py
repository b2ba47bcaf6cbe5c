"""Answers of the stand-in forum: headers and the bodies of its refusals."""

import secrets
from collections.abc import Mapping
from typing import NamedTuple

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

_NOT_FOUND = "The requested URL or resource could not be found."


class Route(NamedTuple):
    """A handler at a path."""

    method: str
    path: str
    handler: Handler


class InvalidParameterError(Exception):
    """A query parameter that the forum answers with 400; the message is its name."""


def json_answer(body: object, *, status: int = 200, route: str = "") -> web.Response:
    """A JSON answer; ``route`` is the forum's own name of what answered, such as ``topics/show``."""
    return packed_answer(orjson.dumps(body), status=status, route=route)


def packed_answer(body: bytes, *, status: int = 200, route: str = "", cached: str = "") -> web.Response:
    """A JSON answer of ready bytes; ``cached`` is ``store`` or ``true`` where the anonymous cache had a part in it."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "no-cache, no-store",
        "Vary": "Accept",
        "X-Request-Id": secrets.token_hex(16),
    }
    if route:
        headers["X-Discourse-Route"] = route
    if cached:
        headers["X-Discourse-Cached"] = cached
    return web.Response(body=body, status=status, headers=headers)


def text_answer(text: str, *, route: str) -> web.Response:
    """A plain-text answer."""
    return web.Response(text=text, content_type="text/plain", charset="utf-8", headers={"X-Discourse-Route": route})


def refusal(
    status: int, error_type: str, text: str, *, extras: Mapping[str, object] | None = None, route: str = ""
) -> web.Response:
    """A refusal in the forum's JSON."""
    body: dict[str, object] = {"errors": [text], "error_type": error_type}
    return json_answer(body | ({"extras": extras} if extras is not None else {}), status=status, route=route)


def not_found(*, route: str = "") -> web.Response:
    """404 as of any address but a topic's."""
    return refusal(404, "not_found", _NOT_FOUND, route=route)


def topic_refusal(status: int, *, route: str) -> web.Response:
    """403, 404 or 410 as of a topic: ``extras`` hold what a page would show."""
    if status == 403:
        text, error_type = "You are not permitted to view the requested resource.", "invalid_access"
    else:
        text, error_type = _NOT_FOUND, "not_found"
    title = "Private" if status == 403 else "Page not found"
    extras = {"title": title, "html": f'<h1 class="title">{title}</h1>', "group": None}
    return refusal(status, error_type, text, extras=extras, route=route)


def invalid_parameter(name: str, *, route: str = "") -> web.Response:
    """400 for a parameter of a wrong form."""
    return refusal(400, "invalid_parameters", f"You supplied invalid parameters to the request: {name}", route=route)


def print_refused(*, route: str) -> web.Response:
    """422 as for ``print=true``, which all anonymous readers share."""
    text = "You’ve performed this action too many times, please try again later."
    return json_answer({"errors": [text]}, status=422, route=route)


def moved(request: web.Request, path: str, *, route: str) -> web.Response:
    """301 to another path of this forum, with the query of the request."""
    query = f"?{request.query_string}" if request.query_string else ""
    location = f"{request.scheme}://{request.host}{path}{query}"
    return web.Response(status=301, headers={"Location": location, "X-Discourse-Route": route})
