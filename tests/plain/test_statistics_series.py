"""Series as statistics take them: what is refused, what is missing, differences and counts at other days."""

from datetime import date, datetime

import numpy as np
import pytest

from ptm_spark.statistics.series import clean, clean_pair, difference, interpolate_cumulative

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")
NAN = float("nan")


def test_none_is_missing_and_the_given_array_is_left_as_it_is() -> None:
    given = np.array([1.0, 2.0])
    found = clean(given)
    found[0] = 9.0
    assert given.tolist() == [1.0, 2.0]
    np.testing.assert_array_equal(clean([1, None, True, 2.5]), [1.0, NAN, 1.0, 2.5])


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 1e151])
def test_what_is_no_measurement_is_refused_by_its_place(value: float) -> None:
    with pytest.raises(ValueError, match="value 1 of the series"):
        clean([NAN, value])


def test_tables_and_pairs_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one dimension"):
        clean(np.ones((2, 2)))
    with pytest.raises(ValueError, match="these have 2 and 1"):
        clean_pair([1, 2], [1])


def test_a_difference_needs_both_months() -> None:
    np.testing.assert_array_equal(difference([1, 4, None, 2, 2]), [3.0, NAN, NAN, 0.0])
    # 3 / 7 - 2 / 7 and 2 / 7 - 1 / 7 are no equal floats, and equal changes
    assert len(set(difference([1 / 7, 2 / 7, 3 / 7, 4 / 7]))) == 1
    assert difference([1e-290, 3e-290]).tolist() == pytest.approx([2e-290], rel=1e-12, abs=0)
    assert difference([]).tolist() == []
    assert difference([5]).tolist() == []


def test_cumulative_counts_are_linear_by_day_and_never_extrapolated() -> None:
    days = [date(2022, 3, 1), date(2022, 1, 1), date(2022, 2, 1)]
    at = [
        date(2021, 12, 31),
        date(2022, 1, 1),
        date(2022, 1, 31),
        date(2022, 2, 15),
        date(2022, 3, 1),
        date(2022, 3, 2),
    ]
    found = interpolate_cumulative(days, [187, 100, 131], at)
    np.testing.assert_array_equal(found, [NAN, 100.0, 130.0, 159.0, 187.0, NAN])


def test_a_day_without_a_count_is_bridged() -> None:
    days = [date(2022, 1, 1), date(2022, 1, 3), date(2022, 1, 5)]
    assert interpolate_cumulative(days, [0, None, 8], [date(2022, 1, 3)]).tolist() == [4.0]
    assert np.isnan(interpolate_cumulative(days, [None] * 3, [date(2022, 1, 3)])).all()
    assert interpolate_cumulative([], [], []).tolist() == []


def test_of_a_moment_the_day_counts() -> None:
    moments = [datetime(2022, 1, 1, 23), datetime(2022, 1, 3, 1)]  # noqa: DTZ001
    assert interpolate_cumulative(moments, [0, 2], [date(2022, 1, 2)]).tolist() == [1.0]


def test_a_day_has_one_count() -> None:
    with pytest.raises(ValueError, match="two values"):
        interpolate_cumulative([date(2022, 1, 1)] * 2, [1, 2], [])
    with pytest.raises(ValueError, match="1 days and 2 values"):
        interpolate_cumulative([date(2022, 1, 1)], [1, 2], [])
