"""Series as all statistics take them, and two ways to make one of another."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

#: a series: one value a month (or row), in order; NaN or None where the value is missing
Values = Sequence[float | None] | npt.NDArray[Any]
Vector = npt.NDArray[np.float64]
#: rows of simulated series
Matrix = npt.NDArray[np.float64]

_LARGEST = 1e150


def clean(values: Values) -> Vector:
    """The series as a one-dimensional float array of its own, NaN where missing.

    Raises ValueError for another shape, and for infinite values or ones past ±1e150, whose squares are infinite: they
    are no measurements, and to take them for missing would hide it.
    """
    found = np.array(values, dtype=np.float64)
    if found.ndim != 1:
        raise ValueError(f"a series has one dimension, this one has {found.ndim}: give one value a month")
    wrong = np.flatnonzero(np.abs(found) > _LARGEST)
    if wrong.size:
        raise ValueError(f"value {wrong[0]} of the series is {found[wrong[0]]}: give finite numbers, NaN where missing")
    return found


def clean_pair(x: Values, y: Values) -> tuple[Vector, Vector, npt.NDArray[np.bool_]]:
    """Two series of the same months, and where both are observed; ValueError where their lengths differ."""
    first, second = clean(x), clean(y)
    if len(first) != len(second):
        raise ValueError(f"two series of the same months are needed, these have {len(first)} and {len(second)}")
    return first, second, ~(np.isnan(first) | np.isnan(second))


def is_constant(observed: Vector) -> bool:
    """Whether no two of the observed values differ; true of none."""
    return observed.size == 0 or bool(np.all(observed == observed[0]))


def difference(values: Values) -> Vector:
    """Changes from each value to the next, one fewer than values; NaN where either of the two is missing.

    Equal changes of shares differ in their last digits, on which no rank should depend: they are rounded to as many as
    the greatest value leaves certain.
    """
    found = clean(values)
    largest = np.nanmax(np.abs(found), initial=0.0)
    # a number has about 16 digits; the difference of two has the error of both
    digits = min(13 - int(np.ceil(np.log10(largest))), 300) if largest > 0 else 0
    return np.round(np.diff(found), digits)


def interpolate_cumulative(dates: Sequence[date], values: Values, at: Sequence[date]) -> Vector:
    """A cumulative count at other days: linear by day between the two nearest days on which it is known.

    Rows may come in any order; those with a missing value are left out. Days before the first or after the last known
    one give NaN: nothing is extrapolated. Nothing checks that counts rise, for sources revise them. ValueError where a
    day has two values.
    """
    found = clean(values)
    if len(found) != len(dates):
        raise ValueError(f"one value a day is needed, there are {len(dates)} days and {len(found)} values")
    is_known = ~np.isnan(found)
    days = np.array([day.toordinal() for day in dates], dtype=np.float64)[is_known]
    if len(np.unique(days)) < len(days):
        raise ValueError("a day has two values: give one a day")
    wanted = np.array([day.toordinal() for day in at], dtype=np.float64)
    if not days.size:
        return np.full(len(wanted), np.nan)
    order = np.argsort(days)
    return np.interp(wanted, days[order], found[is_known][order], left=np.nan, right=np.nan)
