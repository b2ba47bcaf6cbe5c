"""Landed lines of the forum, read strictly: lists' rows, pages of topics with their posts, categories.

A *hard* rule costs a record its place (it goes to ``rejects``), any other costs it one value (``flaws``). A broken post
or category costs its line nothing else: it is named among the line's rejects, and the line stays.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ptm_spark.silver.activity_values import Record, hashed, moment_of, raw_sha256
from ptm_spark.silver.forum_html import is_too_deep, read_html
from ptm_spark.silver.forum_names import Names, mask_users, users_of
from ptm_spark.silver.forum_post_bodies import read_post

#: rule → what it means, for people; a broken one sends the record to ops/rejects
HARD_RULES = {
    "id:missing": "a row or page of a topic has no id",
    "id:type": "its id is no integer",
    "id:range": "its id is below 1 or beyond 64 bits",
    "post_stream:type": "a page of a topic has no object post_stream with an array of posts",
    "categories:type": "a record of categories has no array of them",
    "fetched_at:format": "the line does not say when it was fetched",
    "post:type": "a post is no object",
    "post.id:missing": "a post has no id",
    "post.id:type": "its id is no integer",
    "post.id:range": "its id is below 1 or beyond 64 bits",
    "post.topic_id:missing": "a post does not say its topic",
    "post.topic_id:type": "its topic is no integer",
    "post.topic_id:other": "its topic is another than the page it stands on",
    "category:type": "a category is no object",
    "category.id:missing": "a category has no id",
    "category.id:type": "its id is no integer",
    "category.id:range": "its id is below 1 or beyond 64 bits",
}
SOFT_RULES = {
    "<field>:type": "the field was there with another JSON type; the value is null",
    "<field>:range": "a count is negative, or a moment outside 1970 to a day after the fetch; null",
    "created_at:format, last_posted_at:format, updated_at:format": "no ISO 8601 moment with its zone; null",
    "post_type:range": "none of the four types that the forum knows; null",
    "tags:type": "a tag is neither text nor an object with a name; it is left out",
    "actions_summary:type": "likes cannot be read; like_count is null",
    "accepted_answer:type": "the mark of a solution cannot be read; its number is null",
    "details:type": "the page does not say as an object who began the topic; author_hash is null",
    "post_stream.stream:type": "the list of visible posts cannot be read; nothing is concluded from it",
    "cooked:depth, description:depth": "HTML nested too deeply to be read; no text",
}
#: keys of the records; what the forum says of itself differs with every version, so that nothing is known of site
KNOWN_KEYS = {
    "topics": frozenset(
        (
            *("id", "title", "fancy_title", "slug", "posts_count", "reply_count", "highest_post_number", "image_url"),
            *("created_at", "last_posted_at", "bumped", "bumped_at", "archetype", "unseen", "pinned", "unpinned"),
            *("pinned_globally", "visible", "closed", "archived", "bookmarked", "liked", "tags", "tags_descriptions"),
            *("views", "like_count", "op_like_count", "has_summary", "last_poster_username", "category_id"),
            *("featured_link", "excerpt", "has_accepted_answer", "can_have_answer", "posters", "unicode_title"),
            *("thumbnails", "can_vote", "vote_count", "user_voted", "is_hot", "featured_link_root_domain", "pinned_at"),
        )
    ),
    "topic_posts": frozenset(
        (
            *(
                "post_stream",
                "timeline_lookup",
                "suggested_topics",
                "related_topics",
                "tags",
                "tags_descriptions",
                "id",
            ),
            *("title", "fancy_title", "unicode_title", "posts_count", "created_at", "views", "reply_count"),
            *("like_count", "last_posted_at", "visible", "closed", "archived", "has_summary", "archetype", "slug"),
            *("category_id", "word_count", "deleted_at", "user_id", "featured_link", "featured_link_root_domain"),
            *("pinned", "pinned_globally", "pinned_at", "pinned_until", "unpinned", "image_url", "draft", "draft_key"),
            *("draft_sequence", "slow_mode_seconds", "slow_mode_enabled_until", "current_post_number", "deleted_by"),
            *("highest_post_number", "has_deleted", "actions_summary", "chunk_size", "bookmarked", "bookmarks"),
            *("topic_timer", "message_bus_last_id", "participant_count", "show_read_indicator", "thumbnails"),
            *("tags_disable_ads", "details", "accepted_answer", "accepted_answers", "valid_reactions", "can_vote"),
            *("vote_count", "user_voted", "summarizable", "posted"),
        )
    ),
}


@dataclass
class Reader:
    """How lines of one crawl are read: ``entity`` is site, topics or topic_posts; ``user_key`` keys the hashes of
    users; the text of rejects is kept for categories only, up to ``reject_text_chars``."""

    entity: str
    user_key: str
    reject_text_chars: int
    known: dict[str, str] = field(default_factory=dict)

    def read(self, value: str, line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The rows of a landed line: one of the line itself, then those of its posts or categories.

        ``kind`` of the line: row, page, chunk (posts without their topic), categories, status or broken.
        """
        observed_at = moment_of(str(line.get("fetched_at")))
        head: dict[str, Any] = {"seq": line["seq"], "status": line.get("status"), "observed_at": observed_at}
        raw = line.get("raw")
        if not isinstance(raw, dict):
            yield head | {"kind": "status", "topic_id": _id_in_key(line.get("key"))}
            return
        if observed_at is None:
            kind, found, items, reasons = "broken", {}, [], ["fetched_at:format"]
        elif self.entity == "site":
            kind, found, items, reasons = self._categories(raw)
        else:
            kind, found, items, reasons = self._topic(raw, observed_at)
        if reasons:
            head |= {"reasons": sorted(set(reasons)), "sha256": raw_sha256(value)}
            if self.entity == "site":
                head["raw_cut"] = value[value.index('"raw":') + 6 : -1][: self.reject_text_chars]
        yield head | found | {"kind": kind}
        for place, item in enumerate(items):
            yield {"seq": line["seq"], "place": place, "observed_at": observed_at} | item

    def _topic(self, raw: dict[str, Any], observed_at: datetime) -> Any:
        reasons = _broken_id(raw, "id")
        stream = raw.get("post_stream")
        is_page = self.entity == "topic_posts"
        if is_page and not (isinstance(stream, dict) and isinstance(stream.get("posts"), list)):
            reasons.append("post_stream:type")
        if reasons:
            return "broken", {}, [], reasons
        latest = observed_at + timedelta(days=1)
        topic_id = raw["id"]
        if not is_page:
            return "row", {"topic_id": topic_id, "topic": self._shared(Record(raw), latest)}, [], []
        assert isinstance(stream, dict)
        posts, broken = [], list[str]()
        names = Names(users_of(raw))
        for post in stream["posts"]:
            wrong = _broken_post(post, topic_id)
            broken += wrong
            if not wrong:
                posts.append({"kind": "post", "topic_id": topic_id, "post": read_post(post, latest, self._hash, names)})
        found = {
            "topic_id": topic_id,
            "item_count": len(stream["posts"]),
            "item_reject_count": len(stream["posts"]) - len(posts),
        }
        if "title" not in raw:
            return "chunk", found, posts, broken
        record = Record(raw)
        topic = self._shared(record, latest) | self._page(record, raw, stream)
        return "page", found | {"topic": topic, "stream": _stream(stream)}, posts, broken

    def _shared(self, record: Record, latest: datetime) -> dict[str, Any]:
        """What rows of lists and pages of topics both say."""
        title, solved = record.take("title", str), record.take("has_accepted_answer", bool)
        return {
            "title": None if title is None else mask_users(title)[0],
            "slug": record.take("slug", str),
            "category_id": record.count("category_id"),
            "tags": _tags(record),
            "created_at": record.moment("created_at", latest=latest, read=moment_of),
            "last_posted_at": record.moment("last_posted_at", latest=latest, read=moment_of),
            "post_count": record.count("posts_count"),
            "highest_post_number": record.count("highest_post_number"),
            "reply_count": record.count("reply_count"),
            "view_count": record.count("views"),
            "like_count": record.count("like_count"),
            "is_closed": record.take("closed", bool),
            "is_archived": record.take("archived", bool),
            "is_pinned": _either(record.take("pinned", bool), record.take("pinned_globally", bool)),
            "is_visible": record.take("visible", bool),
            "archetype": record.take("archetype", str),
            "has_accepted_answer": bool(solved),
            "flaws": record.flaws,
        }

    def _page(self, record: Record, raw: dict[str, Any], stream: dict[str, Any]) -> dict[str, Any]:
        """What only pages say. A forum may mark several solutions; the first counts."""
        accepted = raw.get("accepted_answer", raw.get("accepted_answers"))
        accepted = (accepted[0] if accepted else None) if isinstance(accepted, list) else accepted
        number = accepted.get("post_number") if isinstance(accepted, dict) else accepted
        if accepted is not None and not (type(number) is int and 1 <= number < 2**63):
            record.flaws.append("accepted_answer:type")
            number = None
        details = record.take("details", dict)
        author = (details or {}).get("created_by")
        name = author.get("username") if isinstance(author, dict) else author
        if name is not None and not isinstance(name, str):
            record.flaws.append("details:type")
        visible = _stream(stream)
        if visible is None and stream.get("stream") is not None and not stream.get("isMegaTopic"):
            record.flaws.append("post_stream.stream:type")
        return {
            "has_accepted_answer": isinstance(accepted, dict),
            "accepted_answer_post_number": number,
            "author_hash": self._hash(name) if isinstance(name, str) else None,
            "participant_count": record.count("participant_count"),
            "stream_count": None if visible is None else len(visible),
        }

    def _categories(self, raw: dict[str, Any]) -> Any:
        """Of the site itself, or of its categories with their counts; subcategories stand in their parents there."""
        holder = raw.get("category_list", raw)
        listed = holder.get("categories") if isinstance(holder, dict) else None
        if not isinstance(listed, list):
            return "broken", {}, [], ["categories:type"]
        found, broken = [], list[str]()
        waiting = list(reversed(listed))
        count = 0
        while waiting:
            category = waiting.pop()
            count += 1
            wrong = _broken_id(category, "category.id") if isinstance(category, dict) else ["category:type"]
            broken += wrong
            if not wrong:
                found.append({"kind": "category", "category": _category(category)})
                below = category.get("subcategory_list")
                waiting += reversed(below) if isinstance(below, list) else []
        head = {"item_count": count, "item_reject_count": count - len(found)}
        return "categories", head, found, broken

    def _hash(self, name: str) -> str:
        return hashed((name,), self.user_key, self.known)[0]


