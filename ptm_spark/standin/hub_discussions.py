"""Discussions and pull requests of an invented repository, with deleted authors, hidden comments and every status."""

import hashlib
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from ptm_spark.standin.families import WORDS, owner_name
from ptm_spark.standin.hub_history import owner_of
from ptm_spark.standin.life import Model

Status = Literal["draft", "open", "closed", "merged"]
_TITLES = ("How to fine-tune this?", "Licence question", "Wrong tokenizer?", "数据集?", "Adding a safetensors variant",
           "Library to load it", "Great work 🤗", "Update README.md", "Out of memory on 24 GB")  # fmt: skip
_REPLIES = ("Thanks for asking!", "Same here.", "Solved by the newest version.", "Could you share a script?", "+1",
            "Merci beaucoup", "It works with `device_map`.")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """What happened in a discussion. ``author`` is None once the account is deleted; ``text`` is a comment, a commit's
    subject or a new title; ``status`` belongs to a change of status, and ``oid`` to a commit.
    """

    kind: Literal["comment", "status-change", "commit", "title-change"]
    author: str | None
    at: datetime
    text: str = ""
    status: Status = "open"
    oid: str = ""
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Discussion:
    """A discussion or pull request at some moment, with its events so far in order of time."""

    num: int
    title: str
    author: str | None
    at: datetime
    is_pull_request: bool
    status: Status
    events: tuple[Event, ...]

    @property
    def comment_count(self) -> int:
        """Comments, hidden ones included."""
        return sum(event.kind == "comment" for event in self.events)


def discussions_at(model: Model, at: datetime) -> list[Discussion]:
    """Discussions of the model's repository begun by that moment, newest first, each as it stood then."""
    found = []
    for whole in _all_discussions(model):
        events = tuple(event for event in whole.events if event.at <= at)
        if events:
            changes = [event for event in events if event.kind == "status-change"]
            titles = [event for event in events if event.kind == "title-change"]
            status = changes[-1].status if changes else whole.status
            title = titles[-1].text if titles else whole.title
            found.append(replace(whole, events=events, status=status, title=title))
    return found[::-1]


@lru_cache(maxsize=50_000)
def _all_discussions(model: Model) -> tuple[Discussion, ...]:
    """With the status that each begins with, in order of number and time."""
    rng = random.Random(f"discussions {model.repo_oid}")
    chance = rng.random()
    if chance < 0.85:
        return ()
    count = rng.randrange(60, 140) if chance > 0.993 else rng.randrange(1, 9)
    days = sorted(rng.randrange(1, 500) for _ in range(count))
    return tuple(_discussion(model, num, day, rng) for num, day in enumerate(days, start=1))


def _discussion(model: Model, num: int, day: int, rng: random.Random) -> Discussion:
    at = model.born_at + timedelta(days=day, seconds=num)
    author = None if rng.random() < 0.08 else owner_name(rng.randrange(400))
    is_pull_request = rng.random() < 0.35
    title = rng.choice(_TITLES)
    status: Status = "draft" if is_pull_request and rng.random() < 0.2 else "open"
    events = [Event("comment", author, at, f"{rng.choice(_TITLES)} It is about {rng.choice(WORDS)}.")]
    if is_pull_request:
        oid = hashlib.sha1(f"{model.repo_oid} pr {num}".encode(), usedforsecurity=False).hexdigest()
        events.append(Event("commit", author, at + timedelta(seconds=1), title, oid=oid))
    for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
        at += timedelta(hours=rng.randrange(1, 900))
        who = owner_of(model) if rng.random() < 0.3 else owner_name(rng.randrange(400))
        is_hidden = rng.random() < 0.05
        text = "This comment has been hidden" if is_hidden else rng.choice(_REPLIES)
        events.append(Event("comment", who, at, text, is_hidden=is_hidden))
    if rng.random() < 0.05:
        at += timedelta(minutes=5)
        events.append(Event("title-change", author, at, f"[solved] {title}"))
    if rng.random() < 0.5:
        at += timedelta(hours=rng.randrange(1, 500))
        end: Status = "merged" if is_pull_request and rng.random() < 0.6 else "closed"
        events.append(Event("status-change", owner_of(model), at, status=end))
    return Discussion(num, title, author, events[0].at, is_pull_request, status, tuple(events))


