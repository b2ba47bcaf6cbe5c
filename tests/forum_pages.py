"""Small records of the forum as its API sends them, landing them, and the rows that they become."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from ptm_spark.config import load
from ptm_spark.intake import FamilyPlan
from ptm_spark.landing import Landing, Manifest, utc_text
from ptm_spark.quality import forum as gate
from ptm_spark.silver.forum import take_in_forum
from ptm_spark.silver.forum_records import Reader
from ptm_spark.store import Store
from ptm_spark.tables import Table

KEY = "a secret"
TOPIC = 7
SEEN = "2024-07-11T12:00:00Z"
#: (key, raw record or the number of a status without one, moment of its fetch)
Fetched = tuple[Any, dict[str, Any] | int, str]


def _given(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not ...}


def topic_row(**changes: Any) -> dict[str, Any]:
    """A row of a list of topics; a field given as ``...`` is left out."""
    return _given(
        {
            "id": TOPIC, "title": "A topic", "slug": "a-topic", "posts_count": 2, "reply_count": 1,
            "highest_post_number": 2, "created_at": "2024-01-01T10:00:00.000Z",
            "last_posted_at": "2024-01-01T11:00:00.000Z", "archetype": "regular", "pinned": False, "visible": True,
            "closed": False, "archived": False, "tags": [], "views": 30, "like_count": 1, "category_id": 5,
            "has_accepted_answer": False,
        }
        | changes
    )  # fmt: skip


def post(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A post of the topic, another one for each number."""
    return _given(
        {
            "id": 100 + number, "topic_id": TOPIC, "post_number": number, "post_type": 1, "username": f"user{number}",
            "user_id": 40 + number, "created_at": f"2024-01-01T{9 + number:02d}:00:00.000Z",
            "updated_at": f"2024-01-01T{9 + number:02d}:00:00.000Z", "cooked": f"<p>Post {number}</p>",
            "reply_to_post_number": None, "reply_count": 0, "reads": 5, "score": 1.0, "version": 1, "staff": False,
            "moderator": False, "admin": False, "trust_level": 1, "hidden": False, "wiki": False, "deleted_at": None,
            "user_deleted": False, "accepted_answer": False, "actions_summary": [],
        }
        | changes
    )  # fmt: skip


def page(
    *, posts: Sequence[Any] = (), stream: list[Any] | None = None, number: int = TOPIC, **changes: Any
) -> dict[str, Any]:
    """A topic's page with these posts; ``stream`` are all that it lists, else just these."""
    listed = [one["id"] for one in posts if isinstance(one, dict) and "id" in one] if stream is None else stream
    record = topic_row(id=number, has_accepted_answer=..., posts_count=len(listed)) | {
        "post_stream": {"posts": list(posts), "stream": listed},
        "participant_count": 2,
        "details": {"created_by": {"id": 41, "username": "user1"}},
    }
    return _given(record | changes)


def rows_of(entity: str, record: Any, *, fetched_at: str = SEEN) -> list[dict[str, Any]]:
    """What a landed line of a record is read as."""
    line = f'{{"seq":3,"fetched_at":"{fetched_at}","status":200,"key":null,"raw":{json.dumps(record)}}}'
    return list(Reader(entity, KEY, 80).read(line, json.loads(line)))


def at(day: int, hour: int = 12) -> str:
    return f"2024-07-{day:02d}T{hour:02d}:00:00Z"


def land_forum(store: Store, entity: str, observed: str, fetched: Iterable[Fetched]) -> Manifest:
    """Land a finished crawl of a forum entity, observed at a moment, its lines in the order given."""
    moment = datetime.fromisoformat(observed)
    crawl_id = f"{moment:%Y%m%dT%H%M%SZ}-0000abcd"
    with Landing(store._lake).writer(f"forum/{entity}/{crawl_id}", load().landing) as writer:
        for key, raw, when in fetched:
            if isinstance(raw, int):
                writer.add_status(raw, name=str(key), fetched_at=when)
            else:
                writer.add_parsed(json.dumps(raw).encode(), raw, name=key, fetched_at=when)
        return writer.finish(
            source="forum", entity=entity, crawl_id=crawl_id, format="discourse", coverage="incremental", failed=(),
            scope="forum", observed_at=utc_text(moment.astimezone(UTC)), cutoff=observed,
        )  # fmt: skip


def pages(store: Store, day: int, *records: dict[str, Any] | int) -> Manifest:
    """A crawl of topics' pages of a day; a number is the status of the one topic."""
    return land_forum(store, "topic_posts", at(day), [(TOPIC, record, at(day)) for record in records])


def take_in(store: Store, crawls: Sequence[Manifest], earlier: Sequence[Manifest] = ()) -> dict[str, Any]:
    """Take crawls in after others; measures by crawl."""
    plan = FamilyPlan("forum", tuple(crawls), tuple(earlier))
    marks = {crawl.path: "" for crawl in crawls}
    return take_in_forum(store, plan, marks, reject_text_chars=80, user_key=KEY)


def table_rows(store: Store, table: Table) -> list[dict[str, Any]]:
    """Rows of a table by its key, moments as text."""
    found = [row.asDict(recursive=True) for row in store.read(table).collect()]
    texts = [
        {name: str(value) if isinstance(value, datetime) else value for name, value in row.items()} for row in found
    ]
    return sorted(texts, key=lambda row: tuple(row[name] for name in table.key))


def check_gate(store: Store, *, warnings: set[str]) -> None:
    """Every rule of the gate holds but for these warnings."""
    measures, failed = gate.measures(store, {}), set()
    for path, rules in gate.rules(load().gate).items():
        for rule in rules:
            value = measures[path][rule.metric]
            if value is not None and not (rule.least or 0) <= value <= (
                float("inf") if rule.most is None else rule.most
            ):
                failed.add(rule.name if rule.severity == "warn" else f"error {rule.name}")
    assert failed == warnings
