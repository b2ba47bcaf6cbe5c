"""Intervals of the ratio of two shares by resampled months."""

import numpy as np
import pytest

from ptm_spark.statistics.intervals import ratio_intervals


def test_months_that_are_all_alike_leave_no_doubt() -> None:
    parts, wholes = np.array([[3.0] * 12, [1.0] * 12]), np.array([[1.0] * 12, [1.0] * 12])
    (low, high), other = ratio_intervals(parts, wholes, 3, 99)  # type: ignore[misc]
    assert (low, high) == pytest.approx((1.5, 1.5)) and other == pytest.approx((0.5, 0.5))


def test_a_row_without_a_whole_has_none() -> None:
    parts, wholes = np.array([[3.0] * 12, [1.0] * 12]), np.array([[0.0] * 12, [1.0] * 12])
    assert ratio_intervals(parts, wholes, 3, 99)[0] is None
    assert ratio_intervals(wholes, parts, 3, 99)[0] is None  # of no part at all, however many months, nothing is known
    assert ratio_intervals(np.empty((2, 0)), np.empty((2, 0)), 3, 99) == [None, None]


def test_independent_months_are_covered_about_as_often_as_promised() -> None:
    """Poisson counts of three families over 36 months; blocks of one month: 95 % intervals cover in 85 % or more."""
    generator, covered = np.random.default_rng(5), 0
    for trial in range(200):
        parts = generator.poisson([[20.0], [30.0], [50.0]], (3, 36)).astype(float)
        wholes = generator.poisson([[40.0], [30.0], [30.0]], (3, 36)).astype(float)
        interval = ratio_intervals(parts, wholes, 1, 199, trial)[0]
        assert interval is not None
        covered += interval[0] <= 0.2 / 0.4 <= interval[1]
    assert 0.85 <= covered / 200 <= 0.99
