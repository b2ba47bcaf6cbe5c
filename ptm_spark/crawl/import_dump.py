"""Landing a dump that somebody saved, exactly like a crawl."""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ptm_spark.config import LandingSettings
from ptm_spark.crawl.dump_file import digest_dump, read_records
from ptm_spark.crawl.entities import Entity
from ptm_spark.errors import LandingError
from ptm_spark.landing import Coverage, CrawlWriter, Landing, Manifest, utc_text

#: so many records decide whether a dump is of the entity it is said to be
_SAMPLE = 100


def import_dump(
    landing: Landing,
    entity: Entity,
    dumps: Sequence[Path],
    *,
    observed_at: datetime,
    coverage: Coverage,
    scope: str,
    settings: LandingSettings,
) -> tuple[Manifest, list[str], bool]:
    """Land dump files as one crawl; (its manifest, what was wrong with files set aside, whether it is new).

    A file that is damaged or cut off gives nothing at all, the others land, and the crawl is at most ``partial``: what
    is missing from it proves nothing. The crawl's id follows from moment, scope and content, so that the same dump
    landed twice is one crawl. LandingError where no file can be read, where the records are of another entity, or
    where a census is empty.
    """
    whole, wrong = _digests(dumps, settings.max_record_bytes)
    if not whole:
        raise LandingError("; ".join(wrong))
    if wrong:
        coverage = "partial"
    fetched_at = utc_text(observed_at)
    identity = "\n".join((entity.path, scope, coverage, fetched_at, *whole.values()))
    crawl_id = f"{observed_at:%Y%m%dT%H%M%SZ}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
    path = f"{entity.path}/{crawl_id}"
    if (known := landing.find(path)) is not None and not landing.damage(known):
        return known, wrong, False
    with landing.writer(path, settings) as writer:
        for dump, digest in whole.items():
            _land_file(writer, entity, dump, digest, fetched_at, settings)
        if writer.records == 0 and coverage == "census":
            names = ", ".join(dump.name for dump in whole)
            raise LandingError(
                f"dump {names}: no record in it ({writer.invalid} invalid), and an empty listing cannot be a census; "
                "check the file, or give --coverage incremental if nothing had changed"
            )
        manifest = writer.finish(
            source=entity.source,
            entity=entity.name,
            crawl_id=crawl_id,
            format="api",
            scope=scope,
            coverage=coverage,
            observed_at=fetched_at,
            cutoff=fetched_at,
            failed=tuple(wrong),
            options={"files": [dump.name for dump in dumps]},
        )
    return manifest, wrong, True


def _digests(dumps: Sequence[Path], max_record_bytes: int) -> tuple[dict[Path, str], list[str]]:
    """SHA-256 of each dump that can be read to its end, and what is wrong with the others.

    A whole pass before the first record lands, so that a damaged file never gives part of its rows.
    """
    whole, wrong = {}, []
    for dump in dumps:
        try:
            whole[dump] = digest_dump(dump, max_record_bytes=max_record_bytes)
        except LandingError as error:
            wrong.append(str(error))
    return whole, wrong


def _land_file(
    writer: CrawlWriter, entity: Entity, dump: Path, digest: str, fetched_at: str, settings: LandingSettings
) -> None:
    first = writer.seq
    stored = _land_records(writer, entity, dump, fetched_at, settings)
    entity.refuse_others(itertools.islice(stored, _SAMPLE))
    for _ in stored:
        pass  # landed as they come
    writer.log_request(
        {
            "url": f"file:{dump.name}",
            "status": 200,
            "fetched_at": fetched_at,
            "bytes": dump.stat().st_size,
            "content_sha256": digest,
            "first_seq": first,
            "count": writer.seq - first,
        }
    )


def _land_records(
    writer: CrawlWriter, entity: Entity, dump: Path, fetched_at: str, settings: LandingSettings
) -> Iterator[dict[str, Any]]:
    for raw in read_records(dump, max_record_bytes=settings.max_record_bytes):
        record = writer.add(raw, key=entity.key, fetched_at=fetched_at)
        if record is not None:
            yield record
