"""What of a forum's body is about one user, and the body without it: posts, names, numbers, quotes and mentions."""

import re
from collections.abc import Iterator
from typing import Any

#: what a topic says in its opener's words
_TITLES = ("title", "fancy_title", "unicode_title", "slug", "excerpt", "image_url", "thumbnails")
_NAMES = ("username", "action_code_who", "hidden_by")
_ASIDE = re.compile(r"<aside\b[^>]*>|</aside>", re.IGNORECASE)
_QUOTE = re.compile(r"\[quote(?:=[^\]]*)?\]|\[/quote\]", re.IGNORECASE)
#: where the crawler says which state of a topic it asked for: counters and, last of these ten, the title
_ASKED_PARTS = 10
_GONE: Any = object()


class ForumTraces:
    """One user in the bodies of a Discourse forum: by ``name``, and by the numbers that ``learn`` has found."""

    def __init__(self, name: str) -> None:
        self._name = name.casefold()
        self._user_ids: set[int] = set()
        self._post_ids: set[int] = set()
        self._topic_ids: set[int] = set()
        word = re.escape(self._name)
        self._texts = (
            (re.compile(rf"(?<![\w.@])@{word}(?![\w-]|\.\w)", re.I), "@…"),
            (re.compile(rf"/(u|users)/{word}(?![\w-]|\.\w)", re.I), r"/\1/…"),
            (re.compile(rf"(/user_avatar/[^/\s\"]+)/{word}/", re.I), r"\1/…/"),
            (re.compile(rf"\b(data-username|title|alt)=([\"']){word}\2", re.I), r"\1=\2\2"),
            (re.compile(rf"\[quote=([\"“']?){word}(?![\w-])", re.I), r"[quote=\1"),
        )
        # older posts name whom they quote in the heading only
        named, headed = rf"[^>]*data-username=[\"']{word}[\"']", rf"(?:(?!<blockquote|</?aside).)*?>\s*{word}:\s*</div>"
        self._aside = re.compile(rf"<aside\b(?:{named}|[^>]*>{headed})", re.I | re.S)
        self._quote = re.compile(rf"\[quote=[\"“']?{word}(?![\w-])", re.I)
        self._begun: re.Pattern[str] | None = None

    @property
    def are_known(self) -> bool:
        """Whether the user's number is known, so that lines without the name may be about them."""
        return bool(self._user_ids)

    @property
    def numbers(self) -> list[list[int]]:
        """What was learnt, for a later run that goes on from here."""
        return [sorted(numbers) for numbers in (self._user_ids, self._post_ids, self._topic_ids)]

    def add_numbers(self, numbers: list[list[int]]) -> None:
        """Take over what an earlier run has learnt."""
        for known, more in zip((self._user_ids, self._post_ids, self._topic_ids), numbers, strict=True):
            known |= set(more)

    def learn_ids(self, body: Any) -> None:
        """First look at a body that may name the user: the numbers that go with the name."""
        for value in _objects(body):
            if self._is_them(value.get("username")):
                number = value.get("user_id", value.get("id"))
                if type(number) is int:
                    self._user_ids.add(number)
            if self._is_them(value.get("last_poster_username")):
                for poster in value.get("posters") or []:
                    if isinstance(poster, dict) and "latest" in str(poster.get("extras")):
                        self._user_ids |= {number for number in [poster.get("user_id")] if type(number) is int}

    def learn_posts(self, body: Any) -> None:
        """Second look, at every body: which posts are the user's, and which topics they began."""
        for value in _posts_and_topics(body):
            if "post_number" in value and self._is_theirs(value):
                self._post_ids |= {number for number in [value.get("id")] if type(number) is int}
                if value.get("post_number") == 1 and type(value.get("topic_id")) is int:
                    self._topic_ids.add(value["topic_id"])
            elif type(value.get("id")) is int and self._has_begun(value):
                self._topic_ids.add(value["id"])

    def settle(self) -> None:
        """After the last look: what the numbers mean for texts."""
        if self._topic_ids:
            numbers = "|".join(map(str, sorted(self._topic_ids)))
            self._begun = re.compile(rf"/t/[^/\s\"'<>]+/({numbers})(?!\d)")

    def clean(self, body: Any) -> Any:
        """A record of the forum without the user."""
        found = self._clean(body, "")
        return {} if found is _GONE else found

    def clean_about(self, line: dict[str, Any]) -> Any:
        """What a line says beside its record: the title of a topic that the user began is emptied there, too, as the
        list of topics then has it, so that the crawler takes the topic for unchanged."""
        about = line.get("about")
        if not isinstance(about, dict) or str(line.get("key")) not in map(str, self._topic_ids):
            return about
        parts = str(about.get("asked")).split("|", _ASKED_PARTS - 1)
        return about | {"asked": "|".join([*parts[:-1], ""])} if len(parts) == _ASKED_PARTS else about

    def clean_text(self, text: str) -> str:
        """A text without quotes of the user, mentions, and addresses that name them or the titles of their topics."""
        if self._name in text.casefold():
            text = _without_blocks(text, _ASIDE, "</", self._aside)
            text = _without_blocks(text, _QUOTE, "[/", self._quote)
            for pattern, instead in self._texts:
                text = pattern.sub(instead, text)
        return self._begun.sub(r"/t/-/\1", text) if self._begun is not None and "/t/" in text else text

    def _is_them(self, value: Any) -> bool:
        return isinstance(value, str) and value.casefold() == self._name

    def _is_number(self, value: Any) -> bool:
        return type(value) is int and value in self._user_ids

    def _is_theirs(self, value: dict[str, Any]) -> bool:
        """Whether an object is a post of theirs, or a place where they are named."""
        if self._is_them(value.get("username")):
            return True
        if "user_id" in value:
            return self._is_number(value["user_id"]) and ("username" in value or "extras" in value)
        return "username" in value and self._is_number(value.get("id"))

    def _has_begun(self, value: dict[str, Any]) -> bool:
        """Whether an object is a topic that they began."""
        if "title" not in value:
            return False
        posters, details = value.get("posters"), value.get("details")
        first = posters[0] if isinstance(posters, list) and posters else None
        opener = details.get("created_by") if isinstance(details, dict) else None
        return (
            (self._is_number(value.get("user_id")) and "url" not in value)
            or (isinstance(first, dict) and self._is_number(first.get("user_id")))
            or (isinstance(opener, dict) and self._is_theirs(opener))
        )

    def _clean(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            if self._is_theirs(value):
                is_answer = key.startswith("accepted_answer") and "cooked" not in value
                return {"post_number": value.get("post_number")} if is_answer else _GONE
            return self._clean_object(value)
        if isinstance(value, list):
            if key == "stream":
                return [number for number in value if type(number) is not int or number not in self._post_ids]
            return [item for item in (self._clean(item, key) for item in value) if item is not _GONE]
        if isinstance(value, str):
            is_name = key.endswith(_NAMES) and self._is_them(value)
            return _GONE if is_name else self.clean_text(value)
        return value

    def _clean_object(self, value: dict[str, Any]) -> dict[str, Any]:
        number = value.get("id")
        is_begun = "title" in value and type(number) is int and number in self._topic_ids
        of_begun = type(value.get("topic_id")) is int and value["topic_id"] in self._topic_ids
        is_accepter = self._is_them(value.get("accepter_username"))
        cleaned = {}
        for name, item in value.items():
            if (is_begun and name in _TITLES) or (of_begun and name == "topic_slug"):
                cleaned[name] = "" if isinstance(item, str) else None
            elif (name == "user_id" and self._is_number(item)) or (is_accepter and name == "accepter_name"):
                cleaned[name] = None
            else:
                found = self._clean(item, name)
                cleaned[name] = None if found is _GONE else found
        return cleaned


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _posts_and_topics(body: Any) -> Iterator[dict[str, Any]]:
    """The posts and topics of a body, the body itself among them."""
    if not isinstance(body, dict):
        return
    stream = body.get("post_stream")
    for values in ([body], stream.get("posts") if isinstance(stream, dict) else None, body.get("suggested_topics")):
        yield from (value for value in (values if isinstance(values, list) else []) if isinstance(value, dict))


def _without_blocks(text: str, marks: re.Pattern[str], closing: str, theirs: re.Pattern[str]) -> str:
    """The text without the blocks (``marks`` finds where they open and close) that begin like ``theirs``; blocks nest,
    and one that is never closed stays."""
    open_at: list[tuple[int, bool]] = []
    dropped: list[tuple[int, int]] = []
    for mark in marks.finditer(text):
        if not mark[0].startswith(closing):
            open_at.append((mark.start(), theirs.match(text, mark.start()) is not None))
        elif open_at:
            start, is_theirs = open_at.pop()
            if is_theirs:
                dropped.append((start, mark.end()))
    kept, at = [], 0
    for start, end in sorted(dropped):
        if start >= at:
            kept.append(text[at:start])
        at = max(at, end)
    return "".join([*kept, text[at:]])
