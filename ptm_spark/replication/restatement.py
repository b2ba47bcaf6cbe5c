"""What a single reading leaves out: the same cohorts read twice, and how many models have a type at all."""

import numpy as np

from ptm_spark.replication.claim import Correction, Figure, Figures
from ptm_spark.replication.documentation import percent
from ptm_spark.replication.months import CARDS, RESTATED, of_year
from ptm_spark.replication.tables import StudyTables
from ptm_spark.statistics.correlation import spearman

_BOUND = Correction(
    "needs types of the untyped", "what is said of types is said of this part; the others may be of any type"
)
_FLAGGED = Correction("flagged, not clipped", "two tables, read at two moments: a share may exceed 1")
_TWO_READINGS = "cards added later, models deleted since, two definitions (any card text; card data): not separable"


def coverage_figures(tables: StudyTables) -> Figures:
    """What part of all new models has a type at all: the coverage of every figure about types."""
    figures: Figures = {}
    years = {year: of_year(CARDS, year) for year in ("2020", "2021", "2022", "2023")}
    for key, window in {**years, "all": CARDS}.items():
        models = tables.cards.pooled(window)[1]
        share = 100.0 * float(tables.hub.by_month(window).sum()) / models
        figures[f"coverage.typed.{key}"] = Figure(share, models, None, _BOUND)
    shares = tables.hub.by_month(CARDS) / tables.cards.models
    high = int(shares.argmax())
    figures["coverage.typed.highest"] = Figure(
        float(shares[high]), int(tables.cards.models[high]), CARDS[high], _FLAGGED
    )
    return figures


def restatement_figures(tables: StudyTables) -> Figures:
    """Cohorts 2019-12 to 2022-08 at both readings; that of 2022-09 was not over at the first, and is left out."""
    earlier, later = tables.earlier, tables.later
    if earlier is None or later is None:
        return {}
    n = len(RESTATED)
    (few, models), (few_later, models_later) = earlier.pooled(RESTATED), later.pooled(RESTATED)
    before, after = earlier.ratios(RESTATED), later.ratios(RESTATED)
    first = percent(earlier, RESTATED)
    as_first_read = Correction("the same cohorts as read on 2022-10-01", _TWO_READINGS, first)
    return {
        "restatement.earlier_with_card": Figure(few, n),
        "restatement.earlier_models": Figure(models, n),
        "restatement.later_with_card": Figure(few_later, n),
        "restatement.later_models": Figure(models_later, n),
        "restatement.ratio.earlier": Figure(first, n),
        "restatement.ratio.later": Figure(percent(later, RESTATED), n, None, as_first_read),
        "restatement.ratio.with_2022-09": Figure(percent(later, later.months), len(later.months)),
        "restatement.higher": Figure(int((after > before).sum()), n),
        "restatement.shrunk": Figure(int((later.models[:n] < earlier.models[:n]).sum()), n),
        "restatement.spearman": Figure(spearman(before, after).rho, n),
        "restatement.pearson": Figure(float(np.corrcoef(before, after)[0, 1]), n),
    }
