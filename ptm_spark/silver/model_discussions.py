"""Discussions and pull requests as landed: rows of the Hub's list, detail bodies with events, rows of a CSV of pull
requests. One row a landed line."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pyspark.sql import DataFrame

from ptm_spark.silver.activity_values import (
    Record,
    ddl,
    hashed,
    is_bot,
    local_moment,
    moment_of,
    oid_of,
    raw_sha256,
    reader_of,
    title_of,
)

#: rule → what it means, for people; a broken one sends the record to ops/rejects
HARD_RULES = {
    "model_id:missing": "the line does not say which model the discussion is of",
    "num:missing": "the record has no number",
    "num:type": "its number is no integer",
    "num:range": "its number is below 1",
    "pr_url:format": "the address of a CSV's pull request does not end in /discussions/ and a number",
}
SOFT_RULES = {
    "<field>:type": "the field was there with another JSON type; the value is null",
    "createdAt:format": "no ISO 8601 moment with its zone; null",
    "time:format": "no time such as 2022-11-07 14:00:58.522127; null",
    "createdAt:range, time:range": "before 1970, or more than a day after it was seen; null",
    "status:range": "none of draft, open, closed, merged; null",
    "merged:range": "a state of a CSV that says nothing of the pull request, such as an error; status is null",
    "events:type": "an event is no object, or has no moment where one is needed; it counts as far as it can be read",
    "numComments:range, numReactionUsers:range": "negative; null",
}
KNOWN_KEYS = {
    "api": frozenset(
        (
            *("num", "author", "repo", "title", "status", "createdAt", "isPullRequest", "pinned", "repoOwner", "org"),
            *("numComments", "topReactions", "numReactionUsers", "_id", "locked", "collection", "isReport", "events"),
            *("changes", "filesWithConflicts", "diffUrl", "diff"),
        )
    ),
    "csv": frozenset({"model_id", "pr_url", "time", "merged"}),
}
STATUSES = ("draft", "open", "closed", "merged")
#: what reading gives; ``kind``: row, broken (has ``reasons``) or status; ``has_author``, ``has_events``: whether the
#: record tells of its author, of its events
COLUMNS = {
    "seq": "BIGINT",
    "kind": "STRING",
    "model_id": "STRING",
    "repo_oid": "STRING",
    "observed_at": "TIMESTAMP",
    "num": "BIGINT",
    "title": "STRING",
    "status": "STRING",
    "is_pull_request": "BOOLEAN",
    "is_mergeable": "BOOLEAN",
    "is_pinned": "BOOLEAN",
    "created_at": "TIMESTAMP",
    "created_at_basis": "STRING",
    "has_author": "BOOLEAN",
    "author_hash": "STRING",
    "is_author_deleted": "BOOLEAN",
    "is_bot": "BOOLEAN",
    "comment_count": "BIGINT",
    "reaction_user_count": "BIGINT",
    "has_events": "BOOLEAN",
    "event_count": "BIGINT",
    "participant_count": "BIGINT",
    "closed_at": "TIMESTAMP",
    "merged_at": "TIMESTAMP",
    "is_locked": "BOOLEAN",
    "flaws": "ARRAY<STRING>",
    "reasons": "ARRAY<STRING>",
    "sha256": "STRING",
}
_VALUES = [name for name in COLUMNS if name not in ("seq", "kind", "model_id", "repo_oid", "observed_at", "sha256")]
#: a CSV's states, as its maker read them from a page: status, and whether the page offered to merge
_PAGE_STATES = {
    "merged": ("merged", None),
    "closed": ("closed", None),
    "ready to merge": ("open", True),
    "cannot merge": ("open", False),
}
_PAGE = re.compile(r"/discussions/([0-9]{1,9})/?$")


def read_discussions(lines: DataFrame, *, is_csv: bool, user_key: str) -> DataFrame:
    """One row per landed line, see ``COLUMNS``. Texts of comments are not kept."""
    read_line = partial(_read_line, is_csv=is_csv, user_key=user_key, known={})
    return lines.mapInArrow(reader_of(COLUMNS, read_line), ddl(COLUMNS))


def _read_line(
    value: str, line: Mapping[str, Any], *, is_csv: bool, user_key: str, known: dict[str, str]
) -> tuple[Any, ...]:
    model_id = line.get("key")
    model_id = model_id if isinstance(model_id, str) and model_id else None
    observed_at = moment_of(str(line["fetched_at"]))
    raw = line.get("raw")
    found: dict[str, Any] = {"flaws": [], "reasons": []}
    kind, sha256 = "status", None
    if isinstance(raw, dict):
        num, reasons = _page_num(raw.get("pr_url")) if is_csv else _num(raw.get("num"))
        reasons = reasons if model_id else ["model_id:missing", *reasons]
        kind = "broken" if reasons or observed_at is None else "row"
        if kind == "broken":
            found["reasons"], sha256 = reasons, raw_sha256(value)
        else:
            record, latest = Record(raw), (observed_at or datetime.now(UTC)) + timedelta(days=1)
            values = _csv_values(record, latest) if is_csv else _hub_values(record, latest, user_key, known)
            found |= values | {"num": num, "flaws": record.flaws}
    head = (line["seq"], kind, model_id, oid_of(line), observed_at)
    return (*head, *(found.get(name) for name in _VALUES), sha256)


def _num(num: Any) -> tuple[int | None, list[str]]:
    if num is None:
        return None, ["num:missing"]
    if type(num) is not int:
        return None, ["num:type"]
    return num, [] if num >= 1 else ["num:range"]


def _page_num(address: Any) -> tuple[int | None, list[str]]:
    match = _PAGE.search(address) if isinstance(address, str) else None
    return _num(int(match[1])) if match else (None, ["pr_url:format"])


def _csv_values(record: Record, latest: datetime) -> dict[str, Any]:
    """Its times have no zone: they are those of the log of a program on the Hub's servers, taken as UTC."""
    state = record.take("merged", str)
    status, is_mergeable = _PAGE_STATES.get((state or "").lower(), (None, None))
    if state and status is None:
        record.flaws.append("merged:range")
    created_at = record.moment("time", latest=latest, read=lambda text: local_moment(text, UTC))
    return {
        "status": status,
        "is_pull_request": True,
        "is_mergeable": is_mergeable,
        "created_at": created_at,
        "created_at_basis": "logged" if created_at else None,
        "has_author": False,
        "has_events": False,
    }


