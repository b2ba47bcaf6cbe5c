"""All claims about the study, in the order of ``published.csv``."""

from collections.abc import Mapping

from ptm_spark.replication.agreement import NAMED, agreement_figures
from ptm_spark.replication.claim import Claim, Figures, judge, published_claims
from ptm_spark.replication.documentation import documentation_figures
from ptm_spark.replication.listing import listing_figures
from ptm_spark.replication.months import FORUM
from ptm_spark.replication.pairs import common_names, measure_pairs
from ptm_spark.replication.popularity import popularity_figures
from ptm_spark.replication.restatement import coverage_figures, restatement_figures
from ptm_spark.replication.sample import sample_figures
from ptm_spark.replication.shares import share_figures
from ptm_spark.replication.signs import sign_figures
from ptm_spark.replication.sizes import size_figures
from ptm_spark.replication.tables import StudyTables


def claims(tables: StudyTables, uploads: Mapping[str, int] | None = None, as_of: str = "") -> list[Claim]:
    """Every published figure beside ours; ``uploads`` by month and ``as_of`` are those of the lake, if it has any."""
    figures = measure(tables, uploads, as_of)
    return [judge(said, figures) for said in published_claims()]


def measure(tables: StudyTables, uploads: Mapping[str, int] | None = None, as_of: str = "") -> Figures:
    """All figures that can be computed from these tables."""
    # names of which figures were published stay on the list, even if a file says less of them
    names = list(dict.fromkeys([*common_names(tables, FORUM), *NAMED]))
    pairs = measure_pairs(tables, names)
    return (
        size_figures(tables)
        | popularity_figures(tables)
        | coverage_figures(tables)
        | agreement_figures(tables, pairs)
        | sign_figures(tables, pairs)
        | share_figures(tables)
        | documentation_figures(tables)
        | restatement_figures(tables)
        | listing_figures(tables, uploads, as_of)
        | sample_figures()
    )
