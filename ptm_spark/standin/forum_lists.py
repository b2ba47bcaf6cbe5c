"""Order, pages and pinned topics of the stand-in forum's lists."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ptm_spark.standin.forum_answers import InvalidParameterError
from ptm_spark.standin.forum_source import Category, Json

PER_PAGE = 30
PER_PAGE_LIMIT = 100

_Key = Callable[[Json], Any]
_ORDERS: dict[str, _Key] = {
    "default": lambda row: row["bumped_at"] or "",
    "activity": lambda row: row["bumped_at"] or "",
    "created": lambda row: row["created_at"],
    "views": lambda row: row["views"],
    "posts": lambda row: row["posts_count"],
    "likes": lambda row: row["like_count"],
    "op_likes": lambda row: row["op_like_count"],
    "posters": lambda row: len(row["posters"]),
}


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list was asked for. ``category_ids`` are the category at hand and those below it; None for all."""

    page: int = 0
    per_page: int = PER_PAGE
    order: str = "default"
    is_ascending: bool = False
    has_definitions: bool = True
    category_ids: tuple[int, ...] | None = None


def read_list_query(query: Mapping[str, str], category_ids: tuple[int, ...] | None = None) -> ListQuery:
    """The query of a list; unknown orders are the default one. InvalidParameterError for odd numbers."""
    order = query.get("order", "default")
    return ListQuery(
        page=_number(query, "page", 0, 0, 1 << 31),
        per_page=_number(query, "per_page", PER_PAGE, 1, PER_PAGE_LIMIT),
        order=order if order in _ORDERS or order == "category" else "default",
        is_ascending=query.get("ascending") == "true",
        has_definitions=query.get("no_definitions") != "true",
        category_ids=category_ids,
    )


def _number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise InvalidParameterError(name)
    return int(text)


def list_page(rows: Sequence[Json], categories: Sequence[Category], query: ListQuery) -> list[Json]:
    """The rows of one page. Pinned topics come first in the default order, and count as the first of all.

    In a category its own pinned topics are pinned; in the list of all only those pinned for the whole forum.
    """
    definitions = {category.definition_id for category in categories}
    chosen = [
        row
        for row in rows
        if (query.category_ids is None or row["category_id"] in query.category_ids)
        and (query.has_definitions or row["id"] not in definitions)
    ]
    names = {category.category_id: category.name for category in categories}

    def by_category(row: Json) -> str:
        return names.get(row["category_id"], "")

    key = _ORDERS.get(query.order, by_category)
    chosen.sort(key=lambda row: (key(row), row["id"]), reverse=not query.is_ascending)
    if query.order in ("default", "activity"):
        chosen.sort(key=lambda row: not _is_pinned(row, query))
    start = query.page * query.per_page
    return chosen[start : start + query.per_page]


def _is_pinned(row: Json, query: ListQuery) -> bool:
    if query.category_ids is None:
        return bool(row["pinned"] and row["pinned_globally"])
    return bool(row["pinned"] and row["category_id"] == query.category_ids[0])


def more_topics_url(path: str, query: Mapping[str, str], page: int) -> str:
    """Path and query of the page after ``page``, without ``.json``, as lists name it."""
    kept = [f"{key}={value}" for key, value in sorted(query.items()) if key != "page"]
    return f"{path}?{'&'.join([*kept, f'page={page + 1}'])}"
