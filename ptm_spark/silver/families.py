"""Taking new crawls into the silver tables, family by family."""

from collections.abc import Mapping

from ptm_spark.intake import Intake
from ptm_spark.silver.accounting import Measures
from ptm_spark.silver.hub import take_in_models
from ptm_spark.store import Store


def take_in_crawls(
    store: Store, intake: Intake, marks: Mapping[str, str], *, reject_text_chars: int, user_key: str
) -> dict[str, Measures]:
    """Take in every crawl of a plan; measures by crawl.

    ``marks`` are the crawls' fingerprints, ``user_key`` the secret by which users are hashed. Models come after their
    commits, by which those older than the Hub's creation times are dated.
    """
    plans = intake.families
    measures: dict[str, Measures] = {}
    measures |= take_in_models(
        store,
        plans["models"],
        marks,
        first_commits=None,
        has_new_commits=bool(plans["commits"].crawls),
        reject_text_chars=reject_text_chars,
    )
    return measures
