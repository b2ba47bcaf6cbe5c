"""The yardstick: landing → models, tags, snapshots and the three monthly tables as Parquet, by DuckDB alone.

Usage: python bench/duckdb_path.py LANDING_CRAWL_DIR OUT

The same columns and rows as ptm_spark writes from one crawl into an empty lake. Where DuckDB's way is quicker it is
taken: fields of a wrong JSON type are not told from text (``flaws`` names broken ranges and forms only), what the
listing does not carry (configs, languages) is not looked for, there is no commit protocol, no rejects table, no history
of versions and names, and votes are doubles, not decimals.
"""

import json
import sys
from pathlib import Path

import duckdb

THREADS = 2
BULK_MONTH_UPLOADS, BULK_TOTAL_UPLOADS = 50, 100
#: gold table → its dimension
GOLD = {
    "uploads_per_pipeline_tag_monthly": "pipeline_tag",
    "uploads_per_library_monthly": "library_name",
    "uploads_per_licence_monthly": "licence",
}

#: every landed record, typed; ISO moments by their exact form only, since casts guess
LISTING = """
CREATE MACRO moment(text) AS try_strptime(text, ['%Y-%m-%dT%H:%M:%S.%gZ', '%Y-%m-%dT%H:%M:%SZ']);
CREATE TABLE listing AS
WITH records AS (
    SELECT seq, fetched_at, unnest(raw)
    FROM read_json($parts, format = 'newline_delimited', maximum_object_size = 67108864, columns = {
        seq: 'BIGINT', fetched_at: 'TIMESTAMP', status: 'INTEGER',
        raw: 'STRUCT(_id VARCHAR, id VARCHAR, createdAt VARCHAR, lastModified VARCHAR, sha VARCHAR,
                     library_name VARCHAR, pipeline_tag VARCHAR, gated VARCHAR, private BOOLEAN, disabled BOOLEAN,
                     downloads BIGINT, likes BIGINT, tags VARCHAR[])'
    })
    WHERE status BETWEEN 200 AND 299
)
SELECT * REPLACE (list_filter(tags, lambda tag: tag IS NOT NULL) AS tags),
    moment(createdAt) AS created,
    moment(lastModified) AS modified,
    createdAt IN ('2022-03-02T23:29:04.000Z', '2022-03-02T23:29:05.000Z') AS is_floor
FROM records
WHERE id <> '' AND regexp_full_match(_id, '[0-9a-f]{24}')
"""

#: one row per repo: only ids that stand twice pass the window
MODELS = r"""
CREATE TABLE models AS
WITH twice AS (SELECT _id FROM listing GROUP BY _id HAVING count(*) > 1),
older AS (
    SELECT seq FROM listing WHERE _id IN (FROM twice)
    QUALIFY row_number() OVER (PARTITION BY _id ORDER BY fetched_at DESC, seq DESC) > 1
),
judged AS (
    SELECT *,
        fetched_at + INTERVAL 1 DAY AS latest,
        coalesce(created <= latest AND NOT is_floor, false) AS is_known,
        regexp_full_match(sha, '[0-9a-f]{40}') AS sha_fits,
        list_distinct([tag[9:] FOR tag IN tags IF starts_with(tag, 'license:')]).list_sort() AS licences,
        [tag[12:] FOR tag IN tags IF starts_with(tag, 'base_model:')] AS bases,
        [base[:instr(base, ':') - 1] FOR base IN bases
            IF regexp_matches(base, '^(adapter|finetune|merge|quantized):')].list_distinct() AS relations
    FROM listing WHERE seq NOT IN (FROM older)
)
SELECT
    _id AS repo_oid,
    id AS model_id,
    CASE WHEN instr(id, '/') > 1 THEN split_part(id, '/', 1) END AS owner,
    CASE WHEN is_known THEN created END AS created_at,
    CASE WHEN is_floor THEN 'floor' WHEN is_known THEN 'hub' ELSE 'unknown' END AS created_at_basis,
    CASE WHEN modified <= latest THEN modified END AS last_modified_at,
    CASE WHEN sha_fits THEN sha END AS head_sha,
    library_name,
    pipeline_tag,
    NULL::VARCHAR AS model_type,
    NULL::VARCHAR AS architecture,
    CASE WHEN len(licences) > 1 THEN 'multiple' ELSE licences[1] END AS licence,
    licences,
    NULL::VARCHAR[] AS languages,
    CASE WHEN len(bases) > 0
        THEN [regexp_replace(base, '^(adapter|finetune|merge|quantized):', '') FOR base IN bases]
            .list_distinct().list_sort()
        ELSE bases
    END AS base_models,
    CASE WHEN len(relations) > 1 THEN 'multiple' ELSE relations[1] END AS base_model_relation,
    tags,
    CASE gated WHEN 'false' THEN 'no' WHEN 'auto' THEN 'auto' WHEN 'manual' THEN 'manual' END AS gated,
    private AS is_private,
    disabled AS is_disabled,
    CASE WHEN disabled THEN 'disabled' END AS removal,
    CASE WHEN disabled THEN fetched_at END AS removed_at,
    CASE WHEN downloads >= 0 THEN downloads END AS downloads,
    CASE WHEN likes >= 0 THEN likes END AS likes,
    list_filter([
        CASE WHEN createdAt IS NOT NULL AND created IS NULL THEN 'createdAt:format' END,
        CASE WHEN created > latest THEN 'createdAt:range' END,
        CASE WHEN lastModified IS NOT NULL AND modified IS NULL THEN 'lastModified:format' END,
        CASE WHEN modified > latest THEN 'lastModified:range' END,
        CASE WHEN NOT sha_fits THEN 'sha:format' END,
        CASE WHEN gated NOT IN ('false', 'auto', 'manual') THEN 'gated:range' END,
        CASE WHEN downloads < 0 THEN 'downloads:range' END,
        CASE WHEN likes < 0 THEN 'likes:range' END
    ], lambda flaw: flaw IS NOT NULL) AS flaws,
    [$scope] AS seen_in,
    fetched_at AS first_observed_at,
    fetched_at AS observed_at,
    $crawl_id AS crawl_id
FROM judged
"""

