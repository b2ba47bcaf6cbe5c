"""Taking new crawls into the silver tables, family by family."""

from collections.abc import Mapping

from ptm_spark.intake import Intake
from ptm_spark.silver.accounting import Measures
from ptm_spark.silver.cards import take_in_cards
from ptm_spark.silver.commits import build_first_commits, take_in_commits
from ptm_spark.silver.discussions import take_in_discussions
from ptm_spark.silver.forum import take_in_forum
from ptm_spark.silver.hub import take_in_models
from ptm_spark.silver.model_families import build_model_families
from ptm_spark.silver.topic_mentions import build_topic_mentions
from ptm_spark.store import Store
from ptm_spark.tables.activity import MODEL_COMMITS
from ptm_spark.tables.families import MODEL_FAMILIES, TOPIC_MENTIONS
from ptm_spark.tables.forum import FORUM_POSTS, FORUM_TOPICS
from ptm_spark.tables.hub import MODELS


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
    measures |= take_in_cards(store, plans["cards"], marks, reject_text_chars=reject_text_chars)
    for name, take_in in (("discussions", take_in_discussions), ("forum", take_in_forum)):
        measures |= take_in(store, plans[name], marks, reject_text_chars=reject_text_chars, user_key=user_key)
    tell_families(store)
    return measures


def tell_families(store: Store) -> None:
    """Bring silver/model_families and silver/topic_mentions up to date with the tables that this run has written."""
    written = {one.table for one in store.written}
    if MODELS.path in written:
        found = build_model_families(store.read(MODELS), stage=store.stage)
        store.overwrite(MODEL_FAMILIES, found, reshape=True)
    if written & {FORUM_TOPICS.path, FORUM_POSTS.path}:
        mentions = build_topic_mentions(store.read(FORUM_TOPICS), store.read(FORUM_POSTS), stage=store.stage)
        store.overwrite(TOPIC_MENTIONS, mentions, reshape=True)
