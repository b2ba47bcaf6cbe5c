"""Names of the users of a page, and leaving them out of what is written on it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: what stands in a text in place of a user's name
USER = "@user"
_MENTION = re.compile(r"(?<![\w/.@+-])@\w(?:[\w.-]*\w)?")
_MAIL = re.compile(r"[^\s<>@\"():;,]{1,64}@\w[\w-]*(?:\.[\w-]+)+")
_FIELDS = ("username", "display_username", "name")
_PEOPLE = ("created_by", "last_poster")
_SHORTEST = 4
_GREETING = r"\b(?:hi|hello|hey|hallo|dear|thanks|thank you|thx|cheers|welcome|sorry|bonjour|hola)[ ,]{1,2}"
#: user names that mean something else more often; they are left out only where somebody is addressed
_ORDINARY = frozenset(
    (
        *("admin", "albert", "alpaca", "attention", "bart", "bert", "bloom", "camembert", "claude", "code", "data"),
        *("dataset", "datasets", "deberta", "deep", "diffusers", "distilbert", "dolly", "electra", "error", "falcon"),
        *(
            "flax",
            "gemma",
            "gpt2",
            "gradio",
            "help",
            "hugging",
            "huggingface",
            "keras",
            "llama",
            "longformer",
            "mistral",
        ),
        *(
            "model",
            "models",
            "moderator",
            "orca",
            "pegasus",
            "phoenix",
            "pipeline",
            "python",
            "pytorch",
            "qwen",
            "reformer",
        ),
        *("roberta", "space", "spaces", "stable", "system", "tensor", "tensorflow", "test", "token", "tokenizer"),
        *(
            "torch",
            "trainer",
            "training",
            "transformer",
            "transformers",
            "user",
            "vicuna",
            "whisper",
            "xlnet",
            "zephyr",
        ),
    )
)


class Names:
    """Names by which the users of a page are known there.

    User names, and names of several words, are left out wherever they stand as they are spelled. Names of one word,
    first names and user names that are ordinary words are left out where somebody is addressed or signs.
    """

    def __init__(self, users: Iterable[Mapping[str, Any]] = ()) -> None:
        whole, called = set[str](), set[str]()
        for user in users:
            found = [user[field].strip() for field in _FIELDS if isinstance(user.get(field), str)]
            for name in filter(None, found):
                is_plain = name.lower() in _ORDINARY or len(name) < _SHORTEST
                is_known = name == user.get("username") or " " in name
                (whole if is_known and not is_plain else called).add(name)
                called.add(name.split()[0])
        self._whole = sorted(whole, key=lambda name: (-len(name), name))
        self._called = sorted((name for name in called if len(name) > 1), key=lambda name: (-len(name), name))

    def leave_out(self, text: str) -> str:
        """The text with ``USER`` in place of these names."""
        for name in self._whole:
            if name in text:
                text = re.sub(rf"(?<![\w@]){re.escape(name)}(?!\w)", USER, text)
        lower = text.lower()
        for name in self._called:
            if name.lower() in lower:
                one = re.escape(name)
                text = re.sub(rf"(?i)({_GREETING}){one}(?!\w)", rf"\1{USER}", text)
                text = re.sub(rf"(?im)^([-–— ]*){one}(?=[,:!]|[. ]*$)", rf"\1{USER}", text)
        return text


def users_of(page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a topic's page, or a chunk of its posts, tells of users."""
    details = page.get("details")
    if isinstance(details, dict):
        participants = details.get("participants")
        listed = participants if isinstance(participants, list) else []
        yield from filter(_is_object, (*listed, *(details.get(field) for field in _PEOPLE)))
    stream = page.get("post_stream")
    posts = stream.get("posts") if isinstance(stream, dict) else None
    for post in filter(_is_object, posts if isinstance(posts, list) else ()):
        yield post
        if _is_object(post.get("reply_to_user")):
            yield post["reply_to_user"]


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def mask_users(text: str) -> tuple[str, int]:
    """The text with users that it names by @ left out and mail addresses masked, and how many users that were."""
    return _MENTION.subn(USER, _MAIL.sub("…@…", text)) if "@" in text else (text, 0)