def _hub_values(record: Record, latest: datetime, user_key: str, known: dict[str, str]) -> dict[str, Any]:
    status = record.take("status", str)
    if status is not None and status not in STATUSES:
        record.flaws.append("status:range")
        status = None
    author = record.take("author", dict)
    name = author.get("name") if author else None
    is_named = isinstance(name, str) and name != ""
    if author is not None and not is_named:
        record.flaws.append("author.name:missing" if name in (None, "") else "author.name:type")
    is_deleted = author is None and "author:type" not in record.flaws
    created_at = record.moment("createdAt", latest=latest, read=moment_of)
    values = {
        "title": title_of(record.take("title", str)),
        "status": status,
        "is_pull_request": record.take("isPullRequest", bool),
        "is_pinned": record.take("pinned", bool),
        "created_at": created_at,
        "created_at_basis": "hub" if created_at else None,
        "has_author": is_named or is_deleted,
        "author_hash": hashed([str(name)], user_key, known)[0] if is_named else None,
        "is_author_deleted": is_deleted,
        "is_bot": is_bot(str(name)) if is_named else None,
        "comment_count": record.count("numComments"),
        "reaction_user_count": record.count("numReactionUsers"),
    }
    events = record.take("events", list)
    return values | ({"has_events": False} if events is None else _of_events(record, events))


def _of_events(record: Record, events: list[Any]) -> dict[str, Any]:
    """What a detail body's events tell; the moment of a change of status is that of its last one."""
    sound = [event for event in events if isinstance(event, dict)]
    is_flawed = len(sound) < len(events)
    moments: dict[str, datetime] = {}
    users = set()
    for event in sound:
        author = event.get("author")
        name = author.get("name") if isinstance(author, dict) else None
        if isinstance(name, str) and name:
            users.add(name.lower())
        data = event.get("data")
        if event.get("type") == "status-change" and isinstance(data, dict):
            status, text = data.get("status"), event.get("createdAt")
            moment = moment_of(text) if isinstance(text, str) else None
            if moment is None:
                is_flawed = True
            elif isinstance(status, str) and moment.year >= 1970:
                moments[status] = max(moment, moments.get(status, moment))
    if is_flawed:
        record.flaws.append("events:type")
    return {
        "has_events": True,
        "event_count": len(events),
        "comment_count": sum(event.get("type") == "comment" for event in sound),
        "participant_count": len(users),
        "closed_at": moments.get("closed"),
        "merged_at": moments.get("merged"),
        "is_locked": record.take("locked", bool),
    }
