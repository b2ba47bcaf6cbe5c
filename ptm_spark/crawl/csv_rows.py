"""Format ``csv``: rows with the names of their columns ahead, as records of texts."""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import orjson

from ptm_spark.crawl.dump_file import BOM
from ptm_spark.errors import LandingError
from ptm_spark.landing import CrawlWriter, InvalidRecordError

COMMITS = ("repo_url", "commit_hash", "model_file_path", "serialization_format", "message", "author", "date")
PULL_REQUESTS = ("model_id", "pr_url", "time", "merged")


def split_rows(file: Path, chunks: Iterator[bytes], max_record_bytes: int) -> Iterator[bytes]:
    """Raw rows of a CSV, its header first; a quoted cell may span lines. Memory is bounded by ``max_record_bytes``.

    A row ends where a line ends outside quotes, and so holds an even number of them. LandingError where the last row
    is not closed.
    """
    row, is_quoted = bytearray(), False
    head = next(chunks, b"").removeprefix(BOM)
    for chunk in chain([head], chunks, [b"\n"]):
        for number, piece in enumerate(chunk.split(b"\n")):
            if number and is_quoted:
                row += b"\n"
            elif number:
                if row and not row.isspace():
                    yield bytes(row)
                row.clear()
            row += piece
            del row[max_record_bytes + 1 :]  # what is behind it could not land anyway
            is_quoted ^= piece.count(b'"') % 2 == 1
    if is_quoted:
        raise LandingError(
            f"dump {file}: its last row is not closed, so the file is cut off or lacks a quote; fetch the file again"
        )


def read_row(raw: bytes) -> list[str]:
    """The cells of a row; InvalidRecordError where it is no UTF-8, no CSV, or holds a null character."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRecordError("record:not_utf8") from None
    if "\0" in text:
        raise InvalidRecordError("record:null_character")
    if len(text) > csv.field_size_limit():
        csv.field_size_limit(len(text))
    try:
        return next(csv.reader([text], strict=True))
    except (csv.Error, StopIteration):
        raise InvalidRecordError("record:not_csv") from None


def land_rows(writer: CrawlWriter, raws: Iterator[bytes], fetched_at: str, *, columns: Sequence[str], key: str) -> None:
    """Land each row as an object of the CSV's own column names and texts; the cell of column ``key`` is its key.

    LandingError where the columns are not ``columns``, in whatever order. A row with another number of cells is set
    aside.
    """
    try:
        header = read_row(next(raws, b""))
    except InvalidRecordError as error:
        header = [f"nothing that can be read ({error})"]
    if sorted(header) != sorted(columns):
        raise LandingError(
            f"its columns should be {', '.join(columns)}, but are {', '.join(header)[:300] or 'none'}; "
            "name the entity and format that it has, or rename them"
        )
    for raw in raws:
        try:
            writer.bound(raw)
            cells = read_row(raw)
            if len(cells) != len(header):
                raise InvalidRecordError("record:cell_count")
            record = dict(zip(header, cells, strict=True))
            body = orjson.dumps(record)
            writer.bound(body)
        except InvalidRecordError as error:
            writer.refuse(raw, str(error), fetched_at)
        else:
            writer.add_parsed(body, record, name=record[key], fetched_at=fetched_at)
