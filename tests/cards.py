"""Model cards for tests: crawls of them as they land, and the rows that they become."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ptm_spark.config import load
from ptm_spark.intake import FamilyPlan
from ptm_spark.landing import Coverage, Landing, Manifest, utc_text
from ptm_spark.silver.cards import take_in_cards
from ptm_spark.store import Store
from ptm_spark.tables import Table
from ptm_spark.tables.cards import CARD_SECTIONS, MODEL_CARDS

START = datetime(2024, 7, 1, 12, tzinfo=UTC)
OID = "645384a0aaaaaaaaaaaaaaaa"
#: (model, text or status, day, about) of an observation
Seen = tuple[str, str | int, float, dict[str, Any]]


def seen(what: str | int, day: float, *, model: str = "o/m", **about: Any) -> Seen:
    return model, what, day, about


def land_cards(store: Store, *observations: Seen, day: float, **options: Any) -> Manifest:
    """``land_cards_in`` the lake of a store."""
    return land_cards_in(Landing(store._lake), *observations, day=day, **options)


def land_cards_in(
    landing: Landing, *observations: Seen, day: float, format: str = "api", name: str = "",
    coverage: Coverage = "partial",
) -> Manifest:  # fmt: skip
    """A finished crawl of a day, each line fetched at its own."""
    moment = START + timedelta(days=day)
    crawl_id = f"{moment:%Y%m%dT%H%M%SZ}-{name or format}"
    with landing.writer(f"hub/cards/{crawl_id}", load().landing) as writer:
        for model, what, at, about in observations:
            fetched_at = utc_text(START + timedelta(days=at))
            if isinstance(what, int):
                writer.add_status(what, name=model, fetched_at=fetched_at, about=about)
            else:
                writer.add_text(what.encode(), name=model, fetched_at=fetched_at, about=about)
        landed = writer.finish(
            source="hub", entity="cards", crawl_id=crawl_id, format=format, coverage=coverage, failed=(),
            scope="hub", observed_at=utc_text(moment), cutoff=utc_text(moment),
        )  # fmt: skip
    return replace(landed, finished_at=utc_text(moment))  # as if it had run on that day


def take_in(store: Store, crawls: Sequence[Manifest], earlier: Sequence[Manifest] = ()) -> dict[str, Any]:
    plan = FamilyPlan("cards", tuple(crawls), tuple(earlier))
    return take_in_cards(store, plan, {crawl.path: "" for crawl in crawls}, reject_text_chars=80)


def versions(store: Store, *names: str) -> list[tuple[Any, ...]]:
    """(model_id, valid_from, valid_to, status, …) of all versions in order, moments as days."""
    wanted = ("model_id", "valid_from", "valid_to", "status", *names)
    return sorted(
        (tuple(_day(row[name]) for name in wanted) for row in moments(store, MODEL_CARDS)), key=lambda row: row[:2]
    )


def moments(store: Store, table: Table) -> list[dict[str, Any]]:
    """Rows of a table by its key."""
    found = [row.asDict(recursive=True) for row in store.read(table).collect()]
    return sorted(found, key=lambda row: tuple(str(row[name]) for name in table.key))


def whole(store: Store) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Both tables, to be compared."""
    return moments(store, MODEL_CARDS), moments(store, CARD_SECTIONS)


def _day(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (aware - START) / timedelta(days=1)
