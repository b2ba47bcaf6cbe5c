"""Small crawls of models, landed as given, and folded into tables without a whole run."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ptm_spark.config import load
from ptm_spark.intake import FamilyPlan
from ptm_spark.landing import Coverage, Landing, Manifest, utc_text
from ptm_spark.silver.hub import take_in_models
from ptm_spark.store import Store
from ptm_spark.tables import Table
from ptm_spark.tables.hub import TABLES

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
Answer = tuple[int, str, str]  # status, ObjectId, model_id
Rows = Sequence[dict[str, Any] | Answer]


def at(day: int) -> datetime:
    """Midnight of a day of the trial, from 0."""
    return BEGIN + timedelta(days=day)


def land_crawl(
    landing: Landing, rows: Rows, *, day: int, entity: str = "models", format: str = "api",
    coverage: Coverage = "census", scope: str = "hub",
) -> Manifest:  # fmt: skip
    """Land rows as one crawl of that day; a triple stands for an answer without a record."""
    moment = utc_text(at(day))
    mark = hashlib.sha256(repr((entity, format, scope, rows)).encode()).hexdigest()[:8]
    crawl_id = f"{at(day):%Y%m%dT%H%M%SZ}-{mark}"
    with landing.writer(f"hub/{entity}/{crawl_id}", load().landing) as writer:
        for row in rows:
            if isinstance(row, tuple):
                status, oid, name = row
                writer.add_status(status, name=name, fetched_at=moment, about={"repo_oid": oid})
            else:
                writer.add(json.dumps(row).encode(), key="id", fetched_at=moment)
        return writer.finish(
            source="hub", entity=entity, crawl_id=crawl_id, format=format, scope=scope, coverage=coverage,
            observed_at=moment, cutoff=moment, failed=(), options={},
        )  # fmt: skip


def fold(store: Store, crawls: Iterable[Manifest], earlier: Sequence[Manifest] = ()) -> dict[str, Any]:
    """Take crawls in, in their order, after those taken in before; the measures of each."""
    in_order = tuple(sorted(crawls, key=lambda crawl: crawl.order))
    plan = FamilyPlan("models", in_order, tuple(earlier))
    marks = {crawl.path: "sound" for crawl in in_order}
    return take_in_models(store, plan, marks, first_commits=None, has_new_commits=False, reject_text_chars=80)  # type: ignore[return-value]


def contents(store: Store, tables: Iterable[Table] = TABLES) -> dict[str, list[str]]:
    """Every table's rows as sorted texts."""
    return {table.name: sorted(map(str, store.read(table).collect())) for table in tables}


def versions_of(store: Store, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of model_versions in order of name and time; times as days of the trial."""
    rows = store.read(next(table for table in TABLES if table.name == "model_versions")).collect()
    return sorted(
        (tuple(_day(row[name]) for name in ("model_id", "valid_from", "valid_to", *columns)) for row in rows), key=str
    )


def _day(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) - BEGIN).days
    return value