#: most tags have no colon, so that few meet the regular expression
TAGS = r"""
WITH tags AS (SELECT repo_oid, unnest(tags) AS tag, generate_subscripts(tags, 1)::INTEGER - 1 AS position FROM models),
kinds AS (
    SELECT *, CASE WHEN contains(tag, ':')
        THEN regexp_extract(tag, '^(base_model:(?:adapter|finetune|merge|quantized)|[a-z][a-z0-9_-]*):.', 1) ELSE ''
    END AS found
    FROM tags
)
SELECT repo_oid, position, tag,
    CASE WHEN found = '' THEN 'plain' ELSE found END AS kind,
    CASE WHEN found = '' THEN tag ELSE substr(tag, len(found) + 2) END AS value
FROM kinds
"""

SNAPSHOTS = "SELECT repo_oid, crawl_id, observed_at, downloads, likes FROM models"

#: what gold needs of a model: its month, whether it is bulk, its part of its owner's one vote a month; legacy models
#: without an owner are never bulk and have no vote. ``further`` columns of tables ``joined`` may be had besides
UPLOADS = """
CREATE TABLE uploads AS
WITH uploads AS (
    SELECT date_trunc('month', created_at)::DATE AS month, owner,
        pipeline_tag, library_name, licence, {further} downloads,
        removal IS NULL OR removed_at > $as_of AS is_alive
    FROM models {joined} WHERE first_observed_at <= $as_of
),
owner_months AS (
    SELECT owner, month, count(*) AS owner_uploads, count(*) FILTER (is_alive) AS owner_alive
    FROM uploads WHERE owner IS NOT NULL GROUP BY ALL
),
labelled AS (
    SELECT owner, month, 1 / owner_alive AS one_vote,
        CASE WHEN sum(owner_uploads) OVER (PARTITION BY owner ORDER BY month NULLS FIRST ROWS UNBOUNDED PRECEDING)
            >= $bulk_total_uploads THEN 2147483648
            WHEN month IS NOT NULL THEN owner_uploads ELSE 0 END AS bulk_uploads
    FROM owner_months
)
SELECT uploads.*, coalesce(bulk_uploads, 0) AS bulk_uploads,
    coalesce(bulk_uploads, 0) >= $bulk_month_uploads AS is_bulk, CASE WHEN is_alive THEN one_vote END AS vote
FROM uploads
LEFT JOIN labelled ON uploads.owner = labelled.owner AND uploads.month IS NOT DISTINCT FROM labelled.month
"""

