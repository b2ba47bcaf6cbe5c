"""Reading landed listing rows: what is typed, what is a flaw, what is turned away. Both engines must agree."""

from typing import Any

import pytest
from rows import landed_line, lines_frame, listing_record

from ptm_spark.silver.dialects import DIALECTS
from ptm_spark.silver.records import read_listing
from ptm_spark.store import Store

pytestmark = pytest.mark.spark


def read(store: Store, *records: dict[str, Any] | str) -> list[Any]:
    lines = [landed_line(record, seq) for seq, record in enumerate(records)]
    frame = read_listing(lines_frame(store, *lines), DIALECTS["api"], reject_text_chars=80)
    return sorted(frame.collect(), key=lambda row: row["seq"])


def test_a_sound_row_keeps_every_value(store: Store) -> None:
    (row,) = read(
        store, listing_record(gated="auto", sha="a" * 40, lastModified="2023-06-01T00:00:00.000Z", disabled=False)
    )
    assert (row.repo_oid, row.model_id, row.downloads, row.likes) == (
        "645384a0aaaaaaaaaaaaaaaa",
        "someone/some-model",
        40,
        3,
    )
    assert (row.pipeline_tag, row.library_name, row.gated) == ("text-generation", "transformers", "auto")
    assert (row.head_sha, row.is_private, row.is_disabled) == ("a" * 40, False, False)
    assert str(row.created_at) == "2023-05-04 10:11:12"
    assert str(row.last_modified_at) == "2023-06-01 00:00:00"
    assert (row.created_at_basis, row.flaws, row.reasons, row.tags) == ("hub", [], [], ["transformers", "license:mit"])


@pytest.mark.parametrize(
    ("config", "expected", "flaws"),
    [
        ({"model_type": "bert", "architectures": ["BertModel", "X"], "more": 1}, ("bert", "BertModel"), []),
        ({"model_type": "", "architectures": []}, (None, None), []),
        ({}, (None, None), []),
        (None, (None, None), []),
        ("bert", (None, None), ["config:type"]),
    ],
)
def test_a_config_tells_its_type_and_its_architecture(
    store: Store, config: Any, expected: tuple[str | None, str | None], flaws: list[str]
) -> None:
    (row,) = read(store, listing_record(config=config))
    assert (row.model_type, row.architecture) == expected
    assert row.flaws == flaws


def test_hard_rules_turn_a_row_away_with_its_reason_and_text(store: Store) -> None:
    rows = read(
        store,
        listing_record(id=...),
        listing_record(id=None),
        listing_record(id=""),
        listing_record(id=7),
        listing_record(_id=...),
        listing_record(_id={"$oid": "645384a0aaaaaaaaaaaaaaaa"}),
        listing_record(_id="645384A0AAAAAAAAAAAAAAAA"),
        listing_record(_id="short", id=[1]),
    )
    assert [row.reasons for row in rows] == [
        ["id:missing"],
        ["id:missing"],
        ["id:missing"],
        ["id:type"],
        ["_id:missing"],
        ["_id:type"],
        ["_id:format"],
        ["id:type", "_id:format"],
    ]
    assert rows[3].raw_cut.startswith('{"_id": "645384a0aaaaaaaaaaaaaaaa", "id": 7') and len(rows[3].raw_cut) == 80
    assert len(rows[3].sha256) == 64


SOFT: list[tuple[dict[str, Any], str, str, Any]] = [
    ({"likes": "12"}, "likes:type", "likes", None),
    ({"likes": 1.5}, "likes:type", "likes", None),
    ({"likes": -1}, "likes:range", "likes", None),
    ({"downloads": None}, "", "downloads", None),
    ({"downloads": True}, "downloads:type", "downloads", None),
    ({"downloads": 2**63 - 1}, "", "downloads", 2**63 - 1),
    ({"private": "no"}, "private:type", "is_private", None),
    ({"tags": "transformers"}, "tags:type", "tags", None),
    ({"tags": ["a", {"b": 1}, None, "c"]}, "tags:type", "tags", ["a", "c"]),
    ({"tags": ["[a", "{b", "5", "x"]}, "", "tags", ["[a", "{b", "5", "x"]),
    ({"pipeline_tag": 7}, "pipeline_tag:type", "pipeline_tag", None),
    ({"pipeline_tag": "7"}, "", "pipeline_tag", "7"),
    ({"pipeline_tag": None}, "", "pipeline_tag", None),
    ({"library_name": ["x"]}, "library_name:type", "library_name", None),
    ({"library_name": "{x}"}, "", "library_name", "{x}"),
    ({"gated": False}, "", "gated", "no"),
    ({"gated": "manual"}, "", "gated", "manual"),
    ({"gated": "perhaps"}, "gated:range", "gated", None),
    ({"sha": "a" * 39}, "sha:format", "head_sha", None),
    ({"createdAt": "2023-02-30T10:00:00.000Z"}, "createdAt:format", "created_at", None),
    ({"createdAt": "2023-05-04T10:00:00"}, "createdAt:format", "created_at", None),
    ({"createdAt": "12:30:00"}, "createdAt:format", "created_at", None),
    ({"createdAt": "0001-01-01T00:00:00.000Z"}, "createdAt:range", "created_at", None),
    ({"createdAt": "9999-12-31T23:59:59.000Z"}, "createdAt:range", "created_at", None),
    ({"createdAt": "2024-07-13T12:00:01.000Z"}, "createdAt:range", "created_at", None),
    ({"createdAt": 1683195072}, "createdAt:type", "created_at", None),
    ({"createdAt": ...}, "", "created_at", None),
]


def test_other_rules_cost_one_value_and_name_it(store: Store) -> None:
    rows = read(store, *(listing_record(**changes) for changes, *_ in SOFT))
    for row, (changes, flaw, column, value) in zip(rows, SOFT, strict=True):
        assert (row[column], row.flaws, row.reasons) == (value, [flaw] if flaw else [], []), changes


def test_the_two_floor_seconds_mean_unknown(store: Store) -> None:
    rows = read(
        store,
        listing_record(createdAt="2022-03-02T23:29:04.000Z"),
        listing_record(createdAt="2022-03-02T23:29:05.000Z"),
        listing_record(createdAt="2022-03-02T23:29:06.000Z"),
    )
    assert [(row.created_at is None, row.created_at_basis) for row in rows] == [
        (True, "floor"),
        (True, "floor"),
        (False, "hub"),
    ]


def test_an_offset_becomes_utc(store: Store) -> None:
    (row,) = read(store, listing_record(createdAt="2023-05-04T01:30:00.500+02:00"))
    assert str(row.created_at) == "2023-05-03 23:30:00.500000"


def test_an_answer_without_a_record_is_no_row(store: Store) -> None:
    line = '{"seq":0,"fetched_at":"2024-07-11T12:00:00Z","status":404,"key":"someone/gone"}'
    assert read_listing(lines_frame(store, line), DIALECTS["api"], reject_text_chars=80).count() == 0