def _id_in_key(key: Any) -> int | None:
    text = str(key)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _broken_id(record: Mapping[str, Any], name: str) -> list[str]:
    number = record.get("id")
    if number is None:
        return [f"{name}:missing"]
    if type(number) is not int:
        return [f"{name}:type"]
    return [] if 1 <= number < 2**63 else [f"{name}:range"]


def _broken_post(post: Any, topic_id: int) -> list[str]:
    if not isinstance(post, dict):
        return ["post:type"]
    wrong, of_topic = _broken_id(post, "post.id"), post.get("topic_id")
    if of_topic is None:
        wrong.append("post.topic_id:missing")
    elif type(of_topic) is not int:
        wrong.append("post.topic_id:type")
    elif of_topic != topic_id:
        wrong.append("post.topic_id:other")
    return wrong


def _stream(stream: Mapping[str, Any]) -> list[int] | None:
    """Ids of all visible posts; None where a page lists none, as those of topics with ten thousand posts."""
    ids = stream.get("stream")
    if stream.get("isMegaTopic") or not isinstance(ids, list):
        return None
    return ids if all(type(number) is int and 0 <= number < 2**63 for number in ids) else None


def _tags(record: Record) -> list[str] | None:
    """Tags are texts, or objects with a name in newer versions of the forum."""
    tags = record.take("tags", list)
    if tags is None:
        return None
    names = [tag.get("name") if isinstance(tag, dict) else tag for tag in tags]
    if not all(isinstance(name, str) for name in names):
        record.flaws.append("tags:type")
    return sorted({name for name in names if isinstance(name, str)})


def _either(first: bool | None, second: bool | None) -> bool | None:
    return None if first is None and second is None else bool(first or second)


def _category(raw: dict[str, Any]) -> dict[str, Any]:
    record = Record(raw)
    text, html = record.take("description_text", str), record.take("description", str)
    if text is None and html is not None:
        if is_too_deep(html):
            record.flaws.append("description:depth")
        else:
            text = read_html(html).prose
    return {
        "category_id": raw["id"],
        "name": record.take("name", str),
        "slug": record.take("slug", str),
        "parent_category_id": record.count("parent_category_id"),
        "topic_count": record.count("topic_count"),
        "post_count": record.count("post_count"),
        "position": record.count("position"),
        "description": None if text is None else mask_users(text)[0],
        "is_read_restricted": record.take("read_restricted", bool),
        "flaws": record.flaws,
    }
