"""Shares, their intervals and how they spread; how unevenly counts are spread. By hand and against other authors."""

import numpy as np
import pytest
import scipy.stats
from dumps import quick
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from ptm_spark.statistics.concentration import gini, hhi, top_share
from ptm_spark.statistics.proportions import dispersion, wilson

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")
COUNTS = st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any)


@quick
@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilsons_interval_is_another_authors(n: int, share: float, level: float) -> None:
    successes = round(share * n)
    found = wilson(successes, n, level)
    low, high = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    assert (found.status, found.ratio) == ("ok", successes / n)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


def test_wilson_by_hand() -> None:
    # 8 of 10: (0.8 + 0.19207 ± 1.96 sqrt(0.016 + 0.0096037)) / 1.38415
    found = wilson(8, 10)
    assert (found.low, found.high) == (pytest.approx(0.4902, abs=5e-5), pytest.approx(0.9433, abs=5e-5))
    assert (wilson(0, 0).status, wilson(0, 0).low) == ("empty", None)
    with pytest.raises(ValueError, match="11 successes of 10"):
        wilson(11, 10)


def test_dispersion_is_that_of_the_table_of_successes_and_failures() -> None:
    successes, counts = [3, 10, 0, 7], [10, 12, 8, 30]
    found = dispersion(successes, counts)
    table = [successes, [whole - part for part, whole in zip(successes, counts, strict=True)]]
    assert found.chi_squared == pytest.approx(scipy.stats.chi2_contingency(table, correction=False).statistic)
    assert (found.n, found.ratio, found.dispersion) == (4, 20 / 60, pytest.approx(found.chi_squared / 3))


def test_binomial_months_have_a_dispersion_near_1() -> None:
    counts = np.full(2000, 50)
    assert dispersion(np.random.default_rng(0).binomial(counts, 0.3), counts).dispersion == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("successes", "counts", "status"),
    [
        ([], [], "empty"),
        ([0, 0], [0, 0], "empty"),
        ([None, 1], [3, None], "empty"),
        ([1, 0], [3, 0], "too_short"),
        ([0, 0], [3, 4], "constant"),
        ([3, 4], [3, 4], "constant"),
        ([1, 4, None], [3, 4, 5], "ok"),
    ],
)
def test_status_of_a_dispersion(successes: list[float], counts: list[float], status: str) -> None:
    found = dispersion(successes, counts)
    assert (found.status, found.dispersion is None) == (status, status != "ok")


@pytest.mark.parametrize(("successes", "counts"), [([5, 1], [4, 4]), ([-1, 1], [4, 4]), ([0.5, 1], [4, 4])])
def test_what_are_no_counts_of_a_part_is_refused(successes: list[float], counts: list[float]) -> None:
    with pytest.raises(ValueError, match="count"):
        dispersion(successes, counts)


@pytest.mark.parametrize(
    ("counts", "squares", "inequality", "top"),
    [
        ([5, 5, 5, 5], 0.25, 0.0, 0.5),
        ([0, 0, 0, 7], 1.0, 0.75, 1.0),
        ([1, 2, 3], 14 / 36, 2 / 9, 5 / 6),
        ([10], 1.0, 0.0, 1.0),
        ([1, None, 3, float("nan")], 10 / 16, 0.25, 1.0),
    ],
)
def test_concentration_by_hand(counts: list[float], squares: float, inequality: float, top: float) -> None:
    assert (hhi(counts).value, gini(counts).value) == (pytest.approx(squares), pytest.approx(inequality))
    assert top_share(counts, 2).value == pytest.approx(top)
    assert hhi(counts).n == len([count for count in counts if count is not None and count == count])


@quick
@given(COUNTS)
def test_gini_is_the_mean_difference_over_twice_the_mean(counts: list[int]) -> None:
    values = np.array(counts, dtype=float)
    pairs = np.abs(values[:, np.newaxis] - values).mean()
    assert gini(counts).value == pytest.approx(pairs / (2 * values.mean()), abs=1e-12)


@quick
@given(COUNTS, st.integers(1, 25))
def test_order_and_unit_do_not_matter_and_zeros_only_to_gini(counts: list[int], k: int) -> None:
    for figure in (hhi, gini, lambda of: top_share(of, k)):
        assert figure(sorted(counts)).value == pytest.approx(figure([7 * count for count in counts]).value)
    assert hhi([*counts, 0]).value == pytest.approx(hhi(counts).value)
    assert top_share([*counts, 0], k).value == pytest.approx(top_share(counts, k).value)
    assert gini([*counts, 0]).value >= gini(counts).value
    assert 1 / len(counts) <= hhi(counts).value + 1e-12 <= 1 + 1e-9


@pytest.mark.parametrize("counts", [[], [0, 0], [None]])
def test_counts_of_nothing_are_empty(counts: list[float]) -> None:
    for found in (hhi(counts), gini(counts), top_share(counts, 1)):
        assert (found.status, found.value) == ("empty", None)


def test_what_is_no_concentration_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        hhi([1, -1])
    with pytest.raises(ValueError, match="k is 0"):
        top_share([1], 0)
