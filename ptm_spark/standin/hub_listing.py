"""The listing of the stand-in Hub: what a request asks for, its cursors, and the pages of the invented world."""

import base64
import binascii
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol

import orjson

from ptm_spark.standin.hub_fields import EXPANDABLE, FULL_FIELDS, fields_of, moment, trending_score
from ptm_spark.standin.hub_history import last_modified_at
from ptm_spark.standin.hub_repos import Repo, gate_of, repo_at
from ptm_spark.standin.life import Model
from ptm_spark.standin.world import World

PAGE_LIMIT = 1000
SORTS = ("createdAt", "lastModified", "downloads", "likes", "trendingScore", "id")
_OID = re.compile("[0-9a-f]{24}")
_PAST_ALL = "g" * 24


class BadRequestError(Exception):
    """A request that the Hub answers with 400; the text is its error."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page goes on: ``_id`` strictly between two bounds and, unless by ``_id``, past a (value, ``_id``)."""

    after: str = ""
    before: str = _PAST_ALL
    tie: tuple[Any, str] | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that all hold. ``tags`` may also name the pipeline tag or the library."""

    tags: tuple[str, ...] = ()
    author: str | None = None
    search: str | None = None
    pipeline_tag: str | None = None
    gated: bool | None = None

    def match(self, row: dict[str, Any], *, gated: bool) -> bool:
        """True if a default row, of a repository that is gated or not, fulfils all."""
        name = str(row["id"])
        if self.author is not None and name.partition("/")[0] != self.author:
            return False
        if self.search is not None and self.search.lower() not in name.lower():
            return False
        if self.pipeline_tag is not None and row.get("pipeline_tag") != self.pipeline_tag:
            return False
        if self.gated is not None and gated is not self.gated:
            return False
        known = {*row.get("tags", ()), row.get("pipeline_tag"), row.get("library_name")} if self.tags else set()
        return all(tag in known for tag in self.tags)


@dataclass(frozen=True, slots=True)
class ListingQuery:
    """One request of ``GET /api/models``. ``expand`` is None for default rows; ``extra`` is what they show besides."""

    sort: str = "trendingScore"
    ascending: bool = False
    limit: int = PAGE_LIMIT
    skip: int = 0
    cursor: Cursor = Cursor()
    filters: Filters = Filters()
    expand: tuple[str, ...] | None = None
    extra: tuple[str, ...] = ()

    @property
    def by_oid(self) -> bool:
        """True where the order is that of ``_id``."""
        return self.sort == "createdAt"

    def is_past(self, value: Any, oid: str) -> bool:
        """True if a row with that value of the sort key comes behind the cursor's (value, ``_id``)."""
        if self.cursor.tie is None:
            return True
        last, last_oid = self.cursor.tie
        if value == last:
            return oid > last_oid
        return bool(value > last if self.ascending else value < last)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as bytes of JSON, and the cursor of the next one; None on the last."""

    body: bytes
    cursor: str | None


class HubSource(Protocol):
    """What a Hub serves."""

    def page(self, query: ListingQuery) -> Page:
        """One page of the listing."""

    def find(self, name: str) -> Repo | str | None:
        """The repository of that name; the name it has now, if it was renamed or is spelt otherwise; None if it is
        not there or private.
        """

    def lookup(self, name: str) -> tuple[str, str] | None:
        """``_id`` and present name of what bears or bore a name; None if it is not there."""

    def count(self, search: str) -> int:
        """Number of models whose name holds that text."""


def read_query(pairs: Sequence[tuple[str, str]]) -> ListingQuery:
    """The request that these parameters make; unknown ones are ignored. BadRequestError as the Hub refuses."""
    values: dict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        values[key.removesuffix("[]")].append(value)

    def last(key: str) -> str | None:
        return values[key][-1] if key in values else None

    sort = last("sort")
    sort = sort if sort in SORTS else "trendingScore"
    cursor = last("cursor")
    gated = last("gated")
    expand = read_expand(values["expand"]) if "expand" in values else None
    extra: tuple[str, ...] = FULL_FIELDS if last("full") in {"true", "1", "full"} else ()
    extra += ("cardData",) if last("cardData") in {"true", "1"} else ()
    extra += ("config",) if last("config") in {"true", "1"} else ()
    return ListingQuery(
        sort=sort,
        ascending=last("direction") == "1",
        limit=min(PAGE_LIMIT, read_whole("limit", last("limit"), PAGE_LIMIT, least=1)),
        skip=read_whole("skip", last("skip"), 0, least=0),
        cursor=Cursor() if cursor is None else decode_cursor(cursor, sort),
        filters=Filters(
            tuple(values["filter"]),
            last("author"),
            last("search"),
            last("pipeline_tag"),
            {"true": True, "false": False}.get(gated or ""),
        ),
        expand=expand,
        extra=() if expand is not None else extra,
    )


def read_expand(names: Sequence[str]) -> tuple[str, ...]:
    """The named fields; BadRequestError that lists the valid ones if one is unknown."""
    for name in names:
        if name not in EXPANDABLE:
            raise BadRequestError(f'"expand" must be one of [{", ".join(EXPANDABLE)}], not "{name}"')
    return tuple(names)


def read_whole(key: str, value: str | None, default: int, *, least: int) -> int:
    """A whole number of the query; BadRequestError if it is none or below ``least``."""
    if value is None:
        return default
    if not re.fullmatch(r"-?\d{1,18}", value, re.ASCII) or int(value) < least:
        raise BadRequestError(f'"{key}" must be a whole number of at least {least}')
    return int(value)


def encode_cursor(sort: str, *, ascending: bool, value: Any, oid: str) -> str:
    """The predicate that continues behind a row, as base64 of JSON."""
    if sort == "createdAt":
        predicate: dict[str, Any] = {"_id": {"$gt" if ascending else "$lt": oid}}
    else:
        branches: list[dict[str, Any]] = [
            {sort: value, "_id": {"$gt": oid}},
            {sort: {"$gt" if ascending else "$lt": value}},
        ]
        predicate = {"$or": [*branches, {sort: None}] if sort == "downloads" else branches}
    return base64.b64encode(orjson.dumps(predicate)).decode()


def decode_cursor(text: str, sort: str) -> Cursor:
    """The place that a cursor names, whoever built it; BadRequestError if it is none of that sort."""
    try:
        predicate = orjson.loads(base64.b64decode(text, validate=True))
        if set(predicate) == {"_id"}:
            bounds = predicate["_id"]
            if bounds and set(bounds) <= {"$gt", "$lt"} and all(_OID.fullmatch(oid) for oid in bounds.values()):
                return Cursor(bounds.get("$gt", ""), bounds.get("$lt", _PAST_ALL))
        elif set(predicate) == {"$or"}:
            tie = predicate["$or"][0]
            if set(tie) == {sort, "_id"} and _OID.fullmatch(tie["_id"]["$gt"]):
                return Cursor(tie=(tie[sort], tie["_id"]["$gt"]))
    except (binascii.Error, ValueError, TypeError, KeyError, IndexError):
        raise BadRequestError("Invalid cursor") from None
    raise BadRequestError("Invalid cursor")


class WorldHub:
    """The Hub of a seeded world. Its clock stands at ``at``, and each page of the listing moves it by ``advance``."""

    def __init__(self, world: World, at: datetime, advance: timedelta = timedelta(0)) -> None:
        self.world, self.at, self.advance = world, at, advance
        self._oids = [model.repo_oid for model in world.models]
        self._named: dict[str, list[Model]] = defaultdict(list)
        for model in world.models:
            for name in {model.name.lower(), model.last_name.lower()}:
                self._named[name].append(model)

    def page(self, query: ListingQuery) -> Page:
        at = self.at
        chosen = list(islice(self._ordered(query, at), query.skip, query.skip + query.limit + 1))
        rows = [self._row(model, query, at) for model in chosen[: query.limit]]
        cursor = None
        if len(chosen) > query.limit:
            last = chosen[query.limit - 1]
            value = _sort_value(last, query.sort, at)
            cursor = encode_cursor(query.sort, ascending=query.ascending, value=value, oid=last.repo_oid)
        self.at += self.advance
        return Page(orjson.dumps(rows), cursor)

    def find(self, name: str) -> Repo | str | None:
        known = [model for model in self._named.get(name.lower(), ()) if model.is_visible(self.at)]
        exact = next((model for model in known if model.name_at(self.at) == name), None)
        if exact is not None:
            return repo_at(exact, self.at)
        # A new name is nobody's before its day, and an old one leads to the new until somebody takes it.
        known = [model for model in known if name.lower() in {model.name.lower(), model.name_at(self.at).lower()}]
        return known[-1].name_at(self.at) if known else None

    def count(self, search: str) -> int:
        return sum(search.lower() in model.name_at(self.at).lower() for model in self.world.visible(self.at))

    def lookup(self, name: str) -> tuple[str, str] | None:
        found = self.find(name)
        found = self.find(found) if isinstance(found, str) else found
        return (found.model.repo_oid, found.name) if isinstance(found, Repo) else None

    def _ordered(self, query: ListingQuery, at: datetime) -> Iterator[Model]:
        """Visible models that fit, in order, from the cursor on."""
        low = bisect_right(self._oids, query.cursor.after)
        high = bisect_left(self._oids, query.cursor.before)
        models = self.world.models[low:high]
        if query.by_oid and not query.ascending:
            models = models[::-1]
        filters = query.filters
        fitting: Iterator[Model] = (model for model in models if model.is_visible(at))
        if filters != Filters():
            fitting = (m for m in fitting if filters.match(m.row(at), gated=bool(gate_of(m))))
        if query.by_oid:
            return fitting
        keyed = [(_sort_value(model, query.sort, at), model) for model in fitting]
        keyed = [pair for pair in keyed if query.is_past(pair[0], pair[1].repo_oid)]
        keyed.sort(key=lambda pair: pair[0], reverse=not query.ascending)
        return (model for _, model in keyed)

    def _row(self, model: Model, query: ListingQuery, at: datetime) -> dict[str, Any]:
        if query.expand is None and not query.extra and query.sort != "trendingScore":
            return model.row(at)
        repo = repo_at(model, at)
        if query.expand is not None:
            head = {"_id": model.repo_oid, "id": repo.name}
            return head | fields_of(repo, query.expand, self.lookup, in_listing=True)
        names = query.extra + (("trendingScore",) if query.sort == "trendingScore" else ())
        return repo.row | fields_of(repo, names, self.lookup, in_listing=True)


def _sort_value(model: Model, sort: str, at: datetime) -> Any:
    if sort == "downloads":
        return model.downloads_at(at)
    if sort == "likes":
        return model.likes_at(at)
    if sort == "lastModified":
        return moment(last_modified_at(model, at))
    if sort == "trendingScore":
        return trending_score(model, at)
    return model.name_at(at)
