"""Topics and posts of the stand-in forum."""

from typing import Any

from aiohttp import web

from ptm_spark.standin.forum_answers import (
    InvalidParameterError,
    Route,
    json_answer,
    moved,
    not_found,
    print_refused,
    refusal,
    text_answer,
    topic_refusal,
)
from ptm_spark.standin.forum_source import CHUNK_SIZE, ForumSource, RawPost

_RAW_PAGE = 100
_TOPIC_ROUTE, _POSTS_ROUTE, _POST_ROUTE, _RAW_ROUTE = "topics/show", "topics/posts", "posts/show", "posts/markdown_num"
_IDS = 1 << 53


def topic_routes(source: ForumSource) -> list[Route]:
    """``/t/…`` with its chunks and single posts, ``/posts/{id}.json`` and ``/raw/…``."""

    async def topic(request: web.Request) -> web.Response:
        topic_id = _id(request, "id")
        status = source.status(topic_id)
        if status != 200:
            return topic_refusal(status, route=_TOPIC_ROUTE)
        if request.query.get("print") == "true":
            return print_refused(route=_TOPIC_ROUTE)
        body = source.topic(topic_id)
        slug = request.match_info.get("slug")
        if slug is not None and slug != body["slug"]:
            end = ".json" if request.path.endswith(".json") else ""
            return moved(request, f"/t/{body['slug']}/{topic_id}{end}", route=_TOPIC_ROUTE)
        stream = source.stream(topic_id)
        start = _chunk_start(request.query.get("page", "1"), len(stream))
        if start is None:
            return topic_refusal(404, route=_TOPIC_ROUTE)
        chunk = source.posts(stream[start : start + CHUNK_SIZE], with_raw="include_raw" in request.query)
        return json_answer({"post_stream": {"posts": chunk, "stream": stream}} | body, route=_TOPIC_ROUTE)

    async def topic_posts(request: web.Request) -> web.Response:
        topic_id = _id(request, "id")
        status = source.status(topic_id)
        if status != 200:
            return topic_refusal(status, route=_POSTS_ROUTE)
        stream = source.stream(topic_id)
        asked = {int(text) for text in request.query.getall("post_ids[]", []) if text.isascii() and text.isdecimal()}
        # Without ids the first chunk; else in order of the topic, whatever the order asked for.
        ids = [post_id for post_id in stream if post_id in asked] if asked else stream[:CHUNK_SIZE]
        chunk = source.posts(ids, with_raw="include_raw" in request.query)
        return json_answer({"post_stream": {"posts": chunk}, "id": topic_id}, route=_POSTS_ROUTE)

    async def post(request: web.Request) -> web.Response:
        post_id = _id(request, "id")
        topic_id = source.topic_of(post_id)
        status = 404 if topic_id is None else source.status(topic_id)
        if status == 403:
            text = "You are not permitted to view the requested resource."
            return refusal(403, "invalid_access", text, route=_POST_ROUTE)
        if status != 200:
            return not_found(route=_POST_ROUTE)
        return json_answer(source.posts([post_id], with_raw=True)[0], route=_POST_ROUTE)

    async def raw_topic(request: web.Request) -> web.Response:
        found = raw_of(request)
        if isinstance(found, web.Response):
            return found
        page = request.query.get("page", "1")
        if not (page.isascii() and page.isdecimal() and int(page)):
            raise InvalidParameterError("page")
        start = (int(page) - 1) * _RAW_PAGE
        parts = [
            f"{one.username} | {one.updated_at} | #{one.number}\n\n{one.raw}\n\n-------------------------\n\n"
            for one in found[start : start + _RAW_PAGE]
        ]
        return text_answer("".join(parts), route=_RAW_ROUTE)

    async def raw_post(request: web.Request) -> web.Response:
        found = raw_of(request)
        if isinstance(found, web.Response):
            return found
        number = int(request.match_info["number"])
        one = next((one for one in found if one.number == number), None)
        return not_found(route=_RAW_ROUTE) if one is None else text_answer(one.raw, route=_RAW_ROUTE)

    def raw_of(request: web.Request) -> list[RawPost] | web.Response:
        topic_id = _id(request, "id")
        status = source.status(topic_id)
        found: Any = source.raw_posts(topic_id) if status == 200 else None
        if found is not None:
            return list(found)
        return topic_refusal(404 if status == 200 else status, route=_RAW_ROUTE)

    return [
        Route("GET", r"/t/{id:\d+}.json", topic),
        Route("GET", r"/t/{id:\d+}/posts.json", topic_posts),
        Route("GET", r"/t/{slug}/{id:\d+}.json", topic),
        Route("GET", r"/posts/{id:\d+}.json", post),
        Route("GET", r"/raw/{id:\d+}", raw_topic),
        Route("GET", r"/raw/{id:\d+}/{number:\d+}", raw_post),
    ]


def _id(request: web.Request, name: str) -> int:
    number = int(request.match_info[name][:20])
    return number if number < _IDS else -1


def _chunk_start(page: str, posts: int) -> int | None:
    """Place of the first post of a chunk, from 0; None beyond both ends. InvalidParameterError for no number."""
    digits = page.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 12):
        raise InvalidParameterError("page")
    start = (int(page) - 1) * CHUNK_SIZE
    return start if 0 <= start < max(posts, 1) else None
