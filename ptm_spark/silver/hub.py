"""Taking one Hub crawl into the silver tables."""

from collections.abc import Mapping
from datetime import datetime

from pyspark.sql import functions as F

from ptm_spark.intake import Intake, sound_files
from ptm_spark.landing import Manifest
from ptm_spark.silver.model_snapshots import build_model_snapshots
from ptm_spark.silver.model_tags import build_model_tags
from ptm_spark.silver.models import build_models, merge_models
from ptm_spark.silver.records import read_listing
from ptm_spark.silver.rejects import build_rejects
from ptm_spark.store import Store
from ptm_spark.tables.hub import MODEL_SNAPSHOTS, MODEL_TAGS, MODELS
from ptm_spark.tables.run import REJECTS

Measures = dict[str, float | None]


def take_in_listing(
    store: Store, crawl: Manifest, mark: str, *, is_first: bool, census_before: Manifest | None, reject_text_chars: int
) -> Measures:
    """Fold one crawl of models, newer than all before it, into models, model_snapshots and rejects.

    ``mark`` is the crawl's fingerprint: files that it names as damaged are left out, and the crawl is no census then.
    ``is_first`` begins the tables anew. Returns what the gate wants to know of the crawl.
    """
    parts, invalids = sound_files(crawl.parts, mark), sound_files(crawl.invalids, mark)
    damaged = len(crawl.parts) + len(crawl.invalids) - len(parts) - len(invalids)
    lines = store.read_lines(crawl, parts)
    listing = store.stage("listing", read_listing(lines, reject_text_chars=reject_text_chars, carried=crawl.keys))
    before = store.empty(MODELS) if is_first else store.read(MODELS)
    observed = build_models(listing, crawl_id=crawl.crawl_id, scope=crawl.scope)
    if not is_first:
        is_census = crawl.coverage == "census" and not crawl.failed and not damaged
        observed = merge_models(
            before,
            observed,
            keys=frozenset(crawl.keys),
            scope=crawl.scope,
            census_at=_moment(crawl.observed_at) if is_census else None,
            cutoff=_moment(crawl.cutoff),
        )
    store.overwrite(MODELS, observed, reshape=is_first)
    after = store.read(MODELS)
    snapshots = build_model_snapshots(before, after, crawl_id=crawl.crawl_id)
    if is_first:
        store.overwrite(MODEL_SNAPSHOTS, snapshots, reshape=True)
    else:
        store.append(MODEL_SNAPSHOTS, snapshots)

    counts = listing.agg(
        F.count(F.lit(1)).alias("read"),
        F.sum((F.size("reasons") > 0).cast("bigint")).alias("broken"),
        F.count_distinct(F.when(F.size("reasons") == 0, F.col("repo_oid"))).alias("distinct"),
    ).collect()[0]
    kept = after.where(F.col("crawl_id") == crawl.crawl_id).count()
    broken = counts["broken"] or 0
    if broken or invalids or store.exists(REJECTS):
        rejects = build_rejects(
            listing, store.read_lines(crawl, invalids), crawl_id=crawl.crawl_id, entity=f"{crawl.source}/{crawl.entity}"
        )
        store.replace_crawl(REJECTS, rejects, crawl.crawl_id)
    older = counts["read"] - broken - counts["distinct"]
    landed = sum(file.records for file in (*parts, *invalids))
    invalid = sum(file.records for file in invalids)
    return {
        "record_count": float(landed),
        "kept_count": float(kept),
        "invalid_count": float(invalid),
        "reject_count": float(broken),
        "older_fetch_count": float(older),
        "unaccounted_count": float(landed - invalid - kept - broken - older),
        "reject_share": (invalid + broken) / landed if landed else None,
        "census_ratio": _census_ratio(crawl, census_before),
        "damaged_file_count": float(damaged),
    }


def finish_models(store: Store, *, reshape: bool) -> None:
    """Tables that follow from all models at once, built when the last crawl is in."""
    store.overwrite(MODEL_TAGS, build_model_tags(store.read(MODELS)), reshape=reshape)


def take_in_crawls(
    store: Store, intake: Intake, marks: Mapping[str, str], *, reject_text_chars: int
) -> dict[str, Measures]:
    """Take in every crawl of a plan, in its order; measures by crawl."""
    begins_anew = not intake.earlier
    measures = {}
    for number, crawl in enumerate(intake.crawls):
        measures[crawl.path] = take_in_listing(
            store,
            crawl,
            marks[crawl.path],
            is_first=begins_anew and number == 0,
            census_before=intake.census_before(crawl),
            reject_text_chars=reject_text_chars,
        )
    finish_models(store, reshape=begins_anew)
    return measures


def _census_ratio(crawl: Manifest, before: Manifest | None) -> float | None:
    if crawl.coverage != "census" or before is None or not before.records:
        return None
    return crawl.records / before.records


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
