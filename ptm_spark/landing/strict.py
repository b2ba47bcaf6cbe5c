"""Which bytes count as a record: the strictest reading, on which every later reader agrees."""

import json
import re
from collections.abc import Sequence
from itertools import accumulate
from operator import methodcaller
from typing import Any

import orjson

_NO_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[^"{}\[\]]++', re.DOTALL)
#: digits as zeros and opening brackets as one kind: tells in one look which records need a closer one
_SHAPE = bytes.maketrans(b"123456789[", b"000000000{")
#: 2**63 has 19 digits: shorter integers cannot leave 64 bits
_LONG_INTEGER = b"0" * 19
_CURLY, _SQUARE = methodcaller("count", b"{"), methodcaller("count", b"[")
#: what may stand before a number, an opening bracket as _SHAPE has it
_NUMBER_STARTS = (b":", b",", b"{", b"-", b" ", b"\t", b"\n", b"\r")
_I64 = range(-(2**63), 2**63)


class InvalidRecordError(Exception):
    """Bytes that are no strict JSON record; ``args[0]`` is the name of the rule they break."""


def parse_strict(raw: bytes, *, max_depth: int) -> dict[str, Any]:
    """The record in ``raw``; InvalidRecordError where two readers of JSON could come to different results.

    Refused are what is no UTF-8, no strict JSON, no object, nested too deep, or holds an integer beyond 64 bits: the
    engines disagree on each, so it must not reach them.
    """
    shape = raw.translate(_SHAPE)
    if shape.count(b"{") > max_depth and _depth(raw) > max_depth:
        raise InvalidRecordError("record:too_deep")
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
    if _LONG_INTEGER in shape:
        _refuse_wide_integers(raw)
    return value


def are_plain(body: bytes, raws: Sequence[bytes], *, max_depth: int) -> bool:
    """Whether all of ``raws``, parts of ``body`` that are valid JSON objects, surely keep to the rules of
    ``parse_strict``; False where one of them needs the closer look."""
    is_flat = body.count(b"{") == len(raws)  # no object within a record
    most = (1 if is_flat else max(map(_CURLY, raws), default=0)) + max(map(_SQUARE, raws), default=0)
    shape = body.translate(_SHAPE)  # digits enough stand in a hash now and then, but not where a number begins
    has_wide = _LONG_INTEGER in shape and any(start + _LONG_INTEGER in shape for start in _NUMBER_STARTS)
    return most <= max_depth and not has_wide


def _refuse_wide_integers(raw: bytes) -> None:
    def check(text: str) -> int:
        if (number := int(text)) not in _I64:
            raise InvalidRecordError("record:integer_beyond_64_bits")
        return number

    json.loads(raw, parse_int=check)


def _depth(raw: bytes) -> int:
    """How deep brackets outside strings nest; told without a parser, for parsers give up beyond some depth."""
    return max(accumulate(1 if code in b"{[" else -1 for code in _NO_BRACKETS.sub(b"", raw)), default=0)
