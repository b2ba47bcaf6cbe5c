"""The lake's tables as their Delta logs tell them, without an engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptm_spark.folder import Folder
from ptm_spark.publishing import State

if TYPE_CHECKING:
    from deltalake import DeltaTable

LAYERS = ("silver", "gold", "ops")


@dataclass(frozen=True)
class TableInfo:
    """A table on disk: rows and bytes of the version that readers follow (ops tables: of the newest)."""

    path: str
    rows: int
    bytes: int
    version: int
    newest: int
    is_published: bool


def delta_tables(lake: Folder) -> Iterator[tuple[str, "DeltaTable"]]:
    """Every Delta table below the lake by its path (``silver/models``), at its newest version."""
    from deltalake import DeltaTable

    for layer in LAYERS:
        for name in (lake / layer).names():
            path = f"{layer}/{name}"
            if lake.exists(f"{path}/_delta_log"):
                yield path, DeltaTable(f"{lake.url}/{path}")


def list_tables(lake: Folder, published: State | None) -> list[TableInfo]:
    """Every Delta table below the lake."""
    versions = published.tables if published else {}
    found = []
    for path, table in delta_tables(lake):
        newest = table.version()
        if path in versions:
            table.load_as_version(versions[path])
        files = table.get_add_actions(flatten=True)
        names = files.schema.names
        rows, sizes = files.column(names.index("num_records")), files.column(names.index("size_bytes"))
        total = [sum(value or 0 for value in column.to_pylist()) for column in (rows, sizes)]
        found.append(TableInfo(path, total[0], total[1], table.version(), newest, path in versions))
    return found
