"""How unevenly counts are spread over families, owners or months. Missing counts are left out, zeros are counted."""

from dataclasses import dataclass

import numpy as np

from ptm_spark.statistics.series import Values, Vector, clean
from ptm_spark.statistics.status import Status


@dataclass(frozen=True)
class Concentration:
    """``n`` is how many counts there were; ``empty``, without a value, where they add up to 0."""

    status: Status
    n: int
    value: float | None = None


def hhi(counts: Values) -> Concentration:
    """Sum of squared shares, 1/n (all alike) to 1 (all in one) (Herfindahl 1950; Hirschman 1964)."""
    shares, lack = _shares(counts)
    return lack or Concentration("ok", len(shares), float(shares @ shares))


def gini(counts: Values) -> Concentration:
    """Gini coefficient over all counts, zeros included: 0 (all alike) to 1 - 1/n (all in one).

    2 Σ i x(i) / (n Σ x) - (n+1)/n over the counts in ascending order (Gini 1912; not multiplied by n / (n-1)).
    """
    shares, lack = _shares(counts)
    n = len(shares)
    if lack:
        return lack
    found = 2 * float(np.arange(1, n + 1) @ np.sort(shares)) / n - (n + 1) / n
    return Concentration("ok", n, max(found, 0.0))


def top_share(counts: Values, k: int) -> Concentration:
    """The share of the k largest counts together (CR-k); 1 where there are no more than k."""
    if k < 1:
        raise ValueError(f"k is {k}: ask for the share of at least the largest one")
    shares, lack = _shares(counts)
    return lack or Concentration("ok", len(shares), min(float(np.sort(shares)[::-1][:k].sum()), 1.0))


def _shares(counts: Values) -> tuple[Vector, Concentration | None]:
    """Shares of the counts in their sum, or what there is to say where there are none."""
    found = clean(counts)
    found = found[~np.isnan(found)]
    if np.any(found < 0):
        raise ValueError("a count is negative")
    if not found.any():
        return found, Concentration("empty", len(found))
    # counts near the smallest or the largest number there is would add up to none
    found = found / found.max()
    return found / found.sum(), None
