"""Whatever series come, every figure is a plain value with a status: no warning, no NaN, no infinity."""

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np
import pytest
from dumps import quick
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.statistics.change_points import change_points
from ptm_spark.statistics.concentration import gini, hhi, top_share
from ptm_spark.statistics.correlation import ar1_surrogate_p, spearman
from ptm_spark.statistics.interruption import step_effect
from ptm_spark.statistics.intervals import stationary_bootstrap_interval
from ptm_spark.statistics.lead_lag import lead_lag
from ptm_spark.statistics.proportions import dispersion
from ptm_spark.statistics.status import STATUSES
from ptm_spark.statistics.trend import ar1_trend_p, hamed_rao, mann_kendall, sen_slope

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")

ONE: dict[str, Callable[[Any], Any]] = {
    "mann_kendall": mann_kendall,
    "hamed_rao": hamed_rao,
    "sen_slope": sen_slope,
    "ar1_trend_p": lambda x: ar1_trend_p(x, rounds=19),
    "change_points": lambda x: change_points(x, rounds=19),
    "step_effect": lambda x: step_effect(x, len(x) // 2, rounds=19),
}
TWO: dict[str, Callable[[Any, Any], Any]] = {
    "spearman": spearman,
    "ar1_surrogate_p": lambda x, y: ar1_surrogate_p(x, y, rounds=19),
    "stationary_bootstrap_interval": lambda x, y: stationary_bootstrap_interval(x, y, 6, rounds=19),
    "lead_lag": lambda x, y: lead_lag(x, y, rounds=19),
}
COUNTED: dict[str, Callable[[Any], Any]] = {"hhi": hhi, "gini": gini, "top_share": lambda x: top_share(x, 3)}

#: missing, everyday, few different, very large and very small values, in series of up to four years
_VALUES = (
    st.none()
    | st.just(math.nan)
    | st.integers(-3, 3).map(float)
    | st.floats(0, 1)
    | st.floats(-1e150, 1e150, allow_nan=False)
    | st.sampled_from([5e-324, -1e-310, 1e150, 1e-150])
)
SERIES = (
    st.lists(_VALUES, max_size=48)
    | st.lists(st.floats(-5, 5), min_size=30, max_size=48)
    | st.builds(lambda value, months: [value] * months, _VALUES, st.integers(0, 48))
    | st.builds(
        lambda start, step, months: [start + step * month for month in range(months)],
        st.floats(-9, 9),
        st.floats(-9, 9),
        st.integers(0, 48),
    )
)


def check(found: Any) -> None:
    """Plain Python values all the way down, and a status of the vocabulary."""
    if is_dataclass(found):
        names = {field.name for field in fields(found)}
        if "status" in names:
            assert found.status in STATUSES
        for name in names:
            check(getattr(found, name))
        for name in names & {"p", "p_ols", "p_hac", "p_exact", "p_bh", "p_bonferroni"}:
            value = getattr(found, name)
            assert value is None or 0 <= value <= 1
    elif isinstance(found, tuple):
        for part in found:
            check(part)
    else:
        assert type(found) in (int, float, str, type(None), date), found
        assert not isinstance(found, float) or math.isfinite(found)


@pytest.mark.parametrize("name", ONE)
@quick
@given(SERIES)
def test_any_series_has_its_figures(name: str, values: list[float | None]) -> None:
    found = ONE[name](values)
    check(found)
    assert ONE[name](values) == found, "the same again"


@pytest.mark.parametrize("name", TWO)
@quick
@given(st.data())
def test_any_two_series_have_their_figures(name: str, data: st.DataObject) -> None:
    x, y = data.draw(SERIES), data.draw(SERIES)
    months = min(len(x), len(y))
    found = TWO[name](x[:months], y[:months])
    check(found)
    assert TWO[name](x[:months], y[:months]) == found, "the same again"


@pytest.mark.parametrize("name", COUNTED)
@quick
@given(SERIES)
def test_any_counts_have_their_figures(name: str, values: list[float | None]) -> None:
    check(COUNTED[name]([value if value is None else abs(value) for value in values]))


@quick
@given(st.lists(st.tuples(st.integers(0, 10**15), st.integers(0, 10**15)), max_size=48))
def test_any_parts_of_counts_have_their_figures(pairs: list[tuple[int, int]]) -> None:
    check(dispersion([min(pair) for pair in pairs], [max(pair) for pair in pairs]))


@pytest.mark.parametrize("name", ONE)
def test_no_values_and_values_that_do_not_change_are_said_to_be_so(name: str) -> None:
    for nothing in ([], [None], [3.0], [math.nan] * 40):
        assert ONE[name](nothing).status == (
            "constant" if name == "change_points" and nothing == [3.0] else "too_short"
        )
    assert ONE[name]([3.0] * 40).status == "constant"


@pytest.mark.parametrize("name", TWO)
def test_no_pairs_and_pairs_that_do_not_change_are_said_to_be_so(name: str) -> None:
    for nothing in ([], [None], [3.0], [math.nan] * 40):
        assert TWO[name](nothing, nothing).status == "too_short"
    assert TWO[name]([3.0] * 40, list(range(40))).status == "constant"


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_very_long_series_have_their_figures(name: str) -> None:
    x, y = np.random.default_rng(1).standard_normal((2, 10_000))
    found = ONE[name](x) if name in ONE else TWO[name](x, y)
    check(found)
    assert found.status == "ok"
