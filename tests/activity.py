"""Commits and discussions for tests: records, crawls of them, and the rows that they become."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from landed import Line, day, land_lines

from ptm_spark.intake import FamilyPlan
from ptm_spark.landing import Landing, Manifest
from ptm_spark.silver.commits import take_in_commits
from ptm_spark.silver.discussions import take_in_discussions
from ptm_spark.store import Store
from ptm_spark.tables import Table
from ptm_spark.tables.activity import MODEL_COMMITS, MODEL_DISCUSSIONS

KEY = "a secret"
OID = "645384a0aaaaaaaaaaaaaaaa"


def sha(number: int) -> str:
    return f"{number:040x}"


def commit(number: int = 1, *, model: str = "someone/m", **changes: Any) -> Line:
    record = {
        "id": sha(number),
        "title": f"Commit {number}",
        "message": "",
        "authors": [{"user": "Ann", "avatar": "https://example.org/a.png"}],
        "date": f"2023-05-{number:02d}T10:00:00.000Z",
    } | changes
    return model, {name: value for name, value in record.items() if value is not ...}, {"repo_oid": OID, "asked": "x"}


def csv_commit(number: int, path: str, **changes: str) -> Line:
    record = {
        "repo_url": "someone/m",
        "commit_hash": sha(number),
        "model_file_path": path,
        "serialization_format": "ONNX",
        "message": "init",
        "author": "Ann Example",
        "date": "2023-05-04 06:46:32",
    }
    return "someone/m", record | changes, {}


def discussion(num: int = 1, *, model: str = "someone/m", **changes: Any) -> Line:
    record = {
        "num": num,
        "author": {"_id": "6" * 24, "name": "Ann", "fullname": "Ann Example"},
        "title": "Which licence?",
        "status": "open",
        "createdAt": "2023-05-04T10:00:00.000Z",
        "isPullRequest": False,
        "numComments": 1,
        "numReactionUsers": 2,
        "pinned": False,
    } | changes
    return model, {name: value for name, value in record.items() if value is not ...}, {"repo_oid": OID, "asked": "x"}


def event(kind: str, at: str, author: str | None = "Bob", **data: Any) -> dict[str, Any]:
    who = {} if author is None else {"author": {"name": author}}
    return {"id": "5" * 24, "createdAt": at, "type": kind, "data": data} | who


def pull_request(state: str, num: int = 3, time: str = "2022-11-07 14:00:58.522127") -> Line:
    address = f"https://huggingface.co/someone/m/discussions/{num}"
    return "someone/m", {"model_id": "someone/m", "pr_url": address, "time": time, "merged": state}, {}


def take_in(store: Store, entity: str, crawls: Sequence[Manifest], earlier: Sequence[Manifest] = ()) -> dict[str, Any]:
    plan = FamilyPlan(entity.partition("/")[2], tuple(crawls), tuple(earlier))
    take = take_in_commits if entity == "hub/commits" else take_in_discussions
    return take(store, plan, {crawl.path: "" for crawl in crawls}, reject_text_chars=80, user_key=KEY)


def rows(store: Store, table: Table) -> list[dict[str, Any]]:
    """Rows of a table by its key, moments as text."""
    found = [row.asDict(recursive=True) for row in store.read(table).collect()]
    texts = [
        {name: str(value) if isinstance(value, datetime) else value for name, value in row.items()} for row in found
    ]
    return sorted(texts, key=lambda row: tuple(row[name] for name in table.key))


def land(store: Store, entity: str, at: int, *lines: Line, **facts: Any) -> Manifest:
    return land_lines(Landing(store._lake), entity, day(at), lines, **facts)


def commits_of(store: Store, *crawls: Sequence[Line] | Manifest) -> list[dict[str, Any]]:
    """Rows after crawls of one day each; a manifest stands for one that has landed already."""
    landed = [
        crawl if isinstance(crawl, Manifest) else land(store, "hub/commits", at, *crawl)
        for at, crawl in enumerate(crawls, start=1)
    ]
    found = take_in(store, "hub/commits", landed)
    assert [values["unaccounted_count"] for values in found.values()] == [0] * len(landed)
    return rows(store, MODEL_COMMITS)


def discussions_of(store: Store, *crawls: Sequence[Line], format: str = "api") -> list[dict[str, Any]]:
    landed = [land(store, "hub/discussions", at, *lines, format=format) for at, lines in enumerate(crawls, start=1)]
    found = take_in(store, "hub/discussions", landed)
    assert [values["unaccounted_count"] for values in found.values()] == [0] * len(landed)
    return rows(store, MODEL_DISCUSSIONS)
