"""The yardstick of ``gold_ptm_spark.py``: silver → gold as Parquet, by DuckDB alone.

Usage: python bench/duckdb_gold.py FILES OUT [tables|families]

FILES is JSON: ``as_of`` and ``forum_as_of`` (UTC moments), ``tables`` with the Parquet files of the current version of
each silver table, ``empty`` with the columns of those that have none, and for ``families`` the ``pattern`` of names and
the ``aliases`` file. The same columns and rows as ptm_spark writes into an empty gold; there is no commit protocol,
and what is staged there to survive until the gate is written once.
"""

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
from duckdb_families import write_families
from duckdb_forum import write_forum
from duckdb_path import BULK_MONTH_UPLOADS, BULK_TOTAL_UPLOADS, MONTHLY, THREADS, UPLOADS

UPLOADS_BY = {
    "uploads_per_pipeline_tag_monthly": "pipeline_tag",
    "uploads_per_library_monthly": "library_name",
    "uploads_per_licence_monthly": "licence",
    "uploads_per_family_monthly": "family",
}

#: of a model gold needs its family besides
WITH_FAMILY = {"further": "family,", "joined": "LEFT JOIN model_families USING (repo_oid)"}

#: Herfindahl-Hirschman and Gini over the owners of a month, and the shares of the largest
OWNERS = """
WITH owned AS (
    SELECT month, owner, count(*) AS size FROM uploads
    WHERE is_alive AND month IS NOT NULL AND owner IS NOT NULL GROUP BY ALL
),
ranked AS (
    SELECT month, size, row_number() OVER (PARTITION BY month ORDER BY size) AS rank,
        row_number() OVER (PARTITION BY month ORDER BY size DESC) AS place
    FROM owned
),
measured AS (
    SELECT month, sum(size) AS total, count(*) AS active, sum(size * size) AS squares, sum(rank * size) AS ranks,
        sum(size) FILTER (place = 1) AS top_1, sum(size) FILTER (place <= 5) AS top_5,
        sum(size) FILTER (place <= 10) AS top_10
    FROM ranked GROUP BY ALL
),
newcomers AS (
    SELECT month, count(*) AS newcomers FROM (SELECT min(month) AS month FROM owned GROUP BY owner) GROUP BY ALL
),
models AS (SELECT month, count(*) FILTER (is_alive) AS models FROM uploads WHERE month IS NOT NULL GROUP BY ALL),
months AS (
    SELECT unnest(generate_series(min(month), greatest(max(month), date_trunc('month', $as_of)::DATE),
        INTERVAL 1 MONTH))::DATE AS month FROM models
)
SELECT $as_of AS as_of, month, 'hub_owners' AS subject, coalesce(total, 0) AS total_count,
    coalesce(sum(newcomers) OVER (ORDER BY month), 0) AS value_count, coalesce(active, 0) AS active_count,
    squares / (total::DOUBLE * total) AS hhi,
    (2 * ranks - (active + 1) * total) / (active::DOUBLE * total) AS gini,
    top_1 / total AS top_1_share, top_5 / total AS top_5_share, top_10 / total AS top_10_share,
    total / nullif(models, 0) AS coverage,
    month >= date_trunc('month', $as_of)::DATE OR month = DATE '2022-03-01' AS is_partial
FROM months LEFT JOIN measured USING (month) LEFT JOIN newcomers USING (month) LEFT JOIN models USING (month)
"""

