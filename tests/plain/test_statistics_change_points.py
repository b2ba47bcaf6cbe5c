"""Changes of level: found where they are, and not where persistence or an outlier looks like one."""

import numpy as np
import pytest
import ruptures

from ptm_spark.statistics import autoregression
from ptm_spark.statistics.change_points import change_points

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")


def noise(months: int, seed: int, lag1: float = 0.0) -> np.ndarray:
    """One AR(1) series."""
    return next(autoregression.simulate(lag1, months, 1, np.random.default_rng(seed)))[0]


def test_a_step_is_found_where_it_is() -> None:
    found = change_points(noise(40, 1) + 4 * (np.arange(40) >= 22))
    assert (found.status, found.indices) == ("ok", (22,))
    assert found.p <= 0.05
    assert found.levels[1] - found.levels[0] == pytest.approx(4, abs=1)


def test_a_stretch_between_two_steps_is_found() -> None:
    months = np.arange(36)
    assert change_points(noise(36, 3) + 4 * ((months >= 12) & (months < 24))).indices == (12, 24)


def test_a_clean_step_is_what_a_random_walk_between_two_values_does() -> None:
    found = change_points([1.0] * 10 + [2.0] * 12)
    assert (found.status, found.indices) == ("near_unit_root", ())
    assert found.p > 0.05
    assert change_points([1.0] * 10 + [2.0] * 12, alpha=1.0).indices == (10,)


def test_the_changes_are_those_of_pelt_with_that_penalty() -> None:
    months = np.arange(60)
    values = noise(60, 5) + 5 * (months >= 20) - 4 * (months >= 45)
    found = change_points(values)
    scores = autoregression.normal_scores(values)
    search = ruptures.Pelt(model="l2", min_size=6, jump=1).fit(scores)
    assert found.indices == (20, 45)
    assert list(found.indices) == search.predict(pen=found.penalty)[:-1]


def test_persistence_and_an_outlier_make_no_change() -> None:
    persistent, spiked = noise(42, 1, 0.8), noise(42, 3)
    spiked[20] = 1_000.0
    usual = ruptures.Pelt(model="l2", min_size=6, jump=1).fit(persistent)
    assert len(usual.predict(pen=float(np.diff(persistent).var()) * np.log(42))) > 1, "a change by the usual penalty"
    assert (change_points(persistent).indices, change_points(spiked).indices) == ((), ())


def test_indices_are_months_where_some_are_missing() -> None:
    values = noise(44, 6) + 5 * (np.arange(44) >= 24)
    values[[3, 24]] = np.nan
    found = change_points(values)
    assert (found.n, found.indices) == (42, (25,))
    assert found.levels[0] == pytest.approx(np.nanmean(values[:24]))


@pytest.mark.parametrize(
    ("values", "status"),
    [([], "too_short"), ([np.nan] * 30, "too_short"), (noise(11, 1), "too_short"), ([2.0] * 30, "constant")],
)
def test_status_without_a_test(values: list[float], status: str) -> None:
    found = change_points(values)
    assert (found.status, found.indices, found.p) == (status, (), None)


def test_a_stretch_has_a_length() -> None:
    with pytest.raises(ValueError, match="at least one month"):
        change_points([1, 2, 3], least_months=0)
