"""Whether forum and Hub agree: over names, and month by month for each of them.

The published figures are of counts. Counts of nearly all types rise, so that a name less spoken of each month has a
negative correlation whatever people think of it. So each figure of counts has that of shares beside it, and each of
shares that of its month-to-month changes, with a p value that knows persistence.
"""

from collections.abc import Mapping

import numpy as np

from ptm_spark.replication.claim import Correction, Figure, Figures
from ptm_spark.replication.months import FORUM
from ptm_spark.replication.pairs import Pair
from ptm_spark.replication.tables import TOPICS_FILE, Monthly, StudyTables, Vector
from ptm_spark.statistics.correlation import smallest_detectable_rho, spearman

#: names of which monthly figures were published
NAMED = (
    *("bert", "roberta", "bart", "pegasus", "t5", "gpt2", "distilbert", "vit", "whisper", "llama"),
    *("xlnet", "longformer", "albert", "electra"),
)
_WITH_P = ("bert", "roberta", "bart", "pegasus")
_WITH_CHANGES = ("bart", "gpt2")
_OTHER_ENDS = ("gpt2", "distilbert")
_CUT = "uploads cut to the forum's 36 months"
_NO_TIME = "54 months of uploads against 36 of topics; and ranks among names say nothing of development over time"


def agreement_figures(tables: StudyTables, pairs: Mapping[str, Pair]) -> Figures:
    """Correlations over names and by month; ``pairs`` has at least the names of ``NAMED``."""
    figures = _over_names(tables)
    for name in NAMED:
        pair, key = pairs[name], f"agreement.monthly.{name}"
        shares, changes, left = pair.shares, pair.changes, what_is_left(pair)
        of_shares, of_changes = (None if found is None else found.rho for found in (shares, changes))
        by_shares = Correction("shares of the month's totals", left, of_shares)
        figures[f"{key}.counts"] = Figure(pair.raw.rho, pair.raw.n, None, by_shares)
        if name in _WITH_P:
            p = None if changes is None else changes.p
            tested = Correction("first differences of shares, AR(1) surrogates", left, p)
            figures[f"{key}.counts_p"] = Figure(pair.raw.p, pair.raw.n, None, tested)
        if shares is None or changes is None:
            continue
        by_changes = Correction(f"first differences of the shares{_tested(pair)}", left, of_changes)
        figures[f"{key}.shares"] = Figure(of_shares, shares.n, None, by_changes)
        if name in _WITH_CHANGES:
            figures[f"agreement.changes.{name}"] = Figure(of_changes, changes.n)
        if name in _OTHER_ENDS and pair.shares_to_first is not None:
            last = Correction("months that end with their last day", "a month is its own days", of_shares)
            figures[f"agreement.first_of_month.{name}"] = Figure(pair.shares_to_first.rho, shares.n, None, last)
    return figures


def _tested(pair: Pair) -> str:
    if pair.changes is None or pair.changes.p is None or pair.q is None:
        return ""
    return f": p under AR(1) {pair.changes.p:.2f}, adjusted {pair.q:.2f}"


def what_is_left(pair: Pair) -> str:
    """What the month-to-month changes of a name's shares say, in a sentence."""
    changes = pair.changes
    if changes is None or changes.rho is None or changes.p is None or pair.q is None:
        return f"counts share the growth of the Hub; to tell what is left without it needs {TOPICS_FILE}"
    found = (
        f"on first differences of shares rho is {changes.rho:.2f}, p {changes.p:.2f} against AR(1) surrogates, "
        f"{pair.q:.2f} after Benjamini-Hochberg over {pair.tests} names"
    )
    smallest = smallest_detectable_rho(changes.n)
    if pair.q < 0.05 or smallest is None:
        return found
    return f"{found}: no evidence of coupling; nor against it, for |rho| below {smallest:.2f} would hardly be found"


def _over_names(tables: StudyTables) -> Figures:
    hub, forum = tables.hub, tables.forum
    common = [name for name in forum.names if name in hub.names]
    union = sorted({*forum.names, *hub.names})

    def rho(names: list[str], on_forum: tuple[str, ...], on_hub: tuple[str, ...]) -> float | None:
        return spearman(_totals(forum, names, on_forum), _totals(hub, names, on_hub)).rho

    of_common, of_all = (
        Figure(rho(names, FORUM, hub.months), len(names), None, Correction(_CUT, _NO_TIME, rho(names, FORUM, FORUM)))
        for names in (common, union)
    )
    x, y = _totals(forum, common, FORUM), _totals(hub, common, hub.months)
    others = np.array([name != "bert" for name in common])
    without_bert = Correction("without bert", "one name of 145 makes most of it", _pearson(x[others], y[others]))
    return {
        "agreement.totals.common": of_common,
        "agreement.totals.all": of_all,
        "agreement.totals.headline": of_common,
        "agreement.totals.common_36_months": Figure(rho(common, FORUM, FORUM), len(common)),
        "agreement.totals.common_35_months": Figure(rho(common, FORUM[:-1], FORUM[:-1]), len(common)),
        "agreement.totals.pearson": Figure(_pearson(x, y), len(common), None, without_bert),
    }


def _totals(table: Monthly, names: list[str], window: tuple[str, ...]) -> Vector:
    totals = table.totals(window)
    return np.array([totals.get(name, 0) for name in names], dtype=np.float64)


def _pearson(x: Vector, y: Vector) -> float:
    return float(np.corrcoef(x, y)[0, 1])
