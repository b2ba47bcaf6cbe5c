"""Commits as landed: the Hub's own records, and rows of a CSV that has one a file. One row a landed line."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

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
    "model_id:missing": "the line does not say which model the commit is of",
    "id:missing": "the record has no commit id",
    "id:type": "its commit id is no text",
    "id:format": "its commit id is not 40 or 64 lower-case hex digits",
}
SOFT_RULES = {
    "<field>:type": "the field was there with another JSON type; the value is null",
    "date:format": "no ISO 8601 moment with its zone (of a CSV: no time such as 2023-08-04 06:46:32); null",
    "date:range": "before 1970, or more than a day after it was seen; null",
}
#: keys of a record, by the format of its crawl
KNOWN_KEYS = {
    "api": frozenset({"id", "title", "message", "authors", "date", "formatted"}),
    "csv": frozenset(
        {"repo_url", "commit_hash", "model_file_path", "serialization_format", "message", "author", "date"}
    ),
}
#: what reading gives; ``kind``: row, broken (has ``reasons``), none (the model has no commit at all) or status
COLUMNS = {
    "seq": "BIGINT",
    "kind": "STRING",
    "model_id": "STRING",
    "repo_oid": "STRING",
    "observed_at": "TIMESTAMP",
    "commit_sha": "STRING",
    "committed_at": "TIMESTAMP",
    "committed_at_basis": "STRING",
    "title": "STRING",
    "message_char_count": "BIGINT",
    "pull_request_num": "BIGINT",
    "author_hashes": "ARRAY<STRING>",
    "author_count": "BIGINT",
    "is_bot": "BOOLEAN",
    "file_path": "STRING",
    "serialization_format": "STRING",
    "flaws": "ARRAY<STRING>",
    "reasons": "ARRAY<STRING>",
    "sha256": "STRING",
}
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MERGED = re.compile(r"\(#([1-9][0-9]{0,8})\)\s*$")
_NO_RECORD = (None,) * 11


def read_commits(lines: DataFrame, *, is_csv: bool, user_key: str, zone: str | None = None) -> DataFrame:
    """One row per landed line, see ``COLUMNS``; ``zone`` is that of a CSV's times, such as America/New_York.

    The message after the title is measured, not kept: it names co-authors with their addresses.
    """
    read_line = partial(_read_line, is_csv=is_csv, user_key=user_key, zone=zone, known={})
    return lines.mapInArrow(reader_of(COLUMNS, read_line), ddl(COLUMNS))


def _read_line(
    value: str, line: Mapping[str, Any], *, is_csv: bool, user_key: str, zone: str | None, known: dict[str, str]
) -> tuple[Any, ...]:
    model_id = line.get("key")
    model_id = model_id if isinstance(model_id, str) and model_id else None
    observed_at = moment_of(str(line["fetched_at"]))
    head = (line["seq"], model_id, oid_of(line), observed_at)
    raw = line.get("raw")
    if not isinstance(raw, dict):
        kind = "none" if line["status"] == 204 else "status"
        return (*_kinded(kind, head), *_NO_RECORD, [], [], None)
    sha = raw.get("commit_hash" if is_csv else "id")
    reasons = [] if model_id else ["model_id:missing"]
    if sha is None or sha == "":
        reasons.append("id:missing")
    elif not isinstance(sha, str):
        reasons.append("id:type")
    elif not _SHA.fullmatch(sha):
        reasons.append("id:format")
    if reasons or observed_at is None:
        return (*_kinded("broken", head), *_NO_RECORD, [], reasons, raw_sha256(value))
    record = Record(raw)
    read = _csv_values if is_csv else _hub_values
    names, count, *values = read(record, observed_at + timedelta(days=1), str(model_id), zone)
    committed_at, basis, title, message, path, file_format = values
    merged = _MERGED.search(title or "")
    by_bot = None if names is None else any(map(is_bot, names))
    return (
        *_kinded("row", head),
        *(sha, committed_at, basis if committed_at else None, title_of(title)),
        None if message is None else len(message.strip()),
        int(merged[1]) if merged else None,
        *(None if names is None else hashed(names, user_key, known), count, by_bot),
        *(path, file_format, record.flaws, [], None),
    )


def _kinded(kind: str, head: tuple[Any, ...]) -> tuple[Any, ...]:
    seq, *rest = head
    return seq, kind, *rest


def _hub_values(record: Record, latest: datetime, _model_id: str, _zone: str | None) -> tuple[Any, ...]:
    names, count = _names(record)
    committed_at = record.moment("date", latest=latest, read=moment_of)
    return names, count, committed_at, "hub", record.take("title", str), record.take("message", str), None, None


def _names(record: Record) -> tuple[list[str] | None, int | None]:
    """User names of the authors, and how many there are; None, None where the record does not tell."""
    authors = record.take("authors", list)
    if authors is None:
        return None, None
    users = [author.get("user") for author in authors if isinstance(author, dict)]
    names = [user for user in users if isinstance(user, str) and user]
    if len(users) < len(authors) or any(user is not None and not isinstance(user, str) for user in users):
        record.flaws.append("authors:type")
    return names, len(authors)


def _csv_values(record: Record, latest: datetime, model_id: str, zone: str | None) -> tuple[Any, ...]:
    """A CSV's row names one author as git does, and one file, some with the model's name and a backslash before it."""
    author, message = record.take("author", str), record.take("message", str)
    place = UTC if zone is None else ZoneInfo(zone)
    committed_at = record.moment("date", latest=latest, read=lambda text: local_moment(text, place))
    title, _, rest = (None, "", None) if message is None else message.replace("\r\n", "\n").partition("\n")
    path = (record.take("model_file_path", str) or "").replace("\\", "/").removeprefix(f"{model_id}/")
    names = None if author is None else [author] if author else []
    return (
        *(names, None if names is None else len(names)),
        *(committed_at, "assumed_utc" if zone is None else "zone_of_source"),
        *(title, rest),
        path or None,
        record.take("serialization_format", str) or None,
    )
