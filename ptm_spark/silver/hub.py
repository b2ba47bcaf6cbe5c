"""Taking crawls of models into models, model_versions, model_snapshots, model_tags and model_ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ptm_spark.intake import FamilyPlan
from ptm_spark.landing import Manifest
from ptm_spark.silver.accounting import Landed, Measures, account, keep_rejects, open_crawl
from ptm_spark.silver.creation import with_creation, without_first_commits
from ptm_spark.silver.dialects import DIALECTS, Dialect
from ptm_spark.silver.model_ids import Resolved, adopt_surrogates, build_model_ids, name_models, rekey
from ptm_spark.silver.model_snapshots import count_first_snapshots, count_snapshots
from ptm_spark.silver.model_tags import build_model_tags
from ptm_spark.silver.model_versions import (
    build_first_versions,
    build_model_versions,
    open_first_versions,
    open_versions,
)
from ptm_spark.silver.models import build_models, merge_models
from ptm_spark.silver.records import read_listing
from ptm_spark.silver.removals import Overlap, find_overlap, find_removals, read_statuses
from ptm_spark.store import Store
from ptm_spark.tables.hub import MODEL_IDS, MODEL_SNAPSHOTS, MODEL_TAGS, MODEL_VERSIONS, MODELS


@dataclass
class _Taken:
    """What the crawls of a run have made so far; ``models`` None: nothing was known before the first of them."""

    models: DataFrame | None
    ids: DataFrame
    openings: list[DataFrame] = field(default_factory=list)
    snapshots: list[DataFrame] = field(default_factory=list)
    rekeyed: list[DataFrame] = field(default_factory=list)
    has_new_ids: bool = False
    has_changed: bool = False
    is_written: bool = False


def take_in_models(
    store: Store,
    plan: FamilyPlan,
    marks: Mapping[str, str],
    *,
    first_commits: DataFrame | None,
    has_new_commits: bool,
    reject_text_chars: int,
) -> dict[str, Measures]:
    """Fold the crawls of a plan, in their order, into the five tables; measures by crawl.

    ``first_commits`` (repo_oid, first_committed_at) dates models that are older than the Hub's creation times. A table
    is written only if something in it has changed.
    """
    known = None if plan.begins_anew or not store.exists(MODELS) else without_first_commits(store.read(MODELS))
    ids = store.empty(MODEL_IDS) if plan.begins_anew else store.read(MODEL_IDS)
    taken, measures = _Taken(known, ids), {}
    for number, crawl in enumerate(plan.crawls):
        landed = open_crawl(store, crawl, marks[crawl.path])
        overlap = find_overlap(plan, crawl)
        found = _take_in_crawl(store, landed, taken, overlap, number=number, reject_text_chars=reject_text_chars)
        measures[crawl.path] = found | {"census_ratio": _census_ratio(crawl, plan.census_before(crawl))}
    if taken.models is not None:
        taken.is_written = taken.is_written and first_commits is None
        dated = with_creation(taken.models, first_commits)
        if has_new_commits and not taken.has_changed and _differ(*(_dates(one) for one in (store.read(MODELS), dated))):
            store.overwrite(MODELS, dated)
        _write(store, taken, dated, begins_anew=plan.begins_anew)
    return measures


def _take_in_crawl(
    store: Store, landed: Landed, taken: _Taken, overlap: Overlap | None, *, number: int, reject_text_chars: int
) -> Measures:
    crawl = landed.crawl
    dialect = DIALECTS[crawl.format]
    read = read_listing(landed.lines, dialect, reject_text_chars=reject_text_chars, carried=crawl.keys)
    listing = store.stage(f"listing_{number}", read)
    counts = listing.agg(
        F.count(F.lit(1)).alias("read"),
        F.sum((F.size("reasons") > 0).cast("bigint")).alias("broken"),
        F.count_distinct(F.when(F.size("reasons") == 0, F.col("repo_oid"))).alias("distinct"),
    ).collect()[0]
    observed = build_models(listing, crawl_id=crawl.crawl_id, scope=crawl.scope)
    older = 0
    if taken.models is None:
        _begin(store, observed, taken, crawl, dialect)
    else:
        older = _go_on(store, observed, taken, landed, dialect, number, listing, bool(counts["broken"]), overlap)
    broken = counts["broken"] or 0
    keep_rejects(store, landed, listing, broken)
    repeated = counts["read"] - broken - counts["distinct"]
    others = {"older_fetch": repeated + older}
    if crawl.entity == "model_info":
        others["status"] = read_statuses(landed.lines).count()
    wrong = {
        f"drift:{row['flaw']}": float(row["count"])
        for row in listing.select(F.explode("flaws").alias("flaw"))
        .where(F.col("flaw").endswith(":type"))
        .groupBy("flaw")
        .count()
        .collect()
    }
    kept = counts["distinct"] - older
    return account(landed, kept=kept, broken=broken, others=others, known=dialect.known) | wrong


def _begin(store: Store, observed: DataFrame, taken: _Taken, crawl: Manifest, dialect: Dialect) -> None:
    """Take in the first crawl of all: everything in it is new."""
    store.overwrite(MODELS, observed, reshape=True)
    taken.models = store.read(MODELS)
    taken.openings.append(open_first_versions(taken.models, crawl_id=crawl.crawl_id))
    taken.snapshots.append(count_first_snapshots(taken.models))
    taken.has_changed = taken.is_written = True
    if not dialect.has_oid:
        no_match = taken.ids.select("surrogate", "repo_oid", "basis").limit(0)
        taken.ids = store.stage(
            "ids_first", build_model_ids(taken.ids, taken.models, no_match, crawl_id=crawl.crawl_id)
        )
        taken.has_new_ids = True


def _go_on(
    store: Store,
    observed: DataFrame,
    taken: _Taken,
    landed: Landed,
    dialect: Dialect,
    number: int,
    listing: DataFrame,
    broken: bool,
    overlap: Overlap | None,
) -> int:
    """Take in a crawl that is newer than what is known; how many of its models were fetched before that."""
    assert taken.models is not None
    crawl = landed.crawl
    resolved = _resolve(store, observed, taken, crawl, dialect, number)
    rows = resolved.observed
    if crawl.entity == "model_info":
        removals = find_removals(resolved.before, read_statuses(landed.lines), crawl_id=crawl.crawl_id)
        rows = rows.unionByName(removals.join(rows.select("repo_oid"), on="repo_oid", how="left_anti"))
    spared = None
    if broken or landed.invalid_count:
        spared = store.stage(f"spared_{number}", _spared(resolved.before, listing, landed))
    is_census = crawl.coverage == "census" and not crawl.failed and not landed.damaged_file_count
    merged = merge_models(
        resolved.before,
        rows,
        carried=dialect.carried(crawl.keys),
        scope=crawl.scope,
        crawl_id=crawl.crawl_id,
        census_at=datetime.fromisoformat(crawl.observed_at) if is_census else None,
        cutoff=datetime.fromisoformat(crawl.cutoff),
        spared=spared,
        overlap=overlap,
    )
    staged = store.stage(f"merged_{number}", merged)
    marks = ("is_changed", "is_opened", "is_counted", "is_older")
    found = staged.agg(*(F.sum(F.col(name).cast("bigint")).alias(name) for name in marks)).collect()[0]
    if found["is_changed"] or taken.models is not resolved.before:
        taken.models = staged.select(*MODELS.names)
        taken.has_changed, taken.is_written = True, False
    if found["is_opened"]:
        taken.openings.append(open_versions(staged, crawl_id=crawl.crawl_id))
    if found["is_counted"]:
        taken.snapshots.append(count_snapshots(staged, crawl_id=crawl.crawl_id))
    return found["is_older"] or 0


def _spared(before: DataFrame, listing: DataFrame, landed: Landed) -> DataFrame:
    """Known models that a rejected record seems to speak of: the crawl listed them, so that they are not absent."""
    broken = listing.where(F.size("reasons") > 0)
    refused = landed.invalid_lines.select(F.from_json("value", "key STRING")["key"].alias("model_id"))
    names = broken.select("model_id").unionByName(refused).where("model_id IS NOT NULL").distinct()
    oids = broken.select("repo_oid").where("repo_oid IS NOT NULL").distinct()
    by_name = before.join(names, on="model_id", how="left_semi").select("repo_oid")
    return by_name.unionByName(before.join(oids, on="repo_oid", how="left_semi").select("repo_oid")).distinct()


def _resolve(
    store: Store, observed: DataFrame, taken: _Taken, crawl: Manifest, dialect: Dialect, number: int
) -> Resolved:
    """The crawl's models and the known ones under the best ids, and model_ids brought up to date."""
    assert taken.models is not None
    nothing = taken.ids.select("surrogate", "repo_oid", "basis").limit(0)
    if not dialect.has_oid:
        observed = store.stage(f"observed_{number}", observed)
        resolved = name_models(taken.models, observed, taken.ids)
    elif taken.models.where(F.col("repo_oid").startswith("n")).limit(1).count():
        observed = store.stage(f"observed_{number}", observed)
        resolved = adopt_surrogates(taken.models, observed)
    else:
        return Resolved(observed, taken.models, nothing, nothing)
    matches = store.stage(f"matches_{number}", resolved.matches)
    surrogates = observed.limit(0) if dialect.has_oid else observed
    ids = store.stage(f"ids_{number}", build_model_ids(taken.ids, surrogates, matches, crawl_id=crawl.crawl_id))
    taken.has_new_ids = taken.has_new_ids or _differ(taken.ids, ids)
    taken.ids = ids
    if not dialect.has_oid:
        return replace(resolved, observed=rekey(observed, matches))
    if not matches.where(F.col("basis") != "renamed").limit(1).count():
        resolved = replace(resolved, before=taken.models)
    else:
        rekeyed = matches.where(F.col("basis") != "renamed")
        resolved = replace(resolved, before=rekey(taken.models, rekeyed))
        taken.rekeyed.append(rekeyed)
        taken.openings = [rekey(frame, rekeyed) for frame in taken.openings]
        taken.snapshots = [rekey(frame, rekeyed) for frame in taken.snapshots]
    return resolved


