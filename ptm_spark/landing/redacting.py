"""What of a landed line is about one user, and the line without it."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import unquote

import orjson

from ptm_spark.landing.redacting_forum import ForumTraces

Kind = Literal["part", "invalid", "requests"]
_RAW = b'"raw":'
_OWNED = ("id", "modelId", "model_id", "repo_url")
#: where a discussion has user names as plain texts
_NAMES = ("editors", "users", "hiddenBy")
_GONE: Any = object()


class Redaction:
    """Finds and removes one user's traces in landed lines; ``name`` counts in whatever case it is written.

    Forum lines need two looks: ``learn`` gathers the numbers by which the forum knows the user, before ``redact``.
    """

    def __init__(self, name: str) -> None:
        self._name = name.casefold()
        # in JSON a name may stand as it is or escaped
        self._needles = {self._name.encode(), json.dumps(self._name)[1:-1].encode()}
        self._is_plain = self._name.isascii()
        word = re.escape(self._name)
        self._word = re.compile(rf"(?<![\w-]){word}(?![\w-])", re.IGNORECASE)
        self._texts = (
            (re.compile(rf"^[ \t]*co-authored-by:(?:[ \t]*{word}\b|[^\n]*<{word}@)[^\n]*\n?", re.I | re.M), ""),
            (re.compile(rf"(?<![\w.-]){word}@[\w.-]+", re.I), "…"),
            (re.compile(rf"(?<![\w.@])@{word}(?![\w-])", re.I), "@…"),
        )
        self._address = re.compile(
            rf"(?:/api/models|/api/resolve-cache/models|//[^/]+)/{word}(?:/|$)|[?&]author={word}(?:&|$)", re.I
        )
        self.forum = ForumTraces(name)

    def may_concern(self, source: str, line: bytes) -> bool:
        """A quick look: False where nothing in a landed line can be about the user."""
        if source == "forum" and self.forum.are_known:
            return True
        if not self._is_plain:
            return b"\\u" in line or self._name in line.decode("utf-8", errors="replace").casefold()
        lower = line.lower()
        return any(needle in lower for needle in self._needles)

    def redact(self, source: str, entity: str, kind: Kind, line: bytes) -> bytes | None:
        """The line without the user; the very same object where there is nothing of theirs, None where all of it is."""
        if not self.may_concern(source, line):
            return line
        if kind == "invalid":
            return None if self._is_in_invalid(line) else line
        if kind == "requests":
            return self._redact_request(source, line)
        if source == "forum":
            return _with_changes(line, lambda old: (self.forum.clean_about(old), self.forum.clean(old.get("raw"))))
        parsed = orjson.loads(line)
        raw = parsed.get("raw")
        if self._is_theirs(parsed, raw):
            return None
        if entity == "commits":
            return self._redact_commit(line, raw)
        if entity == "discussions":
            return _with_changes(line, lambda old: (old.get("about"), self._clean_discussion(old.get("raw"))))
        return line

    def is_named_in(self, text: str) -> bool:
        """Whether a text, such as what a manifest says of a failure, names a model of theirs."""
        return self._is_in_namespace(text) or self._address.search(unquote(text)) is not None

    def _is_them(self, value: Any) -> bool:
        return isinstance(value, str) and value.casefold() == self._name

    def _is_in_namespace(self, value: Any) -> bool:
        return isinstance(value, str) and value.casefold().startswith(f"{self._name}/")

    def _is_theirs(self, line: dict[str, Any], raw: Any) -> bool:
        """Whether a line of the Hub is about a model of theirs, whatever name it was asked for by."""
        about = line.get("about")
        moved = about.get("moved_to") if isinstance(about, dict) else None
        if self._is_in_namespace(line.get("key")) or (isinstance(moved, str) and self._address.search(unquote(moved))):
            return True
        if not isinstance(raw, dict):
            return False
        is_model = "num" not in raw and "authors" not in raw and "commit_hash" not in raw
        if is_model and self._is_them(raw.get("author")):
            return True
        return any(self._is_in_namespace(raw.get(name)) for name in _OWNED)

    def _redact_commit(self, line: bytes, raw: Any) -> bytes | None:
        """None for a commit of theirs alone; where others had a hand in it, the commit without them."""
        if not isinstance(raw, dict):
            return line
        authors = raw.get("authors")
        if self._is_them(raw.get("author")):
            return None
        others = authors
        if isinstance(authors, list):
            others = [one for one in authors if not (isinstance(one, dict) and self._is_them(one.get("user")))]
            if authors and not others:
                return None
        cleaned = {key: self._clean_text(value) if isinstance(value, str) else value for key, value in raw.items()}
        if "authors" in raw:
            cleaned["authors"] = others
        return _with_changes(line, lambda old: (old.get("about"), cleaned))

    def _clean_discussion(self, raw: Any) -> Any:
        """A discussion as it is once its author's account is deleted, without their events, names and words."""
        if not isinstance(raw, dict):
            return raw
        author = raw.get("author")
        is_begun = isinstance(author, dict) and self._is_them(author.get("name"))
        cleaned = self._clean(raw, "")
        if is_begun:
            cleaned["title"] = ""  # the opener's own words
            for event in cleaned.get("events") or []:
                if isinstance(event, dict) and event.get("type") == "title-change" and "data" in event:
                    event["data"] = {}
        return cleaned

    def _clean(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            author = value.get("author")
            is_event = "type" in value and "data" in value
            if self._is_them(value.get("name")) or self._is_them(value.get("user")):
                return _GONE
            if is_event and isinstance(author, dict) and self._is_them(author.get("name")):
                return _GONE
            found = ((name, self._clean(item, name)) for name, item in value.items())
            return {name: item for name, item in found if item is not _GONE}
        if isinstance(value, list):
            return [item for item in (self._clean(item, key) for item in value) if item is not _GONE]
        if isinstance(value, str):
            return _GONE if key in _NAMES and self._is_them(value) else self._clean_text(value)
        return value

    def _clean_text(self, text: str) -> str:
        if self._name in text.casefold():
            for pattern, instead in self._texts:
                text = pattern.sub(instead, text)
        return text

    def _redact_request(self, source: str, line: bytes) -> bytes | None:
        request = orjson.loads(line)
        places = [request.get("url"), *(request.get("redirects") or [])]
        texts = [unquote(place) for place in places if isinstance(place, str)]
        if source == "hub" and any(self._address.search(text) for text in texts):
            return None
        if source == "forum" and any(self.forum.clean_text(text) != text for text in texts):
            return None
        return line

    def _is_in_invalid(self, line: bytes) -> bool:
        refused = orjson.loads(line)
        if self._is_in_namespace(refused.get("key")):
            return True
        content = base64.b64decode(refused.get("bytes") or b"").decode("utf-8", errors="replace")
        return any(self._word.search(text) for text in (content, str(refused.get("text") or "")))


def _with_changes(line: bytes, change: Callable[[dict[str, Any]], tuple[Any, Any]]) -> bytes:
    """The line with the about and raw that ``change`` makes of it; parts that stay equal keep their bytes."""
    parsed = orjson.loads(line)
    about, raw = parsed.get("about"), parsed.get("raw")
    new_about, new_raw = change(parsed)
    if new_about == about and new_raw == raw:
        return line
    head, mark, text = line.rstrip(b"\n").partition(_RAW)
    if new_about != about:
        envelope = {name: value for name, value in parsed.items() if name != "raw"} | {"about": new_about}
        head = orjson.dumps(envelope)[:-1] + (b"," if mark else b"}")
    if not mark:
        return head + b"\n"
    return head + mark + (text if new_raw == raw else orjson.dumps(new_raw) + b"}") + b"\n"
