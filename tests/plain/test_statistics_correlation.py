"""Correlations of months against other authors' figures; leads, lags and intervals against what they are made of."""

import numpy as np
import pytest
import scipy.stats
from dumps import quick
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from ptm_spark.statistics import autoregression, intervals
from ptm_spark.statistics.correlation import (
    ar1_surrogate_p,
    benjamini_hochberg,
    smallest_detectable_rho,
    spearman,
)
from ptm_spark.statistics.intervals import stationary_bootstrap_interval
from ptm_spark.statistics.lead_lag import lead_lag

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")
NAN = float("nan")


def noise(months: int, seed: int, lag1: float = 0.0) -> np.ndarray:
    """One AR(1) series."""
    return next(autoregression.simulate(lag1, months, 1, np.random.default_rng(seed)))[0]


@quick
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=4, max_size=40))
def test_rho_is_pearsons_of_ranks(pairs: list[tuple[int, int]]) -> None:
    x, y = (np.array(series, dtype=float) for series in zip(*pairs, strict=True))
    found = spearman(x, y)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert (found.status, found.rho, found.p) == ("constant", None, None)
    else:
        assert found.status == "ok"
        assert found.rho == pytest.approx(np.corrcoef(scipy.stats.rankdata(x), scipy.stats.rankdata(y))[0, 1])


def test_naive_p_is_students() -> None:
    # rho = 1 - 6 * 4 / (5 * 24) = 0.8; t = 0.8 sqrt(3 / 0.36) = 2.309 with 3 degrees of freedom
    found = spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
    assert found.rho == pytest.approx(0.8)
    assert found.p == pytest.approx(0.1041, abs=5e-5)


def test_only_months_with_both_count() -> None:
    x, y = [1, 2, NAN, 4, 5, 6], [1, None, 3, 8, 5, 2]
    assert spearman(x, y) == spearman([1, 4, 5, 6], [1, 8, 5, 2])
    assert spearman(x[:4], y[:4]).status == "too_short"


def test_series_that_move_together_are_found() -> None:
    x = noise(36, 1, 0.5)
    y = x + 0.5 * noise(36, 2)
    assert ar1_surrogate_p(x, y).p == 0.001, "the smallest that 999 surrogates can give"
    assert ar1_surrogate_p(x, -y).p == 0.001


def test_persistence_makes_the_same_rho_less_telling() -> None:
    # the same pairs of values, in another order of months: rho stays, its naive p stays
    x, y = noise(36, 4, 0.9), noise(36, 54, 0.9)
    order = np.random.default_rng(0).permutation(36)
    lively, persistent = ar1_surrogate_p(x[order], y[order]), ar1_surrogate_p(x, y)
    assert lively.rho == pytest.approx(persistent.rho)
    assert lively.p == pytest.approx(spearman(x, y).p, abs=0.05)
    assert (lively.p < 0.005, persistent.p > 0.05) == (True, True)
    assert (persistent.x_lag1 > 0.7, abs(lively.x_lag1) < 0.4) == (True, True)


def test_monotone_transformations_and_the_size_of_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = noise(36, 3, 0.7), noise(36, 4, 0.7)
    whole = ar1_surrogate_p(x, y, rounds=499, seed=5)
    assert ar1_surrogate_p(np.exp(2 * x), -(y**3), rounds=499, seed=5).p == whole.p
    monkeypatch.setattr(autoregression, "_BLOCK", 150)
    assert ar1_surrogate_p(x, y, rounds=499, seed=5) == whole
    assert ar1_surrogate_p(x, y, rounds=499, seed=6).p != whole.p


@pytest.mark.parametrize(
    ("x", "y", "status"),
    [
        ([], [], "too_short"),
        ([NAN] * 40, range(40), "too_short"),
        (range(7), [3, 1, 2, 5, 4, 7, 6], "too_short"),
        ([1] * 40, range(40), "constant"),
        (range(40), [0, 1] * 20, "near_unit_root"),
        ([0, 3, 1, 2] * 9, [1, 0, 2, 3, 5] * 7 + [1], "ok"),
    ],
)
def test_status_of_a_surrogate_test(x: list[float], y: list[float], status: str) -> None:
    found = ar1_surrogate_p(list(x), list(y), rounds=19)
    assert found.status == status
    assert (found.p is None) == (status in ("too_short", "constant"))


@quick
@given(st.lists(st.none() | st.floats(0, 1), max_size=12))
def test_false_discovery_rates_are_another_authors_and_no_test_stays_none(p_values: list[float | None]) -> None:
    found = benjamini_hochberg(p_values)
    known = [p for p in p_values if p is not None]
    assert [p is None for p in found] == [p is None for p in p_values]
    if known:
        assert [p for p in found if p is not None] == pytest.approx(list(multipletests(known, method="fdr_bh")[1]))


@pytest.mark.parametrize("p", [-0.1, 1.1, NAN])
def test_a_p_value_is_within_0_and_1(p: float) -> None:
    with pytest.raises(ValueError, match="outside 0-1"):
        benjamini_hochberg([0.5, p])


