"""The dirt of the invented Hub: is every kind of it there, is it what it says, and is the truth told with it right?"""

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import orjson
import pytest

from ptm_spark.standin.dirt import Dirt
from ptm_spark.standin.truth import Truth
from ptm_spark.standin.world import CENSUS_DATES, World

LAST = CENSUS_DATES[-1]


def _is_sound(line: bytes) -> bool:
    """Strict JSON, one object, depth up to 64, integers within 64 bits: as the rules say, with the standard library."""

    def check(value: Any, depth: int) -> None:
        if isinstance(value, dict | list):
            if depth > 64:
                raise ValueError("too deep")
            for part in value.values() if isinstance(value, dict) else value:
                check(part, depth + 1)
        elif isinstance(value, str):
            value.encode()
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueError("too large")

    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        record = json.loads(line.decode(), parse_constant=refuse)
        check(record, 1)
    except ValueError:
        return False
    return isinstance(record, dict)


@pytest.fixture(scope="module")
def dirt(world: World) -> list[Dirt]:
    return world.dirt(LAST)


def test_every_kind_of_dirt_is_there_once_with_its_fate(dirt: list[Dirt]) -> None:
    assert len({record.kind for record in dirt}) == len(dirt)
    assert {record.kind for record in dirt if record.fate == "invalid"} == {
        "not_json", "truncated", "invalid_utf8", "bare_array", "bare_text", "integer_too_large", "integer_above_signed",
        "nested_too_deep", "not_a_number", "lone_surrogate", "trailing_junk", "two_objects", "single_quotes",
    }  # fmt: skip
    assert {record.kind: record.rule for record in dirt if record.fate == "reject"} == {
        "id_missing": "id:missing", "id_null": "id:missing", "id_number": "id:type", "id_empty": "id:missing",
        "oid_missing": "_id:missing", "oid_short": "_id:format", "oid_upper_case": "_id:format",
        "oid_not_hex": "_id:format", "oid_object": "_id:type",
    }  # fmt: skip
    assert {record.kind: record.rule for record in dirt if record.fate == "kept"} == {
        "likes_text": "likes:type", "likes_negative": "likes:range", "downloads_text": "downloads:type",
        "downloads_fraction": "downloads:type", "downloads_negative": "downloads:range", "private_text": "private:type",
        "tags_text": "tags:type", "tag_object": "tags:type", "pipeline_tag_number": "pipeline_tag:type",
        "pipeline_tag_null": None, "library_name_list": "library_name:type", "created_at_missing": None,
        "created_at_number": "createdAt:type", "created_at_text": "createdAt:format",
        "created_at_no_zone": "createdAt:format", "created_at_30_february": "createdAt:format",
        "created_at_year_1": "createdAt:range", "created_at_year_9999": "createdAt:range", "extra_field": None,
        "id_path": None, "id_long": None, "id_nul": None,
    }  # fmt: skip
    assert {record.kind for record in dirt if record.fate == "duplicate"} == {"twice_other_likes", "twice_same"}


def test_invalid_records_are_invalid_and_all_others_are_sound(dirt: list[Dirt]) -> None:
    assert {record.kind: _is_sound(record.line) for record in dirt} == {
        record.kind: record.fate != "invalid" for record in dirt
    }
    assert not any(b"\n" in record.line for record in dirt)


def test_kept_records_lose_the_bad_value_only(dirt: list[Dirt]) -> None:
    columns = {"createdAt": "created_at"}
    for record in (record for record in dirt if record.fate == "kept"):
        assert record.truth is not None
        row = orjson.loads(record.line)
        assert (record.truth.repo_oid, record.truth.model_id) == (row["_id"], row["id"])
        field = (record.rule or "").partition(":")[0]
        if record.kind == "tag_object":
            assert record.truth.tags == ("transformers", "region:us")
        elif field and field != "private":
            assert not getattr(record.truth, columns.get(field, field))
        kept = {"likes", "downloads", "pipeline_tag", "library_name"} - {field}
        assert all(getattr(record.truth, name) == row[name] for name in kept)
    by_kind = {record.kind: record for record in dirt}
    assert len(orjson.loads(by_kind["id_long"].line)["id"]) == 300
    assert "\0" in orjson.loads(by_kind["id_nul"].line)["id"] and rb"\u0000" in by_kind["id_nul"].line


def test_dirty_dump_is_the_clean_one_and_the_dirt(world: World, dirt: list[Dirt]) -> None:
    clean, dirty = list(world.dump_lines(LAST)), list(world.dump_lines(LAST, dirty=True))
    assert Counter(dirty) == Counter(clean) + Counter(record.line + b"\n" for record in dirt)
    bad = {record.line + b"\n" for record in dirt if record.fate != "duplicate"}
    places = [number for number, line in enumerate(dirty) if line in bad]
    assert all(right - left > 1 for left, right in pairwise(places)), "bad lines stand apart"


def test_the_later_line_of_a_duplicate_is_the_true_one(world: World) -> None:
    last: dict[str, dict[str, Any]] = {}
    lines = list(world.dump_lines(LAST, dirty=True))
    twice = 0
    for line in filter(_is_sound, lines):
        row = orjson.loads(line)
        if isinstance(row.get("_id"), str):
            twice += row["_id"] in last
            last[row["_id"]] = row
    assert twice == 2
    assert all(last[row["_id"]] == row for row in world.listing(LAST))


def test_dirty_truth_gains_the_kept_models_only(world: World, truth: Truth, dirt: list[Dirt]) -> None:
    dirty = world.truth(CENSUS_DATES, dirty=True)
    gained = {oid: state for oid, state in dirty.models.items() if oid not in truth.models}
    assert {oid: state.newest for oid, state in gained.items()} == {
        record.truth.repo_oid: record.truth for record in dirt if record.fate == "kept" and record.truth
    }
    assert not any(state.is_removed for state in gained.values())
    assert {oid: dirty.models[oid] for oid in truth.models} == truth.models
