"""How many models have card data, and whether that rises.

Cards were looked for once, in the middle of 2023: a month's ratio says how many of the models created then have a card
*now*. A model's card may be years younger than the model.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import kendalltau

from ptm_spark.replication.claim import Correction, Figure, Figures
from ptm_spark.replication.months import CARDS, RESTATED, months, of_year
from ptm_spark.replication.tables import Ratios, StudyTables
from ptm_spark.statistics.interruption import StepEffect, step_effect
from ptm_spark.statistics.proportions import dispersion
from ptm_spark.statistics.trend import ar1_trend_p, hamed_rao, mann_kendall, sen_slope

_ROUNDS, _SEED = 9_999, 2024
#: a card tool, its template and its guide were launched on 2022-12-20
_LAUNCH = "2022-12"
_FROM_2021 = months("2021-01", "2023-05")
_BEFORE, _AFTER = months("2022-06", "2022-11"), months(_LAUNCH, "2023-05")
_WINDOWS: dict[str, Sequence[str]] = {
    "all": CARDS,
    "2019-12": CARDS[:1],
    **{year: of_year(CARDS, year) for year in ("2020", "2021", "2022", "2023")},
    "2022_q1": months("2022-01", "2022-03"),
    "2022_q2": months("2022-04", "2022-06"),
    "2022_q3": months("2022-07", "2022-09"),
    "2022_q4": months("2022-10", "2022-12"),
    "2023_q1": months("2023-01", "2023-03"),
    "2023_q2": months("2023-04", "2023-05"),
    "before_tool": _BEFORE,
    "after_tool": _AFTER,
}
_ONE_OWNER = Correction(
    "needs the owners",
    "873 of 995 models of the month, as listed in October 2022, are of one owner (Helsinki-NLP)",
)


def documentation_figures(tables: StudyTables) -> Figures:
    """Ratios, extremes, tests of trend, and the jump at the launch of the card tool."""
    return _ratios(tables) | _extremes(tables.cards) | _trends(tables.cards) | _jump(tables.cards)


def percent(cards: Ratios, window: Sequence[str]) -> float:
    """Models with a card in percent of the models of these cohorts, pooled: no mean of monthly ratios."""
    few, models = cards.pooled(window)
    return 100.0 * few / models


def _ratios(tables: StudyTables) -> Figures:
    return {
        f"documentation.ratio.{key}": Figure(
            percent(tables.cards, window), tables.cards.pooled(window)[1], None, _restated(tables, window)
        )
        for key, window in _WINDOWS.items()
    }


def _restated(tables: StudyTables, window: Sequence[str]) -> Correction:
    """The same cohorts as they were read before, where they were."""
    spread = dispersion(tables.cards.with_card, tables.cards.models).dispersion
    noisy = f"; months spread {spread or 0:.0f} times as much as binomial ones would"
    if tables.earlier is None or tables.later is None:
        return Correction("needs a second reading", f"cards are added later to models of every month{noisy}")
    if set(window) <= set(RESTATED):
        why = f"cards added later, models deleted since, and another definition: not separable{noisy}"
        before = percent(tables.earlier, window)
        return Correction("the same cohorts as read on 2022-10-01 (any card text)", why, before)
    before, after = (percent(reading, RESTATED) for reading in (tables.earlier, tables.later))
    grown = f"cohorts to 2022-08 went from {before:.1f} % (2022-10-01) to {after:.1f} % (mid-2023)"
    return Correction(f"needs a second reading: {grown}", f"a ratio read once grows afterwards{noisy}")


def _extremes(cards: Ratios) -> Figures:
    ratios = cards.ratios(CARDS)
    high, low = int(ratios.argmax()), int(ratios.argmin())
    return {
        "documentation.highest": Figure(100.0 * ratios[high], int(cards.models[high]), CARDS[high], _ONE_OWNER),
        "documentation.lowest": Figure(100.0 * ratios[low], int(cards.models[low]), CARDS[low]),
    }


def _trends(cards: Ratios) -> Figures:
    figures: Figures = {}
    for name, window in (("all", CARDS), ("from_2021", _FROM_2021), ("from_2022-12", _AFTER)):
        key, series = f"documentation.trend.{name}", cards.ratios(window)
        plain, slope = mann_kendall(series), sen_slope(series).slope
        surrogate = ar1_trend_p(series, rounds=_ROUNDS, seed=_SEED)
        if surrogate.p is None:
            few = "six months, chosen when the launch was known: no normal approximation, and a window of choice"
            tested = Correction("exact distribution", few, plain.p_exact)
        else:
            why = "months are not independent: of AR(0.8) series without a trend the plain test finds one in half"
            tested = Correction(f"{_ROUNDS} AR(1) surrogates", why, surrogate.p)
        figures[f"{key}.tau"] = Figure(plain.tau, plain.n)
        figures[f"{key}.p"] = Figure(plain.p, plain.n, None, tested)
        if name == "all":
            tau_b = kendalltau(np.arange(len(series)), series)
            figures[f"{key}.tau_b_p"] = Figure(float(tau_b.pvalue), plain.n, None, tested)
            figures[f"{key}.hamed_rao_p"] = Figure(hamed_rao(series).p, plain.n, None, tested)
        if name != "from_2021":
            figures[f"{key}.slope"] = Figure(None if slope is None else 100.0 * slope, plain.n)
    return figures


def _jump(cards: Ratios) -> Figures:
    """The jump at the month of the card tool: exact, and no evidence."""
    found = step_effect(cards.ratios(_FROM_2021), _FROM_2021.index(_LAUNCH), rounds=_ROUNDS, seed=_SEED)
    points = {"jump": found.step, "slope_change": found.slope_change, "slope_after": found.slope_after}
    n = found.before + found.after
    figures = {
        f"documentation.step.{key}": Figure(
            None if value is None else 100.0 * value, n, None, _evidence(cards, found) if key == "jump" else None
        )
        for key, value in points.items()
    }
    figures["documentation.step.bootstrap_p"] = Figure(found.p, n)
    figures["documentation.step.placebos"] = Figure(found.placebos, n)
    figures["documentation.step.placebos_significant"] = Figure(found.placebos_by_hac, found.placebos)
    return figures


def _evidence(cards: Ratios, found: StepEffect) -> Correction:
    p = "undefined" if found.p is None else f"{found.p:.2f}"
    rank = f"rank {found.placebos_as_large + 1} of {found.placebos + 1} months"
    return Correction(
        f"six months each side, pooled; of the jump: p under AR(1) {p}, {rank}",
        f"a jump from a line through {found.before} months; {found.placebos_by_hac} of {found.placebos} placebo months "
        f"are naively significant, too; {found.after} months after: {found.status}",
        percent(cards, _AFTER) - percent(cards, _BEFORE),
    )
