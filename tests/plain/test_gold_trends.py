"""Do monthly series rise or fall: the study's card ratios, shares of known families, and what little data gives."""

import random
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monthly_rows import AS_OF, Row, by_key, check_rows, health, mentions, months, study_cards, uploads

from ptm_spark.gold.trends import build_trend_tests, newest
from ptm_spark.tables.gold_series import TREND_TESTS

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")
_FIGURES = ("tau", "p_plain", "p_hamed_rao", "p_ar1", "q_value", "sen_slope", "change_months", "levels")
#: the series of whole tables, which have a row even where the table is empty
WHOLE = 3 + 4 + 3


def trends_of(**tables: list[Row]) -> list[Row]:
    empty: dict[str, Any] = dict.fromkeys(("uploads", "mentions", "categories", "health", "cards", "concentration"), ())
    rows = build_trend_tests(**(empty | tables), as_of=AS_OF)
    check_rows(rows, TREND_TESTS)
    return rows


def test_the_card_ratio_of_the_study_has_no_trend() -> None:
    """Its replication package, recomputed: tau-a -0.077, p 0.481, by Hamed and Rao 0.59, Sen -0.10 point a month."""
    row = by_key(trends_of(cards=study_cards()), "measure")["card_ratio"]
    assert (row["source"], row["value"], row["n"]) == ("cards_per_cohort_monthly", "all", 42)
    assert (row["first_month"], row["last_month"]) == (date(2019, 12, 1), date(2023, 5, 1))
    assert row["tau"] == pytest.approx(-0.077, abs=0.0005)
    assert row["p_plain"] == pytest.approx(0.481, abs=0.0005)
    assert row["p_hamed_rao"] == pytest.approx(0.59, abs=0.005)
    assert row["sen_slope"] == pytest.approx(-0.0010, abs=0.00005)
    assert row["p_ar1"] > 0.4 and row["round_count"] == 999
    assert (row["change_months"], row["levels"]) == ([], [pytest.approx(0.529, abs=0.0005)])
    assert row["status"] == "ok"


def test_cards_are_those_of_the_newest_observation() -> None:
    older = [row | {"as_of": AS_OF - timedelta(days=30), "card_ratio": 0.5} for row in study_cards()]
    assert newest(older + study_cards()) == study_cards()
    assert trends_of(cards=older + study_cards()) == trends_of(cards=study_cards())


def test_shares_are_of_known_families_so_that_coverage_moves_none() -> None:
    """Two families that halve together while unknown models double: half of the known models each, without a trend."""
    generator = np.random.default_rng(3)
    falling = [int(count) for count in np.linspace(900, 100, 36)]
    other = [count + int(generator.integers(-20, 20)) for count in falling]
    models = uploads({"a": falling, "b": other, "none": [2_000 - 2 * count for count in falling]})
    row = by_key(trends_of(uploads=models), "value", "measure")["a", "upload_share"]
    assert abs(row["tau"]) < 0.4 and row["p_ar1"] > 0.1
    assert row["levels"] == [pytest.approx(0.5, abs=0.03)]


def rising() -> list[Row]:
    generator = np.random.default_rng(5)
    new = [0] * 12 + [int(20 * n + generator.integers(0, 30)) for n in range(30)]
    return uploads({"new": new, "old": [1_000 - count for count in new], "rare": [2] * 42})


def test_a_family_that_rises_from_nothing_is_found_with_its_slope() -> None:
    rows = by_key(trends_of(uploads=rising()), "value", "measure")
    row = rows["new", "upload_share"]
    assert (row["n"], row["first_month"]) == (42, date(2020, 1, 1))
    assert row["tau"] > 0.8 and row["p_plain"] < 1e-9 and row["p_ar1"] < 0.05 and row["round_count"] == 999
    assert 0.014 < row["sen_slope"] < 0.02
    assert rows["rare", "upload_share"]["status"] == "too_few"
    # the same numbers under another measure have a seed of their own, and the same figures without chance
    assert rows["new", "without_bulk_share"]["tau"] == row["tau"]


def test_a_new_level_is_found_in_its_month() -> None:
    generator = np.random.default_rng(1)
    topics = [int(count) for count in generator.integers(80, 120, 44) + np.repeat([0, 60], 22)]
    row = by_key(trends_of(mentions=mentions({"a": topics, "b": [500] * 44})), "value")["a"]
    assert row["change_months"] == [date(2021, 11, 1)]
    assert row["levels"] == [pytest.approx(100 / 600, abs=0.01), pytest.approx(160 / 660, abs=0.01)]


