"""Taking landed READMEs into silver/model_cards and silver/card_sections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.intake import FamilyPlan
from ptm_spark.landing import Manifest
from ptm_spark.silver.accounting import Landed, Measures, account, keep_rejects, open_crawl
from ptm_spark.silver.card_lanes import READ_CARDS, open_lanes, read_batches
from ptm_spark.silver.card_observations import read_observations, read_texts
from ptm_spark.silver.model_cards import build_card_sections, build_versions, differ, resolve_observations, with_content
from ptm_spark.store import Store
from ptm_spark.tables.cards import CARD_SECTIONS, CONTENT, MODEL_CARDS

#: crawls whose lines are read by one plan
_AT_ONCE = 16
#: fewer lines are read before helpers have started
_LEAST_FOR_HELPERS = 4_000
#: more than a crawl has lines; rank and seq make one number by it, exact as a double, too
_MOST_LINES = 2**40


def take_in_cards(
    store: Store, plan: FamilyPlan, marks: Mapping[str, str], *, reject_text_chars: int
) -> dict[str, Measures]:
    """Fold the plan's crawls into model_cards, card_sections and rejects; measures by crawl.

    A README is read once, however many models and crawls have it: what is in the tables is not read again. Where a
    crawl tells of moments before the newest one known, such as a git history that landed late, the observations of all
    crawls are put in order anew, so that the tables never depend on what came when. Nobody is named in the tables.
    """
    if not plan.crawls:
        return {}
    landed = [open_crawl(store, crawl, marks[crawl.path]) for crawl in plan.crawls]
    has_helpers = store.engine == "embedded" and sum(one.line_count for one in landed) >= _LEAST_FOR_HELPERS
    with open_lanes(None if has_helpers else 1) as lanes:
        observed = _observations(store, landed, 0, reject_text_chars)
        refused = _counts(observed, F.when(F.size("reasons") > 0, "broken").when(F.col("state").isNull(), "status"))
        fates = _fold(_Fold(store, plan, marks, lanes, reject_text_chars), landed, observed)
    measures = {}
    for rank, one in enumerate(landed):
        broken = refused.get((rank, "broken"), 0)
        keep_rejects(store, one, observed.where((F.col("rank") == rank) & (F.size("reasons") > 0)), broken)
        others = {
            "status": refused.get((rank, "status"), 0),
            "older_fetch": fates.get((rank, "outdone"), 0),
            "unresolved": fates.get((rank, "unresolved"), 0),
        }
        kept = fates.get((rank, "kept"), 0)
        measures[one.crawl.path] = account(one, kept=kept, broken=broken, others=others, known=frozenset())
    return measures


@dataclass(frozen=True)
class _Fold:
    """One taking-in: where to, what of, how."""

    store: Store
    plan: FamilyPlan
    marks: Mapping[str, str]
    lanes: int
    reject_text_chars: int


def _fold(fold: _Fold, landed: Sequence[Landed], observed: DataFrame) -> dict[tuple[int, str], int]:
    """Write both tables; how many observations met which fate, by rank of the crawl (its place in ``landed``)."""
    store, plan = fold.store, fold.plan
    usable = _usable(observed)
    before = store.empty(MODEL_CARDS) if plan.begins_anew else store.read(MODEL_CARDS)
    touched = untouched = None
    is_reordered = not plan.begins_anew and _tells_of_the_past(usable, plan.earlier)
    if is_reordered:
        # ranks below 0 are older than all, and find their crawl from the end of the list
        earlier = [open_crawl(store, crawl, fold.marks.get(crawl.path, "")) for crawl in plan.earlier]
        usable = usable.unionByName(_usable(_observations(store, earlier, -len(earlier), fold.reject_text_chars)))
        landed = (*landed, *earlier)
    elif not plan.begins_anew:
        models = usable.select("model_id").distinct()
        touched = before.join(models, on="model_id", how="left_semi")
        untouched = before.join(models, on="model_id", how="left_anti").select(*MODEL_CARDS.names)
    resolved = store.stage("card_fates", resolve_observations(usable, touched))
    fates = _counts(resolved.where(F.col("rank") >= 0), F.col("fate"))
    versions = build_versions(resolved)
    if not plan.begins_anew and not differ(versions, before if touched is None else touched):
        return fates
    wanted = resolved.where((F.col("fate") == "kept") & F.col("card_sha256").isNotNull())
    wanted = wanted.select("card_sha256").distinct()
    known = before.where(F.col("card_sha256").isNotNull()).select("card_sha256", *CONTENT)
    unread = wanted if plan.begins_anew else wanted.join(known, on="card_sha256", how="left_anti")
    read = store.stage("cards_read", _read(landed, usable, unread, fold.lanes))
    contents = read.select("card_sha256", *CONTENT)
    if not plan.begins_anew:
        still = known.join(wanted, on="card_sha256", how="left_semi").dropDuplicates(["card_sha256"])
        contents = contents.unionByName(still)
    cards = with_content(versions, contents)
    sections = build_card_sections(read)
    if plan.begins_anew:
        store.overwrite(CARD_SECTIONS, sections, reshape=True)
    elif is_reordered:  # a README may have been outdone
        kept = store.read(CARD_SECTIONS).join(wanted, on="card_sha256", how="left_semi")
        store.overwrite(CARD_SECTIONS, kept.unionByName(sections))
    elif read.limit(1).count():
        store.append(CARD_SECTIONS, sections)
    store.overwrite(MODEL_CARDS, cards if untouched is None else cards.unionByName(untouched), reshape=plan.begins_anew)
    return fates


def _observations(store: Store, landed: Sequence[Landed], first_rank: int, reject_text_chars: int) -> DataFrame:
    """All lines of some crawls as observations, kept aside; the ranks count from ``first_rank``."""
    staged = []
    for start in range(0, len(landed), _AT_ONCE):
        frames = [
            read_observations(one, first_rank + start + at, reject_text_chars=reject_text_chars)
            for at, one in enumerate(landed[start : start + _AT_ONCE])
        ]
        staged.append(store.stage(f"card_observations_{first_rank + start}", reduce(DataFrame.unionByName, frames)))
    return reduce(DataFrame.unionByName, staged)


def _usable(observed: DataFrame) -> DataFrame:
    return observed.where((F.size("reasons") == 0) & F.col("state").isNotNull())


def _counts(frame: DataFrame, kind: Column) -> dict[tuple[int, str], int]:
    """Rows by rank and kind, those without a kind left out."""
    counts = frame.select("rank", kind.alias("kind")).where(F.col("kind").isNotNull()).groupBy("rank", "kind").count()
    return {(row["rank"], row["kind"]): row["count"] for row in counts.collect()}


def _tells_of_the_past(usable: DataFrame, earlier: Sequence[Manifest]) -> bool:
    """Whether an observation is no newer than everything that earlier crawls may have seen.

    A crawl sees up to its end, a dump up to the moment it speaks of.
    """
    first = usable.agg(F.min(F.col("observed_at").cast("bigint")).alias("at")).collect()[0]["at"]
    ends = [crawl.finished_at if crawl.format == "api" else crawl.observed_at for crawl in earlier]
    return first is not None and first <= max(datetime.fromisoformat(end).timestamp() for end in ends)


def _read(landed: Sequence[Landed], usable: DataFrame, unread: DataFrame, lanes: int) -> DataFrame:
    """Read every README of ``unread`` (card_sha256) once, wherever it is met first."""
    order = F.col("rank").cast("bigint") * _MOST_LINES + F.col("seq")
    met = usable.join(unread, on="card_sha256", how="left_semi").groupBy("card_sha256").agg(F.min(order).alias("order"))
    met = met.select(
        "card_sha256",
        F.floor(F.col("order") / _MOST_LINES).cast("int").alias("rank"),
        F.pmod(F.col("order"), F.lit(_MOST_LINES)).alias("seq"),
    )
    ranks = sorted(row["rank"] for row in met.select("rank").distinct().collect())
    if not ranks:
        return usable.sparkSession.createDataFrame([], READ_CARDS)
    texts = reduce(DataFrame.unionByName, [read_texts(landed[rank], rank) for rank in ranks])
    found = texts.join(met, on=["rank", "seq"], how="inner").select("card_sha256", "text")
    if lanes > 1:
        found = found.repartition(lanes)
    return found.mapInArrow(read_batches, READ_CARDS)
