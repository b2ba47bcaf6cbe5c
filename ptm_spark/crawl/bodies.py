"""Taking answers apart: the records of a page with their bytes as they were sent."""

from typing import Any

import msgspec
import orjson

from ptm_spark.crawl.answers import Answer, BadBodyError
from ptm_spark.landing import CrawlWriter, InvalidRecordError

Parsed = tuple[bytes, dict[str, Any] | None]


def read_json(answer: Answer, kind: type) -> Any:
    """The JSON value of an answer; BadBodyError where it is none of that kind, as an error page with status 200 is."""
    _refuse_other_types(answer)
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise BadBodyError("empty body" if not answer.body.strip() else "body is no whole JSON") from None
    if not isinstance(value, kind):
        raise BadBodyError(f"a JSON {type(value).__name__} instead of a {kind.__name__}")
    return value


def split_page(page: bytes, writer: CrawlWriter, kind: Any = list[msgspec.Raw]) -> list[Parsed]:
    """The records of a page, a JSON array of objects: (bytes as sent, record; None for one that may not land).

    ``kind`` is another type for msgspec whose one leaf is the array, where it lies deeper; see ``array_in``.
    BadBodyError where the page is no such JSON.
    """
    try:
        found = msgspec.json.decode(page, type=kind)
    except msgspec.DecodeError:
        raise BadBodyError("empty body" if not page.strip() else "body is no whole JSON page") from None
    is_array = isinstance(found, list)
    while not isinstance(found, list):
        found = getattr(found, found.__struct_fields__[0])
    raws = [bytes(raw) for raw in found]
    records = writer.parse_page(page, raws) if is_array else None
    if records is not None:
        return list(zip(raws, records, strict=True))
    return [_parse(raw, writer) for raw in raws]


def array_in(*path: str) -> Any:
    """The type of a JSON object that holds an array of records at a path of keys."""
    kind: Any = list[msgspec.Raw]
    for key in reversed(path):
        kind = msgspec.defstruct("Holder", [("value", kind)], rename={"value": key})
    return kind


def read_page(answer: Answer, writer: CrawlWriter) -> list[Parsed]:
    """The records of a listing page; BadBodyError where the body is no JSON array of objects."""
    _refuse_other_types(answer)
    records = split_page(answer.body, writer)
    if records and all(record is None for _, record in records):
        raise BadBodyError("no record in the page may land")
    return records


def _refuse_other_types(answer: Answer) -> None:
    content_type = answer.headers.get("Content-Type", "application/json")
    if "json" not in content_type:
        raise BadBodyError(f"{content_type.partition(';')[0]} instead of JSON")


def error_text(answer: Answer) -> str:
    """What an error body says, in a line."""
    try:
        return str(orjson.loads(answer.body)["error"])[:300]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return " ".join(answer.body[:300].decode("utf-8", errors="replace").split())


def _parse(raw: bytes, writer: CrawlWriter) -> Parsed:
    try:
        return raw, writer.parse(raw)
    except InvalidRecordError:
        return raw, None
