"""Small dumps for the tests: rows of a Hub listing, the ways people save them, and landing them."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import zstandard
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ptm_spark.config import load
from ptm_spark.crawl.entities import entity_named
from ptm_spark.crawl.import_dump import Imported, import_dump
from ptm_spark.landing import Coverage, Landing, Manifest

SEEN = datetime(2024, 7, 11, 12, tzinfo=UTC)

Row = dict[str, Any]

#: for property tests: quick, the same examples every time, no clock
quick = hypothesis_settings(max_examples=60, deadline=None, derandomize=True)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
#: any JSON object with integers of 64 bits
RECORDS = st.dictionaries(st.sampled_from(["_id", "id", "tags", "raw", "é", '"']), JSON_VALUES, max_size=4)


def hub_row(number: int = 0, **changes: Any) -> Row:
    """A row of the Hub's listing, another one for each number."""
    name = f"someone/model-{number}"
    return {"_id": f"645384a0{number:016x}", "id": name, "likes": 3, "tags": ["gguf"], "modelId": name} | changes


def hub_rows(count: int) -> list[Row]:
    return [hub_row(number) for number in range(count)]


def as_lines(rows: Sequence[Row]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def as_crlf_lines(rows: Sequence[Row]) -> bytes:
    return as_lines(rows).replace(b"\n", b"\r\n")


def as_array(rows: Sequence[Row]) -> bytes:
    return json.dumps(rows).encode()


def as_pretty_array(rows: Sequence[Row]) -> bytes:
    return json.dumps(rows, indent=2).encode()


def as_flush_left_array(rows: Sequence[Row]) -> bytes:
    return json.dumps(rows, indent=0).encode()


def as_array_by_line(rows: Sequence[Row]) -> bytes:
    """One array, each member on a line of its own."""
    return b"[\n" + b",\n".join(json.dumps(row).encode() for row in rows) + b"\n]\n"


def as_page_lines(rows: Sequence[Row]) -> bytes:
    return b"".join(as_array(rows[at : at + 3]) + b"\n" for at in range(0, len(rows), 3))


def as_joined_pages(rows: Sequence[Row]) -> bytes:
    return b"".join(as_array(rows[at : at + 3]) for at in range(0, len(rows), 3))


def as_pretty_values(rows: Sequence[Row]) -> bytes:
    return b"\n".join(json.dumps(row, indent=2).encode() for row in rows)


#: the forms in which the same records may come
ARRAY_FORMS: tuple[Callable[[Sequence[Row]], bytes], ...] = (
    as_array,
    as_pretty_array,
    as_flush_left_array,
    as_array_by_line,
)
FORMS = (as_lines, as_crlf_lines, *ARRAY_FORMS, as_page_lines, as_joined_pages, as_pretty_values)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def land(landing: Landing, *dumps: Path, **options: Any) -> Imported:
    """Land dumps of one crawl, of models unless ``entity`` is another; see ``land_all``."""
    (imported,) = land_all(landing, *dumps, **options)
    return imported


def land_all(
    landing: Landing,
    *dumps: Path,
    entity: str = "hub/models",
    format: str = "api",
    observed_at: datetime = SEEN,
    coverage: Coverage = "census",
    scope: str = "hub",
    settings: Sequence[str] = (),
) -> list[Imported]:
    """Land dumps; ``settings`` are assignments such as landing.part_bytes=1000."""
    return import_dump(
        landing,
        entity_named(entity),
        dumps,
        observed_at=observed_at,
        coverage=coverage,
        scope=scope,
        settings=load(None, settings).landing,
        format=format,
    )


def landed_lines(landing: Landing, crawl: Manifest, kind: str = "part") -> list[bytes]:
    """The lines of a crawl's files of one kind, unpacked."""
    place = landing.folder / crawl.path
    names = [file.name for file in crawl.files if file.name.startswith(f"{kind}-")]
    unpacked = [zstandard.ZstdDecompressor().decompressobj().decompress(place.read(name)) for name in names]
    return b"".join(unpacked).splitlines(keepends=True)


def landed_records(landing: Landing, crawl: Manifest) -> list[Row]:
    """The records of a crawl, parsed."""
    return [json.loads(line)["raw"] for line in landed_lines(landing, crawl)]
