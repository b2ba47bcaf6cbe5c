"""The stand-in forum: a Discourse forum as an anonymous reader meets it, over any source of topics."""

import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from ptm_spark.standin.forum_answers import InvalidParameterError, invalid_parameter, not_found
from ptm_spark.standin.forum_limits import ForumLimits, own_routes
from ptm_spark.standin.forum_list_routes import AnonymousCache, list_routes
from ptm_spark.standin.forum_site_routes import site_routes
from ptm_spark.standin.forum_source import ForumSource
from ptm_spark.standin.forum_topic_routes import topic_routes

LIMITS = web.AppKey("forum_limits", ForumLimits)
"""Where an app keeps its limits and its record of requests."""

_PAGE = "<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"


def forum_app(
    source: ForumSource, *, limits: bool, time_scale: float, clock: Callable[[], float] = time.monotonic
) -> web.Application:
    """The forum as an application. With ``limits``, those by address and the cache of lists for a minute are on.

    ``time_scale`` shortens the windows of both; ``clock`` gives seconds. ``/_standin/stats`` and ``/_standin/log`` tell
    what was asked, ``app[LIMITS]`` does the same in the process.
    """
    kept = ForumLimits(is_on=limits, time_scale=time_scale, clock=clock)
    cache = AnonymousCache(60 / time_scale if limits else 0, clock, kept)
    app = web.Application(middlewares=[kept.middleware(), _refusals])
    app[LIMITS] = kept
    for route in [*list_routes(source, cache), *topic_routes(source), *site_routes(source, cache)]:
        app.router.add_route(route.method, route.path, route.handler)
        # The same without .json is JSON for who asks for it, and a page for who does not.
        if route.path.endswith(".json"):
            app.router.add_route(route.method, route.path.removesuffix(".json"), _negotiated(source, route.handler))
    for route in own_routes(kept):
        app.router.add_route(route.method, route.path, route.handler)
    return app


def _negotiated(source: ForumSource, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def negotiated(request: web.Request) -> web.StreamResponse:
        if "application/json" in request.headers.get("Accept", ""):
            return await handler(request)
        return web.Response(text=_PAGE.format(title=source.title), content_type="text/html", charset="utf-8")

    return negotiated


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except InvalidParameterError as error:
        return invalid_parameter(str(error))
    except web.HTTPNotFound:
        return not_found()


__all__ = ["LIMITS", "ForumSource", "forum_app"]
