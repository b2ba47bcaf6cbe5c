"""What a crawl says of itself: its files, and what absence from it means."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from ptm_spark import __version__
from ptm_spark.errors import LandingError, UsageError

Coverage = Literal["census", "incremental", "partial"]
MANIFEST = "_manifest.json"


@dataclass(frozen=True)
class LandedFile:
    """One file of a crawl: bytes on disk, SHA-256 of these bytes, records in it."""

    name: str
    bytes: int
    sha256: str
    records: int


@dataclass(frozen=True)
class Manifest:
    """What a crawl holds and what absence from it means.

    ``scope`` names the population looked at, ``coverage`` how much of it (only a census without ``failed`` can tell
    that a model is gone), ``cutoff`` the moment up to which creation is covered, ``keys`` the record keys the source
    can carry at all, ``failed`` the addresses or files that gave nothing, ``counts`` what a crawler counted (requests,
    expected, seen, missing …). Times are ISO 8601 UTC texts.
    """

    source: str
    entity: str
    crawl_id: str
    format: str
    scope: str
    coverage: Coverage
    observed_at: str
    cutoff: str
    keys: tuple[str, ...]
    records: int
    invalid: int
    failed: tuple[str, ...]
    files: tuple[LandedFile, ...]
    started_at: str
    finished_at: str
    options: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    tool_version: str = __version__

    @property
    def path(self) -> str:
        """Place below ``landing/``; names the crawl everywhere."""
        return f"{self.source}/{self.entity}/{self.crawl_id}"

    @property
    def order(self) -> tuple[str, str]:
        """By this crawls are sorted: by observation, and the same way each time where two were at one moment."""
        return self.observed_at, self.crawl_id

    @property
    def parts(self) -> tuple[LandedFile, ...]:
        """The files that hold records."""
        return tuple(file for file in self.files if file.name.startswith("part-"))

    @property
    def invalids(self) -> tuple[LandedFile, ...]:
        """The files that hold what was refused at the door."""
        return tuple(file for file in self.files if file.name.startswith("invalid-"))

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """The manifest in a file; keys that only a later version knows are left out. LandingError where it is none."""
        try:
            return _READER.validate_json(content)
        except ValidationError as error:
            raise LandingError(f"not a manifest of this version ({first_flaw(error)})") from None


_READER = TypeAdapter(Manifest)


def first_flaw(error: ValidationError) -> str:
    """The first thing that is wrong with a JSON text, in a line."""
    first = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))


def utc_text(moment: datetime) -> str:
    """ISO 8601 with a Z, to the second: texts of one length sort like the moments."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def parse_moment(text: str, option: str = "--observed-at", other: str = "") -> datetime:
    """A moment in ISO 8601; UsageError, naming the option, where it is none, lacks its zone or is not of 1970–2100."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: expected a UTC moment such as 2024-07-11T12:00:00Z{other}") from None
    if moment.tzinfo is None:
        raise UsageError(f"{option} {text}: without a zone it is no moment; write {moment.isoformat()}Z if it is UTC")
    if not 1970 <= moment.year <= 2100:
        raise UsageError(f"{option} {text}: expected a year from 1970 to 2100")
    return moment.astimezone(UTC)
