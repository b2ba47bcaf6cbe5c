"""Rows made in plain Python become tables, lists of months and levels included. Both engines agree."""

from datetime import date

import numpy as np
import pytest
from monthly_rows import AS_OF, Row, by_key, cards, health, mentions, study_cards, uploads

from ptm_spark.gold.agreement import build_forum_hub_agreement, build_pain_per_family
from ptm_spark.gold.concentration import build_concentration_monthly
from ptm_spark.gold.events import build_events_effect, documentation_events
from ptm_spark.gold.trends import build_trend_tests
from ptm_spark.store import Store
from ptm_spark.tables import Table
from ptm_spark.tables.gold_series import (
    CONCENTRATION_MONTHLY,
    EVENTS_EFFECT,
    FORUM_HUB_AGREEMENT,
    PAIN_PER_FAMILY,
    TREND_TESTS,
)

pytestmark = pytest.mark.spark


def all_rows() -> dict[Table, list[Row]]:
    generator = np.random.default_rng(1)
    stepped = [int(count) for count in generator.integers(80, 120, 40) + np.repeat([0, 90], 20)]
    talk = mentions({"a": stepped, "b": [300] * 40})
    models = uploads({"a": stepped[::-1], "b": [300] * 40, "c": [0] * 40})
    concentrations = build_concentration_monthly(talk, models, as_of=AS_OF)
    return {
        FORUM_HUB_AGREEMENT: build_forum_hub_agreement(talk, models, as_of=AS_OF),
        PAIN_PER_FAMILY: build_pain_per_family(talk, models, health(40), as_of=AS_OF),
        CONCENTRATION_MONTHLY: concentrations,
        TREND_TESTS: build_trend_tests(
            uploads=models, mentions=talk, categories=[], health=health(40), cards=cards([3], [9]),
            concentration=concentrations, as_of=AS_OF,
        ),
        EVENTS_EFFECT: build_events_effect(study_cards(), documentation_events(), as_of=AS_OF),
    }  # fmt: skip


def test_every_row_is_read_as_it_was_made(store: Store) -> None:
    for table, rows in all_rows().items():
        store.overwrite(table, store.rows_of(rows, table))
        read = [row.asDict() for row in store.read(table).collect()]
        assert by_key(map(plain, read), *table.key) == {
            key: {name: nearly(value) for name, value in row.items()}
            for key, row in by_key(map(plain, rows), *table.key).items()
        }


def plain(row: Row) -> Row:
    """Without the moment, which comes back without its zone."""
    return {name: value for name, value in row.items() if name != "as_of"}


def nearly(value: object) -> object:
    """A float but for its last digit: the embedded engine takes a column of one value from statistics in the log."""
    return pytest.approx(value, rel=1e-15) if isinstance(value, float) else value


def test_a_series_with_a_new_level_lists_its_month(store: Store) -> None:
    rows = [row for row in all_rows()[TREND_TESTS] if row["measure"] == "mention_share" and row["value"] == "a"]
    store.overwrite(TREND_TESTS, store.rows_of(rows, TREND_TESTS))
    (row,) = store.read(TREND_TESTS).collect()
    assert row["change_months"] == [date(2021, 9, 1)]
    assert len(row["levels"]) == 2