def discussion_row(talk: Discussion, repo_name: str) -> dict[str, Any]:
    """The discussion as the list of a repository shows it."""
    owner = repo_name.partition("/")[0]
    row: dict[str, Any] = {
        "num": talk.num,
        "repo": {"name": repo_name, "type": "model"},
        "title": talk.title,
        "createdAt": _moment(talk.at),
        "topReactions": [{"reaction": "👍", "count": 2}] if talk.num % 5 == 0 else [],
        "status": talk.status,
        "isPullRequest": talk.is_pull_request,
        "numComments": talk.comment_count,
        "numReactionUsers": 2 if talk.num % 5 == 0 else 0,
        "pinned": False,
        "repoOwner": {
            "name": owner,
            "type": "user",
            "isParticipating": any(event.author == owner for event in talk.events),
            "isDiscussionAuthor": talk.author == owner,
        },
    }
    if talk.author is not None:
        row["author"] = user(talk.author)
    return row


def discussion_detail(talk: Discussion, repo_name: str, base: str) -> dict[str, Any]:
    """The discussion with its events; ``base`` is the address that links to the Hub begin with."""
    body: dict[str, Any] = {
        "num": talk.num,
        "repo": {"name": repo_name, "type": "model"},
        "title": talk.title,
        "status": talk.status,
        "createdAt": _moment(talk.at),
        "pinned": False,
        "locked": False,
        "collection": "discussions",
        "isPullRequest": talk.is_pull_request,
        "isReport": False,
        "events": [_event(event, place, repo_name) for place, event in enumerate(talk.events)],
    }
    if talk.author is not None:
        body["author"] = user(talk.author)
    if talk.is_pull_request:
        oid = next((event.oid for event in talk.events if event.kind == "commit"), "")
        body["changes"] = {"base": "refs/heads/main"} | ({"mergeCommitId": oid} if talk.status == "merged" else {})
        body["filesWithConflicts"] = []
        body["diffUrl"] = f"{base}/{repo_name}/discussions/{talk.num}/files.diff"
    return body


def user(name: str) -> dict[str, Any]:
    """An account as answers show it."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {
        "_id": digest[:24],
        "avatarUrl": f"/avatars/{digest[:32]}.svg",
        "fullname": name.title(),
        "name": name,
        "type": "user",
        "isPro": False,
        "isHf": False,
        "isHfAdmin": False,
        "isMod": False,
        "followerCount": 0,
        "isUserFollowing": False,
    }


def _event(event: Event, place: int, repo_name: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if event.kind == "comment":
        latest: dict[str, Any] = {"raw": event.text, "html": f"<p>{event.text}</p>\n", "updatedAt": _moment(event.at)}
        if event.author is not None:
            latest["author"] = {
                key: value for key, value in user(event.author).items() if key in {"_id", "name", "type"}
            }
        has_editors = event.author is not None and not event.is_hidden
        data = {
            "edited": event.is_hidden,
            "hidden": event.is_hidden,
            "latest": latest,
            "numEdits": 0,
            "editors": [event.author] if has_editors else [],
            "editorAvatarUrls": [user(event.author)["avatarUrl"]] if event.author and has_editors else [],
            "reactions": [],
        } | ({"hiddenBy": ""} if event.is_hidden else {"isReport": False})
    elif event.kind == "status-change":
        data = {"status": event.status}
    elif event.kind == "commit":
        data = {"subject": event.text, "oid": event.oid, "parents": []}
    elif event.kind == "title-change":
        data = {"from": event.text.removeprefix("[solved] "), "to": event.text}
    digest = hashlib.sha256(f"{repo_name} {event.at.isoformat()} {place}".encode()).hexdigest()
    body = {
        "id": f"{int(event.at.timestamp()):08x}{digest[:16]}",
        "createdAt": _moment(event.at),
        "type": event.kind,
        "data": data,
    }
    if event.author is not None:
        is_owner = event.author == repo_name.partition("/")[0]
        body["author"] = user(event.author) | {"isOwner": is_owner, "isOrgMember": False}
    return body


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
