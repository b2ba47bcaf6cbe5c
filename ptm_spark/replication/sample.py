"""How many topics had to be read and coded by hand."""

import math

from ptm_spark.replication.claim import Figure, Figures

#: topics of the forum, as published
_TOPICS = 11_175
_Z_95, _MARGIN = 1.96, 0.05


def sample_figures() -> Figures:
    """The size of the sample, from the published number of topics."""
    return {"sample.size": Figure(sample_size(_TOPICS), _TOPICS)}


def sample_size(population: int) -> int:
    """How many of a finite population a sample needs for a proportion at ±5 % with 95 % confidence, rounded up.

    n0 / (1 + (n0 - 1) / N) with n0 = z² / (4 e²) (Cochran 1977, Sampling Techniques, §4.4).
    """
    unlimited = _Z_95**2 / (4 * _MARGIN**2)
    return math.ceil(unlimited / (1 + (unlimited - 1) / population))
