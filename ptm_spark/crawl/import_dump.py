"""Landing a dump that somebody saved, exactly like a crawl."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from ptm_spark.config import LandingSettings
from ptm_spark.crawl.dated_export import State, apply_changes, crawl_before, land_state, state_of
from ptm_spark.crawl.dump_file import digest_dump, read_records
from ptm_spark.crawl.entities import Entity
from ptm_spark.crawl.formats import Adapter, adapters_for
from ptm_spark.errors import LandingError, UsageError
from ptm_spark.landing import Coverage, CrawlWriter, InvalidRecordError, Landing, Manifest, utc_text

#: so many records, or bytes of records, decide whether a dump is of the entity it is said to be
_SAMPLE, _SAMPLE_BYTES = 100, 4_000_000


class Imported(NamedTuple):
    """A crawl that a dump gave: its manifest, what was wrong with files set aside, whether it is new."""

    manifest: Manifest
    wrong: list[str]
    is_new: bool


@dataclass(frozen=True)
class _Order:
    """What one command asks for."""

    landing: Landing
    dumps: Sequence[Path]
    observed_at: datetime
    coverage: Coverage
    scope: str
    settings: LandingSettings
    zone: str

    @property
    def fetched_at(self) -> str:
        return utc_text(self.observed_at)

    def crawl_id(self, adapter: Adapter, digests: Mapping[Path, str]) -> str:
        format = () if adapter.format == "api" else tuple(filter(None, (adapter.format, self.zone)))
        identity = "\n".join(
            (adapter.entity.path, *format, self.scope, self.coverage, self.fetched_at, *digests.values())
        )
        return f"{self.observed_at:%Y%m%dT%H%M%SZ}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def import_dump(
    landing: Landing,
    entity: Entity,
    dumps: Sequence[Path],
    *,
    observed_at: datetime,
    coverage: Coverage,
    scope: str,
    settings: LandingSettings,
    format: str = "api",
    zone: str = "",
) -> list[Imported]:
    """Land dump files of a format as one crawl of each entity that they hold, one after the other.

    A file that is damaged or cut off gives nothing at all, the others land, and the crawl is at most ``partial``: what
    is missing from it proves nothing. The crawl's id follows from moment, scope and content, so that the same dump
    landed twice is one crawl. ``zone`` is that of times which bear none, such as America/New_York.

    LandingError where no file can be read, where the records are of another entity or format, where a census is empty,
    or where a series of changes is not whole. UsageError where the entity has no such format, or there is no such zone.
    """
    adapters = adapters_for(entity, format)
    if zone and zone not in available_timezones():
        raise UsageError(f"--zone {zone}: no zone of the tz database; expected one such as America/New_York")
    whole, wrong = _digests(dumps, adapters[0], settings.max_record_bytes)
    if not whole:
        raise LandingError("; ".join(wrong))
    if wrong:
        coverage = "partial"
    order = _Order(landing, dumps, observed_at, coverage, scope, settings, zone)
    return [_land(order, adapter, whole, wrong) for adapter in adapters]


def _digests(dumps: Sequence[Path], adapter: Adapter, max_record_bytes: int) -> tuple[dict[Path, str], list[str]]:
    """SHA-256 of each dump that can be read to its end, and what is wrong with the others.

    A whole pass before the first record lands, so that a damaged file never gives part of its rows.
    """
    whole, wrong = {}, []
    for dump in dumps:
        try:
            whole[dump] = digest_dump(dump, max_record_bytes=max_record_bytes, split=adapter.split)
        except LandingError as error:
            wrong.append(str(error))
    if wrong and adapter.land is None:
        raise LandingError(f"{'; '.join(wrong)} (nothing has landed: the changes of a series need those before them)")
    return whole, wrong


def _land(order: _Order, adapter: Adapter, whole: Mapping[Path, str], wrong: list[str]) -> Imported:
    landing, entity = order.landing, adapter.entity
    is_series = adapter.land is None
    before = crawl_before(landing, entity.path, order.scope, order.observed_at) if is_series else None
    options: dict[str, Any] = {"files": [dump.name for dump in order.dumps]}
    if order.zone:
        options["zone"] = order.zone
    if is_series:
        options["before"] = before.path if before else ""
    crawl_id = order.crawl_id(adapter, whole)
    path = f"{entity.path}/{crawl_id}"
    if (known := landing.find(path)) is not None and not landing.damage(known):
        return Imported(known, [*wrong, *_outdated(known, options)], is_new=False)
    with landing.writer(path, order.settings) as writer:
        if is_series:
            _land_series(writer, order, adapter, whole, state_of(landing, before) if before else {})
        else:
            for dump, digest in whole.items():
                _land_file(writer, order, adapter, dump, digest)
        if writer.records == 0 and (order.coverage == "census" or writer.invalid):
            names = ", ".join(dump.name for dump in whole)
            hint = (
                "and an empty listing cannot be a census; check the file, or give --coverage incremental if nothing "
                "had changed"
                if order.coverage == "census"
                else "expected a record of JSON a line; check the file"
            )
            raise LandingError(f"dump {names}: no record in it ({writer.invalid} invalid), {hint}")
        manifest = writer.finish(
            source=entity.source,
            entity=entity.name,
            crawl_id=crawl_id,
            format=adapter.format,
            scope=order.scope,
            coverage=order.coverage,
            observed_at=order.fetched_at,
            cutoff=order.fetched_at,
            failed=tuple(wrong),
            options=options,
        )
    return Imported(manifest, wrong, is_new=True)


def _outdated(known: Manifest, options: Mapping[str, Any]) -> list[str]:
    """A warning where an export stands on another one than it would if it were landed now."""
    now, then = options.get("before", ""), known.options.get("before", "")
    if now == then:
        return []
    return [
        f"{known.path}: it was landed upon {then or 'nothing'}, but the export before it is now {now or 'none'}; "
        "delete its folder and those of later exports, then land them again in their order"
    ]


def _land_file(writer: CrawlWriter, order: _Order, adapter: Adapter, dump: Path, digest: str) -> None:
    first = writer.seq
    with _naming(dump):
        raws = _checked(writer, order, adapter, dump)
        assert adapter.land is not None
        adapter.land(writer, raws, order.fetched_at)
    _log(writer, order, dump, digest, first_seq=first, count=writer.seq - first)


def _land_series(writer: CrawlWriter, order: _Order, adapter: Adapter, whole: Mapping[Path, str], state: State) -> None:
    """Land the state that files of changes make of the state before; provenance names how many changes each told."""
    changes = {}
    for dump in whole:
        with _naming(dump):
            changes[dump] = apply_changes(state, writer, _checked(writer, order, adapter, dump))
    land_state(state, writer, order.fetched_at)
    for dump, digest in whole.items():
        _log(writer, order, dump, digest, first_seq=0, count=writer.seq, changes=changes[dump])


def _checked(writer: CrawlWriter, order: _Order, adapter: Adapter, dump: Path) -> Iterator[bytes]:
    """The raw records of a file, once its first ones were seen to be what they are said to be."""
    raws = read_records(dump, max_record_bytes=order.settings.max_record_bytes, split=adapter.split)
    if adapter.check is None:
        return raws
    ahead, records, size = [], [], 0
    for raw in raws:
        ahead.append(raw)
        size += len(raw)
        with suppress(InvalidRecordError):
            records.append(writer.parse(raw))
        if len(ahead) == _SAMPLE or size >= _SAMPLE_BYTES:
            break
    adapter.check(records)
    return chain(ahead, raws)


@contextmanager
def _naming(dump: Path) -> Iterator[None]:
    try:
        yield
    except LandingError as error:
        raise LandingError(f"dump {dump.name}: {error}") from None


def _log(writer: CrawlWriter, order: _Order, dump: Path, digest: str, **facts: int) -> None:
    writer.log_request(
        {
            "url": f"file:{dump.name}",
            "status": 200,
            "fetched_at": order.fetched_at,
            "bytes": dump.stat().st_size,
            "content_sha256": digest,
            **facts,
        }
    )
