"""Whether one series follows another by some months."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ptm_spark.statistics.autoregression import Persistence, fit_persistence
from ptm_spark.statistics.correlation import (
    benjamini_hochberg,
    centred_ranks,
    count_as_large,
    noise_pairs,
    spearman,
    worse_status,
)
from ptm_spark.statistics.series import Values, Vector, clean_pair
from ptm_spark.statistics.status import Status

#: months of two series whose lags are worth a look; of their changes there is one less
LEAST_MONTHS = 30


@dataclass(frozen=True)
class Lagged:
    """rho of x with the y of ``lag`` months later (negative: earlier), over ``n`` pairs of months.

    ``p`` is against AR(1) surrogates; ``p_bonferroni`` and ``p_bh`` are that of all lags asked for.
    """

    lag: int
    n: int
    rho: float | None = None
    p: float | None = None
    p_bonferroni: float | None = None
    p_bh: float | None = None


@dataclass(frozen=True)
class LeadLag:
    """``n`` is of the months in which both are observed, ``rounds`` of surrogates."""

    status: Status
    n: int
    rounds: int
    lags: tuple[Lagged, ...] = ()


def lead_lag(
    x: Values, y: Values, max_lag: int = 3, rounds: int = 999, seed: int = 0, least: int = LEAST_MONTHS
) -> LeadLag:
    """rho of x with earlier and later months of y, each against the same AR(1) surrogates, adjusted for all lags.

    Only with at least ``least`` months in which both are observed: else ``too_short`` and no lags, for a search over
    lags finds something in every short series. Lags are calendar months; pairs are ranked anew at each lag. At lag 0
    p is that of ``correlation.ar1_surrogate_p`` with the same seed. Lags at which a series is constant have no rho.
    """
    if max_lag < 0:
        raise ValueError(f"the greatest lag is a number of months, not {max_lag}")
    first, second, _ = clean_pair(x, y)
    plain = spearman(first, second)
    if plain.status == "constant":
        return LeadLag("constant", plain.n, rounds)
    x_fit, y_fit = fit_persistence(first), fit_persistence(second)
    if plain.n < least or x_fit is None or y_fit is None:
        return LeadLag("too_short", plain.n, rounds)
    lags = range(-max_lag, max_lag + 1)
    months = [_paired_months(first, second, lag) for lag in lags]
    rhos = [spearman(first[here], second[there]) for here, there in months]
    counts = _count_at_lags(first, second, months, x_fit, y_fit, rounds, seed)
    p_values = [
        None if plain.rho is None else (1 + count) / (1 + rounds) for plain, count in zip(rhos, counts, strict=True)
    ]
    tests = sum(p is not None for p in p_values)
    found = tuple(
        Lagged(lag, rho.n, rho.rho, p, None if p is None else min(1.0, p * tests), adjusted)
        for lag, rho, p, adjusted in zip(lags, rhos, p_values, benjamini_hochberg(p_values), strict=True)
    )
    return LeadLag(worse_status(x_fit, y_fit), plain.n, rounds, found)


def _paired_months(x: Vector, y: Vector, lag: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Positions in x and, ``lag`` later, in y at which both are observed."""
    here = np.arange(max(0, -lag), min(len(x), len(x) - lag))
    here = here[~(np.isnan(x[here]) | np.isnan(y[here + lag]))]
    return here, here + lag


def _count_at_lags(
    x: Vector,
    y: Vector,
    months: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]],
    x_fit: Persistence,
    y_fit: Persistence,
    rounds: int,
    seed: int,
) -> list[int]:
    """At each lag, how many surrogates are correlated as much as the two series."""
    ranks = [(centred_ranks(x[here]), centred_ranks(y[there])) for here, there in months]
    counts = [0] * len(months)
    for one, other in noise_pairs(x_fit, y_fit, rounds, seed):
        for number, ((here, there), (a, b)) in enumerate(zip(months, ranks, strict=True)):
            counts[number] += count_as_large(one[:, here], other[:, there], a, b)
    return counts
