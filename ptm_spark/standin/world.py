"""A seeded, invented Hub: models with life histories, its listing at any moment, dumps of it, and the truth about them.

The same seed and size give the same world, byte for byte.
"""

import gzip
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ptm_spark.standin.dirt import Dirt, dirty_records
from ptm_spark.standin.invent import invent_models
from ptm_spark.standin.life import Model
from ptm_spark.standin.truth import Truth, tell_truth

CENSUS_DATES = (
    datetime(2024, 4, 30, 12, tzinfo=UTC),
    datetime(2024, 8, 31, 12, tzinfo=UTC),
    datetime(2024, 11, 30, 12, tzinfo=UTC),
)


@dataclass(frozen=True)
class World:
    """All models that ever live, in order of ``_id`` (which is the order of createdAt)."""

    seed: int
    models: tuple[Model, ...]

    def visible(self, at: datetime) -> Iterator[Model]:
        """Models that an anonymous listing at that moment holds, in order of ``_id``."""
        return (model for model in self.models if model.is_visible(at))

    def listing(self, at: datetime) -> Iterator[dict[str, Any]]:
        """Rows of ``GET /api/models?sort=createdAt&direction=1`` at that moment, all pages in a row."""
        return (model.row(at) for model in self.visible(at))

    def dirt(self, at: datetime) -> list[Dirt]:
        """The bad records that ``dump_lines(at, dirty=True)`` mixes in, with what must become of each."""
        return dirty_records(list(self.visible(at)), at)

    def dump_lines(self, at: datetime, *, dirty: bool = False) -> Iterator[bytes]:
        """The listing as JSON Lines, each with its line end.

        ``dirty`` adds the records of ``dirt(at)``; all good lines stay, so the truth gains the ``kept`` ones only.
        """
        bad = self.dirt(at) if dirty else []
        # Stale copies must come before the true rows: all of them stand at the head of the dump.
        yield from (record.line + b"\n" for record in bad if record.fate == "duplicate")
        rest = [record.line + b"\n" for record in reversed(bad) if record.fate != "duplicate"]
        gap = max(1, len(self.models) // (2 * len(rest) + 1))
        for number, row in enumerate(self.listing(at)):
            if rest and number % gap == gap - 1:
                yield rest.pop()
            yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        yield from reversed(rest)

    def truth(self, dates: Sequence[datetime] = CENSUS_DATES, *, dirty: bool = False) -> Truth:
        """Expected tables after complete censuses at these moments (ascending); ``dirty`` as for ``dump_lines``."""
        censuses = []
        for at in dates:
            sightings = [model.sighting(at) for model in self.visible(at)]
            if dirty:
                sightings += [record.truth for record in self.dirt(at) if record.fate == "kept" and record.truth]
            censuses.append((at, sightings))
        return tell_truth(censuses)


def make_world(seed: int = 7, models: int = 20_000) -> World:
    """Invent a Hub to which ``models`` models are uploaded from 2021-01 to 2024-12; the same arguments, the same Hub.

    Uploads grow by 7 % a month; families rise and fall; few owners have most models. About 5 % are removed (one in
    five comes back under its name with another ``_id``), 2.5 % renamed, 1 % private for a while. From 600 models on
    there are bulk uploaders at the edges of the rules about them, from 2,000 on in the floor too.
    """
    return World(seed, tuple(sorted(invent_models(seed, models), key=lambda model: model.repo_oid)))


def write_dumps(
    folder: Path,
    *,
    seed: int = 7,
    models: int = 20_000,
    dates: Sequence[datetime] = CENSUS_DATES,
    dirty: bool = False,
) -> list[Path]:
    """Write one dump of ``make_world(seed, models)`` a date, such as ``models_2024-04-30T120000Z.jsonl.gz``.

    The bytes depend on the arguments only: the gzip header carries neither time nor name.
    """
    world = make_world(seed, models)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for at in dates:
        path = folder / f"models_{at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}.jsonl.gz"
        with (
            path.open("wb") as file,
            gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed,
            io.BufferedWriter(packed, 1 << 20) as lines,
        ):
            lines.writelines(world.dump_lines(at, dirty=dirty))
        paths.append(path)
    return paths
