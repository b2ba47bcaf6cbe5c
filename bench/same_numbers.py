"""Whether two contenders wrote the same tables: what makes the yardstick honest."""

from collections.abc import Iterator
from pathlib import Path

import duckdb

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
    "download_total",
    "download_share",
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


def as_plain(name: str, kind: str) -> str:
    """Moments as microseconds: with or without a zone, all contenders mean UTC."""
    return f"epoch_us({name})" if kind.startswith("TIMESTAMP") else name


def _same(name: str) -> str:
    ours, theirs = f"one.{name}::DOUBLE", f"other.{name}::DOUBLE"
    close = f"abs({ours} - {theirs}) <= {TOLERANCE} * greatest(abs({ours}), abs({theirs}))"
    # a row that stands on one side only has no key on the other
    return f"one.as_of IS NOT NULL AND other.as_of IS NOT NULL AND ({close} OR ({ours} IS NULL AND {theirs} IS NULL))"


def _open(db: duckdb.DuckDBPyConnection, folder: Path, table: str, name: str) -> dict[str, str]:
    """Make a table known as ``name``; its columns with their types."""
    if (folder / f"{table}.parquet").exists():
        db.execute(f"CREATE OR REPLACE VIEW {name} AS FROM '{folder / table}.parquet'")
    else:
        from deltalake import DeltaTable

        layer = "silver" if table in SILVER else "gold"
        db.execute(f"DROP VIEW IF EXISTS {name}")
        db.register(name, DeltaTable(folder / layer / table).to_pyarrow_dataset())
    return {row[0]: row[1] for row in db.execute(f"DESCRIBE {name}").fetchall()}
