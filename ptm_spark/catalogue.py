"""The lake's tables as their Delta logs tell them, without an engine."""

from dataclasses import dataclass

from ptm_spark.folder import Folder
from ptm_spark.publishing import State

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


def list_tables(lake: Folder, published: State | None) -> list[TableInfo]:
    """Every Delta table below the lake."""
    from deltalake import DeltaTable

    versions = published.tables if published else {}
    found = []
    for layer in LAYERS:
        for name in (lake / layer).names():
            path = f"{layer}/{name}"
            if not lake.exists(f"{path}/_delta_log"):
                continue
            table = DeltaTable(f"{lake.url}/{path}")
            newest = table.version()
            if path in versions:
                table.load_as_version(versions[path])
            files = table.get_add_actions(flatten=True)
            names = files.schema.names
            rows, sizes = files.column(names.index("num_records")), files.column(names.index("size_bytes"))
            total = [sum(value or 0 for value in column.to_pylist()) for column in (rows, sizes)]
            found.append(TableInfo(path, total[0], total[1], table.version(), newest, path in versions))
    return found
