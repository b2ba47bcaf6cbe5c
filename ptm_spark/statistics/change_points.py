"""Where the level of a series changes, if it does so more clearly than persistence alone would let it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ruptures import KernelCPD

from ptm_spark.statistics.autoregression import fit_persistence, lag_one, surrogate_p
from ptm_spark.statistics.series import Matrix, Values, Vector, clean
from ptm_spark.statistics.status import Status

#: candidates for the bounds of a stretch in the test; of longer series every so many-th month is one
_MOST_BOUNDS = 60


@dataclass(frozen=True)
class ChangePoints:
    """``indices`` are positions in the series at which a new level begins; ``levels`` the means, one more.

    ``p`` is that of the one clearest stretch; ``penalty`` what each change had to save in squared deviations of the
    normal scores.
    """

    status: Status
    n: int
    rounds: int
    indices: tuple[int, ...] = ()
    levels: tuple[float, ...] = ()
    p: float | None = None
    lag1: float | None = None
    penalty: float | None = None


def change_points(
    values: Values, least_months: int = 6, rounds: int = 999, seed: int = 0, alpha: float = 0.05
) -> ChangePoints:
    """Changes of level between stretches of at least ``least_months`` observed values; none unless p <= ``alpha``.

    First a test: the squared deviations that two levels save, one of a stretch and one of the rest (a single change is
    a stretch to the end), over the long-run variance of what they leave (σ² (1+r)/(1-r), r its lag-1 autocorrelation),
    maximal over stretches, against the same of AR(1) surrogates as in ``trend.ar1_trend_p``. By simulation (36 months,
    nominal 5 %) it finds a change where there is none in 5 % under AR(0), AR(0.5) and AR(0.8); the usual penalty alone
    does so in 9, 80 and 99 %. Of single steps of two standard deviations it finds 86 % under AR(0), 30 % under AR(0.5).

    Then, where p <= alpha, all changes: the segmentation of least squared deviations plus a penalty for each change
    (PELT, Killick et al. 2012, JASA 107, 1590-1598; the exact search of ruptures, Truong et al. 2020). The penalty is
    that of BIC for a level and a position, 2 σ² log n (Yao 1988), with the long-run variance for σ². All is done on
    normal scores of the ranks, so that one outlier makes no change.

    A steady trend may be found as one or two changes, and stairs in one direction be taken for persistence: look at the
    series before citing either. Missing months are skipped, and indices are those of the first observed month of a
    level. ``too_short`` below two stretches or 8 values, or 6 pairs of adjacent months.
    """
    if least_months < 1:
        raise ValueError(f"a stretch is at least one month long, not {least_months}")
    found = clean(values)
    fit = fit_persistence(found)
    observed = found[~np.isnan(found)]
    n = len(observed)
    if n and np.all(observed == observed[0]):
        return ChangePoints("constant", n, rounds, (), (float(observed[0]),))
    if fit is None or n < 2 * least_months:
        return ChangePoints("too_short", n, rounds)
    adjacent = np.diff(fit.positions) == 1
    p = surrogate_p(fit, lambda rows: _best_stretches(rows, adjacent, least_months).clearness, rounds, seed)
    best = _best_stretches(fit.scores[np.newaxis], adjacent, least_months)
    penalty = 2 * float(best.variance[0]) * float(np.log(n))
    breaks: list[int] = []
    if p <= alpha:
        search = KernelCPD(kernel="linear", min_size=least_months).fit(fit.scores[:, np.newaxis])
        # the test may pass a change that saves a little less than the penalty
        breaks = search.predict(pen=penalty)[:-1] or [int(at) for at in (best.first[0], best.end[0]) if at < n]
    levels = tuple(float(part.mean()) for part in np.split(observed, breaks))
    indices = tuple(int(fit.positions[index]) for index in breaks)
    return ChangePoints(fit.status, n, rounds, indices, levels, p, fit.lag1, penalty)


@dataclass(frozen=True)
class _Stretches:
    """Of each row, the stretch whose level differs most from that of the rest: its first position and the one after.

    ``clearness`` is what two levels save of squared deviations over ``variance``, the long-run one of what they leave.
    """

    clearness: Vector
    first: npt.NDArray[np.intp]
    end: npt.NDArray[np.intp]
    variance: Vector


def _best_stretches(rows: Matrix, adjacent: npt.NDArray[np.bool_], least: int) -> _Stretches:
    n = rows.shape[1]
    bounds = np.append(np.arange(least, n - least + 1, -(-n // _MOST_BOUNDS)), n)
    first, end = (bounds[index] for index in np.triu_indices(len(bounds), 1))
    is_long = end - first >= least
    first, end = first[is_long], end[is_long]
    months = end - first
    centred = rows - rows.mean(axis=1, keepdims=True)
    # a row a month here, for what is picked is then in one piece
    sums = np.cumsum(np.ascontiguousarray(centred.T), axis=0)
    saved = sums[end - 1]
    saved -= sums[first - 1]
    saved *= saved
    saved *= (n / (months * (n - months)))[:, np.newaxis]
    best = saved.argmax(axis=0)
    column, index = np.arange(n), np.arange(len(rows))
    is_inside = (column >= first[best, np.newaxis]) & (column < end[best, np.newaxis])
    # of centred rows the two levels are opposite, each by the other's number of months
    inside = np.where(is_inside, centred, 0.0).sum(axis=1) / months[best]
    outside = -inside * months[best] / (n - months[best])
    rest = centred - np.where(is_inside, inside[:, np.newaxis], outside[:, np.newaxis])
    left = np.clip(lag_one(rest, adjacent), -0.9, 0.95)
    # two clean levels leave nothing: the smallest variance that keeps the ratio a number
    spread = np.maximum((rest**2).mean(axis=1), 1e-9 * (rows**2).mean(axis=1))
    variance = spread * (1 + left) / (1 - left)
    return _Stretches(saved[best, index] / variance, first[best], end[best], variance)