#: months dense, the row of the unknown month only where it counts something
MONTHLY = """
WITH counted AS (
    SELECT month, coalesce({dimension}, 'none') AS value,
        count(*) FILTER (is_alive) AS upload_count,
        count(*) AS ever_count,
        count(DISTINCT owner) FILTER (is_alive) AS owner_count,
        coalesce(sum(vote), 0) AS votes,
        count(*) FILTER (is_alive AND NOT is_bulk) AS without_bulk_count,
        count(*) FILTER (is_alive AND bulk_uploads < 20) AS without_strict_count,
        count(*) FILTER (is_alive AND bulk_uploads < 100) AS without_lax_count,
        count(*) FILTER (is_alive AND downloads > 0) AS downloaded_count,
        count(*) FILTER (is_alive AND downloads >= 1000) AS popular_count,
        coalesce(sum(downloads) FILTER (is_alive), 0) AS download_total,
        coalesce(sum(ln(1 + downloads)) FILTER (is_alive), 0) AS log_downloads,
        count({dimension}) FILTER (is_alive) AS known_count
    FROM uploads GROUP BY ALL
),
months AS (
    SELECT unnest(generate_series(min(month), date_trunc('month', $as_of)::DATE, INTERVAL 1 MONTH))::DATE AS month
    FROM counted
),
dense AS (
    SELECT * FROM months CROSS JOIN (SELECT DISTINCT value FROM counted) LEFT JOIN counted USING (month, value)
    UNION ALL BY NAME
    SELECT * FROM counted WHERE month IS NULL
)
SELECT $as_of AS as_of, month, value AS {dimension},
    coalesce(upload_count, 0) AS upload_count,
    coalesce(upload_count, 0) / nullif(sum(upload_count) OVER whole, 0) AS upload_share,
    coalesce(ever_count, 0) AS ever_count,
    coalesce(owner_count, 0) AS owner_count,
    coalesce(votes, 0) / nullif(sum(votes) OVER whole, 0) AS owner_weighted_share,
    coalesce(without_bulk_count, 0) AS without_bulk_count,
    coalesce(without_bulk_count, 0) / nullif(sum(without_bulk_count) OVER whole, 0) AS without_bulk_share,
    coalesce(without_strict_count, 0) / nullif(sum(without_strict_count) OVER whole, 0) AS without_bulk_20_share,
    coalesce(without_lax_count, 0) / nullif(sum(without_lax_count) OVER whole, 0) AS without_bulk_100_share,
    coalesce(downloaded_count, 0) AS downloaded_count,
    coalesce(popular_count, 0) AS popular_count,
    coalesce(download_total, 0)::BIGINT AS download_total,
    coalesce(download_total, 0) / nullif(sum(download_total) OVER whole, 0) AS download_share,
    coalesce(log_downloads, 0) / nullif(sum(log_downloads) OVER whole, 0) AS log_download_share,
    sum(known_count) OVER whole / nullif(sum(upload_count) OVER whole, 0) AS coverage,
    coalesce(month IN (date_trunc('month', $as_of)::DATE, DATE '2022-03-01'), false) AS is_partial
FROM dense WINDOW whole AS (PARTITION BY month)
"""


def main(crawl: Path, out: Path) -> None:
    manifest = json.loads((crawl / "_manifest.json").read_text(encoding="utf-8"))
    as_of = {"as_of": duckdb.Value(manifest["observed_at"], "TIMESTAMP")}
    bulk = {"bulk_month_uploads": BULK_MONTH_UPLOADS, "bulk_total_uploads": BULK_TOTAL_UPLOADS}
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": THREADS, "preserve_insertion_order": False}) as db:

        def write(name: str, select: str, parameters: dict[str, object] | None = None) -> None:
            db.execute(f"COPY ({select}) TO '{out / name}.parquet' (FORMAT parquet, COMPRESSION zstd)", parameters)

        db.execute(LISTING, {"parts": str(crawl / "part-*.jsonl.zst")})
        db.execute(MODELS, {"scope": manifest["scope"], "crawl_id": manifest["crawl_id"]})
        db.execute("DROP TABLE listing")
        write("models", "FROM models")
        write("model_tags", TAGS)
        write("model_snapshots", SNAPSHOTS)
        db.execute(UPLOADS.format(further="", joined=""), as_of | bulk)
        for name, dimension in GOLD.items():
            write(name, MONTHLY.format(dimension=dimension), as_of)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
