"""Which bytes count as a record: refused is whatever two readers of JSON could read differently."""

import json
from typing import Any

import pytest
from dumps import RECORDS, quick
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.landing import InvalidRecordError, parse_strict

REFUSED = {
    "an invalid byte": (b'{"a":"\xff"}', "record:not_utf8"),
    "a cut character": (b'{"a":"\xe2\x82"}', "record:not_utf8"),
    "an overlong character": (b'{"a":"\xc0\xaf"}', "record:not_utf8"),
    "a surrogate as bytes": (b'{"a":"\xed\xa0\x80"}', "record:not_utf8"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "record:not_utf8"),
    "NaN": (b'{"a":NaN}', "record:not_json"),
    "Infinity": (b'{"a":Infinity}', "record:not_json"),
    "-Infinity": (b'{"a":-Infinity}', "record:not_json"),
    "a number beyond doubles": (b'{"a":1e400}', "record:not_json"),
    "trailing junk": (b'{"a":1} x', "record:not_json"),
    "two objects": (b'{"a":1}{"b":2}', "record:not_json"),
    "two objects with a comma": (b'{"a":1},{"b":2}', "record:not_json"),
    "single quotes": (b"{'a':1}", "record:not_json"),
    "a trailing comma": (b'{"a":1,}', "record:not_json"),
    "a comment": (b'{"a":1} // one', "record:not_json"),
    "an unquoted key": (b"{a:1}", "record:not_json"),
    "a leading zero": (b'{"a":01}', "record:not_json"),
    "a leading plus": (b'{"a":+1}', "record:not_json"),
    "hex digits": (b'{"a":0x1f}', "record:not_json"),
    "a lone high surrogate": (b'{"a":"\\ud800"}', "record:not_json"),
    "a lone low surrogate": (b'{"a":"\\udc00x"}', "record:not_json"),
    "a lone surrogate in a key": (b'{"\\ud800":1}', "record:not_json"),
    "a byte order mark": (b'\xef\xbb\xbf{"a":1}', "record:not_json"),
    "a raw control character": (b'{"a":"\x01"}', "record:not_json"),
    "a raw NUL": (b'{"a":"\x00"}', "record:not_json"),
    "a raw tab in a string": (b'{"a":"\t"}', "record:not_json"),
    "a raw line end in a string": (b'{"a":"x\ny"}', "record:not_json"),
    "a cut record": (b'{"a":1', "record:not_json"),
    "nothing": (b"", "record:not_json"),
    "an array": (b'[{"a":1}]', "record:not_object"),
    "a number": (b"1", "record:not_object"),
    "a string": (b'"a"', "record:not_object"),
    "null": (b"null", "record:not_object"),
    "true": (b"true", "record:not_object"),
    "depth 65": (b'{"a":' * 65 + b"1" + b"}" * 65, "record:too_deep"),
    "depth 65 by arrays": (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "record:too_deep"),
    "depth 1,000": (b'{"a":' + b"[" * 999 + b"]" * 999 + b"}", "record:too_deep"),
    "depth 2,000": (b'{"a":' + b"[" * 1999 + b"]" * 1999 + b"}", "record:too_deep"),
    "2**63": (b'{"a":9223372036854775808}', "record:integer_beyond_64_bits"),
    "-2**63-1": (b'{"a":-9223372036854775809}', "record:integer_beyond_64_bits"),
    "2**64": (b'{"a":18446744073709551616}', "record:integer_beyond_64_bits"),
    "23 digits": (b'{"a":12345678901234567890123}', "record:integer_beyond_64_bits"),
    "23 digits deep inside": (b'{"a":[{"b":[1,12345678901234567890123]}]}', "record:integer_beyond_64_bits"),
    "23 digits after the same in a string": (
        b'{"a":"12345678901234567890123","b":12345678901234567890123}',
        "record:integer_beyond_64_bits",
    ),
}

