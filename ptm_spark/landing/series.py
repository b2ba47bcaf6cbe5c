"""Numbered files of one kind in a crawl's folder: the open one is plain and only grows, a full one is packed."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import zstandard

from ptm_spark.folder import UNFINISHED, Folder, make_private, open_private
from ptm_spark.landing.checkpoint import OpenSeries
from ptm_spark.landing.manifest import LandedFile

_FLUSH_BYTES = 1 << 20
_LEVEL = 3


class Series:
    """``part-00000.jsonl.zst`` and its like. ``work`` is the local folder of the open file, ``part_bytes`` its size.

    A file becomes a single zstd frame in ``folder``, packed by a thread of zstd's while it grows. Where it
    ``is_resumable``, the open one lies in ``work`` as plain text meanwhile, so that it can be cut back to any line
    after a crash, and full ones are packed when they are handed over; plain files whose packed ones are not on record
    yet stay until ``take_packed``.
    """

    def __init__(self, folder: Folder, work: Path, kind: str, part_bytes: int, *, is_resumable: bool) -> None:
        self._folder, self._work, self._kind, self._part_bytes = folder, work, kind, part_bytes
        self._is_resumable = is_resumable
        #: the plain file that grows; None before its first line, and where nothing is to be resumed
        self.open_file: IO[bytes] | None = None
        self._packer: Any = None
        self._frame: list[bytes] = []
        self._buffer: list[bytes] = []
        self._buffered = self._waiting = self._bytes = self._lines = 0
        self._packed: list[Path] = []
        self.files: list[LandedFile] = []

    def resume(self, files: list[LandedFile], size: int, lines: int) -> None:
        """Take up where a checkpoint was made: the packed files, and the open one cut back to ``size`` bytes."""
        self.files = list(files)
        self._bytes, self._lines = size, lines
        if size:
            self._begin_frame()
            self.open_file = self._plain.open("r+b")
            self.open_file.truncate(size)
            while chunk := self.open_file.read(_FLUSH_BYTES):
                self._frame.append(self._packer.compress(chunk))

    @property
    def _plain(self) -> Path:
        return self._work / f"{self._kind}-{len(self.files):05d}.jsonl{UNFINISHED}"

    def _begin_frame(self) -> None:
        # a frame without a checksum would let altered bytes pass as records
        self._packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, threads=1).compressobj()
        self._frame = []

    def add(self, lines: bytes, count: int = 1) -> None:
        self._buffer.append(lines)
        self._buffered += len(lines)
        self._waiting += count
        if self._buffered >= _FLUSH_BYTES:
            self._write()
            if not self._is_resumable and self._bytes >= self._part_bytes:
                self.pack()

    def _write(self) -> None:
        if not self._buffer:
            return
        if self._packer is None:
            self._begin_frame()
            if self._is_resumable:
                make_private(self._work, self._work)
                self.open_file = open(self._plain, "wb", opener=open_private)  # noqa: SIM115 - open until packed
        content = b"".join(self._buffer)
        if self.open_file is not None:
            self.open_file.write(content)
        self._frame.append(self._packer.compress(content))
        self._bytes += self._buffered
        self._lines += self._waiting
        self._buffer, self._buffered, self._waiting = [], 0, 0

    def hand_over(self) -> OpenSeries:
        """Hand all that was added to the system, a full file packed; what a checkpoint must know to resume here."""
        self._write()
        if self._bytes >= self._part_bytes:
            self.pack()
        if self.open_file is not None:
            self.open_file.flush()
        return OpenSeries(tuple(self.files), self._bytes, self._lines)

    def pack(self) -> None:
        """End the open file: its frame gets its place and name."""
        self._write()
        if self._packer is None:
            return
        if self.open_file is not None:
            self.open_file.close()
            self._packed.append(self._plain)
        self._frame.append(self._packer.flush())
        name, content = f"{self._kind}-{len(self.files):05d}.jsonl.zst", b"".join(self._frame)
        self._folder.write(name, content)
        self.files.append(LandedFile(name, len(content), hashlib.sha256(content).hexdigest(), self._lines))
        self.open_file, self._packer, self._frame, self._bytes, self._lines = None, None, [], 0, 0

    def take_packed(self) -> list[Path]:
        """Plain files whose packed ones the next checkpoint or manifest will name: to be dropped after it."""
        packed, self._packed = self._packed, []
        return packed


def drop(plains: Iterable[Path]) -> None:
    """Delete plain files that have been packed."""
    for plain in plains:
        plain.unlink(missing_ok=True)
