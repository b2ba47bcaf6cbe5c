"""The same work as ``duckdb_path.py`` by Polars alone: landing → models, tags, snapshots, three monthly tables.

Usage: python bench/polars_path.py LANDING_CRAWL_DIR OUT

The same columns and rows, and the same liberties as there.
"""

import json
import os
import sys
from datetime import date, datetime
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "2")  # read when polars is imported

import polars as pl

BULK_MONTH_UPLOADS, BULK_TOTAL_UPLOADS = 50, 100
#: gold table → its dimension
GOLD = {
    "uploads_per_pipeline_tag_monthly": "pipeline_tag",
    "uploads_per_library_monthly": "library_name",
    "uploads_per_licence_monthly": "licence",
}
RECORD = {
    "_id": pl.String,
    "id": pl.String,
    "createdAt": pl.String,
    "lastModified": pl.String,
    "sha": pl.String,
    "library_name": pl.String,
    "pipeline_tag": pl.String,
    "gated": pl.String,
    "private": pl.Boolean,
    "disabled": pl.Boolean,
    "downloads": pl.Int64,
    "likes": pl.Int64,
    "tags": pl.List(pl.String),
}
LINE = {"seq": pl.Int64, "fetched_at": pl.String, "status": pl.Int32, "raw": pl.Struct(RECORD)}
FLOOR = ["2022-03-02T23:29:04.000Z", "2022-03-02T23:29:05.000Z"]
RELATION = r"^(adapter|finetune|merge|quantized):"
KIND = r"^(base_model:(?:adapter|finetune|merge|quantized)|[a-z][a-z0-9_-]*):."

col, lit, when = pl.col, pl.lit, pl.when


