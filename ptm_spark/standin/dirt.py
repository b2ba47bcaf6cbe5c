"""Bad records for a dump, each of a known kind with a known fate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from ptm_spark.standin.life import Model, Sighting

Fate = Literal["invalid", "reject", "kept", "duplicate"]

_CREATED_AT = datetime(2023, 5, 4, 10, 11, 12, tzinfo=UTC)
_ABSENT = object()


@dataclass(frozen=True)
class Dirt:
    """One bad record of a dump and what must become of it.

    ``line`` is the record as received, without its line end. Fates: ``invalid`` (landing refuses it), ``reject``
    (normalising refuses it, for the reason ``rule``), ``kept`` (becomes the row ``truth``; ``rule`` is its one flaw,
    None where it has no flaw), ``duplicate`` (a stale copy; the later line of the same dump, ``truth``, wins).
    Rules are ``<field of the source>:<missing|type|format|range>``; a JSON null is the same as a missing field, and an
    id without a character as a missing one.
    """

    kind: str
    fate: Fate
    line: bytes
    rule: str | None = None
    truth: Sighting | None = None


# kind, field, value in the record, rule. Without a rule the value is odd but good, and stays.
_REJECTED: tuple[tuple[str, str, Any, str], ...] = (
    ("id_missing", "id", _ABSENT, "id:missing"),
    ("id_null", "id", None, "id:missing"),
    ("id_number", "id", 4711, "id:type"),
    ("id_empty", "id", "", "id:missing"),
    ("oid_missing", "_id", _ABSENT, "_id:missing"),
    ("oid_short", "_id", "645384a0dddd", "_id:format"),
    ("oid_upper_case", "_id", "645384A0DDDDDDDDDDFFFFFF", "_id:format"),
    ("oid_not_hex", "_id", "645384a0ddddddddddzzzzzz", "_id:format"),
    ("oid_object", "_id", {"$oid": "645384a0ddddddddddffffff"}, "_id:type"),
)
_KEPT: tuple[tuple[str, str, Any, str | None], ...] = (
    ("likes_text", "likes", "12", "likes:type"),
    ("likes_negative", "likes", -1, "likes:range"),
    ("downloads_text", "downloads", "6.6k", "downloads:type"),
    ("downloads_fraction", "downloads", 1.5, "downloads:type"),
    ("downloads_negative", "downloads", -40, "downloads:range"),
    ("private_text", "private", "no", "private:type"),
    ("tags_text", "tags", "transformers", "tags:type"),
    ("tag_object", "tags", ["transformers", {"license": "mit"}, "region:us"], "tags:type"),
    ("pipeline_tag_number", "pipeline_tag", 7, "pipeline_tag:type"),
    ("pipeline_tag_null", "pipeline_tag", None, None),
    ("library_name_list", "library_name", ["transformers", "keras"], "library_name:type"),
    ("created_at_missing", "createdAt", _ABSENT, None),
    ("created_at_number", "createdAt", 1683195072, "createdAt:type"),
    ("created_at_text", "createdAt", "yesterday", "createdAt:format"),
    ("created_at_no_zone", "createdAt", "2023-05-04T10:11:12.000", "createdAt:format"),
    ("created_at_30_february", "createdAt", "2023-02-30T10:11:12.000Z", "createdAt:format"),
    ("created_at_year_1", "createdAt", "0001-01-01T00:00:00.000Z", "createdAt:range"),
    ("created_at_year_9999", "createdAt", "9999-12-31T23:59:59.000Z", "createdAt:range"),
    ("extra_field", "trendingScore", {"now": [1, 2, {"deep": None}]}, None),
    # A model_id cannot be nulled, so odd ids cost the row nothing and are no flaw; who makes paths of them must care.
    ("id_path", "id", "../../x", None),
    ("id_long", "id", "rough-edges/" + "n" * 288, None),
    ("id_nul", "id", "rough-edges/nul\0inside", None),
)


def dirty_records(visible: Sequence[Model], at: datetime) -> list[Dirt]:
    """One record of every kind for a dump at that moment; only the duplicates depend on the visible models.

    Kept ones are models of 2023-05, the same at every moment, so censuses from 2023-06 on agree about them.
    """
    kinds = [*_REJECTED, *_KEPT]
    records = [*_stale_copies(visible, at), *_invalid_records()]
    for number, (kind, field, value, rule) in enumerate(kinds):
        row = _good_row(kind, number) | {field: value}
        if field == "id" and isinstance(value, str):
            row["modelId"] = value
        if value is _ABSENT:
            del row[field]
        line = orjson.dumps(row)
        if number < len(_REJECTED):
            records.append(Dirt(kind, "reject", line, rule))
        else:
            if field == "tags" and isinstance(value, list):
                row[field] = [tag for tag in value if isinstance(tag, str)]  # a bad tag costs itself only
            elif rule is not None:
                del row[field]  # the bad value is lost, and only that
            records.append(Dirt(kind, "kept", line, rule, _sighting(row)))
    return records


def _good_row(kind: str, number: int) -> dict[str, Any]:
    model_id = f"rough-edges/{kind}"
    # Ids of the world never hold ten d's in the middle (world.py draws 36 of those 40 bits).
    return {
        "_id": f"{int(_CREATED_AT.timestamp()):08x}dddddddddd{number:06x}",
        "id": model_id,
        "likes": 3,
        "private": False,
        "downloads": 40,
        "tags": ["transformers", "license:mit", "region:us"],
        "pipeline_tag": "text-generation",
        "library_name": "transformers",
        "createdAt": _CREATED_AT.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "modelId": model_id,
    }


def _sighting(row: dict[str, Any]) -> Sighting:
    known = "createdAt" in row
    return Sighting(
        repo_oid=row["_id"],
        model_id=row["id"],
        created_at=_CREATED_AT if known else None,
        created_at_basis="hub" if known else "unknown",
        pipeline_tag=row.get("pipeline_tag"),
        library_name=row.get("library_name"),
        tags=tuple(row.get("tags", ())),
        downloads=row.get("downloads"),
        likes=row.get("likes"),
    )


def _invalid_records() -> list[Dirt]:
    number = len(_REJECTED) + len(_KEPT)

    def good(kind: str) -> bytes:
        return orjson.dumps(_good_row(kind, number))

    broken = {
        "not_json": b"<html><body>504 Gateway Time-out</body></html>",
        "truncated": good("truncated")[:90],
        "invalid_utf8": good("invalid_utf8").replace(b"rough-edges", b"rough\xffedges"),
        "bare_array": b"[" + good("bare_array") + b"]",
        "bare_text": b'"rough-edges/bare_text"',
        "integer_too_large": good("integer_too_large").replace(
            b'"downloads":40', b'"downloads":12345678901234567890123'
        ),
        "integer_above_signed": good("integer_above_signed").replace(b'"likes":3', b'"likes":9223372036854775808'),
        "nested_too_deep": good("nested_too_deep")[:-1] + b',"deep":' + b"[" * 200 + b"]" * 200 + b"}",
        "not_a_number": good("not_a_number").replace(b'"downloads":40', b'"downloads":NaN'),
        "lone_surrogate": good("lone_surrogate").replace(b"transformers", rb"half \ud83d pair", 1),
        "trailing_junk": good("trailing_junk") + b" and more",
        "two_objects": good("two_objects") + good("two_objects"),
        "single_quotes": good("single_quotes").replace(b'"', b"'"),
    }
    return [Dirt(kind, "invalid", line) for kind, line in broken.items()]


def _stale_copies(visible: Sequence[Model], at: datetime) -> list[Dirt]:
    """Earlier copies of two models, as a walk over a changing list gives them; the true rows come later."""
    copies = []
    if visible:
        last, middle = visible[-1], visible[len(visible) // 2]
        row = last.row(at)
        copies.append(Dirt("twice_other_likes", "duplicate", orjson.dumps(row | {"likes": row["likes"] + 17}),
                           truth=last.sighting(at)))  # fmt: skip
        copies.append(Dirt("twice_same", "duplicate", orjson.dumps(middle.row(at)), truth=middle.sighting(at)))
    return copies
