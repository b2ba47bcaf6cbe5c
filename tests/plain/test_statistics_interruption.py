"""Steps at events: the regression against another author's, the bootstrap against what it must hold."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
import statsmodels.api as sm
from dumps import quick
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.statistics import autoregression
from ptm_spark.statistics.interruption import MergedEvent, merge_events, segmented_design, step_effect

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")


def noise(months: int, seed: int, lag1: float = 0.0) -> np.ndarray:
    """One AR(1) series."""
    return next(autoregression.simulate(lag1, months, 1, np.random.default_rng(seed)))[0]


def test_the_design_in_words() -> None:
    found = segmented_design(np.arange(4), 2)
    assert found.tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 2, 1, 0], [1, 3, 1, 1]]


@pytest.mark.parametrize(("months", "at", "seed"), [(29, 23, 1), (40, 20, 2), (60, 13, 3)])
def test_the_regression_and_its_naive_tests_are_another_authors(months: int, at: int, seed: int) -> None:
    values = 50 + noise(months, seed, 0.5) + 2 * (np.arange(months) >= at)
    values[4] = np.nan
    found = step_effect(values, at, rounds=19)
    here = np.flatnonzero(~np.isnan(values))
    usual = sm.OLS(values[here], segmented_design(here, at)).fit()
    newey_west = usual.get_robustcov_results("HAC", maxlags=1, use_t=False)
    assert (found.slope_before, found.step, found.slope_change) == pytest.approx(tuple(usual.params[1:]))
    assert found.slope_after == pytest.approx(usual.params[1] + usual.params[3])
    assert (found.t, found.p_ols) == pytest.approx((usual.tvalues[2], usual.pvalues[2]))
    assert found.p_hac == pytest.approx(newey_west.pvalues[2])
    naive = [
        sm.OLS(values[here], segmented_design(here, month)).fit() for month in here[5:-4] if month != at
    ]  # fmt: skip
    assert found.placebos == len(naive)
    assert found.placebos_as_large == sum(abs(other.tvalues[2]) >= abs(found.t) for other in naive)
    assert found.placebos_by_ols == sum(other.pvalues[2] < 0.05 for other in naive)


def test_a_step_larger_than_persistence_makes_is_found() -> None:
    found = step_effect(noise(40, 4, 0.3) + 8 * (np.arange(40) >= 20), 20)
    assert (found.status, found.p, found.placebos_as_large) == ("ok", 0.001, 0)
    assert found.step == pytest.approx(8, abs=2)


def test_level_and_slope_do_not_change_the_test_nor_does_scale() -> None:
    values = noise(36, 5, 0.5)
    plain, moved = step_effect(values, 18), step_effect(1e6 * (values + 7 + 3 * np.arange(36)), 18)
    assert (moved.t, moved.p, moved.lag1) == pytest.approx((plain.t, plain.p, plain.lag1))
    assert moved.step == pytest.approx(1e6 * plain.step)


def test_the_interval_mostly_holds_the_step_and_holds_0_as_the_test_says() -> None:
    found = [step_effect(noise(36, seed, 0.5) + 3 * (np.arange(36) >= 18), 18, rounds=199) for seed in range(80)]
    assert sum(one.low <= 3 <= one.high for one in found) >= 0.85 * 80
    assert all((one.low <= 0 <= one.high) == (one.p > 0.05) for one in found if abs(one.p - 0.05) > 0.011)


def test_persistent_noise_fools_the_naive_tests() -> None:
    found = [step_effect(noise(29, seed, 0.8), 23, rounds=99) for seed in range(120)]
    assert sum(one.p_hac < 0.05 for one in found) > 0.3 * 120
    assert sum(one.p_ols < 0.05 for one in found) > 0.15 * 120
    assert sum(one.p <= 0.05 for one in found) < 0.1 * 120


@pytest.mark.parametrize(
    ("values", "at", "status"),
    [
        ([], 5, "too_short"),
        ([np.nan] * 40, 20, "too_short"),
        (noise(40, 1), -3, "too_short"),
        (noise(40, 1), 40, "too_short"),
        (noise(40, 1), 38, "too_short"),
        ([4.0] * 40, 20, "constant"),
        ([0.0] * 20 + [3.0] * 20, 20, "variance_undefined"),
        (noise(40, 1), 11, "underpowered"),
        (noise(40, 1), 29, "underpowered"),
        (noise(40, 1), 12, "ok"),
        (noise(40, 1), 28, "ok"),
    ],
)
def test_status_of_a_step(values: list[float], at: int, status: str) -> None:
    found = step_effect(values, at, rounds=19)
    assert found.status == status
    assert (found.p is not None) == (status in ("ok", "underpowered"))
    assert (found.step is None) == (status == "too_short")


def test_a_clean_step_has_its_size_and_no_test() -> None:
    found = step_effect([0.0] * 20 + [3.0] * 20, 20)
    assert found.step == pytest.approx(3)
    assert (found.slope_before, found.slope_after) == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9))
    assert (found.t, found.p) == (None, None)


def test_without_adjacent_months_nothing_tells_of_persistence() -> None:
    values = np.full(60, np.nan)
    values[::2] = noise(30, 6)
    found = step_effect(values, 30)
    assert (found.status, found.before, found.after, found.p) == ("underpowered", 15, 15, None)
    assert found.step is not None


def test_an_event_in_a_month_without_a_value_is_no_placebo_of_itself() -> None:
    values = noise(40, 7)
    values[20] = np.nan
    assert step_effect(values, 20, rounds=19).placebos == 39 - 10


def test_tool_dates_of_documentation_become_three_events() -> None:
    days = [(2021, 9, 15), (2021, 10, 11), (2022, 5, 12), (2022, 9, 2), (2022, 11, 16), (2022, 12, 20), (2023, 2, 16)]
    found = merge_events([date(*day) for day in (*days, (2023, 11, 10))])
    assert [(event.first, event.last, len(event.dates)) for event in found] == [
        (date(2021, 9, 15), date(2021, 10, 11), 2),
        (date(2022, 5, 12), date(2023, 2, 16), 5),
        (date(2023, 11, 10), date(2023, 11, 10), 1),
    ]


@pytest.mark.parametrize(
    ("first", "second", "events"),
    [
        ((2022, 1, 15), (2022, 7, 14), 1),
        ((2022, 1, 15), (2022, 7, 15), 2),
        ((2022, 8, 31), (2023, 2, 27), 1),
        ((2022, 8, 31), (2023, 2, 28), 2),
        ((2023, 8, 31), (2024, 2, 28), 1),
        ((2022, 6, 30), (2022, 12, 30), 2),
        ((2022, 1, 15), (2022, 1, 15), 1),
    ],
)
def test_six_months_are_calendar_months(first: tuple[int, int, int], second: tuple[int, int, int], events: int) -> None:
    assert len(merge_events([date(*second), date(*first)])) == events


@quick
@given(st.lists(st.dates(date(2019, 1, 1), date(2030, 12, 31)), max_size=12), st.integers(1, 14))
def test_events_are_parted_and_none_is_lost(days: list[date], months: int) -> None:
    found = merge_events(days, months)
    assert [day for event in found for day in event.dates] == sorted(set(days))
    assert all(event == MergedEvent(event.dates[0], event.dates[-1], event.dates) for event in found)
    for earlier, later in pairwise(found):
        assert (later.first - earlier.last).days >= 28 * months
