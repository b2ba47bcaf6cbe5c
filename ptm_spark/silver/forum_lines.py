"""Landed lines of the forum as rows: lines, topics, posts and categories in one frame, read in one pass."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
import pyarrow as pa
from pyspark.sql import DataFrame

from ptm_spark.silver.forum_records import Reader
from ptm_spark.tables import Table
from ptm_spark.tables.forum import FORUM_CATEGORIES, FORUM_POSTS, FORUM_TOPICS

#: rows of a batch that goes back to the engine: posts bring their texts
_ROWS = 2000
_OBSERVED = ("first_observed_at", "observed_at", "crawl_id")
#: what a post's body says of it; ``removal`` as it says itself
POST_COLUMNS = tuple(name for name in FORUM_POSTS.names if name not in ("removed_at", "is_in_stream", *_OBSERVED))
CATEGORY_COLUMNS = tuple(name for name in FORUM_CATEGORIES.names if name not in _OBSERVED)
#: what rows of lists and pages both say of a topic
SHARED_COLUMNS = (*FORUM_TOPICS.names[1 : FORUM_TOPICS.names.index("author_hash")], "flaws")
#: what only pages say
PAGE_COLUMNS = ("author_hash", "participant_count", "accepted_answer_post_number", "stream_count")
_ARROW = {
    "STRING": pa.string(),
    "INT": pa.int32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "ARRAY<STRING>": pa.list_(pa.string()),
    "ARRAY<BIGINT>": pa.list_(pa.int64()),
}
_LINE = {
    "seq": "BIGINT",
    "place": "BIGINT",
    "kind": "STRING",
    "status": "INT",
    "observed_at": "TIMESTAMP",
    "topic_id": "BIGINT",
    "item_count": "BIGINT",
    "item_reject_count": "BIGINT",
    "reasons": "ARRAY<STRING>",
    "sha256": "STRING",
    "raw_cut": "STRING",
    "stream": "ARRAY<BIGINT>",
}


def _types(table: Table, names: Iterable[str]) -> dict[str, str]:
    kinds = {field.name: field.type for field in table.fields}
    return {name: kinds[name] for name in names}


_STRUCTS = {
    "topic": _types(FORUM_TOPICS, (*SHARED_COLUMNS, *PAGE_COLUMNS)),
    "post": _types(FORUM_POSTS, POST_COLUMNS),
    "category": _types(FORUM_CATEGORIES, CATEGORY_COLUMNS),
}
_DDL = ", ".join(
    (
        *(f"`{name}` {kind}" for name, kind in _LINE.items()),
        *(
            f"`{name}` STRUCT<{', '.join(f'`{inner}`: {kind}' for inner, kind in fields.items())}>"
            for name, fields in _STRUCTS.items()
        ),
    )
)


def read_lines(lines: DataFrame, *, entity: str, user_key: str, reject_text_chars: int) -> DataFrame:
    """Rows of landed lines (``value``) of a forum entity, as ``Reader.read`` gives them.

    ``topic``, ``post`` and ``category`` are structs, NULL in rows of other kinds; ``stream`` are the ids of the posts
    that a page lists as visible, ``place`` where a post or category stands in its line, from 0.
    """
    return lines.mapInArrow(_reader(entity, user_key, reject_text_chars), _DDL)


def _reader(
    entity: str, user_key: str, reject_text_chars: int
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        reader = Reader(entity, user_key, reject_text_chars)
        rows: list[dict[str, Any]] = []
        for batch in batches:
            for value in batch.column(0):
                text = value.as_py()
                rows += reader.read(text, orjson.loads(text))
                if len(rows) >= _ROWS:
                    yield _batch(rows)
                    rows = []
        yield _batch(rows)

    return read


def _batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    arrays = [pa.array([row.get(name) for row in rows], _ARROW[kind]) for name, kind in _LINE.items()]
    arrays += [_structs([row.get(name) for row in rows], fields) for name, fields in _STRUCTS.items()]
    return pa.RecordBatch.from_arrays(arrays, [*_LINE, *_STRUCTS])


def _structs(values: list[dict[str, Any] | None], fields: dict[str, str]) -> pa.StructArray:
    inner = [
        pa.array([None if value is None else value.get(name) for value in values], _ARROW[kind])
        for name, kind in fields.items()
    ]
    mask = pa.array([value is None for value in values], pa.bool_())
    return pa.StructArray.from_arrays(inner, list(fields), mask=mask)
