"""Rows of the monthly gold tables as plain dicts, and what every table made of them must fulfil."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from ptm_spark.gold.monthly import months_between
from ptm_spark.tables import Table

STUDY = Path(__file__).resolve().parent / "data" / "study"
AS_OF = datetime(2030, 1, 15, tzinfo=UTC)
Row = dict[str, Any]


def months(count: int, first: date = date(2020, 1, 1)) -> list[date]:
    """So many months from the first on."""
    return list(islice(months_between(first, date(2100, 1, 1)), count))


def uploads(counts: Mapping[str, Sequence[int]], first: date = date(2020, 1, 1), **changes: Any) -> list[Row]:
    """Rows of uploads_per_family_monthly, a list of counts a family; no bulk, all months whole."""
    return [
        {
            "as_of": AS_OF, "month": month, "family": family, "upload_count": count, "without_bulk_count": count,
            "coverage": 0.5, "is_partial": False,
        } | changes
        for family, numbers in counts.items()
        for month, count in zip(months(len(numbers), first), numbers, strict=True)
    ]  # fmt: skip


def mentions(
    counts: Mapping[str, Sequence[int]], topics: int = 1_000, first: date = date(2020, 1, 1), **changes: Any
) -> list[Row]:
    """Rows of mentions_per_family_monthly in a forum of so many topics a month; of each family half are unanswered."""
    return [
        {
            "as_of": AS_OF, "month": month, "family": family, "topic_count": count, "topic_share": count / topics,
            "fetched_count": count, "unanswered_count": count // 2, "coverage": 0.25, "is_partial": False,
        } | changes
        for family, numbers in counts.items()
        for month, count in zip(months(len(numbers), first), numbers, strict=True)
    ]  # fmt: skip


def health(count: int, topics: int = 1_000, first: date = date(2020, 1, 1), **changes: Any) -> list[Row]:
    """Rows of forum_health_monthly for so many months."""
    return [
        {
            "as_of": AS_OF, "month": month, "topic_count": topics, "unanswered_share": 0.4,
            "answered_in_week_share": 0.5, "accepted_share": 0.1, "coverage": 0.75, "is_partial": False,
        } | changes
        for month in months(count, first)
    ]  # fmt: skip


def cards(with_card: Sequence[int], known: Sequence[int], first: date = date(2020, 1, 1), **changes: Any) -> list[Row]:
    """Rows of cards_per_cohort_monthly; all ratios are the same one."""
    return [
        {
            "as_of": AS_OF, "month": month, "card_count": part, "known_count": whole, "front_matter_count": part,
            "without_bulk_card_count": part, "without_bulk_count": whole, "coverage": 0.5, "is_partial": False,
            **dict.fromkeys(
                ("card_ratio", "front_matter_ratio", "owner_weighted_ratio", "without_bulk_ratio"),
                part / whole if whole else None,
            ),
        } | changes
        for month, part, whole in zip(months(len(known), first), with_card, known, strict=True)
    ]  # fmt: skip


def study_cards() -> list[Row]:
    """The study's models with card data by month of creation, 2019-12 to 2023-05 (see SOURCE.md beside it)."""
    with (STUDY / "card_data_stats_months_created.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    parts, wholes = ([int(row[name]) for row in rows] for name in ("has_card", "count"))
    return cards(parts, wholes, first=date(2019, 12, 1))


def check_rows(rows: Sequence[Row], table: Table) -> None:
    """Rows have exactly the contract's columns, required ones filled, no NaN or numbers of numpy, a key each."""
    for row in rows:
        assert set(row) == set(table.names)
        assert [name for name in table.required if row[name] is None] == []
        numbers = [number for cell in row.values() for number in (cell if isinstance(cell, list) else [cell])]
        assert not any(isinstance(number, float) and not math.isfinite(number) for number in numbers)
        assert {type(number).__module__ for number in numbers} <= {"builtins", "datetime"}
    assert len({tuple(row[name] for name in table.key) for row in rows}) == len(rows)


def by_key(rows: Iterable[Row], *key: str) -> dict[Any, Row]:
    """Rows by one column, or by several as a tuple."""
    return {row[key[0]] if len(key) == 1 else tuple(row[name] for name in key): row for row in rows}