#: each snapshot as its difference to the one before of its model; running sums of what changed by day and family
DOWNLOADS = """
WITH gone AS (SELECT repo_oid, removed_at FROM models WHERE removal IS NOT NULL AND removed_at <= $as_of),
ends AS (
    SELECT crawl_id, max(observed_at)::DATE AS day FROM model_snapshots WHERE observed_at <= $as_of GROUP BY ALL
),
steps AS (
    SELECT repo_oid, crawl_id, removed_at::DATE AS removed_day, downloads AS now,
        lag(downloads) OVER of_model AS before,
        row_number() OVER of_model = 1 AS is_first,
        lead(crawl_id) OVER of_model IS NULL AS is_last
    FROM model_snapshots LEFT JOIN gone USING (repo_oid)
    WHERE observed_at <= $as_of AND (removed_at IS NULL OR observed_at < removed_at)
    WINDOW of_model AS (PARTITION BY repo_oid ORDER BY observed_at, crawl_id)
),
told AS (
    SELECT steps.*, day, coalesce(family, 'none') AS family
    FROM steps JOIN ends USING (crawl_id) LEFT JOIN model_families USING (repo_oid)
),
changes AS (
    SELECT day, family, count(*) FILTER (is_first) AS seen, count(now) - count(before) AS known,
        coalesce(sum(now), 0) - coalesce(sum(before), 0) AS total,
        coalesce(sum(now) FILTER (before IS NULL), 0) AS new_total,
        coalesce(sum(before) FILTER (now IS NULL), 0) AS removed_total
    FROM told GROUP BY ALL
    UNION ALL
    SELECT greatest(day, removed_day), family, -count(*), -count(now), -coalesce(sum(now), 0), 0, coalesce(sum(now), 0)
    FROM told WHERE is_last AND removed_day IS NOT NULL GROUP BY ALL
),
daily AS (
    SELECT day, family, sum(seen) AS seen, sum(known) AS known, sum(total) AS total, sum(new_total) AS new_total,
        sum(removed_total) AS removed_total
    FROM changes GROUP BY ALL
),
days AS (
    SELECT day FROM (SELECT day FROM ends UNION SELECT removed_at::DATE FROM gone)
    WHERE day >= (SELECT min(day) FROM ends)
),
dense AS (
    SELECT day, family,
        sum(seen) OVER so_far AS seen_now, sum(known) OVER so_far AS known_now, sum(total) OVER so_far AS total_now,
        coalesce(total, 0) AS total, coalesce(new_total, 0) AS new_total, coalesce(removed_total, 0) AS removed_total,
        day = min(day) OVER () AS is_first
    FROM days CROSS JOIN (SELECT DISTINCT family FROM daily) LEFT JOIN daily USING (day, family)
    WINDOW so_far AS (PARTITION BY family ORDER BY day)
)
SELECT $as_of AS as_of, day, family, coalesce(seen_now, 0) AS seen_count, coalesce(known_now, 0) AS model_count,
    known_now / nullif(seen_now, 0) AS coverage, coalesce(total_now, 0) AS download_total,
    coalesce(total_now, 0) / nullif(sum(total_now) OVER (PARTITION BY day), 0) AS download_share,
    CASE WHEN NOT is_first THEN total END AS download_change,
    new_total AS new_download_total, removed_total AS removed_download_total,
    CASE WHEN NOT is_first THEN total - new_total + removed_total END AS kept_download_change,
    is_first
FROM dense
"""


def open_tables(db: duckdb.DuckDBPyConnection, given: dict[str, Any]) -> None:
    """Silver as views over its files; tables without files are empty ones of their columns."""
    db.execute("SET TimeZone = 'UTC'")
    for name, files in given["tables"].items():
        listed = ", ".join(f"'{file}'" for file in files)
        db.execute(f"CREATE VIEW {name} AS FROM read_parquet([{listed}])")
    for name, columns in given["empty"].items():
        db.execute(f"CREATE TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})")


def main(files: Path, out: Path, part: str = "tables") -> None:
    given = json.loads(files.read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": THREADS, "preserve_insertion_order": False}) as db:
        open_tables(db, given)

        def write(name: str, select: str, parameters: dict[str, object] | None = None) -> None:
            db.execute(f"COPY ({select}) TO '{out / name}.parquet' (FORMAT parquet, COMPRESSION zstd)", parameters)

        if part == "families":
            write_families(db, given, write)
            return
        of_models = {"as_of": duckdb.Value(given["as_of"], "TIMESTAMPTZ")}
        bulk = {"bulk_month_uploads": BULK_MONTH_UPLOADS, "bulk_total_uploads": BULK_TOTAL_UPLOADS}
        db.execute(UPLOADS.format(**WITH_FAMILY), of_models | bulk)
        for name, dimension in UPLOADS_BY.items():
            write(name, MONTHLY.format(dimension=dimension), of_models)
        write("concentration_monthly", OWNERS, of_models)
        write("downloads_per_family_daily", DOWNLOADS, of_models)
        if given["forum_as_of"]:
            write_forum(db, {"as_of": duckdb.Value(given["forum_as_of"], "TIMESTAMPTZ")}, write)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
