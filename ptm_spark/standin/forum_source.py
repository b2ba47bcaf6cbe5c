"""What the stand-in forum asks of a source of topics, and the small shapes that all sources share."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Json = dict[str, Any]
Status = Literal[200, 403, 404, 410]

CHUNK_SIZE = 20
"""Posts of a topic that one answer holds."""
LATEST_SIZE = 50
"""Posts that one page of ``/posts.json`` looks at."""

_OTHER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Category:
    """A category. ``full_slug`` is its slug below its parent's, as in the address of its list.

    Anonymous readers see nothing of a ``read_restricted`` one.
    """

    category_id: int
    name: str
    full_slug: str
    description: str = ""
    parent_id: int | None = None
    read_restricted: bool = False
    definition_id: int | None = None
    topic_count: int = 0
    post_count: int = 0

    @property
    def slug(self) -> str:
        """The last part of ``full_slug``."""
        return self.full_slug.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class RawPost:
    """A post as the plain-text pages show it; ``raw`` is Markdown."""

    number: int
    username: str
    updated_at: str
    raw: str


class ForumSource(Protocol):
    """Topics and posts as an anonymous reader sees them now. Nothing that such a reader may not see is handed out."""

    title: str

    def tick(self) -> None:
        """Called once before each list of topics or posts is made; a source whose clock moves, moves it here."""

    def categories(self) -> Sequence[Category]:
        """All categories in order of position, restricted ones too."""

    def rows(self) -> Sequence[Json]:
        """List rows of all listed topics, in no order."""

    def users(self, user_ids: Iterable[int]) -> list[Json]:
        """``id, username, name, avatar_template`` of those of these users who are known, in the order given."""

    def tags(self) -> list[Json]:
        """Tags as in ``/tags.json``."""

    def status(self, topic_id: int) -> Status:
        """How a request for this topic is answered."""

    def topic(self, topic_id: int) -> Json:
        """Body of a topic whose status is 200, without ``post_stream``; the caller may change it."""

    def stream(self, topic_id: int) -> Sequence[int]:
        """Ids of all visible posts of a topic whose status is 200, in order of the topic."""

    def posts(self, post_ids: Sequence[int], *, with_raw: bool) -> list[Any]:
        """Bodies of visible posts, ready for ``orjson.dumps``; ``raw`` where asked for and known."""

    def topic_of(self, post_id: int) -> int | None:
        """Topic of a visible post, whatever the status of that topic; None for any other."""

    def latest_posts(self, before: int | None) -> list[Json]:
        """Newest first, the readable ones of the last 50 listed regular posts (with an id below ``before``)."""

    def raw_posts(self, topic_id: int) -> list[RawPost] | None:
        """All visible posts of a topic whose status is 200 as plain text; None where the source knows only HTML."""


def slug_of(title: str) -> str:
    """Address part of a title, ASCII only; ``topic`` where nothing of it is left, or just a number."""
    plain = re.sub(r":\w+:", lambda emoji: emoji[0].replace("_", "-"), title.lower())
    slug = _OTHER.sub("-", plain).strip("-")
    return "topic" if not slug or slug.isdecimal() else slug


def fancy(title: str) -> str:
    """Title as HTML."""
    return html.escape(title, quote=False)


def tag_row(name: str, count: int) -> Json:
    """A tag as in ``/tags.json``."""
    return {"id": name, "text": name, "name": name, "count": count, "pm_count": 0, "target_tag": None}


def posters(original: int | None, last: int | None, others: Iterable[int]) -> list[Json]:
    """The column of posters of a list row: who began, up to three frequent posters, who wrote last."""
    people: list[tuple[int | None, str]] = [(original, "Original Poster")]
    frequent = [user for user in dict.fromkeys(others) if user not in (original, last)][:3]
    people += [(user, "Frequent Poster") for user in frequent]
    if last == original:
        people[0] = (original, "Original Poster, Most Recent Poster")
    else:
        people.append((last, "Most Recent Poster"))
    found = []
    for user, description in people:
        if user is None:  # an account that is gone leaves no poster
            continue
        extras = "latest" if description.endswith("Most Recent Poster") else None
        if extras and len(people) == 1:
            extras = "latest single"
        found.append(
            {
                "extras": extras,
                "description": description,
                "user_id": user,
                "primary_group_id": None,
                "flair_group_id": None,
            }
        )
    return found


ROW_KEYS = (
    "id", "title", "fancy_title", "slug", "posts_count", "reply_count", "highest_post_number", "image_url",
    "created_at", "last_posted_at", "archetype", "pinned", "unpinned", "pinned_globally", "visible", "closed",
    "archived", "tags", "tags_descriptions", "views", "like_count", "has_summary", "category_id", "featured_link",
)  # fmt: skip


def list_row(
    body: Json, *, bumped_at: str | None, op_like_count: int, posters: list[Json], last_poster: str | None
) -> Json:
    """List row of a topic from its body; what lists say and bodies do not is given. ``tags`` default to none."""
    row = {key: body.get(key) for key in ROW_KEYS}
    row["tags"] = body.get("tags", [])
    row["tags_descriptions"] = body.get("tags_descriptions", {})
    return row | {
        "bumped": True,
        "bumped_at": bumped_at,
        "unseen": False,
        "bookmarked": None,
        "liked": None,
        "op_like_count": op_like_count,
        "last_poster_username": last_poster,
        "has_accepted_answer": bool(body.get("accepted_answer")),
        "posters": posters,
    }
