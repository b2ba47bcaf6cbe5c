"""Shares of counts: their interval where the counts are of one kind, and how little they are so over months."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ptm_spark.statistics.series import Values, clean_pair
from ptm_spark.statistics.status import Status


@dataclass(frozen=True)
class Proportion:
    """``ratio`` is successes over n; the interval is Wilson's."""

    status: Status
    n: int
    successes: int
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Dispersion:
    """``ratio`` is that of all months pooled; ``dispersion`` is ``chi_squared`` over the months less one."""

    status: Status
    n: int
    ratio: float | None = None
    chi_squared: float | None = None
    dispersion: float | None = None


def wilson(successes: int, n: int, level: float = 0.95) -> Proportion:
    """Wilson's score interval of a share (Wilson 1927, JASA 22, 209-212), without continuity correction.

    For things drawn one by one, such as names of a test split; not for the ratio of a month, see ``dispersion``.
    ``empty`` where n is 0. ValueError where successes are not within 0 to n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}: give a count of the whole and one of its part")
    if n == 0:
        return Proportion("empty", 0, 0)
    return Proportion("ok", n, successes, successes / n, *score_interval(successes / n, n, level))


def score_interval(ratio: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a ratio that is known as well as one of ``n`` things, n being no whole number.

    (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n). For estimates that are no share of a count, with the number of
    things of which a share would vary as much (Dorey & Korn 1987, Statistics in Medicine 6, 679-687).
    """
    z = NormalDist().inv_cdf((1 + level) / 2)  # scipy takes longer to load than gold to count
    middle, reach = ratio + z * z / (2 * n), z * np.sqrt(ratio * (1 - ratio) / n + z * z / (4 * n * n))
    low, high = ((middle + sign * reach) / (1 + z * z / n) for sign in (-1, 1))
    return max(0.0, float(low)), min(1.0, float(high))


def dispersion(successes: Values, counts: Values) -> Dispersion:
    """How many times the binomial variance monthly ratios spread around the pooled one (Pearson's chi²; McCullagh &
    Nelder 1989, §4.5).

    Σ (s - c p)² / (c p (1-p)) over the n months with a count, over n - 1. About 1 where each thing is a success on its
    own; far above 1 binomial intervals of the months are too narrow by its square root. Months in which either is
    missing, or the count is 0, are left out. ``too_short`` below 2 months, ``empty`` without any, ``constant`` where
    all or none are successes. ValueError for what are no counts.
    """
    part, whole, is_observed = clean_pair(successes, counts)
    part, whole = part[is_observed], whole[is_observed]
    if np.any(part != np.floor(part)) or np.any(whole != np.floor(whole)):
        raise ValueError("a count is no whole number")
    if np.any(part < 0) or np.any(part > whole):
        raise ValueError("successes of a month are not within 0 to its count")
    part, whole = part[whole > 0], whole[whole > 0]
    n = len(whole)
    if n < 2:
        return Dispersion("too_short" if n else "empty", n)
    p = float(part.sum() / whole.sum())
    if p in (0.0, 1.0):
        return Dispersion("constant", n, p)
    chi_squared = float(((part - whole * p) ** 2 / (whole * p * (1 - p))).sum())
    return Dispersion("ok", n, p, chi_squared, chi_squared / (n - 1))
