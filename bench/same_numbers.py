"""Whether two contenders wrote the same tables: what makes the yardstick honest."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset

    from ptm_spark.tables import Table

#: the silver tables with their keys; every column is compared, whatever the order of rows
SILVER = {"models": "repo_oid", "model_tags": "repo_oid, position", "model_snapshots": "repo_oid, crawl_id"}
#: the gold tables with their dimension; every measure of every row is compared
GOLD = {
    "uploads_per_pipeline_tag_monthly": "pipeline_tag",
    "uploads_per_library_monthly": "library_name",
    "uploads_per_licence_monthly": "licence",
}
MEASURES = [
    "upload_count",
    "upload_share",
    "ever_count",
    "owner_count",
    "owner_weighted_share",
    "without_bulk_count",
    "without_bulk_share",
    "without_bulk_20_share",
    "without_bulk_100_share",
    "downloaded_count",
    "popular_count",
    "download_total",
    "download_share",
    "log_download_share",
    "coverage",
    "is_partial",
]
TOLERANCE = 1e-9


def differences(one: Path, other: Path) -> Iterator[str]:
    """Everything in which the tables below two folders differ, in words; empty where they are the same.

    A folder holds ``<table>.parquet`` files, or is a lake of Delta tables.
    """
    with duckdb.connect() as db:
        for table in (*SILVER, *GOLD):
            yield from _differences_of(db, table, _open(db, one, table, "one"), _open(db, other, table, "other"))


def _differences_of(
    db: duckdb.DuckDBPyConnection, table: str, ours: dict[str, str], theirs: dict[str, str]
) -> Iterator[str]:
    if list(ours) != list(theirs):
        yield f"{table}: columns {', '.join(ours)} against {', '.join(theirs)}"
        return
    counts = [db.execute(f"SELECT count(*) FROM {side}").fetchone() for side in ("one", "other")]
    if counts[0] != counts[1]:
        yield f"{table}: {counts[0][0]:,} rows against {counts[1][0]:,}"
    if table in SILVER:
        # a hash with the key in it, summed up, sees any value that stands in another row
        sums = [f"sum(hash({SILVER[table]}, {as_plain(name, kind)}))" for name, kind in ours.items()]
        found = [db.execute(f"SELECT {', '.join(sums)} FROM {side}").fetchone() for side in ("one", "other")]
        yield from (f"{table}: {name} differs" for name, a, b in zip(ours, *found, strict=True) if a != b)
        return
    key = GOLD[table]
    same = [f"count(*) FILTER (NOT coalesce({_same(name)}, false))" for name in MEASURES]
    query = f"""
        SELECT {", ".join(same)} FROM one FULL JOIN other
        ON one.month IS NOT DISTINCT FROM other.month AND one.{key} = other.{key}
        AND epoch_us(one.as_of) = epoch_us(other.as_of)
    """
    off = db.execute(query).fetchone()
    yield from (f"{table}: {name} differs in {n:,} rows" for name, n in zip(MEASURES, off, strict=True) if n)


def differing_values(table: "Table", ours: "Dataset", theirs: Path) -> Iterator[str]:
    """Everything in which a table and a Parquet file differ, in words; both must have the contract's columns.

    Rows are matched by the table's key, in which NULL is a value; doubles may differ by a billionth.
    """
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.register("ours", ours)
        # where a row stands on one side only, the other one's ``stands`` is NULL
        db.execute("CREATE VIEW one AS SELECT *, true AS stands FROM ours")
        db.execute(f"CREATE VIEW other AS SELECT *, true AS stands FROM '{theirs}'")
        for side in ("one", "other"):
            if found := set(_columns(db, side)) ^ {*table.names, "stands"}:
                yield f"{table.name}: not in both: {', '.join(sorted(found))}"
                return
        kinds = {field.name: field.type for field in table.fields}
        same = {name: _close(name) if kinds[name] == "DOUBLE" else _equal(name) for name in table.names}
        conditions = ["one.stands AND other.stands", *(f"{same[name]} OR one.stands IS NULL OR other.stands IS NULL"
                                                       for name in same if name not in table.key)]  # fmt: skip
        asked = ", ".join(f"count(*) FILTER (NOT coalesce({condition}, false))" for condition in conditions)
        on = " AND ".join(_equal(name) for name in table.key)
        off = db.execute(f"SELECT {asked} FROM one FULL JOIN other ON {on}").fetchone()
        said = ["stands on one side only", *(f"{name} differs" for name in same if name not in table.key)]
        yield from (f"{table.name}: {what} in {n:,} rows" for what, n in zip(said, off, strict=True) if n)


def _columns(db: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    return {row[0]: row[1] for row in db.execute(f"DESCRIBE {name}").fetchall()}


def _equal(name: str) -> str:
    return f"one.{name} IS NOT DISTINCT FROM other.{name}"


def _close(name: str) -> str:
    ours, theirs = f"one.{name}::DOUBLE", f"other.{name}::DOUBLE"
    close = f"abs({ours} - {theirs}) <= {TOLERANCE} * greatest(abs({ours}), abs({theirs}))"
    return f"({close} OR ({ours} IS NULL AND {theirs} IS NULL))"


def as_plain(name: str, kind: str) -> str:
    """Moments as microseconds: with or without a zone, all contenders mean UTC."""
    return f"epoch_us({name})" if kind.startswith("TIMESTAMP") else name


def _same(name: str) -> str:
    # a row that stands on one side only has no key on the other
    return f"one.as_of IS NOT NULL AND other.as_of IS NOT NULL AND {_close(name)}"


def _open(db: duckdb.DuckDBPyConnection, folder: Path, table: str, name: str) -> dict[str, str]:
    """Make a table known as ``name``; its columns with their types."""
    if (folder / f"{table}.parquet").exists():
        db.execute(f"CREATE OR REPLACE VIEW {name} AS FROM '{folder / table}.parquet'")
    else:
        from deltalake import DeltaTable

        layer = "silver" if table in SILVER else "gold"
        db.execute(f"DROP VIEW IF EXISTS {name}")
        db.register(name, DeltaTable(folder / layer / table).to_pyarrow_dataset())
    return _columns(db, name)
