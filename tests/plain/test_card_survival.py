"""The Aalen–Johansen estimator on counts: by hand, against statsmodels, and at its edges."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight

from ptm_spark.gold.card_survival import (
    Day,
    build_card_survival_monthly,
    cumulative_incidence,
    incidence_interval,
)
from ptm_spark.statistics.proportions import score_interval, wilson
from ptm_spark.tables.gold_cards import CARD_SURVIVAL_MONTHLY

AS_OF = datetime(2023, 7, 10, 12, tzinfo=UTC)
MAY, JUNE, JULY = date(2023, 5, 1), date(2023, 6, 1), date(2023, 7, 1)
#: of ten models: on day 1 two get a card and one goes; on day 5 one is followed no longer; on day 20 two get a card and
#: one goes; three are followed to day 40
TEN = [Day(1, cards=2, removals=1), Day(5, ends=1), Day(20, cards=2, removals=1), Day(40, ends=3)]


def test_ten_models_by_hand() -> None:
    # day 1: S = 1, 10 at risk; day 20: S = 7/10, 6 at risk
    assert cumulative_incidence(TEN, 0) == (0, 0)
    assert cumulative_incidence(TEN, 1) == pytest.approx((0.2, 0.1))
    assert cumulative_incidence(TEN, 19) == pytest.approx((0.2, 0.1))
    assert cumulative_incidence(TEN, 20) == pytest.approx((0.2 + 0.7 * 2 / 6, 0.1 + 0.7 / 6))
    assert cumulative_incidence(TEN, 40) == pytest.approx((13 / 30, 13 / 60))


def test_beyond_those_who_were_followed_nothing_is_known() -> None:
    assert cumulative_incidence(TEN, 41) is None
    assert cumulative_incidence([], 30) is None
    assert cumulative_incidence([Day(29, ends=4)], 30) is None
    assert cumulative_incidence([Day(30, ends=4)], 30) == (0, 0)
    # whoever has a card or is gone stays so: no more need be followed
    assert cumulative_incidence([Day(2, cards=3), Day(9, removals=1)], 365) == pytest.approx((0.75, 0.25))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from([0, 1, 2])), min_size=1, max_size=60), st.integers(0, 14))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of its standard errors, where nobody is left
def test_statsmodels_says_the_same(models: list[tuple[int, int]], horizon: int) -> None:
    found = cumulative_incidence(days_of(models), horizon)
    if found is None:
        assert max(day for day, _ in models) < horizon
        return
    assert 0 <= found[0] <= 1 and 0 <= found[1] <= 1 and sum(found) <= 1 + 1e-9
    # its times begin at 1, and its competing events are numbered without a gap
    times = np.array([day + 1 for day, _ in models], dtype=float)
    kinds = np.array([kind for _, kind in models])
    events = [kind for kind in (1, 2) if kind in kinds]
    if not events:
        assert found == (0, 0)
        return
    renamed = np.select([kinds == kind for kind in events], range(1, len(events) + 1), 0)
    oracle = CumIncidenceRight(times, renamed)
    upto = int(np.searchsorted(oracle.times, horizon + 1, side="right")) - 1
    for kind, value in zip((1, 2), found, strict=True):
        expected = oracle.cinc[events.index(kind)][upto] if kind in events and upto >= 0 else 0
        assert value == pytest.approx(expected, abs=1e-9)
        low, high = incidence_interval(days_of(models), horizon, "cards" if kind == 1 else "removals")
        assert 0 <= low <= value + 1e-9 and value - 1e-9 <= high <= 1
        error = oracle.cinc_se[events.index(kind)][upto] if kind in events and upto >= 0 else 0
        if np.isfinite(error) and error > 1e-6 and value < 1:
            assert (low, high) == pytest.approx(score_interval(value, value * (1 - value) / error**2), abs=1e-6)


def test_without_censoring_the_interval_is_that_of_the_share() -> None:
    days = [Day(1, cards=3, removals=1), Day(4, cards=2), Day(9, removals=4)]
    share = wilson(5, 10)
    assert incidence_interval(days, 30, "cards") == pytest.approx((share.low, share.high))
    assert incidence_interval([Day(40, ends=10)], 30, "cards") == pytest.approx((0, wilson(0, 10).high))
    assert incidence_interval([Day(2, cards=10)], 30, "cards") == pytest.approx((wilson(10, 10).low, 1))


def test_of_those_who_left_early_nothing_is_known() -> None:
    assert incidence_interval([Day(2, ends=990), Day(40, ends=10)], 30, "cards")[1] == pytest.approx(wilson(0, 10).high)
    found = incidence_interval([Day(1, ends=999), Day(5, cards=1)], 30, "cards")
    assert found == pytest.approx((wilson(1, 1).low, 1))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from([1, 2])), min_size=1, max_size=60), st.integers(12, 400))
def test_where_all_were_followed_to_an_event_it_is_their_share(models: list[tuple[int, int]], horizon: int) -> None:
    shares = [sum(kind == wanted for _, kind in models) / len(models) for wanted in (1, 2)]
    assert cumulative_incidence(days_of(models), horizon) == pytest.approx(tuple(shares))


def days_of(models: list[tuple[int, int]]) -> list[Day]:
    """(day, 0 followed no longer, 1 card, 2 removal) of single models, in any order, as counts."""
    counts = {day: [0, 0, 0] for day, _ in models}
    for day, kind in models:
        counts[day][kind] += 1
    return [Day(day, cards=of[1], removals=of[2], ends=of[0]) for day, of in counts.items()]


def event(month: date | None, name: str, day: int | None, models: int) -> dict[str, Any]:
    return {"month": month, "event": name, "day": day, "model_count": models}


def test_months_have_no_gap_and_the_unknown_one_comes_last() -> None:
    counts = [
        event(None, "unknown", None, 2),
        event(MAY, "card", 1, 3),
        event(MAY, "removed", 2, 1),
        event(MAY, "none", 50, 4),
        event(MAY, "unknown", None, 2),
    ]
    found = build_card_survival_monthly(counts, as_of=AS_OF)
    assert [set(row) for row in found] == [set(CARD_SURVIVAL_MONTHLY.names)] * 4
    names = ("month", "model_count", "followed_count", "coverage", "first_card_count", "removed_count", "is_partial")
    assert [tuple(row[name] for name in names) for row in found] == [
        (MAY, 10, 8, 0.8, 3, 1, False),
        (JUNE, 0, 0, None, 0, 0, False),
        (JULY, 0, 0, None, 0, 0, True),
        (None, 2, 0, 0.0, 0, 0, False),
    ]
    may = found[0]
    assert (may["incidence_30"], may["removal_incidence_30"]) == pytest.approx((3 / 8, 1 / 8))
    assert (may["incidence_90"], may["removal_incidence_365"]) == (None, None)
    assert [row["incidence_30"] for row in found[1:]] == [None] * 3


def test_nothing_gives_no_row() -> None:
    assert build_card_survival_monthly([], as_of=AS_OF) == []
