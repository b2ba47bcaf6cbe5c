"""Row factories: one valid record or row, a test overrides what it is about."""

import json
from datetime import UTC, datetime
from typing import Any

from ptm_spark.store import Store
from ptm_spark.tables.hub import MODELS

OID = "645384a0aaaaaaaaaaaaaaaa"
SEEN = datetime(2024, 7, 11, 12, tzinfo=UTC)


def listing_record(**changes: Any) -> dict[str, Any]:
    """A row of the Hub's listing; a field given as ``...`` is left out."""
    record = {
        "_id": OID,
        "id": "someone/some-model",
        "likes": 3,
        "private": False,
        "downloads": 40,
        "tags": ["transformers", "license:mit"],
        "pipeline_tag": "text-generation",
        "library_name": "transformers",
        "createdAt": "2023-05-04T10:11:12.000Z",
        "modelId": "someone/some-model",
    } | changes
    return {name: value for name, value in record.items() if value is not ...}


def landed_line(record: dict[str, Any] | str, seq: int = 0, fetched_at: str = "2024-07-11T12:00:00Z") -> str:
    """A line as the landing writes it; a text stands for the raw record itself."""
    raw = record if isinstance(record, str) else json.dumps(record)
    return f'{{"seq":{seq},"fetched_at":"{fetched_at}","status":200,"key":null,"raw":{raw}}}'


def lines_frame(store: Store, *lines: str) -> Any:
    """Landed lines as the store would read them."""
    return store._spark.createDataFrame([(line,) for line in lines], "value STRING")


def model_row(**changes: Any) -> dict[str, Any]:
    """A row of silver/models."""
    return {
        "repo_oid": OID,
        "model_id": "someone/some-model",
        "owner": "someone",
        "created_at": datetime(2023, 5, 4, 10, 11, 12, tzinfo=UTC),
        "created_at_basis": "hub",
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "licence": "mit",
        "licences": ["mit"],
        "tags": ["transformers", "license:mit"],
        "is_private": False,
        "downloads": 40,
        "likes": 3,
        "flaws": [],
        "seen_in": ["hub"],
        "first_observed_at": SEEN,
        "observed_at": SEEN,
        "crawl_id": "c1",
    } | changes


def models_frame(store: Store, *rows: dict[str, Any]) -> Any:
    """Rows of silver/models as a frame."""
    return store.rows_of(list(rows), MODELS)
