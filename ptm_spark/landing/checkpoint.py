"""How far an unfinished crawl has come: enough to go on from there as if nothing had happened."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from ptm_spark.errors import LandingError
from ptm_spark.landing.manifest import LandedFile, first_flaw

CHECKPOINT = "_checkpoint.json"


@dataclass(frozen=True)
class OpenSeries:
    """Files of one kind at a checkpoint: the packed ones, and how much of the open one counts."""

    files: tuple[LandedFile, ...]
    bytes: int
    lines: int


@dataclass(frozen=True)
class Checkpoint:
    """State of an unfinished crawl after a page.

    ``identity`` is what the command asked for: only the same command resumes. ``position`` is the crawler's own: where
    the walk goes on. ``counts`` and ``failed`` (what, why) go into the manifest at the end.
    Times are ISO 8601 UTC texts.
    """

    crawl_id: str
    identity: str
    observed_at: str
    started_at: str
    position: dict[str, Any]
    records: int = 0
    invalid: int = 0
    keys: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    failed: tuple[tuple[str, str], ...] = ()
    series: dict[str, OpenSeries] = field(default_factory=dict)

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, content: bytes) -> "Checkpoint":
        """The checkpoint in a file; LandingError where it is none."""
        try:
            return _READER.validate_json(content)
        except ValidationError as error:
            raise LandingError(f"not a checkpoint of this version ({first_flaw(error)})") from None


_READER = TypeAdapter(Checkpoint)
