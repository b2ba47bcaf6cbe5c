"""One post of a landed page, read strictly, its text taken apart."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ptm_spark.silver.activity_values import Record, moment_of
from ptm_spark.silver.forum_html import is_too_deep, read_html
from ptm_spark.silver.forum_markdown import read_markdown
from ptm_spark.silver.forum_names import Names
from ptm_spark.silver.forum_text import PostText

_POST_TYPES = {1: "regular", 2: "moderator_action", 3: "small_action", 4: "whisper"}
_LIKE = 2


def read_post(raw: dict[str, Any], latest: datetime, hash_of: Callable[[str], str], names: Names) -> dict[str, Any]:
    """A post with usable ids as the columns of silver/forum_posts that it tells, and ``removal`` as it says itself.

    Moments after ``latest`` count as impossible. ``hash_of`` hashes a user's name; ``names`` are left out of texts.
    """
    record = Record(raw)
    kind, username, user_id = record.take("post_type", int), record.take("username", str), record.take("user_id", int)
    if kind is not None and kind not in _POST_TYPES:
        record.flaws.append("post_type:range")
    number = record.count("post_number")
    is_hidden = record.take("hidden", bool)
    is_withdrawn = record.take("user_deleted", bool)
    removal = "by_author" if is_withdrawn else "by_staff" if raw.get("deleted_at") is not None else None
    source, text = (None, None) if is_hidden or removal else _text(record, names)
    found = {
        "post_id": raw["id"],
        "topic_id": raw["topic_id"],
        "post_number": number,
        "is_first_post": None if number is None else number == 1,
        "post_type": _POST_TYPES.get(kind) if kind is not None else None,
        "action_code": record.take("action_code", str),
        "created_at": record.moment("created_at", latest=latest, read=moment_of),
        "updated_at": record.moment("updated_at", latest=latest, read=moment_of),
        "author_hash": hash_of(username) if username else None,
        "is_bot": None if user_id is None else user_id < 0,
        "is_staff": record.take("staff", bool),
        "is_moderator": record.take("moderator", bool),
        "is_admin": record.take("admin", bool),
        "trust_level": record.count("trust_level"),
        "is_hidden": is_hidden,
        "is_wiki": record.take("wiki", bool),
        "reply_to_post_number": record.count("reply_to_post_number"),
        "reply_count": record.count("reply_count"),
        "like_count": _likes(record),
        "read_count": record.count("reads"),
        "score": _score(record, raw.get("score")),
        "is_accepted_answer": record.take("accepted_answer", bool),
        "version_count": record.count("version"),
        "text_source": source,
        "removal": removal,
        "flaws": record.flaws,
    }
    return found | (text._asdict() if text else {})


def _text(record: Record, names: Names) -> tuple[str | None, PostText | None]:
    """The Markdown where the body carries it, else the HTML."""
    raw, cooked = record.take("raw", str), record.take("cooked", str)
    if raw is not None:
        return "raw", read_markdown(raw, names)
    if cooked is None:
        return None, None
    if is_too_deep(cooked):
        record.flaws.append("cooked:depth")
        return None, None
    return "cooked", read_html(cooked, names)


def _likes(record: Record) -> int | None:
    """The forum lists an action only where somebody has taken it."""
    actions = record.take("actions_summary", list)
    if actions is None:
        return None
    found = 0
    for action in filter(_is_like, actions):
        count = action.get("count", 0) if isinstance(action, dict) else None
        if type(count) is not int or not 0 <= count < 2**63:
            record.flaws.append("actions_summary:type")
            return None
        found = max(found, count)
    return found


def _is_like(action: Any) -> bool:
    return not isinstance(action, dict) or action.get("id") == _LIKE


def _score(record: Record, score: Any) -> float | None:
    if type(score) is int:
        return float(score)
    return record.take("score", float)
