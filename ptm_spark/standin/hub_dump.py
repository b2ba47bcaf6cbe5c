"""A saved listing as a Hub: rows keep their bytes, and pages are cut from them."""

import gc
import gzip
import re
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import orjson
import zstandard

from ptm_spark.errors import UsageError
from ptm_spark.standin.hub_history import initial_commit
from ptm_spark.standin.hub_listing import Filters, ListingQuery, Page, encode_cursor
from ptm_spark.standin.hub_repos import Repo
from ptm_spark.standin.life import Model

_OID = re.compile("[0-9a-f]{24}")
_CACHE_BYTES = 384 << 20
_ORDERS_KEPT = 12


class DumpHub:
    """The Hub that listed these rows (JSON, each with ``_id`` and ``id``), frozen at ``at``.

    Rows without a usable ``_id`` and ``id`` are left out; of several with one ``_id`` the last counts. The listing says
    no more of a model than its row, whatever fields are asked for. Repositories have their first commit and no card.
    """

    def __init__(self, rows: Iterable[bytes], at: datetime) -> None:
        self.at = at
        by_oid: dict[str, bytes] = {}
        with _no_collection():
            for row in rows:
                try:
                    fields = orjson.loads(row)
                    oid = fields["_id"]
                    if _OID.fullmatch(oid) and isinstance(fields["id"], str) and fields["id"]:
                        by_oid[oid] = row
                except (ValueError, TypeError, KeyError):
                    continue
            self._oids = sorted(by_oid)
            self._rows = [by_oid[oid] for oid in self._oids]
        self._orders: OrderedDict[tuple[str, bool, Filters], Sequence[int]] = OrderedDict()
        self._values: dict[str, list[Any]] = {}
        self._numbers: dict[str, int] = {}
        self._pages: OrderedDict[ListingQuery, Page] = OrderedDict()
        self._cached_bytes = 0

    def __len__(self) -> int:
        return len(self._rows)

    def page(self, query: ListingQuery) -> Page:
        if query.expand is None:
            return self._make_page(query)  # quicker than to look for it
        page = self._pages.get(query)
        if page is not None:
            self._pages.move_to_end(query)
            return page
        page = self._make_page(query)
        self._pages[query] = page
        self._cached_bytes += len(page.body) + 1000
        while self._cached_bytes > _CACHE_BYTES:
            _, oldest = self._pages.popitem(last=False)
            self._cached_bytes -= len(oldest.body) + 1000
        return page

    def find(self, name: str) -> Repo | str | None:
        if not self._numbers:
            self._numbers = {orjson.loads(row)["id"].lower(): number for number, row in enumerate(self._rows)}
        number = self._numbers.get(name.lower())
        if number is None:
            return None
        row = orjson.loads(self._rows[number])
        return self._repo(row) if row["id"] == name else str(row["id"])

    def count(self, search: str) -> int:
        return len(self._order("createdAt", True, Filters(search=search))) if search else len(self._rows)

    def lookup(self, name: str) -> tuple[str, str] | None:
        found = self.find(name)
        found = self.find(found) if isinstance(found, str) else found
        return (found.model.repo_oid, found.name) if isinstance(found, Repo) else None

    def _repo(self, row: dict[str, Any]) -> Repo:
        row = {"likes": 0, "downloads": 0, "tags": [], "private": False, "modelId": row["id"]} | row
        model = _as_model(row)
        return Repo(model, self.at, row, (initial_commit(model),), is_bare=True)

    def _make_page(self, query: ListingQuery) -> Page:
        order = self._order(query.sort, query.ascending, query.filters)
        start, end = self._bounds(order, query)
        start = min(start + query.skip, end)
        numbers = order[start : min(start + query.limit, end)]
        body = b"[" + b",".join([self._rows[number] for number in numbers]) + b"]"
        if query.expand is not None:
            keys = ("_id", "id", *query.expand)
            with _no_collection():
                rows = orjson.loads(body)
                body = orjson.dumps([{key: row[key] for key in keys if key in row} for row in rows])
        cursor = None
        if start + query.limit < end:
            last = numbers[-1]
            value = None if query.by_oid else self._values_of(query.sort)[last]
            cursor = encode_cursor(query.sort, ascending=query.ascending, value=value, oid=self._oids[last])
        return Page(body, cursor)

    def _bounds(self, order: Sequence[int], query: ListingQuery) -> tuple[int, int]:
        """Places of the order between which the page must lie."""
        cursor = query.cursor
        if query.by_oid:
            if query.ascending:
                return (
                    bisect_right(order, cursor.after, key=self._oids.__getitem__),
                    bisect_left(order, cursor.before, key=self._oids.__getitem__),
                )
            # In the order of falling _id the keys fall too: bisect on their number from the end.
            count = len(self._oids)
            high = count - bisect_left(self._oids, cursor.before)
            low = count - bisect_right(self._oids, cursor.after)
            return (
                bisect_left(order, high, key=lambda number: count - 1 - number),
                bisect_left(order, low, key=lambda number: count - 1 - number),
            )
        if cursor.tie is None:
            return 0, len(order)
        values = self._values_of(query.sort)
        return bisect_left(order, True, key=lambda n: query.is_past(values[n], self._oids[n])), len(order)

    def _order(self, sort: str, ascending: bool, filters: Filters) -> Sequence[int]:
        key = (sort, ascending, filters)
        order = self._orders.get(key)
        if order is None:
            numbers: Sequence[int] = range(len(self._rows))
            if filters != Filters():
                numbers = [number for number in numbers if filters.match(orjson.loads(self._rows[number]), gated=False)]
            if sort == "createdAt":
                order = numbers if ascending else numbers[::-1]
            else:
                order = sorted(numbers, key=self._values_of(sort).__getitem__, reverse=not ascending)
            self._orders[key] = order
            while len(self._orders) > _ORDERS_KEPT:
                self._orders.popitem(last=False)
        return order

    def _values_of(self, sort: str) -> list[Any]:
        """The key of every row; what the dump does not say is taken from what stands nearest to it."""
        if sort not in self._values:
            rows = (orjson.loads(row) for row in self._rows)
            if sort == "id":
                self._values[sort] = [row["id"] for row in rows]
            elif sort == "lastModified":
                self._values[sort] = [str(row.get("lastModified") or row.get("createdAt") or "") for row in rows]
            else:
                self._values[sort] = [_whole(row.get(sort, row.get("likes"))) for row in rows]
        return self._values[sort]


