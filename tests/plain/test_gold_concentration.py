"""How unevenly uploads and mentions are spread over families."""

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monthly_rows import AS_OF, Row, by_key, check_rows, mentions, months, uploads

from ptm_spark.gold.concentration import build_concentration_monthly
from ptm_spark.tables.gold_series import CONCENTRATION_MONTHLY

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")


def spread(talk: list[Row], models: list[Row]) -> list[Row]:
    rows = build_concentration_monthly(talk, models, as_of=AS_OF)
    check_rows(rows, CONCENTRATION_MONTHLY)
    return rows


def test_months_of_two_subjects_by_hand() -> None:
    """(6, 3, 1): shares 0.6, 0.3, 0.1, so HHI 0.36 + 0.09 + 0.01; Gini 2 (1 + 2*3 + 3*6) / (3 * 10) - 4/3 = 1/3."""
    talk = mentions({"a": [6, 0], "b": [3, 0], "c": [1, 4], "d": [0, 4]}, first=date(2022, 2, 1))
    models = uploads({"a": [5, 0], "none": [95, 10]}, first=date(2022, 2, 1))
    models[1]["is_partial"] = models[3]["is_partial"] = True
    models[1]["coverage"] = models[3]["coverage"] = None
    rows = by_key(spread(talk, models), "subject", "month")
    february, march = date(2022, 2, 1), date(2022, 3, 1)
    assert rows["forum_families", february] == {
        "as_of": AS_OF, "month": february, "subject": "forum_families", "total_count": 10, "value_count": 3,
        "active_count": 3, "hhi": pytest.approx(0.46), "gini": pytest.approx(1 / 3),
        "top_1_share": pytest.approx(0.6), "top_5_share": pytest.approx(1), "top_10_share": pytest.approx(1),
        "coverage": 0.25, "is_partial": False,
    }  # fmt: skip
    later = rows["forum_families", march]
    assert (later["value_count"], later["active_count"], later["hhi"], later["gini"]) == (4, 2, 0.5, 0)
    alone, none = rows["hub_families", february], rows["hub_families", march]
    assert (alone["total_count"], alone["hhi"], alone["gini"], alone["coverage"]) == (5, 1, 0, 0.5)
    assert (none["total_count"], none["value_count"], none["active_count"], none["is_partial"]) == (0, 1, 0, True)
    assert {none[name] for name in ("hhi", "gini", "top_1_share", "top_10_share", "coverage")} == {None}


def test_unknown_months_and_empty_tables_say_nothing() -> None:
    assert spread([], []) == []
    assert spread(mentions({"a": [5]}, month=None), uploads({"a": [5]}, month=None)) == []


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from("abcdefghijklm"), st.lists(st.integers(0, 1_000), min_size=4, max_size=4)))
def test_any_counts_are_within_their_bounds_in_whatever_order(counts: dict[str, list[int]]) -> None:
    talk = mentions(counts)
    rows = spread(talk, [])
    assert [row["month"] for row in rows] == (months(4) if counts else [])
    for row in rows:
        active = row["active_count"]
        if not active:
            assert row["total_count"] == 0 and row["hhi"] is None
            continue
        assert 1 / active - 1e-9 <= row["hhi"] <= 1 + 1e-9
        assert 0 <= row["gini"] <= 1 - 1 / active + 1e-9
        assert row["top_1_share"] <= row["top_5_share"] <= row["top_10_share"] <= 1
        assert row["hhi"] <= row["top_1_share"] + 1e-9
        assert row["value_count"] >= active
    assert sum(row["total_count"] for row in rows) == sum(map(sum, counts.values()))
    assert spread(random.Random(1).sample(talk, len(talk)), []) == rows
