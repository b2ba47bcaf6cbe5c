"""Uploads by month: how much hangs on the rule for bulk uploads, and on one model's downloads. Both engines agree."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from rows import model_row

from ptm_spark.gold.uploads import (
    build_uploads_monthly,
    count_owner_months,
    count_uploads,
    label_owner_months,
    label_uploads,
    select_uploads_table,
)
from ptm_spark.store import Store
from ptm_spark.tables.gold import UPLOADS_PER_FAMILY_MONTHLY
from ptm_spark.tables.hub import MODELS

pytestmark = pytest.mark.spark
AS_OF = datetime(2024, 7, 11, 12, tzinfo=UTC)
Row = dict[str, Any]


def uploads(store: Store, owners: dict[str, int], *, month: int = 5, **changes: Any) -> list[Row]:
    """So many models an owner, created in a month of 2023; the owner's name is its family, too."""
    at = datetime(2023, month, 4, tzinfo=UTC)
    rows = [(owner, number) for owner, count in owners.items() for number in range(count)]
    return [
        model_row(
            repo_oid=f"{month:02d}{owner:>12}{number:010d}", model_id=f"{owner}/{number}", owner=owner, created_at=at,
            library_name=owner, **changes,
        )
        for owner, number in rows
    ]  # fmt: skip


def monthly(store: Store, rows: list[Row]) -> dict[tuple[str, str], Row]:
    frame = store.rows_of(rows, MODELS).withColumnRenamed("library_name", "family")
    frame = frame.select("*", frame["family"].alias("library_name"))
    owner_months = count_owner_months(frame, as_of=AS_OF)
    labels = label_owner_months(owner_months, bulk_month_uploads=50, bulk_total_uploads=100)
    counts = count_uploads(label_uploads(frame, labels, as_of=AS_OF))
    built = select_uploads_table(build_uploads_monthly(counts, as_of=AS_OF), UPLOADS_PER_FAMILY_MONTHLY)
    return {(str(row["month"]), row["family"]): row.asDict() for row in built.collect() if row["ever_count"]}


def test_how_much_hangs_on_the_rule_for_bulk(store: Store) -> None:
    found = monthly(store, uploads(store, {"few": 10, "some": 30, "many": 60}))
    shares = {
        family: tuple(round(row[f"without_bulk{rule}_share"], 3) for rule in ("_20", "", "_100"))
        for (_, family), row in found.items()
    }
    assert shares == {"few": (1.0, 0.25, 0.1), "some": (0.0, 0.75, 0.3), "many": (0.0, 0.0, 0.6)}


def test_the_rule_of_the_total_holds_whatever_the_rule_of_the_month(store: Store) -> None:
    early, late = uploads(store, {"one": 95}, month=4), uploads(store, {"one": 10, "other": 10}, month=5)
    found = monthly(store, early + late)
    assert found["2023-04-01", "one"]["without_bulk_100_share"] == 1.0
    assert found["2023-05-01", "one"]["without_bulk_100_share"] == 0.0  # 105 in all by its end
    assert found["2023-05-01", "other"]["without_bulk_100_share"] == 1.0


def test_one_models_downloads_do_not_outweigh_all_when_counted_as_logarithms(store: Store) -> None:
    rows = uploads(store, {"a": 1}, downloads=999_999) + uploads(store, {"b": 3}, downloads=9)
    rows += uploads(store, {"c": 1}, downloads=0) + uploads(store, {"d": 1}, downloads=None)
    found = monthly(store, rows)
    a, b, c, d = (found["2023-05-01", family] for family in "abcd")
    assert [row["download_total"] for row in (a, b, c, d)] == [999_999, 27, 0, 0]
    assert a["download_share"] == pytest.approx(0.99997, abs=1e-5)
    assert a["log_download_share"] == pytest.approx(6 / 9, abs=1e-8)
    assert b["log_download_share"] == pytest.approx(3 * math.log(10) / (9 * math.log(10)), abs=1e-8)
    assert [(row["downloaded_count"], row["popular_count"]) for row in (a, b, c, d)] == [(1, 1), (3, 0), (0, 0), (0, 0)]
