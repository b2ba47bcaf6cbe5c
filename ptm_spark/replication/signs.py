"""On how many names forum and Hub agree: counts of significant signs, and what is left of them."""

from collections.abc import Mapping, Sequence

from ptm_spark.replication.claim import Correction, Figure, Figures
from ptm_spark.replication.months import FORUM
from ptm_spark.replication.pairs import Pair, common_names
from ptm_spark.replication.tables import TOPICS_FILE, StudyTables
from ptm_spark.statistics.correlation import Spearman, SurrogateCorrelation, benjamini_hochberg

_SIGNIFICANT = 0.05
_SIGNS = ("negative", "positive")
Correlations = Sequence[Spearman | SurrogateCorrelation]


def sign_figures(tables: StudyTables, pairs: Mapping[str, Pair]) -> Figures:
    """Names with a significant correlation by sign, each count beside what is left of it on first differences."""
    of_all = [pairs[name] for name in common_names(tables, FORUM)]
    of_whole_months = [pairs[name] for name in common_names(tables, FORUM[:-1])]
    raw, without = [pair.raw for pair in of_all], [pair.raw_without_partial for pair in of_all]
    shares = [pair.shares for pair in of_all if pair.shares is not None]
    changes = [pair.changes for pair in of_all if pair.changes is not None]
    left = _count(changes, adjust=True) if changes else None
    counted = {
        "counts": _count(raw),
        "counts_bh": _count(raw, adjust=True),
        "counts_without_partial": _count(without),
    }
    if shares:
        counted |= {"shares": _count(shares), "shares_bh": _count(shares, adjust=True)}
    figures = {
        f"agreement.signs.{key}.{sign}": Figure(found[at], len(of_all), None, _what_is_left(left, at, len(of_all)))
        for key, found in counted.items()
        for at, sign in enumerate(_SIGNS)
    }
    figures["agreement.signs.names"] = Figure(len(of_all), len(tables.forum.names))
    negative, positive = _count([pair.raw_without_partial for pair in of_whole_months])
    chosen = Correction(
        "names chosen by the same 35 months",
        f"of these {negative} are negative and {positive} positive over the 35 months",
    )
    names = len(of_whole_months)
    figures["agreement.signs.names_without_partial"] = Figure(names, len(tables.forum.names), None, chosen)
    if left is not None:
        figures["agreement.changes.significant"] = Figure(sum(left), len(of_all))
    return figures


def _what_is_left(left: tuple[int, int] | None, at: int, names: int) -> Correction:
    if left is None:
        return Correction(f"needs {TOPICS_FILE}", "counts share the growth of the Hub; what is left of it is not known")
    return Correction(
        "first differences of shares, AR(1) surrogates, Benjamini-Hochberg",
        "these p values suppose independent months, and adjusting them does not mend that; on first differences "
        f"{sum(left)} of {names} names are significant, which with so few months is no disproof either",
        left[at],
    )


def _count(found: Correlations, *, adjust: bool = False) -> tuple[int, int]:
    """How many are negative, and how many positive, with a p value below 0.05; ``adjust``: by Benjamini-Hochberg."""
    p_values: Sequence[float | None] = [one.p for one in found]
    if adjust:
        p_values = benjamini_hochberg(p_values)
    rhos = [
        one.rho
        for one, p in zip(found, p_values, strict=True)
        if one.rho is not None and p is not None and p < _SIGNIFICANT
    ]
    return sum(rho < 0 for rho in rhos), sum(rho > 0 for rho in rhos)