@pytest.mark.parametrize(("n", "rho"), [(3, None), (34, 0.476), (36, 0.464), (42, 0.432), (1000, 0.091)])
def test_smallest_detectable_rho(n: int, rho: float | None) -> None:
    # tanh(2.802 sqrt(1.06 / (n - 3)))
    assert smallest_detectable_rho(n) == (None if rho is None else pytest.approx(rho, abs=1e-3))


def test_a_follower_is_found_at_its_lag() -> None:
    x = noise(42, 7)
    y = np.concatenate([noise(2, 8), x[:-2]]) + 0.3 * noise(42, 9)
    found = lead_lag(x, y)
    assert [part.lag for part in found.lags] == [-3, -2, -1, 0, 1, 2, 3]
    assert [part.n for part in found.lags] == [39, 40, 41, 42, 41, 40, 39]
    assert [part.lag for part in found.lags if part.p_bonferroni < 0.05] == [2]
    assert found.lags[5].rho == pytest.approx(spearman(x[:-2], y[2:]).rho)
    assert found.lags[1].rho == pytest.approx(spearman(x[2:], y[:-2]).rho)


def test_lags_are_adjusted_together_and_lag_0_is_the_test_alone() -> None:
    x, y = noise(36, 12, 0.5), noise(36, 13, 0.5)
    found = lead_lag(x, y, seed=3)
    p_values = [part.p for part in found.lags]
    assert found.lags[3].p == ar1_surrogate_p(x, y, seed=3).p
    assert [part.p_bonferroni for part in found.lags] == [min(1.0, 7 * p) for p in p_values]
    assert tuple(part.p_bh for part in found.lags) == benjamini_hochberg(p_values)


def test_lags_are_months_where_some_are_missing() -> None:
    x, y = noise(40, 20), noise(40, 21)
    x[5], y[10] = NAN, NAN
    found = lead_lag(x, y, max_lag=1, rounds=19)
    assert [part.n for part in found.lags] == [37, 38, 37]
    assert found.lags[2].rho == pytest.approx(spearman(x[:-1], y[1:]).rho)


def test_short_series_are_not_searched() -> None:
    assert (lead_lag(noise(29, 1), noise(29, 2)).status, lead_lag(noise(29, 1), noise(29, 2)).lags) == ("too_short", ())
    assert lead_lag(noise(30, 1), noise(30, 2), rounds=19).status == "ok"
    assert lead_lag([1] * 40, noise(40, 2)).status == "constant"
    with pytest.raises(ValueError, match="greatest lag"):
        lead_lag(noise(30, 1), noise(30, 2), max_lag=-1)


def test_stretches_are_runs_of_months_of_the_length_asked_for() -> None:
    found = intervals._stretches(200, 4.0, 300, np.random.default_rng(0))
    assert (found.min(), found.max(), found.shape) == (0, 199, (300, 200))
    goes_on = (found[:, 1:] - found[:, :-1]) % 200 == 1
    # a stretch ends with probability 1/4, and one in 200 new ones goes on by chance
    assert goes_on.mean() == pytest.approx(0.75 + 0.25 / 200, abs=0.01)
    assert np.bincount(found.ravel(), minlength=200).mean() == 300
    assert (intervals._stretches(50, 1.0, 3, np.random.default_rng(0)) >= 0).all()


def test_of_independent_months_the_interval_is_near_that_of_theory() -> None:
    x = noise(300, 30)
    y = x + noise(300, 31)
    found = stationary_bootstrap_interval(x, y, 1, rounds=1999)
    reach = 1.96 * np.sqrt(1.06 / 297)
    assert found.low == pytest.approx(np.tanh(np.arctanh(found.rho) - reach), abs=0.03)
    assert found.high == pytest.approx(np.tanh(np.arctanh(found.rho) + reach), abs=0.03)


def test_an_interval_is_wider_at_a_higher_level_and_the_same_again() -> None:
    x, y = noise(36, 40, 0.5), noise(36, 41, 0.5)
    wide, narrow = (stationary_bootstrap_interval(x, y, 6, level=level) for level in (0.99, 0.8))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert stationary_bootstrap_interval(x, y, 6, level=0.8) == narrow


def test_blocks_of_resamples_do_not_depend_on_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = noise(36, 40, 0.5), noise(36, 41, 0.5)
    monkeypatch.setattr(intervals, "_BLOCK", 500)
    found = stationary_bootstrap_interval(x, y, 6, rounds=99)
    assert found.rounds == 99
    assert found.low < found.rho < found.high


def test_resamples_without_rho_are_not_counted() -> None:
    mostly = [0] * 19 + [1]
    found = stationary_bootstrap_interval(mostly, range(20), 3, rounds=200)
    assert found.status == "ok"
    assert 100 < found.rounds < 160
    assert stationary_bootstrap_interval([0] * 39 + [1], range(40), 40, rounds=200, seed=1).status == "ok"
    assert stationary_bootstrap_interval([1] * 9, range(9), 3).status == "constant"
    with pytest.raises(ValueError, match="at least one month"):
        stationary_bootstrap_interval(mostly, mostly, 0.5)
