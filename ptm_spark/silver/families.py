"""Taking new crawls into the silver tables, family by family."""

from collections.abc import Mapping

from ptm_spark.intake import Intake
from ptm_spark.silver.accounting import Measures
from ptm_spark.silver.cards import take_in_cards
from ptm_spark.silver.commits import build_first_commits, take_in_commits
from ptm_spark.silver.discussions import take_in_discussions
from ptm_spark.silver.forum import take_in_forum
from ptm_spark.silver.hub import take_in_models
from ptm_spark.store import Store
from ptm_spark.tables.activity import MODEL_COMMITS


def take_in_crawls(
    store: Store, intake: Intake, marks: Mapping[str, str], *, reject_text_chars: int, user_key: str
) -> dict[str, Measures]:
    """Take in every crawl of a plan; measures by crawl.

    ``marks`` are the crawls' fingerprints, ``user_key`` the secret by which users are hashed. Models come after their
    commits, by which those older than the Hub's creation times are dated.
    """
    plans = intake.families
    measures: dict[str, Measures] = {}
    commits = plans["commits"]
    measures |= take_in_commits(store, commits, marks, reject_text_chars=reject_text_chars, user_key=user_key)
    first_commits = build_first_commits(store.read(MODEL_COMMITS)) if store.exists(MODEL_COMMITS) else None
    measures |= take_in_models(
        store,
        plans["models"],
        marks,
        first_commits=first_commits,
        has_new_commits=bool(commits.crawls),
        reject_text_chars=reject_text_chars,
    )
    for name, take_in in (
        ("cards", take_in_cards),
        ("discussions", take_in_discussions),
        ("forum", take_in_forum),
    ):
        measures |= take_in(store, plans[name], marks, reject_text_chars=reject_text_chars, user_key=user_key)
    return measures
