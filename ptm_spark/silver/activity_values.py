"""Landed lines of commits and discussions, and their values read strictly: what does not fit is named, never guessed.

Their records nest (authors, events), so that they are read in Python over Arrow batches, alike on both engines.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
import pyarrow as pa

from ptm_spark.columns import keyed_hash_of

Kind = TypeVar("Kind")
ReadBatches = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

TITLE_CHARS = 300
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?")
_MAIL = re.compile(r"[^\s<>@\"]+@[\w-]+(?:\.[\w-]+)+")
_OID = re.compile(r"[0-9a-f]{24}")
_RAW = b'"raw":'
#: accounts that write by themselves: the Hub's own (system), those of its staff's converters and librarians, and two of
#: model makers; any other name that ends in -bot or -bots counts, too
_BOTS = frozenset({"system", "sfconvertbot", "safetensors convertbot", "dumbot", "parquet-converter", "autoevaluator"})
_BOT_NAME = re.compile(r"(?:^|[-_ ])bots?$")
#: Arrow types by their names in Spark SQL
_ARROW = {
    "STRING": pa.string(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "ARRAY<STRING>": pa.list_(pa.string()),
}


class Record:
    """A parsed record; ``flaws`` names the fields that had another type or an impossible value."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self.flaws: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def take(self, name: str, kind: type[Kind]) -> Kind | None:
        """The field's value; None where absent or null, and where it has another JSON type, which is a flaw."""
        value = self._fields.get(name)
        if value is None or type(value) is kind:
            return value
        self.flaws.append(f"{name}:type")
        return None

    def count(self, name: str) -> int | None:
        """A number that cannot be negative; ``<field>:range`` where it is, or where it passes 64 bits."""
        value = self.take(name, int)
        if value is None or 0 <= value < 2**63:
            return value
        self.flaws.append(f"{name}:range")
        return None

    def moment(self, name: str, *, latest: datetime, read: Callable[[str], datetime | None]) -> datetime | None:
        """A moment as ``read`` reads it; ``<field>:format`` where it cannot, ``<field>:range`` outside 1970 to
        ``latest``."""
        text = self.take(name, str)
        if text is None:
            return None
        found = read(text)
        if found is not None and found.year >= 1970 and found <= latest:
            return found
        self.flaws.append(f"{name}:format" if found is None else f"{name}:range")
        return None


def moment_of(text: str) -> datetime | None:
    """A strict ISO 8601 moment with its zone, in UTC; None for anything else."""
    return _utc(text) if _MOMENT.fullmatch(text) else None


def local_moment(text: str, zone: Any) -> datetime | None:
    """A time such as 2023-08-04 06:46:32 in a zone, in UTC; None for anything else."""
    return _utc(text, zone) if _LOCAL.fullmatch(text) else None


def _utc(text: str, zone: Any = None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if zone is None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def title_of(text: str | None) -> str | None:
    """A title without mail addresses, cut; only titles are kept of what people write here."""
    return None if text is None else _MAIL.sub("…@…", text)[:TITLE_CHARS]


def is_bot(name: str) -> bool:
    """Whether a user name is that of an automatic account."""
    lower = name.lower()
    return lower in _BOTS or _BOT_NAME.search(lower) is not None


def oid_of(line: Mapping[str, Any]) -> str | None:
    """The ObjectId that the crawl knew the model by."""
    about = line.get("about")
    oid = about.get("repo_oid") if isinstance(about, dict) else None
    return oid if isinstance(oid, str) and _OID.fullmatch(oid) else None


def raw_sha256(value: str) -> str:
    """SHA-256 of the record's own text in a landed line, hex."""
    line = value.encode()
    return hashlib.sha256(line[line.index(_RAW) + len(_RAW) : -1]).hexdigest()


def hashed(names: Iterable[str], key: str, known: dict[str, str]) -> list[str]:
    """Keyed hashes of names, in their order; ``known`` remembers those made before."""
    found = []
    for name in names:
        if name not in known:
            known[name] = keyed_hash_of(name, key)
        found.append(known[name])
    return found


def ddl(columns: Mapping[str, str]) -> str:
    """Columns as Spark SQL has them."""
    return ", ".join(f"`{name}` {kind}" for name, kind in columns.items())


def reader_of(columns: Mapping[str, str], read_line: Callable[[str, Mapping[str, Any]], Sequence[Any]]) -> ReadBatches:
    """What mapInArrow calls: batches of landed lines (``value``) to batches of ``columns``, one row a line.

    ``read_line`` gets the line's text and the parsed line, and gives the values in order.
    """
    types = [_ARROW[kind] for kind in columns.values()]
    names = list(columns)

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            values = batch.column(0).to_pylist()
            if values:
                rows = [read_line(value, orjson.loads(value)) for value in values]
                columns_of = zip(types, zip(*rows, strict=True), strict=True)
                yield pa.RecordBatch.from_arrays([pa.array(column, kind) for kind, column in columns_of], names)

    return read
