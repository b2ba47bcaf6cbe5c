"""How unevenly uploads are spread over owners: natively as by the formulas. Both engines agree."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from rows import model_row, models_frame

from ptm_spark.gold.concentration import build_owner_concentration_monthly
from ptm_spark.gold.uploads import count_owner_months
from ptm_spark.statistics.concentration import gini, hhi, top_share
from ptm_spark.store import Store
from ptm_spark.tables.gold_series import CONCENTRATION_MONTHLY

pytestmark = pytest.mark.spark
AS_OF = datetime(2022, 6, 15, tzinfo=UTC)
JANUARY, FEBRUARY, MARCH, MAY = (date(2022, month, 1) for month in (1, 2, 3, 5))


def spread(store: Store, rows: list[dict[str, Any]]) -> dict[date, dict[str, Any]]:
    owner_months = count_owner_months(models_frame(store, *rows), as_of=AS_OF)
    frame = build_owner_concentration_monthly(owner_months, as_of=AS_OF)
    store.overwrite(CONCENTRATION_MONTHLY, frame)
    return {row["month"]: row.asDict() for row in store.read(CONCENTRATION_MONTHLY).collect()}


def models_of(counts: dict[str | None, dict[date | None, int]]) -> list[dict[str, Any]]:
    return [
        model_row(
            repo_oid=f"{number:024x}", owner=owner, first_observed_at=AS_OF,
            created_at=month and datetime(month.year, month.month, 9, tzinfo=UTC),
        )
        for number, (owner, month) in enumerate(
            (owner, month) for owner, by_month in counts.items() for month, n in by_month.items() for _ in range(n)
        )
    ]  # fmt: skip


def test_owners_by_month_without_a_gap(store: Store) -> None:
    """(3, 1, 1, 1) in January; one owner again and a model without one in March; a removed model counts for nobody."""
    rows = models_of({"a": {JANUARY: 3, MARCH: 1}, "b": {JANUARY: 1}, "c": {JANUARY: 1}, None: {MARCH: 1, None: 2}})
    gone = model_row(
        repo_oid="f" * 24, owner="d", created_at=datetime(2022, 1, 3, tzinfo=UTC), first_observed_at=AS_OF,
        removal="gone_or_private", removed_at=AS_OF,
    )  # fmt: skip
    found = spread(store, [*rows, gone])
    assert sorted(found) == [date(2022, month, 1) for month in range(1, 7)]
    january, march = found[JANUARY], found[MARCH]
    assert january.pop("as_of").replace(tzinfo=UTC) == AS_OF
    assert january == {
        "month": JANUARY, "subject": "hub_owners", "total_count": 5, "value_count": 3, "active_count": 3,
        "hhi": pytest.approx(11 / 25), "gini": pytest.approx(4 / 15), "top_1_share": pytest.approx(0.6),
        "top_5_share": 1.0, "top_10_share": 1.0, "coverage": 1.0, "is_partial": False,
    }  # fmt: skip
    assert (march["total_count"], march["value_count"], march["active_count"]) == (1, 3, 1)
    assert (march["hhi"], march["gini"], march["coverage"], march["is_partial"]) == (1.0, 0.0, 0.5, True)
    empty = found[FEBRUARY]
    assert (empty["total_count"], empty["value_count"], empty["active_count"]) == (0, 3, 0)
    assert [empty[name] for name in ("hhi", "gini", "top_1_share", "coverage")] == [None] * 4
    assert [month for month, row in found.items() if row["is_partial"]] == [MARCH, date(2022, 6, 1)]


@pytest.mark.one_engine
def test_the_figures_are_those_of_the_formulas(store: Store) -> None:
    sizes = [1] * 9 + [2] * 4 + [3, 3, 7, 12, 12, 40]
    row = spread(store, models_of({f"owner{n}": {MAY: size} for n, size in enumerate(sizes)}))[MAY]
    assert row["hhi"] == pytest.approx(hhi(sizes).value)
    assert row["gini"] == pytest.approx(gini(sizes).value)
    for k in (1, 5, 10):
        assert row[f"top_{k}_share"] == pytest.approx(top_share(sizes, k).value)


@pytest.mark.one_engine
def test_without_models_of_known_month_nothing_is_said(store: Store) -> None:
    assert spread(store, []) == {}
    assert spread(store, models_of({"a": {None: 2}})) == {}
