"""A forum out of a saved dump: JSON Lines of whole topic bodies, as they were on the day of the dump."""

import gzip
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import neg
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import orjson

from ptm_spark.errors import UsageError
from ptm_spark.standin.forum_source import (
    LATEST_SIZE,
    Category,
    Json,
    RawPost,
    Status,
    list_row,
    posters,
    slug_of,
    tag_row,
)

LIKE = 2
"""Number of the like among the actions on a post."""


class ForumDump:
    """A dump as a source of the stand-in forum. Bodies are kept as bytes; the memory is about that of the plain dump.

    The dump knows neither Markdown (``raw``) nor categories but their ids; categories are named after their topic
    "About the … category", or else after their id.
    """

    title = "Forum of a dump"

    def __init__(self, bodies: Iterable[Json]) -> None:
        self._heads: dict[int, bytes] = {}
        self._streams: dict[int, list[int]] = {}
        self._posts: dict[int, tuple[int, bytes, bool]] = {}  # topic, body, whether the latest posts list it
        self._rows: dict[int, Json] = {}
        self._users: dict[int, Json] = {}
        self._definitions: dict[int, tuple[int, str]] = {}
        for body in bodies:
            self._take(body)
        self._regular = sorted((post_id for post_id, kept in self._posts.items() if kept[2]), reverse=True)
        self._listed = [row for row in self._rows.values() if row["visible"]]
        self._categories = self._name_categories()
        self._tags = self._count_tags()

    @classmethod
    def read(cls, path: Path, *, topics: int | None = None) -> Self:
        """Read a dump, gzip or plain; at most the first ``topics`` of it.

        UsageError where the file is missing or a line of it is no topic with posts.
        """
        try:
            with _open(path) as file:
                return cls(_bodies(islice(file, topics), path))
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(f"forum dump {path}: {error}; give a file of JSON Lines, plain or gzip") from None

    def _take(self, body: Json) -> None:
        topic_id: int = body["id"]
        if topic_id in self._heads:  # a second copy of a topic replaces the first, posts and all
            for post_id in self._streams[topic_id]:
                if post_id in self._posts and self._posts[post_id][0] == topic_id:
                    del self._posts[post_id]
        stream = body.pop("post_stream")["posts"]
        body.pop("suggested_topics", None)  # rows of other days than the dump's own
        likes = _likes(stream[0]) if stream else 0
        for post in stream:
            is_regular = post.get("post_type") == 1 and body.get("visible", True) and not post.get("hidden")
            # A copy of just its length: what orjson gives keeps its whole buffer, three times the memory in all.
            self._posts[post["id"]] = (topic_id, bytes(memoryview(orjson.dumps(post))), is_regular)
        self._streams[topic_id] = [post["id"] for post in stream]
        self._heads[topic_id] = bytes(memoryview(orjson.dumps(body)))

        details = body.get("details", {})
        original, last = details.get("created_by") or {}, details.get("last_poster") or {}
        participants = details.get("participants", [])
        for user in (original, last, *participants):
            if user.get("id") is not None:
                known = {key: user.get(key) for key in ("id", "username", "name", "avatar_template")}
                self._users.setdefault(user["id"], known)
        self._rows[topic_id] = list_row(
            body,
            bumped_at=body.get("last_posted_at"),
            op_like_count=likes,
            posters=posters(original.get("id"), last.get("id"), (user["id"] for user in participants)),
            last_poster=last.get("username"),
        )
        title: str = body.get("title", "")
        if title.startswith("About the ") and title.endswith(" category"):
            self._definitions[body["category_id"]] = (topic_id, title[len("About the ") : -len(" category")])

    def tick(self) -> None:
        """Nothing moves in a dump."""

    def categories(self) -> list[Category]:
        """One for each id that any topic names, in order of id."""
        return self._categories

    def _name_categories(self) -> list[Category]:
        rows: dict[int, list[Json]] = {row["category_id"]: [] for row in self._rows.values()}
        for row in self._listed:
            rows[row["category_id"]].append(row)
        found = []
        for number in sorted(number for number in rows if number is not None):
            definition, name = self._definitions.get(number, (None, f"Category {number}"))
            listed = [row for row in rows[number] if row["id"] != definition]
            posts = sum(row["posts_count"] for row in listed)
            found.append(
                Category(
                    number, name, slug_of(name), definition_id=definition, topic_count=len(listed), post_count=posts
                )
            )
        return found

    def rows(self) -> list[Json]:
        """Rows of all visible topics, in order of the dump."""
        return self._listed

    def users(self, user_ids: Iterable[int]) -> list[Json]:
        """Users whom the dump names as author or participant of a topic."""
        return [self._users[user] for user in user_ids if user in self._users]

    def tags(self) -> list[Json]:
        """Tags of the visible topics with their counts, in order of name."""
        return self._tags

    def _count_tags(self) -> list[Json]:
        counts: dict[str, int] = {}
        for row in self._listed:
            for tag in row["tags"] or ():
                name = tag["name"] if isinstance(tag, dict) else tag
                counts[name] = counts.get(name, 0) + 1
        return [tag_row(name, counts[name]) for name in sorted(counts)]

    def status(self, topic_id: int) -> Status:
        """200 for what the dump holds."""
        return 200 if topic_id in self._heads else 404

    def topic(self, topic_id: int) -> Json:
        """The body as saved, but for ``post_stream``."""
        body: Json = orjson.loads(self._heads[topic_id])
        return body

    def stream(self, topic_id: int) -> list[int]:
        """Ids of the posts in the order of the dump."""
        return self._streams[topic_id]

    def posts(self, post_ids: Sequence[int], *, with_raw: bool) -> list[Any]:
        """The bytes as saved, as fragments; never with ``raw``."""
        return [orjson.Fragment(self._posts[post_id][1]) for post_id in post_ids if post_id in self._posts]

    def topic_of(self, post_id: int) -> int | None:
        """Topic of a post."""
        found = self._posts.get(post_id)
        return None if found is None else found[0]

    def latest_posts(self, before: int | None) -> list[Json]:
        """As the real list, but without ``raw``."""
        start = 0 if before is None else bisect_right(self._regular, -before, key=neg)
        found = []
        for post_id in self._regular[start : start + LATEST_SIZE]:
            topic_id, body, _ = self._posts[post_id]
            row = self._rows[topic_id]
            post: Json = orjson.loads(body)
            found.append(
                post
                | {
                    "topic_title": row["title"],
                    "topic_html_title": row["fancy_title"],
                    "category_id": row["category_id"],
                    "posts_count": row["posts_count"],
                    "post_url": f"/t/{row['slug']}/{topic_id}/{post['post_number']}",
                }
            )
        return found

    def raw_posts(self, topic_id: int) -> list[RawPost] | None:
        """None: a dump of bodies has no Markdown."""
        return None


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path)) if packed else path.open("rb")


def _bodies(lines: Iterable[bytes], path: Path) -> Iterator[Json]:
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        try:
            body = orjson.loads(line)
            is_topic = isinstance(body["id"], int) and isinstance(body["post_stream"]["posts"], list)
        except (ValueError, KeyError, TypeError):
            is_topic = False
        if not is_topic:
            raise UsageError(
                f"forum dump {path}, line {number}: no topic with post_stream.posts; give whole topic bodies"
            )
        yield body


def _likes(post: Json) -> int:
    return sum(action.get("count", 0) for action in post.get("actions_summary", ()) if action.get("id") == LIKE)
