"""Numbered files of one kind in a crawl's folder: the open one is plain and only grows, a full one is packed."""

import hashlib
import os
from pathlib import Path
from typing import IO

import zstandard

from ptm_spark.folder import UNFINISHED, Folder
from ptm_spark.landing.manifest import LandedFile

_FLUSH_BYTES = 1 << 20
_LEVEL = 3


class Series:
    """``part-00000.jsonl.zst`` and its like. ``work`` is the local folder of the open file, ``part_bytes`` its size.

    The open file is plain, so that it can be cut back to any line after a crash; a full one becomes a single zstd frame
    in ``folder``. Plain files whose packed ones are not yet on record stay until ``drop_packed``.
    """

    def __init__(self, folder: Folder, work: Path, kind: str, part_bytes: int) -> None:
        self._folder, self._work, self._kind, self._part_bytes = folder, work, kind, part_bytes
        self._open: IO[bytes] | None = None
        self._buffer: list[bytes] = []
        self._buffered = self._waiting = self._bytes = self._lines = 0
        self._packed: list[Path] = []
        self.files: list[LandedFile] = []

    def resume(self, files: list[LandedFile], size: int, lines: int) -> None:
        """Take up where a checkpoint was made: the packed files, and the open one cut back to ``size`` bytes."""
        self.files = list(files)
        self._bytes, self._lines = size, lines
        if size:
            self._open = self._plain.open("r+b")
            self._open.truncate(size)
            self._open.seek(size)

    @property
    def _plain(self) -> Path:
        return self._work / f"{self._kind}-{len(self.files):05d}.jsonl{UNFINISHED}"

    def add(self, lines: bytes, count: int = 1) -> None:
        self._buffer.append(lines)
        self._buffered += len(lines)
        self._waiting += count
        if self._buffered >= _FLUSH_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._buffer:
            if self._open is None:
                self._work.mkdir(parents=True, exist_ok=True)
                self._open = self._plain.open("wb")
            self._open.write(b"".join(self._buffer))
            self._bytes += self._buffered
            self._lines += self._waiting
            self._buffer, self._buffered, self._waiting = [], 0, 0
        if self._bytes >= self._part_bytes:
            self._pack()

    def sync(self) -> tuple[int, int]:
        """Bring all that was added to the disk; (bytes, lines) of the open file."""
        self._flush()
        if self._open is not None:
            self._open.flush()
            os.fsync(self._open.fileno())
        return self._bytes, self._lines

    def _pack(self) -> None:
        if self._open is None:
            return
        self._open.close()
        plain, name = self._plain, f"{self._kind}-{len(self.files):05d}.jsonl.zst"
        digest, size = hashlib.sha256(), 0
        # a frame without a checksum would let altered bytes pass as records
        packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
        with plain.open("rb") as source, self._folder.new_file(name) as target:
            while chunk := source.read(_FLUSH_BYTES):
                packed = packer.compress(chunk)
                digest.update(packed)
                size += target.write(packed)
            packed = packer.flush()
            digest.update(packed)
            size += target.write(packed)
        self._packed.append(plain)
        self.files.append(LandedFile(name, size, digest.hexdigest(), self._lines))
        self._open, self._bytes, self._lines = None, 0, 0

    def close(self) -> None:
        """Pack what is left."""
        self._flush()
        self._pack()

    def drop_packed(self) -> None:
        """Delete plain files whose packed ones are on record."""
        for plain in self._packed:
            plain.unlink(missing_ok=True)
        self._packed = []
