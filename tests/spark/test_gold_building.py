"""Which gold tables a run builds: those whose sources or moments have changed, and of what there is only."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from forum_months import mention, post, topic
from rows import SEEN, model_row

from ptm_spark.gold.building import Before, Bulk, Frames, GoldRun
from ptm_spark.gold.moments import Moments
from ptm_spark.store import Store
from ptm_spark.tables import Table, cards, families, forum, gold, gold_cards, gold_forum, gold_series, hub

pytestmark = pytest.mark.spark
FORUM_AT = datetime(2024, 3, 15, 12, tzinfo=UTC)
MODELS_ONLY = Moments(
    models=SEEN, forum=None, cards=(), whole_cards=frozenset(), card_scopes=frozenset(), card_histories=frozenset()
)
WITH_FORUM = replace(MODELS_ONLY, forum=FORUM_AT)
UPLOADS = {*gold.TABLES, gold_series.DOWNLOADS_PER_FAMILY_DAILY}
BULK = Bulk(50, 100)
SERIES = {*gold_series.TABLES} - {gold_series.DOWNLOADS_PER_FAMILY_DAILY}


def write(store: Store, rows: dict[Table, list[dict[str, Any]]]) -> None:
    for table, records in rows.items():
        store.overwrite(table, store.rows_of(records, table))


def write_models(store: Store) -> None:
    """Two models, and what was first seen of them."""
    january = datetime(2024, 1, 4, tzinfo=UTC)
    models = [
        model_row(created_at=january),
        model_row(repo_oid="b" * 24, model_id="other/bert", owner="other", created_at=january),
    ]
    shared = ("repo_oid", "model_id", "crawl_id")
    write(
        store,
        {
            hub.MODELS: models,
            families.MODEL_FAMILIES: [
                {"repo_oid": row["repo_oid"], "family": "bert", "method": "name", "confidence": 0.9, "base_steps": 0}
                for row in models
            ],
            hub.MODEL_SNAPSHOTS: [
                {"repo_oid": row["repo_oid"], "observed_at": SEEN, "downloads": 40, "likes": 3, "crawl_id": "c1"}
                for row in models
            ],
            hub.MODEL_VERSIONS: [
                {name: row[name] for name in shared} | {"valid_from": SEEN, "is_current": True} for row in models
            ],
        },
    )


def write_forum(store: Store, *, topics: int) -> None:
    numbers = range(1, topics + 1)
    write(
        store,
        {
            forum.FORUM_TOPICS: [topic(number) for number in numbers],
            forum.FORUM_POSTS: [post(number) for number in numbers],
            forum.FORUM_CATEGORIES: [],
            families.TOPIC_MENTIONS: [mention(number) for number in numbers],
        },
    )


def build(store: Store, moments: Moments, before: Before | None = None) -> Frames:
    """What one run builds, put into its place as the job does."""
    built = GoldRun(store, moments, BULK, before).build()
    for table, frame in built.items():
        store.overwrite(table, frame, reshape=True)
    return built


def seen(store: Store, moments: Moments) -> Before:
    """What readers see after this run."""
    return Before(dict(store.versions), moments, BULK)


def test_a_lake_of_models_has_no_tables_of_cards_and_forum(store: Store) -> None:
    """Statistics are there: they say of each series that there is too little."""
    write_models(store)
    built = build(store, MODELS_ONLY)
    assert built.keys() == UPLOADS | SERIES
    assert not any(store.exists(table) for table in (*gold_cards.TABLES, *gold_forum.TABLES))
    assert {row.status for row in built[gold_series.TREND_TESTS].collect()} <= {"too_short", "empty", "constant"}
    alive = built[gold.UPLOADS_PER_FAMILY_MONTHLY].where("upload_count > 0").collect()
    assert [(row.month, row.family, row.upload_count) for row in alive] == [(date(2024, 1, 1), "bert", 2)]


def test_new_crawls_of_the_forum_leave_the_uploads_as_they_are(store: Store) -> None:
    write_models(store)
    write_forum(store, topics=1)
    build(store, WITH_FORUM)
    before = seen(store, WITH_FORUM)
    assert before.versions.keys() >= {table.path for table in (*UPLOADS, *SERIES, *gold_forum.TABLES)}

    write_forum(store, topics=3)
    later = replace(WITH_FORUM, forum=FORUM_AT + timedelta(days=1))
    built = build(store, later, before)
    assert built.keys() == {*gold_forum.TABLES} | SERIES
    assert {table.path: store.versions[table.path] for table in UPLOADS} == {
        table.path: before.versions[table.path] for table in UPLOADS
    }
    # statistics speak of the new topics beside the old uploads
    totals = built[gold_series.PAIN_PER_FAMILY].where("family = 'bert'").collect()
    assert [(row.topic_count, row.upload_count) for row in totals] == [(3, 2)]
    health = built[gold_forum.FORUM_HEALTH_MONTHLY].where("topic_count > 0").collect()
    assert [(row.month, row.topic_count) for row in health] == [(date(2024, 1, 1), 3)]


def test_nothing_new_builds_nothing(store: Store) -> None:
    write_models(store)
    write_forum(store, topics=1)
    build(store, WITH_FORUM)
    assert build(store, WITH_FORUM, seen(store, WITH_FORUM)) == {}


@pytest.mark.one_engine
def test_another_idea_of_bulk_builds_all_tables(store: Store) -> None:
    write_models(store)
    build(store, MODELS_ONLY)
    built = GoldRun(store, MODELS_ONLY, Bulk(1, 100), seen(store, MODELS_ONLY)).build()
    assert built.keys() == UPLOADS | SERIES
    cohorts = gold_cards.CARDS_PER_COHORT_MONTHLY.path
    cards_before = replace(seen(store, MODELS_ONLY), versions={cohorts: 1})
    assert GoldRun(store, MODELS_ONLY, Bulk(1, 100), cards_before).outdated() == [cohorts]
    assert GoldRun(store, MODELS_ONLY, BULK, cards_before).outdated() == []
    uploads = built[gold.UPLOADS_PER_FAMILY_MONTHLY].where("upload_count > 0").collect()
    assert [(row.upload_count, row.without_bulk_count) for row in uploads] == [(2, 0)]


@pytest.mark.one_engine
@pytest.mark.parametrize("kind", ["models", "forum"])
def test_a_later_moment_alone_builds_the_tables_of_its_kind(store: Store, kind: str) -> None:
    """Months that are over now, and those begun since, are told anew though no row is."""
    write_models(store)
    write_forum(store, topics=1)
    build(store, WITH_FORUM)
    moment = {"models": SEEN, "forum": FORUM_AT}[kind] + timedelta(days=40)
    built = GoldRun(
        store, replace(WITH_FORUM, **{kind: moment}), BULK, seen(store, WITH_FORUM)
    ).build()  # fmt: skip
    assert built.keys() == SERIES | {"models": UPLOADS, "forum": {*gold_forum.TABLES}}[kind]


@pytest.mark.one_engine
@pytest.mark.parametrize(
    ("table", "due"),
    [
        (families.MODEL_FAMILIES, UPLOADS),
        (hub.MODEL_SNAPSHOTS, {gold_series.DOWNLOADS_PER_FAMILY_DAILY}),
        (families.TOPIC_MENTIONS, {*gold_forum.TABLES}),
        (cards.MODEL_CARDS, set()),
    ],
    ids=lambda value: value.name if isinstance(value, Table) else "",
)
def test_a_source_with_a_new_version_builds_what_comes_from_it(store: Store, table: Table, due: set[Table]) -> None:
    """Where cards have no moment, none of their tables is built, whatever is new."""
    write_models(store)
    write_forum(store, topics=1)
    build(store, WITH_FORUM)
    before = seen(store, WITH_FORUM)
    store.overwrite(table, store.read(table).where("false"))
    built = GoldRun(store, WITH_FORUM, BULK, before).build()
    assert built.keys() == (due | SERIES if due else set())


@pytest.mark.one_engine
def test_cards_with_a_moment_are_built_once(store: Store) -> None:
    """A model that a whole crawl of cards has not asked for has none; then nothing is due."""
    write_models(store)
    at = SEEN + timedelta(seconds=5)
    moments = replace(MODELS_ONLY, cards=(at,), whole_cards=frozenset({at}))
    built = build(store, moments)
    assert built.keys() == UPLOADS | SERIES | {*gold_cards.TABLES}
    rows = built[gold_cards.CARDS_PER_COHORT_MONTHLY].where("model_count > 0").collect()
    assert [(row.model_count, row.known_count, row.card_count) for row in rows] == [(2, 2, 0)]
    assert build(store, moments, seen(store, moments)) == {}
    more = replace(moments, cards=(at, at + timedelta(days=1)))
    assert build(store, more, seen(store, moments)).keys() == SERIES | {*gold_cards.TABLES}
