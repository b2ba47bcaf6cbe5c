"""Reading many cards: Arrow batches in, Arrow batches out, on every processor of the machine.

Apache Spark runs Python in processes of its own, one a task. The embedded engine lives in this process, where one lock
lets one thread read at a time: there, ``open_lanes`` starts helpers, plain Python processes that read batches sent
through sockets. They import this package and nothing of the caller's, so that any script may start them.
"""

import gc
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import LifoQueue

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


class _Lanes:
    """The lanes that are open in this process; none are in the workers of Apache Spark, which read by themselves."""

    free: LifoQueue[socket.socket] | None = None

    @classmethod
    def read(cls, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Read a batch on the first lane that is free; where its helper has died, here."""
        free = cls.free
        if free is None:
            return read_batch(batch)
        lane = free.get()
        try:
            _send(lane, batch)
            answer = _receive(lane)
        except OSError:
            answer = None
        finally:
            free.put(lane)
        return read_batch(batch) if answer is None else answer


@contextmanager
def open_lanes(count: int | None = None) -> Iterator[int]:
    """Read cards in ``count`` helpers (one a processor by default) while open; gives how many lanes there are."""
    lanes = min(count or len(os.sched_getaffinity(0)), _MOST_LANES)
    if lanes < 2 or _Lanes.free is not None:
        yield 1
        return
    pairs = [socket.socketpair() for _ in range(lanes)]
    theirs = [their.fileno() for _, their in pairs]
    path = os.pathsep.join(filter(None, sys.path))
    helpers = subprocess.Popen(
        [sys.executable, "-m", "ptm_spark.silver.card_lanes", *map(str, theirs)],
        pass_fds=theirs,
        stdin=subprocess.DEVNULL,
        # a helper is to keep to its processor
        env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    free: LifoQueue[socket.socket] = LifoQueue()
    for ours, their in pairs:
        their.close()
        free.put(ours)
    _Lanes.free = free
    try:
        yield lanes
    finally:
        _Lanes.free = None
        for ours, _ in pairs:
            ours.close()
        helpers.wait()


def _send(lane: socket.socket, batch: pa.RecordBatch) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    content = sink.getvalue()
    lane.sendall(_LENGTH.pack(content.size))
    lane.sendall(content)


def _receive(lane: socket.socket) -> pa.RecordBatch | None:
    """The next batch; None where the other side has closed."""
    head = _take(lane, _LENGTH.size)
    content = None if head is None else _take(lane, _LENGTH.unpack(head)[0])
    if content is None:
        return None
    batch: pa.RecordBatch = pa.ipc.open_stream(pa.py_buffer(content)).read_next_batch()
    return batch


def _take(lane: socket.socket, size: int) -> bytearray | None:
    content = bytearray(size)
    rest = memoryview(content)
    while rest:
        count = lane.recv_into(rest)
        if not count:
            return None
        rest = rest[count:]
    return content


def _serve(lanes: list[int]) -> None:
    """Read batches that come through sockets, one helper each, until these are closed.

    This process has loaded everything and runs nothing else, so that it can be forked: the others need not load again.
    """
    load_languages()
    # nothing that a card leaves behind refers to itself, so there is nothing to look for; a seventh of the time
    gc.freeze()
    gc.disable()
    children = []
    while len(lanes) > 1:
        if child := os.fork():
            children.append(child)
            os.close(lanes.pop(0))
        else:
            children = []
            for other in lanes[1:]:
                os.close(other)
            lanes = lanes[:1]
    with socket.socket(fileno=lanes[0]) as lane, suppress(OSError):
        while (batch := _receive(lane)) is not None:
            _send(lane, read_batch(batch))
    for child in children:
        os.waitpid(child, 0)
    os._exit(0)  # taking apart all that was loaded takes half a second, for which a run would wait


if __name__ == "__main__":
    _serve([int(text) for text in sys.argv[1:]])
