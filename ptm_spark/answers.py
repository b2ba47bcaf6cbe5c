"""Answers to questions in SQL, for people and as CSV, and words for what cannot be answered."""

import difflib
import json
import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from ptm_spark.tables import Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: how much of an engine's words about a mistaken question is passed on
_SAID_CHARS = 160
#: words for an unknown column and an unknown table, of the one engine and the other
_NO_COLUMN = re.compile(
    r'ObjectName\(\[(?:Identifier\("[^"]*"\), )*Identifier\("([^"]*)"\)\]\) is missing'
    r"|UNRESOLVED_COLUMN\S* .*?`([^`]*)`"
)
_QUESTION = re.compile(r"[\s(]*(?:SELECT|WITH|VALUES|FROM|--|/\*)\b|[\s(]*(?:--|/\*)", re.IGNORECASE)
_NO_SYNTAX = re.compile(r"invalid argument|PARSE_SYNTAX_ERROR")
_EXPECTED = "expected a SELECT, in which every table goes by its name"
_NO_TABLE = re.compile(r"TABLE_OR_VIEW_NOT_FOUND\] (?:Table or view not found: (\S+)|.*?`([^`]*)`)")


def plain(answer: "pa.Table") -> "pd.DataFrame":
    """Rows as pandas: integers stay such beside NULL, lists and structs are JSON, moments are UTC without a zone."""
    import pyarrow as pa

    columns = []
    for field, column in zip(answer.schema, answer.columns, strict=True):
        if pa.types.is_nested(field.type):
            is_map = pa.types.is_map(field.type)
            column = pa.array([_as_json(cell, is_map) for cell in column.to_pylist()], pa.string())
        elif pa.types.is_timestamp(field.type):
            column = column.cast(pa.timestamp("us"))
        columns.append(column)
    frame: pd.DataFrame = pa.Table.from_arrays(columns, names=answer.column_names).to_pandas(integer_object_nulls=True)
    return frame


def aligned(answer: "pd.DataFrame") -> str:
    """Rows for people: columns under each other, whatever is NULL as such."""
    if answer.empty:
        return f"{'  '.join(map(str, answer.columns))}\n(no rows)"
    shown = answer.copy()
    for place, kind in enumerate(answer.dtypes):
        if kind.kind not in "biuf":  # to_string has a word for missing numbers only
            cells = answer.iloc[:, place].astype(object)
            shown.isetitem(place, cells.where(cells.notna(), "NULL").tolist())
    return str(shown.to_string(index=False, na_rep="NULL"))


def explain(said: str, sql: str, tables: Collection[Table]) -> str:
    """What is wrong with a question that an engine refuses (``said``), and what would be right."""
    if not _QUESTION.match(sql):
        return _EXPECTED
    if found := _NO_TABLE.search(said):
        name, known = (found[1] or found[2]).strip("`"), [table.name for table in tables]
        if name in known:
            return f"{name} goes by its name alone, without a folder or a catalogue before it"
        return f"no table {name}{_nearest(name, known)}; the tables are {', '.join(sorted(known))}"
    if found := _NO_COLUMN.search(said):
        name = (found[1] or found[2]).rpartition(".")[2]
        asked = [table for table in tables if re.search(rf"\b{table.name}\b", sql)]
        known = sorted({column for table in asked for column in table.names})
        columns = "".join(f"; {table.name} has {', '.join(table.names)}" for table in asked)
        return f"no column {name}{_nearest(name, known)}{columns}"
    told = " ".join(said.split())[:_SAID_CHARS]
    return f"{told}; {_EXPECTED}" if _NO_SYNTAX.search(said) else told


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {near[0]}?" if near else ""


def _as_json(cell: Any, is_map: bool) -> str | None:
    if cell is None:
        return None
    return json.dumps(dict(cell) if is_map else cell, ensure_ascii=False, default=str)
