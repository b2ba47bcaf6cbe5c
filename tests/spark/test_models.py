"""From listing rows to models, tags and snapshots, over one crawl and over several."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rows import OID, SEEN, landed_line, lines_frame, listing_record, model_row, models_frame

from ptm_spark.quality.metrics import measure
from ptm_spark.quality.rules import contract_rules
from ptm_spark.silver.dialects import DIALECTS, LEAVES
from ptm_spark.silver.model_snapshots import count_snapshots
from ptm_spark.silver.model_tags import build_model_tags
from ptm_spark.silver.models import build_models, merge_models
from ptm_spark.silver.records import read_listing
from ptm_spark.silver.rejects import build_rejects
from ptm_spark.store import Store
from ptm_spark.tables.hub import MODELS

pytestmark = pytest.mark.spark

LATER = SEEN + timedelta(days=1)
OTHER = "645384a0bbbbbbbbbbbbbbbb"


def models_of(store: Store, *records: dict[str, Any]) -> list[Any]:
    lines = [landed_line(record, seq) for seq, record in enumerate(records)]
    # staged as in a run: unstaged, the engine plans the whole reading again for every use of it
    listing = store.stage("listing", read_listing(lines_frame(store, *lines), DIALECTS["api"], reject_text_chars=80))
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


def test_fault_23_a_repo_served_twice_is_one_row_the_latest_fetch(store: Store) -> None:
    rows = models_of(store, listing_record(likes=1), listing_record(likes=2), listing_record(_id=OTHER))
    assert [(row.repo_oid, row.likes) for row in rows] == [(OID, 2), (OTHER, 3)]


def test_fault_30_keys_that_stand_twice_are_refused_before_anything_is_published(store: Store) -> None:
    rules = {rule.name: rule for rule in contract_rules(MODELS)}
    values = measure(MODELS, models_frame(store, model_row(), model_row(likes=9), model_row(repo_oid=OTHER)))
    assert (values["duplicate_count"], rules["key_unique"].most, rules["key_unique"].severity) == (1, 0, "error")


def merged(store: Store, before: list[dict[str, Any]], observed: list[dict[str, Any]], **changes: Any) -> Any:
    options = {"carried": frozenset(LEAVES), "scope": "hub", "crawl_id": "c2", "census_at": LATER, "cutoff": LATER}
    return merge_models(models_frame(store, *before), models_frame(store, *observed), **(options | changes))


def merge(store: Store, before: dict[str, Any], *observed: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {row["repo_oid"]: row for row in merged(store, [before], list(observed), **changes).collect()}


def other(**changes: Any) -> dict[str, Any]:
    return seen_later(**({"repo_oid": OTHER, "model_id": "someone/other-model"} | changes))


def seen_later(**changes: Any) -> dict[str, Any]:
    return model_row(**({"observed_at": LATER, "first_observed_at": LATER, "crawl_id": "c2"} | changes))


def test_a_rename_keeps_the_model(store: Store) -> None:
    (row,) = merge(store, model_row(), seen_later(model_id="someone/other-name")).values()
    assert (row.model_id, row.first_observed_at.replace(tzinfo=UTC), row.removal) == ("someone/other-name", SEEN, None)


def test_absence_from_a_census_of_its_scope_removes_a_model(store: Store) -> None:
    row = merge(store, model_row(), other())[OID]
    assert (row.removal, row.removed_at.replace(tzinfo=UTC), row.crawl_id) == ("gone_or_private", LATER, "c2")


@pytest.mark.parametrize(
    "changes",
    [
        {"census_at": None},
        {"scope": "curated"},
        {"cutoff": datetime(2023, 5, 1, tzinfo=UTC)},
        {"cutoff": SEEN - timedelta(hours=1)},
    ],
    ids=["not a census", "another population", "created after the cutoff", "seen after it"],
)
def test_other_absence_says_nothing(store: Store, changes: dict[str, Any]) -> None:
    assert merge(store, model_row(), other(), **changes)[OID].removal is None


def test_a_model_that_returns_is_back(store: Store) -> None:
    gone = model_row(removal="gone_or_private", removed_at=SEEN)
    row = merge(store, gone, seen_later())[OID]
    assert (row.removal, row.removed_at) == (None, None)


def test_the_first_census_that_missed_it_stays_the_time_of_removal(store: Store) -> None:
    row = merge(store, model_row(removal="gone_or_private", removed_at=SEEN), other())[OID]
    assert row.removed_at.replace(tzinfo=UTC) == SEEN


def test_a_source_that_cannot_carry_a_value_leaves_it(store: Store) -> None:
    poorer = seen_later(pipeline_tag=None, likes=None, licence=None, licences=None, tags=None)
    kept = merge(store, model_row(), poorer, carried=frozenset({"downloads"}))[OID]
    lost = merge(store, model_row(), poorer)[OID]
    assert (kept.pipeline_tag, kept.likes, kept.licence) == ("text-generation", 3, "mit")
    assert (lost.pipeline_tag, lost.likes, lost.licence) == (None, None, None)


def test_scopes_add_up(store: Store) -> None:
    row = merge(store, model_row(), seen_later(seen_in=["curated"]), scope="curated")[OID]
    assert row.seen_in == ["curated", "hub"]


def test_a_row_that_nothing_has_changed_stays_as_it_was(store: Store) -> None:
    row = merge(store, model_row(), seen_later(tags=["license:mit", "transformers"]))[OID]
    assert (row.is_changed, row.is_opened, row.is_counted, row.crawl_id) == (False, False, False, "c1")
    assert (row.observed_at.replace(tzinfo=UTC), row.tags) == (SEEN, ["transformers", "license:mit"])


@pytest.mark.parametrize(
    ("changes", "is_opened", "is_counted"),
    [({"likes": 9}, False, True), ({"pipeline_tag": None}, True, False), ({"flaws": ["likes:type"]}, False, False)],
)
def test_what_has_changed_is_told(store: Store, changes: dict[str, Any], is_opened: bool, is_counted: bool) -> None:
    row = merge(store, model_row(), seen_later(**changes))[OID]
    assert (row.is_changed, row.is_opened, row.is_counted, row.crawl_id) == (True, is_opened, is_counted, "c2")


def test_another_model_of_the_same_name_ends_the_first_one(store: Store) -> None:
    rows = merge(store, model_row(), seen_later(repo_oid=OTHER), census_at=None)
    assert (rows[OID].removal, rows[OTHER].removal) == ("recreated", None)


def test_two_models_that_swap_names_both_live_on(store: Store) -> None:
    both = [model_row(), model_row(repo_oid=OTHER, model_id="someone/other-model")]
    swapped = [seen_later(model_id="someone/other-model"), seen_later(repo_oid=OTHER)]
    rows = merged(store, both, swapped).collect()
    assert {(row.repo_oid, row.model_id, row.removal) for row in rows} == {
        (OID, "someone/other-model", None),
        (OTHER, "someone/some-model", None),
    }


def test_what_was_fetched_before_it_is_known_already_changes_nothing(store: Store) -> None:
    earlier = seen_later(observed_at=SEEN - timedelta(hours=1), likes=99)
    row = merge(store, model_row(), earlier)[OID]
    assert (row.likes, row.is_older, row.is_changed) == (3, True, False)


def test_a_flag_ends_and_a_flagged_model_may_vanish(store: Store) -> None:
    flagged = model_row(removal="flagged", removed_at=SEEN)
    assert merge(store, flagged, seen_later())[OID].removal is None
    assert merge(store, flagged, other())[OID].removal == "gone_or_private"


def test_only_a_source_that_knows_of_disabled_models_takes_that_back(store: Store) -> None:
    disabled = model_row(removal="disabled", removed_at=SEEN, is_disabled=True)
    poorer = frozenset(LEAVES) - {"disabled"}
    assert merge(store, disabled, seen_later(is_disabled=False))[OID].removal is None
    row = merge(store, disabled, seen_later(), carried=poorer)[OID]
    assert (row.removal, row.removed_at.replace(tzinfo=UTC), row.is_changed) == ("disabled", SEEN, False)
    assert merge(store, disabled, other())[OID].removal == "disabled"  # listings leave disabled models out


def test_snapshots_hold_changes_only(store: Store) -> None:
    before = [model_row(), model_row(repo_oid=OTHER, model_id="someone/other-model")]
    new = "645384a0cccccccccccccccc"
    rows = merged(store, before, [seen_later(), other(likes=4), seen_later(repo_oid=new, model_id="someone/new")])
    counted = count_snapshots(rows, crawl_id="c2").collect()
    assert sorted((row.repo_oid, row.likes, row.crawl_id) for row in counted) == [(OTHER, 4, "c2"), (new, 3, "c2")]


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
    listing = store.stage("listing", read_listing(lines, DIALECTS["api"], reject_text_chars=20))
    refused = lines_frame(
        store, '{"seq":9,"fetched_at":"x","reason":"record:not_json","sha256":"ab","text":"{","bytes":"ew=="}'
    )
    rows = build_rejects(listing, refused, crawl_id="c1", entity="hub/models").collect()
    assert sorted((row.seq, row.stage, row.reasons, len(row.raw)) for row in rows) == [
        (4, "normalising", ["id:type"], 20),
        (9, "landing", ["record:not_json"], 1),
    ]
