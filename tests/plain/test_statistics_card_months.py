"""The statistics on the study's own months: figures that are known, and what becomes of them when tests are honest.

Models created in a month, and how many of them had a card in the middle of 2023: Taraghi et al., SANER 2024
(arXiv 2401.13177), replication package, table card_data_stats_months_created.csv, columns has_card and count.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

from ptm_spark.statistics.change_points import change_points
from ptm_spark.statistics.interruption import segmented_design, step_effect
from ptm_spark.statistics.proportions import dispersion
from ptm_spark.statistics.trend import ar1_trend_p, hamed_rao, mann_kendall, sen_slope

#: December 2019 to May 2023
HAS_CARD = [
    *(32, 19, 27, 99, 941, 181, 69, 111, 427, 274, 216, 183, 337, 281, 468, 988, 746, 368, 420, 878, 865),
    *(1110, 950, 932, 928, 1206, 1971, 1749, 2352, 3425, 3471, 3920, 3089, 3504, 4207, 5324, 8567, 9698, 10391),
    *(12834, 12207, 12803),
]
COUNT = [
    *(42, 47, 51, 168, 994, 339, 280, 323, 616, 427, 408, 326, 494, 492, 763, 1358, 1324, 948, 1015, 1796, 1930),
    *(2210, 2054, 2347, 2918, 2863, 3513, 3458, 5702, 7299, 6951, 6211, 5781, 6825, 8183, 10422, 13949, 17673, 17200),
    *(23657, 24341, 26095),
]
PERCENT = 100 * np.array(HAS_CARD) / np.array(COUNT)
JANUARY_2021, DECEMBER_2022 = 13, 36


def test_the_numbers_are_those_of_the_table(real_data: Path) -> None:
    text = (real_data / "paper" / "card_data_stats_months_created.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [(int(row["has_card"]), int(row["count"])) for row in rows] == list(zip(HAS_CARD, COUNT, strict=True))
    assert (rows[JANUARY_2021]["month_year"], rows[DECEMBER_2022]["month_year"]) == ("2021-01", "2022-12")
    assert (sum(HAS_CARD), sum(COUNT)) == (112_568, 213_793)


@pytest.mark.parametrize(
    ("start", "tau", "p", "exact", "corrected"),
    [
        (0, -0.077, 0.481, None, 0.592),
        (JANUARY_2021, 0.113, 0.399, None, 0.487),
        (DECEMBER_2022, -0.867, 0.024, 0.017, 0.024),
    ],
)
def test_mann_kendall(start: int, tau: float, p: float, exact: float | None, corrected: float) -> None:
    plain, autocorrelated = mann_kendall(PERCENT[start:]), hamed_rao(PERCENT[start:])
    assert (plain.status, autocorrelated.status) == ("ok", "ok")
    assert plain.tau == pytest.approx(tau, abs=5e-4)
    assert plain.p == pytest.approx(p, abs=5e-4)
    assert plain.p_exact == (None if exact is None else pytest.approx(exact, abs=5e-4))
    assert autocorrelated.p == pytest.approx(corrected, abs=5e-4)


def test_sens_slope_is_a_tenth_of_a_point_a_month_and_may_be_none() -> None:
    found = sen_slope(PERCENT)
    assert found.slope == pytest.approx(-0.100, abs=5e-4)
    assert found.low == pytest.approx(-0.420, abs=5e-4)
    assert found.high == pytest.approx(0.230, abs=5e-4)


def test_there_is_no_trend_that_persistence_does_not_explain() -> None:
    whole, later = ar1_trend_p(PERCENT, rounds=4999, seed=1), ar1_trend_p(PERCENT[JANUARY_2021:], rounds=4999, seed=1)
    assert whole.p == pytest.approx(0.65, abs=0.03)
    assert whole.lag1 == pytest.approx(0.41, abs=0.01)
    assert later.p == pytest.approx(0.70, abs=0.03)
    assert ar1_trend_p(PERCENT[DECEMBER_2022:]).status == "too_short"


def test_the_step_of_december_2022_is_of_the_size_that_other_months_have() -> None:
    found = step_effect(PERCENT[JANUARY_2021:], DECEMBER_2022 - JANUARY_2021, rounds=9999, seed=1)
    assert (found.status, found.before, found.after) == ("underpowered", 23, 6)
    assert found.step == pytest.approx(12.94, abs=5e-3)
    assert found.slope_change == pytest.approx(-2.19, abs=5e-3)
    assert found.slope_after == pytest.approx(-2.35, abs=5e-3)
    # 0.20 to 0.31 by other null models and corrections of the persistence, 0.25 where it was first computed
    assert found.p == pytest.approx(0.285, abs=0.02)
    assert found.p_ols == pytest.approx(0.082, abs=5e-4)
    assert found.p_hac == pytest.approx(0.0008, abs=5e-5)
    assert (found.placebos, found.placebos_as_large) == (19, 6)
    assert (found.placebos_by_ols, found.placebos_by_hac) == (5, 6)


def test_the_level_changes_nowhere() -> None:
    found = change_points(PERCENT)
    assert (found.status, found.indices) == ("ok", ())
    assert found.levels == (pytest.approx(float(PERCENT.mean())),)
    assert found.p == pytest.approx(0.34, abs=0.06)


def test_months_spread_far_more_than_binomial_counts() -> None:
    found = dispersion(HAS_CARD, COUNT)
    assert found.ratio == pytest.approx(0.5265, abs=5e-5)
    assert found.dispersion == pytest.approx(99.81, abs=5e-3)
    # 78 is what is left from 2021 on when level, slope, step and change of slope are fitted
    success, total = np.array(HAS_CARD[JANUARY_2021:]), np.array(COUNT[JANUARY_2021:])
    design = segmented_design(np.arange(len(total)), DECEMBER_2022 - JANUARY_2021)
    fitted = sm.GLM(np.column_stack([success, total - success]), design, family=sm.families.Binomial()).fit()
    assert fitted.pearson_chi2 / fitted.df_resid == pytest.approx(77.9, abs=0.05)
