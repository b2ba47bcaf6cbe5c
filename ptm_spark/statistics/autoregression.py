"""AR(1): how much a month's value says of the next, and random series that are as persistent and nothing else.

A short series shows less persistence than it has: at 36 months and a true lag-1 autocorrelation of 0.8 the usual
estimate is 0.67 on average. Surrogates made with it are too lively, and tests against them find too much. So the
estimate is replaced by the coefficient under which half of all simulated series of that length would show less: the
median-unbiased estimate (Andrews 1993, Econometrica 61, 139-165), computed by simulation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import rankdata

from ptm_spark.statistics.series import Matrix, Vector
from ptm_spark.statistics.status import Status

#: fewest observed values, and pairs of them in adjacent months, from which a persistence is told
LEAST_VALUES = 8
LEAST_PAIRS = 6
#: no coefficient is taken to be greater; a series that seems to have it is called near to a random walk
_GREATEST = 0.98
#: beyond this length the bias (of the order 1/n) is small and a formula does
_LONGEST_SIMULATED = 120
_COEFFICIENTS = np.concatenate([np.linspace(-0.95, 0.85, 19), [0.9, 0.93, 0.96, 0.98, 0.99]])
_SIMULATED = 1000
_SEED = 1993
#: numbers in a block of simulated series: 16 MB
_BLOCK = 2_000_000


@dataclass(frozen=True)
class Persistence:
    """A series as normal scores of its ranks, and the lag-1 autocorrelation of those.

    ``positions`` are those of the observed months, ``scores`` (mean 0) one each.
    """

    length: int
    positions: npt.NDArray[np.intp]
    scores: Vector
    lag1: float

    @property
    def status(self) -> Status:
        return "near_unit_root" if self.lag1 >= _GREATEST else "ok"


def fit_persistence(values: Vector) -> Persistence | None:
    """The persistence of a cleaned series; None where too few months are observed, or all of them are the same.

    Estimated on normal scores of the ranks (van der Waerden), so that one outlier (an upload by the thousand) does not
    hide it, and tests built on it do not change when the values are replaced by, say, their logarithms.
    """
    positions = np.flatnonzero(~np.isnan(values))
    observed = values[positions]
    adjacent = np.diff(positions) == 1
    if len(observed) < LEAST_VALUES or adjacent.sum() < LEAST_PAIRS or bool(np.all(observed == observed[0])):
        return None
    scores = normal_scores(observed)
    seen = float(lag_one(scores[np.newaxis], adjacent)[0])
    return Persistence(len(values), positions, scores, _unbiased_of_scores(seen, len(observed)))


def surrogate_p(fit: Persistence, statistic: Callable[[Matrix], Vector], rounds: int, seed: int) -> float:
    """p of a statistic (one number a row) as large as that of the scores in AR(1) series that are as persistent.

    The surrogates are the same scores, at the same months, in the order of AR(1) noise: they have the series' own
    distribution, ties included. p is (1 + surrogates with as much) / (1 + rounds).
    """
    # sums of the same numbers in another order may differ in the last digit
    least = float(statistic(fit.scores[np.newaxis])[0]) * (1 - 1e-9)
    as_large = 0
    for noise in simulate(fit.lag1, fit.length, rounds, np.random.default_rng(seed)):
        as_large += int((statistic(in_the_order_of(noise[:, fit.positions], fit.scores)) >= least).sum())
    return (1 + as_large) / (1 + rounds)


def normal_scores(observed: Vector) -> Vector:
    """Normal quantiles of (rank - 1/2) / n, ties at their average rank, with mean 0."""
    scores = ndtri((rankdata(observed) - 0.5) / len(observed))
    return np.asarray(scores - scores.mean(), dtype=np.float64)


def lag_one(deviations: Matrix, adjacent: npt.NDArray[np.bool_] | None = None) -> Vector:
    """Lag-1 autocorrelation of each row of deviations from a mean or a fit; 0 where they are all zero.

    ``adjacent`` tells of each value but the last whether the next is of the next month: only such pairs count, and
    their sum is scaled to that of all (in a series without gaps this is the usual estimate).
    """
    products = deviations[:, 1:] * deviations[:, :-1]
    squares = np.einsum("ij,ij->i", deviations, deviations)
    if adjacent is None:
        sums = products.sum(axis=1)
    else:
        sums = products[:, adjacent].sum(axis=1) * (len(adjacent) / max(int(adjacent.sum()), 1))
    found = np.divide(sums, squares, out=np.zeros_like(squares), where=squares > 0)
    return np.asarray(np.clip(found, -1.0, 1.0), dtype=np.float64)


def detrend(rows: Matrix, positions: npt.NDArray[np.intp]) -> Matrix:
    """Each row less its least-squares line over the positions."""
    time = positions - positions.mean()
    centred = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(centred - np.outer(centred @ time / (time @ time), time), dtype=np.float64)


def simulate(lag1: float, length: int, rounds: int, generator: np.random.Generator) -> Iterator[Matrix]:
    """Stationary Gaussian AR(1) series with innovations of variance 1, in blocks of rows, ``rounds`` rows in all."""
    rows = max(1, _BLOCK // max(length, 1))
    for done in range(0, rounds, rows):
        yield _filtered(generator.standard_normal((min(rows, rounds - done), length)), lag1)


def _filtered(innovations: Matrix, lag1: float) -> Matrix:
    """AR(1) series of their innovations, the first month from the stationary distribution."""
    rows = innovations.copy()
    rows[:, 0] /= np.sqrt(1.0 - lag1 * lag1)
    for month in range(1, rows.shape[1]):
        rows[:, month] += lag1 * rows[:, month - 1]
    return rows


def in_the_order_of(noise: Matrix, values: Vector) -> Matrix:
    """Each row of noise with its smallest number replaced by the smallest of the values, and so on.

    The surrogates then have the values' own distribution, ties included, in an order that has nothing of theirs.
    """
    found = np.empty(noise.shape)
    found[np.arange(len(noise))[:, np.newaxis], np.argsort(noise, axis=1)] = np.sort(values)
    return found


def unbiased(seen: float, medians: Vector) -> float:
    """The coefficient whose ``median_estimates`` is the one seen, within ±0.98."""
    found = float(np.interp(seen, np.maximum.accumulate(medians), _COEFFICIENTS))
    return min(max(found, -_GREATEST), _GREATEST)


def median_estimates(length: int, estimate: Callable[[Matrix], Vector]) -> Vector:
    """The median of an estimator over simulated AR(1) series of that length, for each of a grid of coefficients."""
    innovations = np.random.default_rng(_SEED).standard_normal((_SIMULATED, length))
    return np.array([np.median(estimate(_filtered(innovations, lag1))) for lag1 in _COEFFICIENTS])


def unbiased_around_line(observed: Vector, positions: npt.NDArray[np.intp], length: int) -> float:
    """The median-unbiased persistence of what a straight line leaves of a series observed at these of its months.

    Beyond 120 months (n φ + 2) / (n - 4), which removes the bias to the order 1/n; 0 where the line leaves nothing.
    """
    seen = float(_lag_one_around_line(observed[np.newaxis], positions)[0])
    if length > _LONGEST_SIMULATED:
        return min(max((length * seen + 2.0) / (length - 4.0), -_GREATEST), _GREATEST)
    return unbiased(seen, _medians_around_line(length, tuple(positions.tolist())))


def _lag_one_around_line(rows: Matrix, positions: npt.NDArray[np.intp]) -> Vector:
    return lag_one(detrend(rows, positions), np.diff(positions) == 1)


@lru_cache(maxsize=128)
def _medians_around_line(length: int, positions: tuple[int, ...]) -> Vector:
    months = np.array(positions, dtype=np.intp)
    return median_estimates(length, lambda noise: _lag_one_around_line(noise[:, months], months))


def _unbiased_of_scores(seen: float, length: int) -> float:
    """Beyond 120 months (n φ + 1) / (n - 3) (Marriott & Pope 1954; Kendall 1954, Biometrika 41, 390-404)."""
    if length > _LONGEST_SIMULATED:
        return min(max((length * seen + 1.0) / (length - 3.0), -_GREATEST), _GREATEST)
    return unbiased(seen, _medians_of_scores(length))


@lru_cache(maxsize=128)
def _medians_of_scores(length: int) -> Vector:
    scores = normal_scores(np.arange(length, dtype=np.float64))
    return median_estimates(length, lambda noise: lag_one(in_the_order_of(noise, scores)))
