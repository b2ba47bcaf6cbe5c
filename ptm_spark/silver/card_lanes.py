"""Reading many cards: Arrow batches in, Arrow batches out, on every processor of the machine.

Apache Spark runs Python in processes of its own, one a task. The embedded engine lives in this process, where one lock
lets one thread read at a time: there, ``open_lanes`` starts helpers, plain Python processes that read batches sent
through pipes. They import this package and nothing of the caller's, so that they are safe to start from any script.
"""

import os
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import LifoQueue
from typing import IO, Protocol

import pyarrow as pa

from ptm_spark.silver.card_reading import read_card
from ptm_spark.silver.card_words import load_languages
from ptm_spark.tables.cards import CARD_SECTIONS, CONTENT, MODEL_CARDS

_ROWS = 256
_MOST_LANES = 16
_LENGTH = struct.Struct(">Q")
_ARROW = {
    "STRING": pa.string(),
    "BIGINT": pa.int64(),
    "INT": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "ARRAY<STRING>": pa.list_(pa.string()),
}
_CONTENT_FIELDS = [field for field in MODEL_CARDS.fields if field.name in CONTENT]
_SECTION_FIELDS = [field for field in CARD_SECTIONS.fields if field.name != "card_sha256"]
_SECTION = pa.struct([pa.field(field.name, _ARROW[field.type]) for field in _SECTION_FIELDS])
_SCHEMA = pa.schema(
    [
        pa.field("card_sha256", pa.string()),
        *(pa.field(field.name, _ARROW[field.type]) for field in _CONTENT_FIELDS),
        pa.field("sections", pa.list_(_SECTION)),
    ]
)
#: the same as DDL, for the engine
READ_CARDS = ", ".join(
    [
        "card_sha256 STRING",
        *(f"{field.name} {field.type}" for field in _CONTENT_FIELDS),
        f"sections ARRAY<STRUCT<{', '.join(f'{field.name}: {field.type}' for field in _SECTION_FIELDS)}>>",
    ]
)


def read_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of card_sha256 and text as batches of ``READ_CARDS``; to be given to mapInArrow."""
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS):
            yield _Lanes.read(batch.slice(start, _ROWS))


def read_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """One batch, read here and now."""
    readings = [read_card(text) for text in batch.column(1).to_pylist()]
    columns = zip(*(content for content, _ in readings), strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, list(_SCHEMA)[1:], strict=False)]
    offsets = [0]
    rows: list[tuple[object, ...]] = []
    for _, sections in readings:
        rows += sections
        offsets.append(len(rows))
    parts = [pa.array([row[at] for row in rows], field.type) for at, field in enumerate(_SECTION)]
    sections_of = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.StructArray.from_arrays(parts, fields=list(_SECTION))
    )
    return pa.RecordBatch.from_arrays([batch.column(0), *arrays, sections_of], schema=_SCHEMA)


class _Lane(Protocol):
    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch: ...


class _Lanes:
    """The lanes that are open in this process; none are in the workers of Apache Spark, which read by themselves."""

    free: LifoQueue[_Lane] | None = None

    @classmethod
    def read(cls, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Read a batch on the first lane that is free; where its helper has died, here."""
        free = cls.free
        if free is None:
            return read_batch(batch)
        lane = free.get()
        try:
            return lane(batch)
        except (OSError, EOFError):
            lane = read_batch
            return read_batch(batch)
        finally:
            free.put(lane)


@contextmanager
def open_lanes(count: int | None = None) -> Iterator[int]:
    """Read cards on ``count`` processors (all by default) while open; gives how many that are."""
    lanes = min(count or len(os.sched_getaffinity(0)), _MOST_LANES)
    if lanes < 2 or _Lanes.free is not None:
        yield 1
        return
    helpers = [_Helper() for _ in range(lanes)]
    free: LifoQueue[_Lane] = LifoQueue()
    for helper in helpers:
        free.put(helper)
    _Lanes.free = free
    try:
        yield lanes
    finally:
        _Lanes.free = None
        for helper in helpers:
            helper.close()


class _Helper:
    """A process that reads batches; it ends when its input does, so that it never outlives this one."""

    def __init__(self) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ptm_spark.silver.card_lanes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        assert self._process.stdin is not None and self._process.stdout is not None
        _send(self._process.stdin, batch)
        answer = _receive(self._process.stdout)
        if answer is None:
            raise EOFError
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def _send(pipe: IO[bytes], batch: pa.RecordBatch) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    content = sink.getvalue()
    pipe.write(_LENGTH.pack(content.size))
    pipe.write(content)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> pa.RecordBatch | None:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    content = pipe.read(size)
    if len(content) < size:
        return None
    batch: pa.RecordBatch = pa.ipc.open_stream(content).read_next_batch()
    return batch


def _serve() -> None:
    load_languages()
    while (batch := _receive(sys.stdin.buffer)) is not None:
        _send(sys.stdout.buffer, read_batch(batch))


if __name__ == "__main__":
    _serve()
