"""Pages are cut into rows with their bytes as they were sent, whatever stands in the rows."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from dumps import quick
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptm_spark.config import load
from ptm_spark.crawl.answers import BadBodyError
from ptm_spark.crawl.bodies import array_in, split_page
from ptm_spark.folder import Folder
from ptm_spark.landing import CrawlWriter

WRITER = CrawlWriter(Folder("memory://bodies"), load().landing, Path("/nowhere"))

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from(['},{"_id":"', '"', "\\", "},{", '{"_id":1}', "1234567890123456789012"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["_id", "id", "a"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
OIDS = st.sampled_from(["aa", "ab", "b"]) | st.integers(0, 3)
ROWS = st.lists(
    st.builds(lambda oid, more: {"_id": oid} | more, OIDS, st.dictionaries(st.sampled_from("xyz"), VALUES)), max_size=5
)


@settings(quick, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no mistake
@given(ROWS, st.booleans())
def test_a_page_is_cut_where_its_rows_end(rows: list[dict[str, Any]], compact: bool) -> None:
    texts = [json.dumps(row, separators=(",", ":") if compact else None).encode() for row in rows]
    body = b"[" + (b"," if compact else b", ").join(texts) + b"]"
    assert split_page(body, WRITER) == [(text, orjson.loads(text)) for text in texts]


def test_parents_of_a_merged_model_do_not_end_its_row() -> None:
    parents = [{"_id": "0a", "id": "x/a"}, {"_id": "0b", "id": "x/b"}]
    rows = [{"_id": "01", "baseModels": {"relation": "merge", "models": parents}}, {"_id": "0b", "id": "x/b"}]
    texts = [orjson.dumps(row) for row in rows]
    assert split_page(b"[" + b",".join(texts) + b"]", WRITER) == list(zip(texts, rows, strict=True))


@pytest.mark.parametrize(
    ("row", "lands"),
    [
        (b'{"_id":"a","n":9223372036854775807}', True),
        (b'{"_id":"a","n":-9223372036854775808}', True),
        (b'{"_id":"a","n":[12345678901234567890123]}', False),
        (b'{"_id":"a","n":-12345678901234567890123}', False),
        (b'{"_id":"a","s":"12345678901234567890123"}', True),
        (b'{"_id":"a","d":' + b"[" * 70 + b"]" * 70 + b"}", False),
        (b'{"_id":"a","d":' + b"[" * 60 + b"]" * 60 + b"}", True),
        (b'{"_id":"a","s":"' + b"[" * 90 + b'"}', True),
    ],
)
def test_a_row_that_may_not_land_costs_the_page_nothing_else(row: bytes, lands: bool) -> None:
    body = b'[{"_id":"1"},' + row + b',{"_id":"2"}]'
    found = split_page(body, WRITER)
    assert [raw for raw, _ in found] == [b'{"_id":"1"}', row, b'{"_id":"2"}']
    assert [record is not None for _, record in found] == [True, lands, True]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":{"b":[{"n":1}]}}', [b'{"n":1}']),
        (b'{"x":[{"a":{"b":[{}]}}],"a":{"y":{"b":[{}]},"b": [ {"c":"]\\"}"} , {} ]},"z":1}', [b'{"c":"]\\"}"}', b"{}"]),
        (b'{"a":{"b":[]}}', []),
        (b'{"a":{},"c":{"b":[{}]}}', None),
        (b'{"a":{"b":null}}', None),
        (b"[]", None),
        (b"", None),
        (b'{"a":{"b":[{"n":1}', None),
    ],
)
def test_an_array_that_lies_deeper_keeps_the_bytes_of_its_records(body: bytes, expected: list[bytes] | None) -> None:
    if expected is None:
        with pytest.raises(BadBodyError):
            split_page(body, WRITER, array_in("a", "b"))
    else:
        assert [raw for raw, _ in split_page(body, WRITER, array_in("a", "b"))] == expected