ACCEPTED: dict[str, tuple[bytes, dict[str, Any]]] = {
    "no keys": (b"{}", {}),
    "space around": (b' \t\r\n{"a" : 1 }\n ', {"a": 1}),
    "2**63-1": (b'{"a":9223372036854775807}', {"a": 2**63 - 1}),
    "-2**63": (b'{"a":-9223372036854775808}', {"a": -(2**63)}),
    "24 digits in a string": (b'{"_id":"621482840000000000000000"}', {"_id": "621482840000000000000000"}),
    "24 digits in a key": (b'{"621482840000000000000000":1}', {"621482840000000000000000": 1}),
    "24 digits behind the point": (b'{"a":0.621482840000000000000000}', {"a": 0.62148284}),
    "24 digits before an exponent": (b'{"a":621482840000000000000000e-10}', {"a": 62148284000000.0}),
    "depth 64": (b'{"a":' * 64 + b"1" + b"}" * 64, json.loads('{"a":' * 64 + "1" + "}" * 64)),
    "many brackets, little depth": (b'{"a":[' + b"[]," * 99 + b"[]]}", {"a": [[]] * 100}),
    "brackets in a string": (b'{"a":"' + b"[{" * 99 + b'"}', {"a": "[{" * 99}),
    "line separators": (b'{"a":"\xe2\x80\xa8\xe2\x80\xa9\xc2\x85"}', {"a": "\u2028\u2029\x85"}),
    "an emoji": ('{"a":"🤗"}'.encode(), {"a": "🤗"}),
    "an emoji as a surrogate pair": (b'{"a":"\\ud83e\\udd17"}', {"a": "🤗"}),
    "right-to-left marks": ('{"a":"\u202e\u200f"}'.encode(), {"a": "\u202e\u200f"}),
    "a byte order mark in a string": (b'{"a":"\xef\xbb\xbf"}', {"a": "\ufeff"}),
    "an escaped NUL": (b'{"a":"\\u0000"}', {"a": "\0"}),
    "a raw DEL": (b'{"a":"\x7f"}', {"a": "\x7f"}),
    "a repeated key": (b'{"a":1,"a":2}', {"a": 2}),
    "an empty key": (b'{"":1}', {"": 1}),
    "minus zero": (b'{"a":-0}', {"a": 0}),
    "a tiny number": (b'{"a":1e-400}', {"a": 0.0}),
    "a long string": (b'{"a":"' + b"x" * 1_000_000 + b'"}', {"a": "x" * 1_000_000}),
}


@pytest.mark.parametrize(("raw", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_with_the_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(InvalidRecordError) as refused:
        parse_strict(raw, max_depth=64)
    assert str(refused.value) == reason


@pytest.mark.parametrize(("raw", "record"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted_with_its_value(raw: bytes, record: dict[str, Any]) -> None:
    assert parse_strict(raw, max_depth=64) == record


def test_the_depth_allowed_is_a_setting() -> None:
    raw = b'{"a":{"b":{}}}'
    assert parse_strict(raw, max_depth=3) == {"a": {"b": {}}}
    with pytest.raises(InvalidRecordError, match="record:too_deep"):
        parse_strict(raw, max_depth=2)


@pytest.mark.parametrize("depth", [1_025, 100_000])
def test_a_nesting_that_no_parser_follows_is_refused_without_a_crash(depth: int) -> None:
    with pytest.raises(InvalidRecordError):
        parse_strict(b'{"a":' * depth + b"1" + b"}" * depth, max_depth=64)


@pytest.mark.parametrize("digits", [400, 5_000, 100_000])
def test_an_integer_that_no_parser_reads_is_refused_without_a_crash(digits: int) -> None:
    with pytest.raises(InvalidRecordError):
        parse_strict(b'{"a":' + b"9" * digits + b"}", max_depth=64)


@quick
@given(RECORDS)
def test_any_object_that_json_writes_is_accepted_as_json_reads_it(record: dict[str, Any]) -> None:
    text = json.dumps(record, allow_nan=False, ensure_ascii=True)
    assert parse_strict(text.encode(), max_depth=64) == json.loads(text)


@quick
@given(st.binary(max_size=60))
def test_any_other_bytes_are_refused_by_name_and_never_crash(raw: bytes) -> None:
    try:
        assert isinstance(parse_strict(raw, max_depth=64), dict)
    except InvalidRecordError as refused:
        assert str(refused).startswith("record:")