def _dates(models: DataFrame) -> DataFrame:
    return models.select("repo_oid", "created_at", "created_at_basis")


def _differ(ids: DataFrame, others: DataFrame) -> bool:
    return bool(others.exceptAll(ids).limit(1).count())


def _write(store: Store, taken: _Taken, models: DataFrame, *, begins_anew: bool) -> None:
    """Bring the tables up to date with what the crawls have made."""
    if taken.has_changed and not taken.is_written:
        store.overwrite(MODELS, models, reshape=begins_anew)
    if taken.has_changed:
        store.overwrite(MODEL_TAGS, build_model_tags(store.read(MODELS)), reshape=begins_anew)
    if taken.openings or taken.rekeyed:
        _write_versions(store, taken, begins_anew=begins_anew)
    _write_snapshots(store, taken, begins_anew=begins_anew)
    if taken.has_new_ids or begins_anew:
        store.overwrite(MODEL_IDS, taken.ids, reshape=begins_anew)


def _write_versions(store: Store, taken: _Taken, *, begins_anew: bool) -> None:
    if begins_anew and len(taken.openings) == 1:
        store.overwrite(MODEL_VERSIONS, build_first_versions(taken.openings[0]), reshape=True)
        return
    versions = None
    if not begins_anew:
        versions = reduce(rekey, taken.rekeyed, store.read(MODEL_VERSIONS))
    if taken.openings:
        numbered = [frame.withColumn("batch", F.lit(number)) for number, frame in enumerate(taken.openings)]
        openings = store.stage("openings", reduce(DataFrame.unionByName, numbered))
        versions = build_model_versions(versions, openings)
    if versions is not None:
        store.overwrite(MODEL_VERSIONS, versions, reshape=begins_anew)


def _write_snapshots(store: Store, taken: _Taken, *, begins_anew: bool) -> None:
    frames = list(taken.snapshots)
    if not begins_anew and taken.rekeyed:
        frames.insert(0, reduce(rekey, taken.rekeyed, store.read(MODEL_SNAPSHOTS)))
    if begins_anew or taken.rekeyed:
        store.overwrite(MODEL_SNAPSHOTS, reduce(DataFrame.unionByName, frames), reshape=begins_anew)
    elif frames:
        store.append(MODEL_SNAPSHOTS, reduce(DataFrame.unionByName, frames))


def _census_ratio(crawl: Manifest, before: Manifest | None) -> float | None:
    if crawl.coverage != "census" or before is None or not before.records:
        return None
    return crawl.records / before.records