def moment(name: str) -> pl.Expr:
    """A UTC moment by its exact form; null for anything else."""
    return col(name).str.strptime(pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S%.fZ", strict=False)


def read_listing(crawl: Path) -> pl.LazyFrame:
    """Every landed record that may become a model, typed."""
    lines = pl.scan_ndjson(sorted(crawl.glob("part-*.jsonl.zst")), schema=LINE)
    return (
        lines.filter(col("status").is_between(200, 299))
        .select("seq", moment("fetched_at").alias("observed_at"), "raw")
        .unnest("raw")
        .filter((col("id") != "") & col("_id").str.contains(r"^[0-9a-f]{24}$"))
    )


def latest_of_each(listing: pl.DataFrame) -> pl.DataFrame:
    """One row per repo, its latest fetch; only ids that stand twice are ranked."""
    contested = listing.filter(col("_id").is_duplicated()).select("_id", "observed_at", "seq")
    older = contested.sort("observed_at", "seq").filter(~col("_id").is_last_distinct())
    return listing if older.is_empty() else listing.join(older.select("seq"), on="seq", how="anti")


def build_models(listing: pl.LazyFrame, *, scope: str, crawl_id: str) -> pl.LazyFrame:
    """One row per model; a value that breaks a rule is null, and the rule is named in ``flaws``."""
    latest = col("observed_at") + pl.duration(days=1)
    named = col("tags").list.eval(
        pl.element().filter(pl.element().str.starts_with("license:")).str.slice(8).unique().sort()
    )
    judged = listing.with_columns(
        col("tags").list.drop_nulls(),
        moment("createdAt").alias("created"),
        moment("lastModified").alias("modified"),
        col("createdAt").is_in(FLOOR).alias("is_floor"),
        col("sha").str.contains(r"^[0-9a-f]{40}$").alias("sha_fits"),
        named.alias("licences"),
        _bases().alias("bases"),
    ).with_columns(((col("created") <= latest) & ~col("is_floor")).fill_null(False).alias("is_known"))
    flaws = {
        "createdAt:format": col("createdAt").is_not_null() & col("created").is_null(),
        "createdAt:range": col("created") > latest,
        "lastModified:format": col("lastModified").is_not_null() & col("modified").is_null(),
        "lastModified:range": col("modified") > latest,
        "sha:format": ~col("sha_fits"),
        "gated:range": ~col("gated").is_in(["false", "auto", "manual"]),
        "downloads:range": col("downloads") < 0,
        "likes:range": col("likes") < 0,
    }
    relations = col("bases").list.eval(pl.element().str.extract(RELATION, 1).drop_nulls().unique())
    return judged.select(
        col("_id").alias("repo_oid"),
        col("id").alias("model_id"),
        col("id").str.extract(r"^([^/]+)/").alias("owner"),
        when("is_known").then("created").alias("created_at"),
        when("is_floor")
        .then(lit("floor"))
        .when("is_known")
        .then(lit("hub"))
        .otherwise(lit("unknown"))
        .alias("created_at_basis"),
        when(col("modified") <= latest).then("modified").alias("last_modified_at"),
        when("sha_fits").then("sha").alias("head_sha"),
        "library_name",
        "pipeline_tag",
        lit(None, pl.String).alias("model_type"),
        lit(None, pl.String).alias("architecture"),
        when(col("licences").list.len() > 1)
        .then(lit("multiple"))
        .otherwise(col("licences").list.get(0, null_on_oob=True))
        .alias("licence"),
        "licences",
        lit(None, pl.List(pl.String)).alias("languages"),
        col("bases").list.eval(pl.element().str.replace(RELATION, "").unique().sort()).alias("base_models"),
        when(relations.list.len() > 1)
        .then(lit("multiple"))
        .otherwise(relations.list.get(0, null_on_oob=True))
        .alias("base_model_relation"),
        "tags",
        col("gated").replace_strict({"false": "no", "auto": "auto", "manual": "manual"}, default=None).alias("gated"),
        col("private").alias("is_private"),
        col("disabled").alias("is_disabled"),
        when("disabled").then(lit("disabled")).alias("removal"),
        when("disabled").then("observed_at").alias("removed_at"),
        when(col("downloads") >= 0).then("downloads").alias("downloads"),
        when(col("likes") >= 0).then("likes").alias("likes"),
        pl.concat_list(when(broken).then(lit(name)) for name, broken in flaws.items()).list.drop_nulls().alias("flaws"),
        pl.concat_list(lit(scope)).alias("seen_in"),
        col("observed_at").alias("first_observed_at"),
        "observed_at",
        lit(crawl_id).alias("crawl_id"),
    )


def _bases() -> pl.Expr:
    """What follows in the tags that name a base."""
    return col("tags").list.eval(pl.element().filter(pl.element().str.starts_with("base_model:")).str.slice(11))


def build_tags(models: pl.LazyFrame) -> pl.LazyFrame:
    """One row per model and tag; most tags have no colon, so that few meet the regular expression."""
    positions = pl.int_ranges(col("tags").list.len(), dtype=pl.Int32).alias("position")
    tags = models.select("repo_oid", positions, col("tags").alias("tag")).explode(
        "position", "tag", empty_as_null=False
    )
    kind = col("tag").str.extract(KIND, 1)
    return tags.with_columns(kind.alias("found")).select(
        "repo_oid",
        "position",
        "tag",
        col("found").fill_null("plain").alias("kind"),
        when(col("found").is_null())
        .then("tag")
        .otherwise(col("tag").str.slice(col("found").str.len_chars() + 1))
        .alias("value"),
    )


def prepare_uploads(models: pl.LazyFrame, as_of: datetime) -> pl.LazyFrame:
    """What gold needs of a model: its month, whether it is bulk, its part of its owner's one vote a month.

    Legacy models without an owner are never bulk and have no vote.
    """
    uploads = models.filter(col("first_observed_at") <= as_of).select(
        col("created_at").dt.date().dt.month_start().alias("month"),
        "owner",
        "pipeline_tag",
        "library_name",
        "licence",
        "downloads",
        (col("removal").is_null() | (col("removed_at") > as_of)).alias("is_alive"),
    )
    owner_months = (
        uploads.filter(col("owner").is_not_null())
        .group_by("owner", "month")
        .agg(pl.len().alias("owner_uploads"), col("is_alive").sum().alias("owner_alive"))
        .sort("owner", "month", nulls_last=False)
    )
    in_total = col("owner_uploads").cum_sum().over("owner") >= BULK_TOTAL_UPLOADS
    in_month = when(col("month").is_not_null()).then("owner_uploads").otherwise(0)
    labelled = owner_months.select(
        "owner",
        "month",
        when(in_total).then(2**31).otherwise(in_month).alias("bulk_uploads"),
        (1 / col("owner_alive")).alias("one_vote"),
    )
    joined = uploads.join(labelled, on=["owner", "month"], how="left", nulls_equal=True)
    told = joined.with_columns(col("bulk_uploads").fill_null(0), when("is_alive").then("one_vote").alias("vote"))
    return told.with_columns((col("bulk_uploads") >= BULK_MONTH_UPLOADS).alias("is_bulk"))


def build_monthly(uploads: pl.DataFrame, dimension: str, as_of: datetime) -> pl.LazyFrame:
    """One monthly table: months dense, the row of the unknown month only where it counts something."""
    alive = col("is_alive")
    counted = (
        uploads.lazy()
        .group_by("month", col(dimension).fill_null("none").alias("value"))
        .agg(
            alive.sum().alias("upload_count"),
            pl.len().alias("ever_count"),
            col("owner").filter(alive).drop_nulls().n_unique().alias("owner_count"),
            col("vote").sum().alias("votes"),
            (alive & ~col("is_bulk")).sum().alias("without_bulk_count"),
            (alive & (col("bulk_uploads") < 20)).sum().alias("without_strict_count"),
            (alive & (col("bulk_uploads") < 100)).sum().alias("without_lax_count"),
            (alive & (col("downloads") > 0)).sum().alias("downloaded_count"),
            (alive & (col("downloads") >= 1_000)).sum().alias("popular_count"),
            col("downloads").filter(alive).sum().alias("download_total"),
            col("downloads").filter(alive).log1p().sum().alias("log_downloads"),
            (alive & col(dimension).is_not_null()).sum().alias("known_count"),
        )
        .collect()
    )
    last = as_of.date().replace(day=1)
    first = counted["month"].min()
    months = pl.DataFrame({"month": pl.date_range(first, last, "1mo", eager=True) if first else []}, {"month": pl.Date})
    grid = months.join(counted.select("value").unique(), how="cross")
    dated = grid.join(counted, on=["month", "value"], how="left").fill_null(0)
    dense = pl.concat([dated, counted.filter(col("month").is_null())]).lazy()

    def share(name: str, of: str) -> pl.Expr:
        whole = col(of).sum().over("month")
        return when(whole > 0).then(col(name) / whole)

    return dense.select(
        lit(as_of).alias("as_of"),
        "month",
        col("value").alias(dimension),
        col("upload_count").cast(pl.Int64),
        share("upload_count", "upload_count").alias("upload_share"),
        col("ever_count").cast(pl.Int64),
        col("owner_count").cast(pl.Int64),
        share("votes", "votes").alias("owner_weighted_share"),
        col("without_bulk_count").cast(pl.Int64),
        share("without_bulk_count", "without_bulk_count").alias("without_bulk_share"),
        share("without_strict_count", "without_strict_count").alias("without_bulk_20_share"),
        share("without_lax_count", "without_lax_count").alias("without_bulk_100_share"),
        col("downloaded_count").cast(pl.Int64),
        col("popular_count").cast(pl.Int64),
        "download_total",
        share("download_total", "download_total").alias("download_share"),
        share("log_downloads", "log_downloads").alias("log_download_share"),
        when(col("upload_count").sum().over("month") > 0)
        .then(col("known_count").sum().over("month") / col("upload_count").sum().over("month"))
        .alias("coverage"),
        col("month").is_in([last, date(2022, 3, 1)]).fill_null(False).alias("is_partial"),
    )


def main(crawl: Path, out: Path) -> None:
    manifest = json.loads((crawl / "_manifest.json").read_text(encoding="utf-8"))
    as_of = datetime.fromisoformat(manifest["observed_at"]).replace(tzinfo=None)
    out.mkdir(parents=True, exist_ok=True)

    def write(name: str, frame: pl.LazyFrame) -> None:
        frame.sink_parquet(out / f"{name}.parquet", compression="zstd", maintain_order=False)

    listing = latest_of_each(read_listing(crawl).collect(engine="streaming"))
    facts = {"scope": manifest["scope"], "crawl_id": manifest["crawl_id"]}
    models = build_models(listing.lazy(), **facts).collect(engine="streaming").lazy()
    del listing
    write("models", models)
    write("model_tags", build_tags(models))
    write("model_snapshots", models.select("repo_oid", "crawl_id", "observed_at", "downloads", "likes"))
    uploads = prepare_uploads(models, as_of).collect(engine="streaming")
    for name, dimension in GOLD.items():
        write(name, build_monthly(uploads, dimension, as_of))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
