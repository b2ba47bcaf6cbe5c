"""Small crawls written as the crawlers write them, for tests of what is made of them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ptm_spark.config import load
from ptm_spark.landing import Landing, Manifest, utc_text

#: (key, raw record, about) of a line; a number in place of the record is a status without one, bytes are no record
Line = tuple[str, Any, dict[str, Any]]


def day(number: int) -> datetime:
    return datetime(2024, 7, number, 12, tzinfo=UTC)


def land_lines(
    landing: Landing, entity: str, at: datetime, lines: Iterable[Line], *, format: str = "api", **facts: Any
) -> Manifest:
    """Land lines as a finished crawl of an entity such as hub/commits, observed at one moment."""
    source, name = entity.split("/")
    crawl_id, fetched_at = f"{at:%Y%m%dT%H%M%SZ}-0000abcd", utc_text(at)
    with landing.writer(f"{entity}/{crawl_id}", load().landing) as writer:
        for key, raw, about in lines:
            if isinstance(raw, int):
                writer.add_status(raw, name=key, fetched_at=fetched_at, about=about)
            elif isinstance(raw, bytes):
                writer.add(raw, key="id", fetched_at=fetched_at)
            elif isinstance(raw, str):
                writer.add_text(raw.encode(), name=key, fetched_at=fetched_at, about=about)
            else:
                writer.add_parsed(json.dumps(raw).encode(), raw, name=key, fetched_at=fetched_at, about=about)
        return writer.finish(
            source=source, entity=name, crawl_id=crawl_id, format=format, coverage="partial", scope=source,
            observed_at=fetched_at, cutoff=fetched_at, **{"failed": ()} | facts,
        )  # fmt: skip
