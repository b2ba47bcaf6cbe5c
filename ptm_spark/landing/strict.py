"""Which bytes count as a record: the strictest reading, on which every later reader agrees."""

import json
from typing import Any

import orjson

_DIGITS_AS_ZEROS = bytes(48 if 48 <= code <= 57 else 32 for code in range(256))
#: 2**63 has 19 digits: shorter integers cannot leave 64 bits
_LONG_INTEGER = b"0" * 19
_I64 = range(-(2**63), 2**63)


class InvalidRecordError(Exception):
    """Bytes that are no strict JSON record; ``args[0]`` is the name of the rule they break."""


def parse_strict(raw: bytes, *, max_depth: int) -> dict[str, Any]:
    """The record in ``raw``; InvalidRecordError where two readers of JSON could come to different results.

    Refused are what is no UTF-8, no strict JSON, no object, nested too deep, or holds an integer beyond 64 bits: the
    engines disagree on each, so it must not reach them.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidRecordError("record:not_utf8") from None
        raise InvalidRecordError("record:not_json") from None
    if type(value) is not dict:
        raise InvalidRecordError("record:not_object")
    if raw.count(b"{") + raw.count(b"[") > max_depth and _depth(value) > max_depth:
        raise InvalidRecordError("record:too_deep")
    if _LONG_INTEGER in raw.translate(_DIGITS_AS_ZEROS):
        _refuse_wide_integers(raw)
    return value


def _refuse_wide_integers(raw: bytes) -> None:
    def check(text: str) -> int:
        if (number := int(text)) not in _I64:
            raise InvalidRecordError("record:integer_beyond_64_bits")
        return number

    json.loads(raw, parse_int=check)


def _depth(value: object) -> int:
    deepest, open_values = 0, [(value, 1)]
    while open_values:
        inner, level = open_values.pop()
        if isinstance(inner, dict | list):
            deepest = max(deepest, level)
            children = inner.values() if isinstance(inner, dict) else inner
            open_values.extend((child, level + 1) for child in children)
    return deepest
