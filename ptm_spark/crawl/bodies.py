"""Taking answers apart: the records of a page with their bytes as they were sent."""

import re
from itertools import repeat
from typing import Any

import orjson

from ptm_spark.crawl.answers import Answer, BadBodyError
from ptm_spark.crawl.dump_file import read_values
from ptm_spark.errors import LandingError
from ptm_spark.landing import CrawlWriter, InvalidRecordError

Parsed = tuple[bytes, dict[str, Any] | None]
#: keys (strings with their colon), other strings, brackets
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}\[\]]', re.DOTALL)
_WHITE = b" \t\r\n"


def read_json(answer: Answer, kind: type) -> Any:
    """The JSON value of an answer; BadBodyError where it is none of that kind, as an error page with status 200 is."""
    content_type = answer.headers.get("Content-Type", "application/json")
    if "json" not in content_type:
        raise BadBodyError(f"{content_type.partition(';')[0]} instead of JSON")
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise BadBodyError("empty body" if not answer.body.strip() else "body is no whole JSON") from None
    if not isinstance(value, kind):
        raise BadBodyError(f"a JSON {type(value).__name__} instead of a {kind.__name__}")
    return value


def split_page(body: bytes, writer: CrawlWriter) -> list[Parsed]:
    """The records of a JSON array of objects: (bytes as sent, record; None for one that may not land).

    Services send their rows compact and each with the same first key, so that a page is cut where one row ends and the
    next begins; where a piece is then no record, brackets are counted, which takes four times as long.
    """
    inner = body.strip(_WHITE)[1:-1].strip(_WHITE)
    if not inner:
        return []
    first_key = inner[: inner.find(b":") + 1]
    if first_key.startswith(b'{"'):
        pieces = inner.split(b"}," + first_key)
        last = len(pieces) - 1
        raws = [
            (b"" if number == 0 else first_key) + piece + (b"" if number == last else b"}")
            for number, piece in enumerate(pieces)
        ]
        records = writer.parse_page(body, raws)
        # a nested object may begin like a row: then the pieces are not the rows
        if records is not None and all(map(_begins_as, raws, records, repeat(first_key))):
            return list(zip(raws, records, strict=True))
    return [_parse(raw, writer) for raw in read_values(body)]


def read_page(answer: Answer, writer: CrawlWriter) -> list[Parsed]:
    """The records of a listing page; BadBodyError where the body is no JSON array of objects."""
    content_type = answer.headers.get("Content-Type", "application/json")
    if "json" not in content_type:
        raise BadBodyError(f"{content_type.partition(';')[0]} instead of JSON")
    stripped = answer.body.strip(_WHITE)
    if not (stripped.startswith(b"[") and stripped.endswith(b"]")):
        raise BadBodyError("empty body" if not stripped else "body is no whole JSON array")
    try:
        records = split_page(stripped, writer)
    except LandingError:
        raise BadBodyError("body is no whole JSON array") from None
    if records and all(record is None for _, record in records):
        raise BadBodyError("no record in the page may land")
    return records


def inner_array(body: bytes, *path: str) -> bytes:
    """The text of the array at a path of keys in a JSON object, as it was sent; BadBodyError where there is none.

    ``body`` must be valid JSON: brackets and strings are all that is looked at.
    """
    depth, begun, at_path = 0, -1, 0
    for token in _TOKENS.finditer(body):
        text = token[0]
        if text in (b"{", b"["):
            depth += 1
        elif text in (b"}", b"]"):
            depth -= 1
            if begun >= 0 and depth == at_path:
                return body[begun : token.end()].strip(_WHITE)
            if begun < 0 and depth == at_path:
                at_path -= 1  # the path's object has ended without the rest of the path
        elif begun < 0 and depth == at_path + 1 and text.endswith(b":"):
            at_path += text[:-1].rstrip() == b'"%b"' % path[at_path].encode()
            if at_path == len(path):
                begun = token.end()
                if not body[begun:].lstrip(_WHITE).startswith(b"["):
                    break
    raise BadBodyError(f"no array {'.'.join(path)} in the body")


def error_text(answer: Answer) -> str:
    """What an error body says, in a line."""
    try:
        return str(orjson.loads(answer.body)["error"])[:300]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return " ".join(answer.body[:300].decode("utf-8", errors="replace").split())


def _begins_as(raw: bytes, record: dict[str, Any], first_key: bytes) -> bool:
    """Whether a piece begins with the first member of its record, whole, and ends where a record may end."""
    first = next(iter(record.values()))
    if not isinstance(first, (str, int)):
        return False
    member = first_key + orjson.dumps(first)
    return raw.startswith((member + b",", member + b"}")) and raw.endswith(b"}")


def _parse(raw: bytes, writer: CrawlWriter) -> Parsed:
    try:
        return raw, writer.parse(raw)
    except InvalidRecordError:
        return raw, None