def test_families_and_categories_with_too_little_have_rows_without_figures() -> None:
    talk = mentions({"short": [50] * 23}) + mentions({"few": [4] * 24}, first=date(2020, 1, 1))[:24]
    topics = [
        {"month": month, "category_id": 7, "category_name": "Beginners", "topic_count": 3, "topic_share": 1.0,
         "coverage": 0.5, "is_partial": False}
        for month in months(30)
    ]  # fmt: skip
    rows = by_key(trends_of(mentions=talk[:23], categories=topics), "source", "value")
    short, few = rows["mentions_per_family_monthly", "short"], rows["topics_per_category_monthly", "7"]
    assert (short["status"], short["n"]) == ("too_short", 23)
    assert (few["status"], few["n"], few["label"]) == ("too_few", 30, "Beginners")
    assert {row[name] for row in (short, few) for name in _FIGURES} == {None}


def test_partial_and_unknown_months_are_left_out() -> None:
    rows = health(30)
    rows[0]["is_partial"] = rows[-1]["is_partial"] = rows[10]["is_partial"] = True
    rows.append(rows[3] | {"month": None, "unanswered_share": 0.9})
    rows[5]["unanswered_share"] = None
    found = by_key(trends_of(health=rows), "source", "measure")
    row = found["forum_health_monthly", "unanswered_share"]
    assert (row["n"], row["first_month"], row["last_month"]) == (26, date(2020, 2, 1), date(2022, 5, 1))
    assert (row["status"], row["tau"], row["p_plain"], row["p_ar1"], row["levels"]) == ("constant", 0, 1, None, [0.4])
    assert found["forum_health_monthly", "accepted_share"]["n"] == 27


def test_concentration_of_each_subject_has_its_own_months() -> None:
    rows = [
        {"month": month, "subject": subject, "hhi": 1 / (n + 2), "coverage": 0.5, "is_partial": False}
        for subject, count in (("forum_families", 40), ("hub_families", 10))
        for n, month in enumerate(months(count))
    ]
    found = by_key(trends_of(concentration=rows), "value")
    assert (found["forum_families"]["n"], found["hub_families"]["n"], found["hub_owners"]["n"]) == (40, 10, 0)
    assert found["forum_families"]["tau"] == found["hub_families"]["tau"] == -1
    assert found["hub_owners"]["status"] == "too_short"


def test_q_values_are_of_all_series_of_a_table_together() -> None:
    rows = [row for row in trends_of(uploads=rising(), cards=study_cards()) if row["p_ar1"] is not None]
    of_uploads = [row for row in rows if row["source"] == "uploads_per_family_monthly"]
    p_values = sorted(row["p_ar1"] for row in of_uploads)
    smallest = min(p * len(p_values) / rank for rank, p in enumerate(p_values, 1))
    assert min(row["q_value"] for row in of_uploads) == pytest.approx(smallest)
    assert all(row["q_value"] >= row["p_ar1"] for row in rows)


def test_without_rows_the_series_of_whole_tables_are_too_short() -> None:
    rows = trends_of()
    assert len(rows) == WHOLE
    assert {(row["status"], row["n"], row["p_ar1"]) for row in rows} == {("too_short", 0, None)}


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_tables_give_rows_of_the_contract_in_whatever_order(data: st.DataObject) -> None:
    length = data.draw(st.sampled_from([1, 5, 26]))
    counts = st.lists(st.integers(0, 40), min_size=length, max_size=length)
    models = uploads({"a": data.draw(counts), "b": data.draw(counts), "none": data.draw(counts)})
    ratios = st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=length, max_size=length)
    forum = [row | {"unanswered_share": share} for row, share in zip(health(length), data.draw(ratios), strict=True)]
    rows = trends_of(uploads=models, health=forum)
    assert len(rows) == WHOLE + 4
    for row in rows:
        assert all(row[name] is None or 0 <= row[name] <= 1 for name in ("p_plain", "p_hamed_rao", "p_ar1", "q_value"))
        assert row["tau"] is None or -1 <= row["tau"] <= 1
        assert row["levels"] is None or len(row["levels"]) == len(row["change_months"]) + 1
    shuffled = random.Random(1).sample(models, len(models)), random.Random(2).sample(forum, len(forum))
    again = trends_of(uploads=shuffled[0], health=shuffled[1])
    assert again == rows
