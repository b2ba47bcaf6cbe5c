"""Forgetting a user in tests: the call, what is left, and bodies of a forum that name them."""

import json
from typing import Any

from dumps import landed_lines
from landed import Line

from ptm_spark.landing import Landing, Manifest
from ptm_spark.landing.forgetting import forget_user

HASH = "0123456789abcdef0123456789abcdef"
BOTH = ("hub", "forum")


def forget(landing: Landing, name: str = "Ann", **changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"reason": "asked by mail", "user_hash": HASH, "sources": BOTH} | changes
    return forget_user(landing, name, **options)[0]


def left(landing: Landing, crawl: Manifest, kind: str = "part") -> list[dict[str, Any]]:
    found = landing.find(crawl.path)
    assert found is not None and landing.damage(found) == {}
    return [json.loads(line) for line in landed_lines(landing, found, kind)]


def user(name: str, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "username": name,
        "name": f"{name} Example",
        "avatar_template": f"/user_avatar/x/{name}/1.png",
    }


def post(name: str, number: int, text: str, *, at: int = 7, user_id: int = 1, **more: Any) -> dict[str, Any]:
    who = {"username": name, "name": f"{name} E.", "user_id": user_id, "display_username": f"{name} E."}
    return (
        {"id": 100 + number, "post_number": number, "topic_id": at, "topic_slug": "my-gpu", "cooked": text} | who | more
    )


def topic(posts: list[dict[str, Any]], number: int = 7, **more: Any) -> Line:
    body = {
        "post_stream": {"posts": posts, "stream": [each["id"] for each in posts]},
        "id": number,
        "title": "My GPU",
        "slug": "my-gpu",
        "user_id": posts[0]["user_id"],
    }
    return str(number), body | more, {"asked": "|".join([*"123456789", "My | GPU"])}
