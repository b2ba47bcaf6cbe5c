"""Writing a crawl: records exactly as received into compressed, checksummed parts, the manifest last of all."""

import base64
import hashlib
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import IO, Any

import orjson
import zstandard

from ptm_spark.config import LandingSettings
from ptm_spark.folder import Folder
from ptm_spark.landing.manifest import MANIFEST, LandedFile, Manifest, utc_text
from ptm_spark.landing.strict import InvalidRecordError, parse_strict

_FLUSH_BYTES = 1 << 20
_LEVEL = 3
_LF, _CR = b"\n\r"


class _Series:
    """Numbered compressed files of one kind; a new one begins when the current holds enough raw bytes."""

    def __init__(self, folder: Folder, kind: str, part_bytes: int) -> None:
        self._folder, self._kind, self._part_bytes = folder, kind, part_bytes
        self._stack: ExitStack | None = None
        self._buffer: list[bytes] = []
        self._buffered = self._raw = self._lines = 0
        self.files: list[LandedFile] = []

    def add(self, line: bytes) -> None:
        self._buffer.append(line)
        self._buffered += len(line)
        if self._buffered >= _FLUSH_BYTES:
            self._flush()
            if self._raw >= self._part_bytes:
                self._finish_file()

    def _flush(self) -> None:
        if not self._buffer:
            return
        if self._stack is None:
            self._stack = ExitStack()
            name = f"{self._kind}-{len(self.files):05d}.jsonl.zst"
            self._file: IO[bytes] = self._stack.enter_context(self._folder.new_file(name))
            # a frame without a checksum would let altered bytes pass as records
            compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
            self._hash = hashlib.sha256()
            self._written = 0
            self._compress = compressor.compressobj()
        self._put(self._compress.compress(b"".join(self._buffer)))
        self._raw += self._buffered
        self._lines += len(self._buffer)
        self._buffer, self._buffered = [], 0

    def _put(self, data: bytes) -> None:
        self._hash.update(data)
        self._written += len(data)
        self._file.write(data)

    def _finish_file(self) -> None:
        if self._stack is None:
            return
        self._put(self._compress.flush())
        self._stack.close()
        name = f"{self._kind}-{len(self.files):05d}.jsonl.zst"
        self.files.append(LandedFile(name, self._written, self._hash.hexdigest(), self._lines))
        self._stack, self._raw, self._lines = None, 0, 0

    def close(self) -> None:
        self._flush()
        self._finish_file()


class CrawlWriter:
    """Lands the records of one crawl; ``finish`` writes the manifest, without it the folder stays unfinished."""

    def __init__(self, folder: Folder, settings: LandingSettings) -> None:
        self._folder, self._settings = folder, settings
        self._parts = _Series(folder, "part", settings.part_bytes)
        self._invalid = _Series(folder, "invalid", settings.part_bytes)
        self._requests = _Series(folder, "requests", settings.part_bytes)
        self.records = self.invalid = 0
        self.keys: set[str] = set()
        self.started_at = utc_text(datetime.now(UTC))

    @property
    def seq(self) -> int:
        """Position of the next record in the crawl, refused ones counted."""
        return self.records + self.invalid

    def add(self, raw: bytes, *, key: str, fetched_at: str, status: int = 200) -> dict[str, Any] | None:
        """Land one record, or set it aside with its reason; the parsed record, or None where it was refused.

        ``key`` names the field whose value becomes the envelope's key (null where the record has none, or one that is
        no plain value).
        """
        try:
            if len(raw) > self._settings.max_record_bytes:
                raise InvalidRecordError("record:too_large")
            record = parse_strict(raw, max_depth=self._settings.max_depth)
        except InvalidRecordError as error:
            self._refuse(raw, str(error), fetched_at)
            return None
        if _LF in raw or _CR in raw:  # in strict JSON these stand between tokens only
            raw = raw.replace(b"\n", b" ").replace(b"\r", b" ")
        name = record.get(key)
        if isinstance(name, (dict, list)):
            name = None  # readers take all behind the first "raw": for the record, so no such key may stand before it
        self._parts.add(
            b'{"seq":%d,"fetched_at":"%b","status":%d,"key":%b,"raw":%b}\n'
            % (self.seq, fetched_at.encode(), status, orjson.dumps(name), raw)
        )
        self.records += 1
        self.keys.update(record)
        return record

    def _refuse(self, raw: bytes, reason: str, fetched_at: str) -> None:
        text = raw[: self._settings.reject_text_chars].decode("utf-8", errors="backslashreplace")
        line = {
            "seq": self.seq,
            "fetched_at": fetched_at,
            "reason": reason,
            "sha256": hashlib.sha256(raw).hexdigest(),
            "text": text[: self._settings.reject_text_chars],
            "bytes": base64.b64encode(raw).decode(),
        }
        self._invalid.add(orjson.dumps(line) + b"\n")
        self.invalid += 1

    def log_request(self, line: dict[str, Any]) -> None:
        """Keep one line of provenance: where a run of records came from."""
        self._requests.add(orjson.dumps(line) + b"\n")

    def finish(self, **facts: Any) -> Manifest:
        """Close the files and write the manifest; ``facts`` are its fields that only the caller knows."""
        for series in (self._parts, self._invalid, self._requests):
            series.close()
        manifest = Manifest(
            keys=tuple(sorted(self.keys)),
            records=self.records,
            invalid=self.invalid,
            files=(*self._parts.files, *self._invalid.files, *self._requests.files),
            started_at=self.started_at,
            finished_at=utc_text(datetime.now(UTC)),
            **facts,
        )
        self._folder.write(MANIFEST, manifest.to_json())
        return manifest
