"""Reading dumps: JSON Lines, JSON arrays or pages of records, plain, gzip or zstd, in a stream of raw records."""

import hashlib
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

import zstandard

from ptm_spark.errors import LandingError

#: (file, its plain bytes in pieces, max_record_bytes) → raw records
Split = Callable[[Path, Iterator[bytes], int], Iterator[bytes]]

_CHUNK = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
#: packed bytes to unpack at a time: gzip packs 1 : 1,032 and zstd 1 : 32,768 at best, so about 8 MB come out at most
_SLICES = {"gzip": 8_000, "zstd": 250}
BOM = b"\xef\xbb\xbf"
#: arrays, and objects spread over lines, are told by how a file begins ({} says nothing); any other file is lines
_VALUES_AHEAD = re.compile(rb"(?:[ \t\r\n]|\{\})*(?:\[|\{[ \t\r]*+\n)")
_GAP = re.compile(rb"[ \t\r\n,]*")
# only single characters are repeated possessively: of groups, Python before 3.11.5 makes wrong matches (gh-106052)
_ESCAPES = re.compile(rb'\\[\\"]')
#: strings and what is between them, up to a bracket or to a string that is not closed …
_RUN = re.compile(rb'[^"{}\[\]]*+(?:"[^"]*+"[^"{}\[\]]*+)*')
#: … or also, outside of brackets, to what ends a bare word
_BARE_RUN = re.compile(rb'[^"{}\[\],\n]*+(?:"[^"]*+"[^"{}\[\],\n]*+)*')
_QUOTE = ord('"')


def read_chunks(file: Path) -> Iterator[bytes]:
    """The plain bytes of a dump in pieces of bounded size.

    The kind is told by the first bytes, not by the name. LandingError where the file is absent or a pipe (a dump is
    read twice), or where its compressed stream ends early or is damaged: zstd readers return part of such a file
    without a word.
    """
    try:
        if file.exists() and not file.is_file():
            raise LandingError(f"dump {file}: no file, and a stream cannot be read twice; give the path of a saved one")
        stream = file.open("rb")
    except OSError as error:
        raise LandingError(f"dump {file}: {error.strerror}; give the path of an existing file") from None
    with stream:
        magic = stream.read(4)
        stream.seek(0)
        if magic.startswith(_GZIP):
            yield from _joined(_inflate(stream, file, "gzip"))
        elif magic == _ZSTD:
            yield from _joined(_inflate(stream, file, "zstd"))
        else:
            while chunk := stream.read(_CHUNK):
                yield chunk


def _inflate(stream: IO[bytes], file: Path, kind: str) -> Iterator[bytes]:
    member: Any = None  # of a gzip member or zstd frame; zlib and zstandard agree on what it can, not on its type
    data = b""
    try:
        while data := data or stream.read(_SLICES[kind]):
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


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth a round of splitting."""
    waiting, size = [], 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def split_json(file: Path, chunks: Iterator[bytes], max_record_bytes: int) -> Iterator[bytes]:
    """Raw records of JSON: Lines (one object a line), or arrays: one big array, an array a page, pretty-printed or not.

    Pieces that are no JSON come out as they are, for the landing to set aside. LandingError where an array or its last
    record is not closed.
    """
    head = next(chunks, b"").removeprefix(BOM)
    chunks = chain([head], chunks)
    if _VALUES_AHEAD.match(head):
        return _split_values(file, chunks, max_record_bytes + 1)
    return _split_lines(chunks, max_record_bytes + 1)


def digest_dump(file: Path, *, max_record_bytes: int, split: Split = split_json) -> str:
    """SHA-256 of a dump's plain bytes; LandingError where it cannot be read to the end of its last record.

    So a file that is damaged or cut off is known before its first record lands.
    """
    content = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for chunk in read_chunks(file):
            content.update(chunk)
            yield chunk

    deque(split(file, hashed(), max_record_bytes), maxlen=0)
    return content.hexdigest()


def read_records(file: Path, *, max_record_bytes: int, split: Split = split_json) -> Iterator[bytes]:
    """Raw records of a dump, in order, each with its bytes as they stand there; ``split`` tells them apart.

    Of a record longer than ``max_record_bytes`` comes that much and a byte. LandingError where the last one is cut off.
    """
    return split(file, read_chunks(file), max_record_bytes)


def _split_lines(chunks: Iterator[bytes], bound: int) -> Iterator[bytes]:
    rest = bytearray()
    for chunk in chain(chunks, [b"\n"]):
        first, *others = chunk.split(b"\n")
        rest += first
        del rest[bound:]  # what is behind it could not land anyway
        if others:
            *lines, last = bytes(rest), *others
            for line in lines:
                if line and not line.isspace():
                    yield line.rstrip(b"\r")[:bound]
            rest = bytearray(last)


def _split_values(file: Path, chunks: Iterator[bytes], bound: int) -> Iterator[bytes]:
    """Records of concatenated JSON values; the members of a top-level array are records too.

    Brackets outside strings tell where a value ends, and no parser does: so one that is no JSON, or nested beyond what
    parsers follow, comes out alone. A value may span any number of chunks; ``value`` is its beginning in those before.
    """
    value, left = bytearray(), b""
    depth, in_array, in_value, in_string = 0, False, False, False
    for chunk in chunks:
        buffer, start, at = left + chunk, int(in_string), 0
        # escapes blanked out, so that each quote begins or ends a string; half an escape waits for its other half
        text = _ESCAPES.sub(b"__", buffer).removesuffix(b"\\")
        while True:
            if not in_value:
                start = at = _end(_GAP, text, at)
                if text[at : at + 1] == (b"]" if in_array else b"["):
                    in_array, at = not in_array, at + 1
                    continue
                in_value = at < len(text)
            at = _end(_RUN if depth else _BARE_RUN, text, at)
            if at == len(text) or text[at] == _QUOTE:
                break
            if text[at] in b"{[":
                depth, at = depth + 1, at + 1
            elif depth:
                depth, at = depth - 1, at + 1
            elif at == start and not value:
                at += 1  # a bracket that closes nothing is a broken value of its own
            if depth == 0:
                yield (bytes(value) + buffer[start:at])[:bound]
                value.clear()
                in_value = False
        in_string = at < len(text)
        value += buffer[start : len(text)]
        del value[bound:]
        left = (b'"' if in_string else b"") + buffer[len(text) :]  # what is left of a string needs its quote again
    if in_array or depth or in_string:
        raise LandingError(
            f"dump {file}: its last array or record is not closed, so the file is cut off or lacks a quote or bracket; "
            "fetch the file again"
        )
    if value or left:
        yield (bytes(value) + left)[:bound]


def _end(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
