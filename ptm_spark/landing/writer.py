"""Writing a crawl: records exactly as received into compressed, checksummed parts, the manifest last of all."""

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import IO, Any

import orjson

from ptm_spark.config import LandingSettings
from ptm_spark.folder import Folder
from ptm_spark.landing.checkpoint import CHECKPOINT, Checkpoint
from ptm_spark.landing.manifest import MANIFEST, Manifest, utc_text
from ptm_spark.landing.series import Series, drop
from ptm_spark.landing.strict import InvalidRecordError, are_plain, parse_strict

_LF, _CR = b"\n\r"
_KINDS = ("part", "invalid", "requests")


@dataclass(frozen=True)
class Settling:
    """What has to reach the disk before the next page is asked for. May be done in a thread of its own."""

    work: Folder
    checkpoint: bytes
    files: Sequence[IO[bytes]]
    packed: Sequence[Sequence[Path]]

    def settle(self) -> None:
        for file in self.files:
            os.fsync(file.fileno())
        self.work.write(CHECKPOINT, self.checkpoint)
        for plains in self.packed:
            drop(plains)


class CrawlWriter:
    """Lands the records of one crawl; ``finish`` writes the manifest, without it the folder stays unfinished.

    What is not finished yet lies in ``work``, a local folder; with ``commit`` it can be taken up again from there.
    """

    def __init__(
        self,
        folder: Folder,
        settings: LandingSettings,
        work: Path,
        *,
        is_resumable: bool = False,
        resumed: Checkpoint | None = None,
    ) -> None:
        self._folder, self._settings, self.work = folder, settings, Folder(work).kept_private()
        self._series = {
            kind: Series(folder, work, kind, settings.part_bytes, is_resumable=is_resumable) for kind in _KINDS
        }
        self._parts, self._invalid, self._requests = self._series.values()
        self.records = self.invalid = 0
        self.keys: set[str] = set()
        #: numbers for the manifest, and what could not be had
        self.counts: dict[str, int] = {}
        self.failed: dict[str, str] = {}
        self.started_at = utc_text(datetime.now(UTC))
        self._committed: dict[str, Any] = {}
        if resumed is not None:
            self.records, self.invalid, self.started_at = resumed.records, resumed.invalid, resumed.started_at
            self.keys, self.counts = set(resumed.keys), dict(resumed.counts)
            self.failed = dict(resumed.failed)
            for kind, state in resumed.series.items():
                self._series[kind].resume(list(state.files), state.bytes, state.lines)

    @property
    def seq(self) -> int:
        """Position of the next record in the crawl, refused ones counted."""
        return self.records + self.invalid

    def bound(self, raw: bytes) -> None:
        """InvalidRecordError where ``raw`` is longer than a record may be."""
        if len(raw) > self._settings.max_record_bytes:
            raise InvalidRecordError("record:too_large")

    def parse(self, raw: bytes) -> dict[str, Any]:
        """The record in ``raw``; InvalidRecordError, naming the rule, where it is none that may land."""
        self.bound(raw)
        return parse_strict(raw, max_depth=self._settings.max_depth)

    def add(
        self, raw: bytes, *, key: str, fetched_at: str, about: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Land one record, or set it aside with its reason; the parsed record, or None where it was refused.

        ``key`` names the field whose value becomes the envelope's key (null where the record has none, or one that is
        no plain value).
        """
        try:
            record = self.parse(raw)
        except InvalidRecordError as error:
            self.refuse(raw, str(error), fetched_at)
            return None
        self.add_parsed(raw, record, name=record.get(key), fetched_at=fetched_at, about=about)
        return record

    def add_parsed(
        self,
        raw: bytes,
        record: Mapping[str, Any],
        *,
        name: object,
        fetched_at: str,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        """Land a record that ``parse`` has let through. ``about``: what is known of it that it does not say itself."""
        if _LF in raw or _CR in raw:  # in strict JSON these stand between tokens only
            raw = raw.replace(b"\n", b" ").replace(b"\r", b" ")
        self._put(200, name, fetched_at, about, raw)
        self.keys.update(record)

    def add_page(self, page: Sequence[tuple[bytes, dict[str, Any] | None]], *, key: str, fetched_at: str) -> None:
        """Land the rows of a page, each with what ``parse`` makes of it (None: set aside); ``key`` as for ``add``."""
        records = [record for _, record in page if record is not None]
        if len(records) < len(page) or any(_LF in raw or _CR in raw for raw, _ in page):
            for raw, _ in page:
                self.add(raw, key=key, fetched_at=fetched_at)
            return
        names = [record.get(key) for record in records]
        if not set(map(type, names)) <= {str, int}:
            names = [None if isinstance(name, (dict, list)) else name for name in names]
        head = b',"fetched_at":"%b","status":200,"key":' % fetched_at.encode()
        lines = [
            b'{"seq":%d%b%b,"raw":%b}\n' % (seq, head, orjson.dumps(name), raw)
            for seq, name, (raw, _) in zip(count(self.seq), names, page, strict=False)
        ]
        self._parts.add(b"".join(lines), len(lines))
        self.records += len(lines)
        self.keys.update(*{tuple(record) for record in records})

    def parse_page(self, body: bytes, raws: Sequence[bytes]) -> list[dict[str, Any]] | None:
        """The records of a JSON array whose members have the texts ``raws``; None where one of them needs ``parse``.

        One parse for all of them takes half as long as one for each.
        """
        records: Any
        try:
            records = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        is_page = isinstance(records, list) and set(map(type, records)) <= {dict}
        is_short = max(map(len, raws), default=0) <= self._settings.max_record_bytes
        if is_page and is_short and are_plain(body, raws, max_depth=self._settings.max_depth):
            return list(records)
        return None

    def add_text(self, content: bytes, *, name: str, fetched_at: str, about: Mapping[str, Any]) -> bool:
        """Land a text such as a README as one JSON string; set aside, and False, where it is no UTF-8 or too long."""
        try:
            self.bound(content)
            raw = orjson.dumps(content.decode("utf-8"))
        except (InvalidRecordError, UnicodeDecodeError) as error:
            reason = str(error) if isinstance(error, InvalidRecordError) else "record:not_utf8"
            self.refuse(content, reason, fetched_at, name=name, about=about)
            return False
        self._put(200, name, fetched_at, about, raw)
        return True

    def add_json_text(self, raw: bytes, *, name: str, fetched_at: str, about: Mapping[str, Any]) -> None:
        """Land a text that came as a JSON string, byte for byte; InvalidRecordError where ``raw`` is none."""
        self.bound(raw)
        try:
            is_text = isinstance(orjson.loads(raw), str)
        except orjson.JSONDecodeError:
            raise InvalidRecordError("record:not_json") from None
        if not is_text:
            raise InvalidRecordError("record:not_text")
        self._put(200, name, fetched_at, about, raw)

    def add_status(self, status: int, *, name: str, fetched_at: str, about: Mapping[str, Any] | None = None) -> None:
        """Land that an address answered with no record: a 401 or 404 is the evidence of a tombstone."""
        self._put(status, name, fetched_at, about, None)

    def _put(
        self, status: int, name: object, fetched_at: str, about: Mapping[str, Any] | None, raw: bytes | None
    ) -> None:
        line = b'{"seq":%d,"fetched_at":"%b","status":%d,"key":%b' % (
            self.seq, fetched_at.encode(), status, _plain(name)
        )  # fmt: skip
        if about:
            line += b',"about":%b' % orjson.dumps(about)
        self._parts.add(line + (b"}\n" if raw is None else b',"raw":%b}\n' % raw))
        self.records += 1

    def refuse(
        self,
        raw: bytes,
        reason: str,
        fetched_at: str,
        *,
        name: str | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        """Set aside, byte for byte, what is no record, with the rule it breaks."""
        text = raw[: self._settings.reject_text_chars].decode("utf-8", errors="backslashreplace")
        line = {
            "seq": self.seq,
            "fetched_at": fetched_at,
            "reason": reason,
            "sha256": hashlib.sha256(raw).hexdigest(),
            "text": text[: self._settings.reject_text_chars],
            "bytes": base64.b64encode(raw).decode(),
        }
        if name is not None:
            line |= {"key": name, "about": about}
        self._invalid.add(orjson.dumps(line) + b"\n")
        self.invalid += 1

    def log_request(self, line: Mapping[str, Any]) -> None:
        """Keep one line of provenance: where a run of records came from."""
        self._requests.add(orjson.dumps(line) + b"\n")

    def count(self, name: str, more: int = 1) -> None:
        """Add to a number that the manifest will tell."""
        self.counts[name] = self.counts.get(name, 0) + more

    def prepare(self, *, crawl_id: str, identity: str, observed_at: str, position: dict[str, Any]) -> "Settling":
        """Hand everything to the system and note that the crawl has come to ``position``; to be settled on the disk."""
        self._committed = {
            "crawl_id": crawl_id, "identity": identity, "observed_at": observed_at, "position": position
        }  # fmt: skip
        checkpoint = Checkpoint(
            crawl_id=crawl_id,
            identity=identity,
            observed_at=observed_at,
            started_at=self.started_at,
            position=position,
            records=self.records,
            invalid=self.invalid,
            keys=tuple(sorted(self.keys)),
            counts=self.counts,
            failed=tuple(self.failed.items()),
            series={kind: series.hand_over() for kind, series in self._series.items()},
        )
        files = [file for series in self._series.values() if (file := series.open_file) is not None]
        return Settling(
            self.work, checkpoint.to_json(), files, [series.take_packed() for series in self._series.values()]
        )

    def commit(self, **facts: Any) -> None:
        """``prepare`` and settle: after this the crawl can be resumed from here, whatever happens."""
        self.prepare(**facts).settle()

    def finish(self, **facts: Any) -> Manifest:
        """Close the files and write the manifest; ``facts`` are its fields that only the caller knows."""
        for series in self._series.values():
            series.pack()
        if self._committed:  # else a crash here would find packed files that no checkpoint knows
            self.commit(**self._committed)
        for series in self._series.values():
            drop(series.take_packed())
        manifest = Manifest(
            keys=tuple(sorted(self.keys | set(facts.pop("keys", ())))),
            records=self.records,
            invalid=self.invalid,
            files=(*self._parts.files, *self._invalid.files, *self._requests.files),
            started_at=self.started_at,
            finished_at=utc_text(datetime.now(UTC)),
            counts=self.counts,
            **facts,
        )
        self._folder.write(MANIFEST, manifest.to_json())
        self.work.delete(CHECKPOINT)
        return manifest


def _plain(name: object) -> bytes:
    """A key as JSON; null for one that is no plain value: readers take all behind the first "raw": for the record, so
    that no such key may stand before it."""
    return b"null" if isinstance(name, (dict, list)) else orjson.dumps(name)
