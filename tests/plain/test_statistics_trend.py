"""Trend tests against another author's, and against what can be counted by hand."""

from itertools import combinations

import numpy as np
import pymannkendall
import pytest
from dumps import quick
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.statistics import autoregression
from ptm_spark.statistics.trend import ar1_trend_p, hamed_rao, kendall_scores, mann_kendall, sen_slope

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")


def noise(lag1: float, months: int, seed: int) -> np.ndarray:
    """One AR(1) series."""
    return next(autoregression.simulate(lag1, months, 1, np.random.default_rng(seed)))[0]


@quick
@given(st.lists(st.integers(-4, 4), min_size=3, max_size=40))
def test_mann_kendall_is_another_authors_ties_included(values: list[int]) -> None:
    found = mann_kendall(values)
    oracle = pymannkendall.original_test(values) if len(set(values)) > 1 else None
    pairs = list(combinations(values, 2))
    assert found.s == sum((later > earlier) - (later < earlier) for earlier, later in pairs)
    assert found.tau == pytest.approx(found.s / len(pairs))
    if oracle is not None:
        assert (found.s, found.variance) == (oracle.s, pytest.approx(oracle.var_s))
        assert found.p == pytest.approx(oracle.p)


@pytest.mark.parametrize(
    ("values", "exact"),
    [([1, 2, 3], 2 / 6), ([4, 3, 2, 1], 2 / 24), ([1, 3, 2, 4], 8 / 24), ([1, 2, 2], None), (list(range(11)), None)],
)
def test_exact_p_is_the_share_of_all_orders(values: list[int], exact: float | None) -> None:
    assert mann_kendall(values).p_exact == (None if exact is None else pytest.approx(exact))


@pytest.mark.parametrize("lag1", [-0.6, 0.0, 0.5, 0.9])
@pytest.mark.parametrize("lags", [None, 3])
def test_hamed_rao_is_another_authors(lag1: float, lags: int | None) -> None:
    corrected = 0
    for seed in range(40):
        values = noise(lag1, 15 + seed, seed)
        found, oracle = hamed_rao(values, lags), pymannkendall.original_test(values)
        if found.status == "ok":
            oracle = pymannkendall.hamed_rao_modification_test(values, lag=lags)
            corrected += found.correction != 1
        # of an odd number of pairs one has Sen's slope, and its months are tied without it: here they share a rank,
        # there errors of rounding decide
        near = 1e-6 if len(values) * (len(values) - 1) // 2 % 2 == 0 else 0.02
        assert found.s == oracle.s
        assert found.p == pytest.approx(oracle.p, abs=near)
    assert corrected >= 4, "some of them are to have a lag that counts"


def test_an_undefined_variance_gives_the_plain_test_and_says_so() -> None:
    alternating = np.tile([1.0, -1.0], 10) + 0.3 * np.random.default_rng(2).standard_normal(20)
    found, plain = hamed_rao(alternating), mann_kendall(alternating)
    assert (found.status, found.correction) == ("variance_undefined", None)
    assert (found.p, found.variance) == (plain.p, plain.variance)


def test_a_straight_line_leaves_no_ranks_to_correct_by() -> None:
    found = hamed_rao([0.1 * month for month in range(20)])
    assert (found.status, found.s) == ("variance_undefined", 190)


@quick
@given(st.lists(st.none() | st.integers(-50, 50), min_size=2, max_size=30))
def test_sens_slope_is_the_median_slope_of_pairs_of_months(values: list[int | None]) -> None:
    known = [(month, value) for month, value in enumerate(values) if value is not None]
    found = sen_slope(values)
    if len(known) < 2:
        assert (found.status, found.slope) == ("too_short", None)
        return
    slopes = [(b - a) / (there - here) for (here, a), (there, b) in combinations(known, 2)]
    assert found.slope == pytest.approx(float(np.median(slopes)), abs=1e-12)
    assert found.low <= found.slope <= found.high
    oracle = pymannkendall.sens_slope([np.nan if value is None else value for value in values])
    assert (found.slope, found.intercept) == (pytest.approx(oracle.slope), pytest.approx(oracle.intercept))


def test_of_long_series_pairs_are_drawn_and_slope_and_interval_hardly_differ() -> None:
    values = np.random.default_rng(3).standard_normal(1600) + 0.001 * np.arange(1600)
    drawn, whole = sen_slope(values), sen_slope(values[:1500])
    assert drawn.slope == pytest.approx(pymannkendall.sens_slope(values).slope, abs=5e-6)
    assert drawn.high - drawn.low == pytest.approx(whole.high - whole.low, rel=0.15)


