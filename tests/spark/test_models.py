"""From listing rows to models, tags and snapshots, over one crawl and over several."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rows import OID, SEEN, landed_line, lines_frame, listing_record, model_row, models_frame

from ptm_spark.silver.model_snapshots import build_model_snapshots
from ptm_spark.silver.model_tags import build_model_tags
from ptm_spark.silver.models import build_models, merge_models
from ptm_spark.silver.records import read_listing
from ptm_spark.silver.rejects import build_rejects
from ptm_spark.store import Store

pytestmark = pytest.mark.spark

LATER = SEEN + timedelta(days=1)
OTHER = "645384a0bbbbbbbbbbbbbbbb"


def models_of(store: Store, *records: dict[str, Any]) -> list[Any]:
    lines = [landed_line(record, seq) for seq, record in enumerate(records)]
    # staged as in a run: unstaged, the engine plans the whole reading again for every use of it
    listing = store.stage("listing", read_listing(lines_frame(store, *lines), reject_text_chars=80))
    return sorted(build_models(listing, crawl_id="c1", scope="hub").collect(), key=lambda row: row["repo_oid"])


def test_licences_are_one_several_or_none(store: Store) -> None:
    rows = models_of(
        store,
        listing_record(_id="0" * 24, tags=["license:mit", "license:mit"]),
        listing_record(_id="1" * 24, tags=["license:mit", "license:apache-2.0"]),
        listing_record(_id="2" * 24, tags=["mit"]),
        listing_record(_id="3" * 24, tags=...),
    )
    assert [(row.licence, row.licences) for row in rows] == [
        ("mit", ["mit"]),
        ("multiple", ["apache-2.0", "mit"]),
        (None, []),
        (None, None),
    ]


def test_an_owner_is_what_stands_before_the_slash(store: Store) -> None:
    ids = ["someone/x", "gpt2", "../../x", "/x"]
    rows = models_of(store, *(listing_record(_id=str(n) * 24, id=name) for n, name in enumerate(ids)))
    assert [row.owner for row in rows] == ["someone", None, "..", None]


def test_a_repo_served_twice_is_one_row_the_latest_fetch(store: Store) -> None:
    rows = models_of(store, listing_record(likes=1), listing_record(likes=2), listing_record(_id=OTHER))
    assert [(row.repo_oid, row.likes) for row in rows] == [(OID, 2), (OTHER, 3)]


def merge(store: Store, before: dict[str, Any], *observed: dict[str, Any], **changes: Any) -> dict[str, Any]:
    options = {"keys": frozenset({"tags", "likes", "downloads", "pipeline_tag", "createdAt"}), "scope": "hub"}
    options |= {"census_at": LATER, "cutoff": LATER} | changes
    merged = merge_models(models_frame(store, before), models_frame(store, *observed), **options)
    return {row["repo_oid"]: row for row in merged.collect()}


def seen_later(**changes: Any) -> dict[str, Any]:
    return model_row(**({"observed_at": LATER, "first_observed_at": LATER, "crawl_id": "c2"} | changes))


def test_a_rename_keeps_the_model(store: Store) -> None:
    (row,) = merge(store, model_row(), seen_later(model_id="someone/other-name")).values()
    assert (row.model_id, row.first_observed_at.replace(tzinfo=UTC), row.removal) == ("someone/other-name", SEEN, None)


def test_absence_from_a_census_of_its_scope_removes_a_model(store: Store) -> None:
    row = merge(store, model_row(), seen_later(repo_oid=OTHER))[OID]
    assert (row.removal, row.removed_at.replace(tzinfo=UTC), row.crawl_id) == ("gone_or_private", LATER, "c1")


@pytest.mark.parametrize(
    "changes",
    [
        {"census_at": None},
        {"scope": "curated"},
        {"cutoff": datetime(2023, 5, 1, tzinfo=UTC)},
    ],
    ids=["not a census", "another population", "created after the cutoff"],
)
def test_other_absence_says_nothing(store: Store, changes: dict[str, Any]) -> None:
    assert merge(store, model_row(), seen_later(repo_oid=OTHER), **changes)[OID].removal is None


def test_a_model_that_returns_is_back(store: Store) -> None:
    gone = model_row(removal="gone_or_private", removed_at=SEEN)
    row = merge(store, gone, seen_later())[OID]
    assert (row.removal, row.removed_at) == (None, None)


def test_the_first_census_that_missed_it_stays_the_time_of_removal(store: Store) -> None:
    row = merge(store, model_row(removal="gone_or_private", removed_at=SEEN), seen_later(repo_oid=OTHER))[OID]
    assert row.removed_at.replace(tzinfo=UTC) == SEEN


def test_a_source_that_cannot_carry_a_value_leaves_it(store: Store) -> None:
    poorer = seen_later(pipeline_tag=None, likes=None, licence=None, licences=None, tags=None)
    kept = merge(store, model_row(), poorer, keys=frozenset({"downloads"}))[OID]
    lost = merge(store, model_row(), poorer)[OID]
    assert (kept.pipeline_tag, kept.likes, kept.licence) == ("text-generation", 3, "mit")
    assert (lost.pipeline_tag, lost.likes, lost.licence) == (None, None, None)


def test_scopes_add_up(store: Store) -> None:
    row = merge(store, model_row(), seen_later(seen_in=["curated"]), scope="curated")[OID]
    assert row.seen_in == ["curated", "hub"]


def test_snapshots_hold_changes_only(store: Store) -> None:
    before = models_frame(store, model_row(), model_row(repo_oid=OTHER))
    after = models_frame(
        store,
        seen_later(),
        seen_later(repo_oid=OTHER, likes=4),
        seen_later(repo_oid="645384a0cccccccccccccccc"),
        model_row(repo_oid="645384a0dddddddddddddddd", crawl_id="c1"),
    )
    rows = build_model_snapshots(before, after, crawl_id="c2").collect()
    assert sorted((row.repo_oid, row.likes) for row in rows) == [(OTHER, 4), ("645384a0cccccccccccccccc", 3)]


def test_tags_fall_into_kind_and_value(store: Store) -> None:
    tags = [
        "license:mit",
        "en",
        "base_model:quantized:a/b",
        "base_model:a/b",
        "arxiv:1910.01108",
        "odd:",
        "Weird:x",
        "en",
    ]
    rows = build_model_tags(models_frame(store, model_row(tags=tags), model_row(repo_oid=OTHER, tags=None))).collect()
    assert [(row.position, row.kind, row.value) for row in sorted(rows, key=lambda row: row.position)] == [
        (0, "license", "mit"),
        (1, "plain", "en"),
        (2, "base_model:quantized", "a/b"),
        (3, "base_model", "a/b"),
        (4, "arxiv", "1910.01108"),
        (5, "plain", "odd:"),
        (6, "plain", "Weird:x"),
        (7, "plain", "en"),
    ]


def test_rejects_hold_what_landing_refused_and_what_broke_a_rule(store: Store) -> None:
    lines = lines_frame(store, landed_line(listing_record(id=7), 4))
    listing = store.stage("listing", read_listing(lines, reject_text_chars=20))
    refused = lines_frame(
        store, '{"seq":9,"fetched_at":"x","reason":"record:not_json","sha256":"ab","text":"{","bytes":"ew=="}'
    )
    rows = build_rejects(listing, refused, crawl_id="c1", entity="hub/models").collect()
    assert sorted((row.seq, row.stage, row.reasons, len(row.raw)) for row in rows) == [
        (4, "normalising", ["id:type"], 20),
        (9, "landing", ["record:not_json"], 1),
    ]
