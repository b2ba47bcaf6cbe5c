"""Lists of topics and of latest posts, and the cache that anonymous readers share."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiohttp import web

from ptm_spark.standin.forum_answers import Route, json_answer, moved, not_found, packed_answer, refusal
from ptm_spark.standin.forum_limits import ForumLimits
from ptm_spark.standin.forum_lists import list_page, more_topics_url, read_list_query
from ptm_spark.standin.forum_source import Category, ForumSource

_CACHE_SIZE = 1000


class AnonymousCache:
    """Answers of lists, kept for some seconds of ``clock``: within them a list is stale. 0 seconds keep nothing."""

    def __init__(self, seconds: float, clock: Callable[[], float], limits: ForumLimits) -> None:
        self._seconds, self._clock, self._limits = seconds, clock, limits
        self._kept: dict[str, tuple[float, bytes]] = {}

    def answer(self, request: web.Request, make: Callable[[], Any], *, route: str) -> web.Response:
        """The kept body for this path and query, or the one that ``make`` makes now."""
        if not self._seconds:
            return json_answer(make(), route=route)
        now = self._clock()
        kept = self._kept.get(request.path_qs)
        if kept is not None and now < kept[0]:
            self._limits.cached += 1
            return packed_answer(kept[1], route=route, cached="true")
        body = orjson.dumps(make())
        if len(self._kept) >= _CACHE_SIZE:
            self._kept = {key: value for key, value in self._kept.items() if now < value[0]}
        self._kept[request.path_qs] = (now + self._seconds, body)
        return packed_answer(body, route=route, cached="store")


def list_routes(source: ForumSource, cache: AnonymousCache) -> list[Route]:
    """``/latest.json``, ``/c/…/{id}.json`` and ``/posts.json``."""

    def listing(path: str, query: Mapping[str, str], category: Category | None) -> dict[str, Any]:
        source.tick()
        categories = source.categories()
        ids = None
        if category is not None:
            below = [other.category_id for other in categories if other.parent_id == category.category_id]
            ids = (category.category_id, *below)
        asked = read_list_query(query, ids)
        rows = list_page(source.rows(), categories, asked)
        people = [poster["user_id"] for row in rows for poster in row["posters"]]
        topics: dict[str, Any] = {"can_create_topic": False}
        if len(rows) == asked.per_page:
            topics["more_topics_url"] = more_topics_url(path, query, asked.page)
        topics |= {"per_page": asked.per_page, "top_tags": [tag["name"] for tag in source.tags()[:10]], "topics": rows}
        return {
            "users": source.users(dict.fromkeys(people)),
            "primary_groups": [],
            "flair_groups": [],
            "topic_list": topics,
        }

    async def latest(request: web.Request) -> web.Response:
        read_list_query(request.query)
        return cache.answer(request, lambda: listing("/latest", request.query, None), route="list/latest")

    async def category(request: web.Request) -> web.Response:
        route = "list/category_default"
        wanted = int(request.match_info["id"])
        found = next((one for one in source.categories() if one.category_id == wanted), None)
        if found is None:
            return not_found(route=route)
        if found.read_restricted:
            text = "You are not permitted to view the requested resource."
            return refusal(403, "invalid_access", text, route=route)
        path = f"/c/{found.full_slug}/{found.category_id}"
        if request.match_info.get("slugs", "").strip("/") != found.full_slug:
            end = request.path[request.path.rindex(request.match_info["id"]) + len(request.match_info["id"]) :]
            return moved(request, path + end, route=route)
        read_list_query(request.query)
        return cache.answer(request, lambda: listing(f"{path}/l/latest", request.query, found), route=route)

    async def posts(request: web.Request) -> web.Response:
        before = request.query.get("before", "")
        limit = int(before) if before.isascii() and before.isdecimal() and int(before) else None

        def make() -> dict[str, Any]:
            source.tick()
            return {"latest_posts": source.latest_posts(limit)}

        return cache.answer(request, make, route="posts/latest")

    return [
        Route("GET", "/latest.json", latest),
        Route("GET", r"/c/{slugs:(?:[^/]+/){0,2}}{id:\d+}.json", category),
        Route("GET", r"/c/{slugs:(?:[^/]+/){0,2}}{id:\d+}/l/latest.json", category),
        Route("GET", "/posts.json", posts),
    ]