def test_scores_by_comparing_and_by_sorting_are_the_same() -> None:
    rows = np.random.default_rng(2).integers(0, 300, (3, 501)).astype(float)
    compared = [sum(int(np.sign(row[i + 1 :] - row[i]).sum()) for i in range(501)) for row in rows]
    assert kendall_scores(rows).tolist() == compared
    for months in (128, 129, 500):
        part = rows[:, :months]
        compared = [sum(int(np.sign(row[i + 1 :] - row[i]).sum()) for i in range(months)) for row in part]
        assert kendall_scores(part).tolist() == compared
    assert kendall_scores(np.arange(129.0)[np.newaxis]).tolist() == [129 * 128 / 2]
    assert kendall_scores(np.zeros((2, 501))).tolist() == [0, 0]


def test_a_clear_trend_is_found_and_its_direction_does_not_matter() -> None:
    rising = noise(0.3, 36, 5) + np.linspace(0, 5, 36)
    up, down = ar1_trend_p(rising, seed=1), ar1_trend_p(-rising, seed=1)
    assert up.p <= 0.01
    assert up.s == -down.s
    assert up.p == pytest.approx(down.p, abs=0.02)


def test_a_monotone_transformation_changes_nothing() -> None:
    values = noise(0.6, 36, 8)
    assert ar1_trend_p(np.exp(3 * values), seed=4) == ar1_trend_p(values, seed=4)


def test_the_seed_decides_and_the_size_of_blocks_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    values = noise(0.5, 30, 11)
    whole = ar1_trend_p(values, rounds=499, seed=7)
    monkeypatch.setattr(autoregression, "_BLOCK", 100)
    assert ar1_trend_p(values, rounds=499, seed=7) == whole
    assert ar1_trend_p(values, rounds=499, seed=8).p != whole.p


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([], "too_short"),
        ([None] * 40, "too_short"),
        (range(7), "too_short"),
        ([1, None, 2, None] * 10, "too_short"),
        ([3] * 40, "constant"),
        (np.cumsum(range(40)), "near_unit_root"),
        ([0, 2, 1, 3, 0, 2, 1, 2], "ok"),
    ],
)
def test_status_of_a_surrogate_test(values: list[float], status: str) -> None:
    found = ar1_trend_p(list(values), rounds=19)
    assert found.status == status
    assert (found.p is None) == (status in ("too_short", "constant"))


def test_persistence_is_recovered_without_bias() -> None:
    rows = np.concatenate(list(autoregression.simulate(0.8, 36, 600, np.random.default_rng(9))))
    found = [autoregression.fit_persistence(row).lag1 for row in rows]
    usual = autoregression.lag_one(rows - rows.mean(axis=1, keepdims=True))
    assert float(np.median(found)) == pytest.approx(0.8, abs=0.03)
    assert float(np.mean(usual)) == pytest.approx(0.67, abs=0.03)


def test_beyond_the_simulated_lengths_a_formula_goes_on() -> None:
    values = noise(0.7, 121, 3)
    assert autoregression.fit_persistence(values[:120]).lag1 == pytest.approx(
        autoregression.fit_persistence(values).lag1, abs=0.03
    )


def test_surrogates_have_the_values_and_the_persistence_and_nothing_else() -> None:
    values = np.array([0.0, 0.0, 0.0, 1.0, 2.0, 2.0, 5.0, 9.0])
    drawn = next(autoregression.simulate(0.5, 8, 2000, np.random.default_rng(0)))
    found = autoregression.in_the_order_of(drawn, values)
    assert (np.sort(found, axis=1) == values).all()
    assert (np.diff(np.take_along_axis(found, np.argsort(drawn, axis=1), axis=1)) >= 0).all()
    long = next(autoregression.simulate(0.5, 2000, 20, np.random.default_rng(0)))
    assert float(autoregression.lag_one(long).mean()) == pytest.approx(0.5, abs=0.02)
    assert float(drawn[:, 0].var()) == pytest.approx(1 / (1 - 0.25), rel=0.1)


def test_pairs_across_a_gap_do_not_count_as_adjacent() -> None:
    rows = np.array([[1.0, 1.0, -1.0, -1.0]])
    assert autoregression.lag_one(rows).tolist() == [0.25]
    assert autoregression.lag_one(rows, np.array([True, False, True])).tolist() == [0.75]
    assert autoregression.lag_one(np.zeros((1, 4))).tolist() == [0.0]