def read_hub_dump(path: Path, at: datetime | None = None) -> DumpHub:
    """The Hub of a dump: JSON Lines of default rows, plain, gzip or zstd. UsageError where it cannot be read or holds
    no row; ``at`` is the moment of the dump (now, if not told).
    """
    try:
        with path.open("rb") as file:
            hub = DumpHub(_lines(file), at or datetime.now(UTC))
    except (OSError, EOFError, zstandard.ZstdError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"hub dump {path}: {reason}; give the path of a listing saved as JSON Lines") from None
    if not len(hub):
        raise UsageError(f"hub dump {path}: no row with _id and id; give a listing saved as JSON Lines")
    return hub


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    magic = file.read(4)
    file.seek(0)
    stream: Any = file
    if magic.startswith(b"\x1f\x8b"):
        stream = gzip.GzipFile(fileobj=file)
    elif magic == b"\x28\xb5\x2f\xfd":
        stream = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(file, read_across_frames=True)
    rest = b""
    while chunk := stream.read(1 << 20):
        first, *lines = chunk.split(b"\n")
        rest += first
        if lines:
            yield from (line for line in (rest, *lines[:-1]) if line)
            rest = lines[-1]
    if rest:
        yield rest


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the collector, which would look through millions of new objects again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def created_at_of(oid: str) -> datetime:
    """The second that an ``_id`` holds."""
    return datetime.fromtimestamp(int(oid[:8], 16), UTC)


def _as_model(row: dict[str, Any]) -> Model:
    created_at = created_at_of(row["_id"])
    return Model(
        repo_oid=row["_id"],
        name=row["id"],
        born_at=created_at,
        created_at=created_at,
        family=None,
        pipeline_tag=row.get("pipeline_tag"),
        library_name=row.get("library_name"),
        tags=tuple(row["tags"]),
        peak_downloads=0,
        likes_limit=0,
        card_created_at=None,
    )


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
