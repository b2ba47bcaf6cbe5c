"""Reading dumps: JSON Lines, JSON arrays or pages of records, plain, gzip or zstd, in a stream of raw records."""

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

import zstandard

from ptm_spark.errors import LandingError

_CHUNK = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_SPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_GAP = re.compile(r"[ \t\r\n,]*")


class _Decompressor(Protocol):
    """What zlib and zstandard share: one member or frame of a stream."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, /) -> bytes: ...


def read_chunks(file: Path) -> Iterator[bytes]:
    """The plain bytes of a dump in pieces of bounded size.

    The kind is told by the first bytes, not by the name. LandingError where the file is absent, or where its
    compressed stream ends early or is damaged: zstd readers return part of such a file without a word.
    """
    try:
        stream = file.open("rb")
    except OSError as error:
        raise LandingError(f"dump {file}: {error.strerror}; give the path of an existing file") from None
    with stream:
        magic = stream.read(4)
        stream.seek(0)
        if magic.startswith(_GZIP):
            yield from _inflate(stream, file, "gzip")
        elif magic == _ZSTD:
            yield from _inflate(stream, file, "zstd")
        else:
            while chunk := stream.read(_CHUNK):
                yield chunk


def _inflate(stream: IO[bytes], file: Path, kind: str) -> Iterator[bytes]:
    member: _Decompressor | None = None
    data = b""
    try:
        while data := data or stream.read(_CHUNK >> 2):
            if member is None:
                if kind == "gzip":
                    data = data.lstrip(b"\0")  # gzip allows zero padding behind a member
                    if not data:
                        continue
                    member = zlib.decompressobj(wbits=31)
                else:
                    member = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
            yield member.decompress(data)
            data = member.unused_data if member.eof else b""
            member = None if member.eof else member
    except (zlib.error, zstandard.ZstdError) as error:
        raise LandingError(f"dump {file}: damaged {kind} stream ({error}); fetch the file again") from None
    if member is not None:
        raise LandingError(f"dump {file}: {kind} stream ends early, the file is cut off; fetch the file again")


def read_records(file: Path, *, max_record_bytes: int) -> Iterator[bytes]:
    """Raw records of a dump, in order, each with its bytes as they stand there.

    A dump is JSON Lines (one object a line), or holds arrays of records: one big array, an array a page, pretty-printed
    or not. Pieces that are no JSON come out as they are, for the landing to set aside.
    """
    chunks = read_chunks(file)
    head = b""
    for chunk in chunks:
        head += chunk
        if b"\n" in head.lstrip(_SPACE) or len(head) > max_record_bytes:
            break
    head = head.removeprefix(_BOM)
    first_line = head.lstrip(_SPACE).partition(b"\n")[0].rstrip(_SPACE)
    if first_line.startswith(b"[") or first_line == b"{":
        yield from _split_values(file, head, chunks, max_record_bytes)
    else:
        yield from _split_lines(head, chunks, max_record_bytes)


def _split_lines(head: bytes, chunks: Iterator[bytes], max_record_bytes: int) -> Iterator[bytes]:
    rest = b""
    chunk: bytes | None = head
    while chunk is not None:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line and not line.isspace():
                yield line.rstrip(b"\r")
        if len(rest) > max_record_bytes:  # too long for a record: hand it on cut, landing refuses it by its size
            yield rest
            rest = b""
        chunk = next(chunks, None)
    if rest and not rest.isspace():
        yield rest.rstrip(b"\r")


def _split_values(file: Path, head: bytes, chunks: Iterator[bytes], max_record_bytes: int) -> Iterator[bytes]:
    """Records of concatenated JSON values; the members of a top-level array are records too.

    The scanner of the standard library tells where a value ends; read as Latin-1 its positions are byte positions.
    """
    scan = json.JSONDecoder(strict=False).raw_decode
    buffer, inside, ended = head, False, False
    while not ended:
        if (chunk := _at_least(len(buffer), chunks)) is None:
            ended = True
        else:
            buffer += chunk
        text, at = buffer.decode("latin-1"), 0
        while (at := _GAP.match(text, at).end()) < len(text):  # type: ignore[union-attr]  # matches the empty text too
            if text[at] == ("]" if inside else "["):
                inside, at = not inside, at + 1
                continue
            try:
                _, end = scan(text, at)
            except (json.JSONDecodeError, RecursionError):
                if not ended and len(text) - at <= max_record_bytes:
                    break  # perhaps only cut by the end of the buffer
                end = _next_value(text, at)
                inside = inside and ended and not text.rstrip().endswith("]")
            if end == len(text) and not ended and text[at] not in "{[":
                break  # a bare number may go on in the next chunk
            yield buffer[at:end]
            at = end
        buffer = buffer[at:]
    if inside:
        raise LandingError(f"dump {file}: its JSON array is not closed, the file is cut off; fetch the file again")


def _at_least(size: int, chunks: Iterator[bytes]) -> bytes | None:
    """The next chunks, as much as is already there: doubling keeps a long value from being scanned again and again."""
    found = next(chunks, None)
    while found is not None and len(found) < size and (more := next(chunks, None)) is not None:
        found += more
    return found


def _next_value(text: str, at: int) -> int:
    """Where reading may go on after a broken value: the next line that begins a value at its first column."""
    found = [place for mark in ("\n{", "\n[") if (place := text.find(mark, at)) >= 0]
    return min(found) if found else len(text)
