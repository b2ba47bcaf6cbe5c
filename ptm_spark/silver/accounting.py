"""What every family of tables does with a crawl beside building rows: read it, turn away, and account for all of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ptm_spark.columns import raw_text
from ptm_spark.intake import sound_files
from ptm_spark.landing import Manifest
from ptm_spark.silver.rejects import build_rejects
from ptm_spark.store import Store
from ptm_spark.tables.run import REJECTS

Measures = dict[str, float | None]


@dataclass(frozen=True)
class Landed:
    """The sound files of a crawl: ``lines`` and ``invalid_lines`` (column ``value``), and how many lines each holds."""

    crawl: Manifest
    lines: DataFrame
    invalid_lines: DataFrame
    line_count: int
    invalid_count: int
    damaged_file_count: int


def open_crawl(store: Store, crawl: Manifest, mark: str) -> Landed:
    """A crawl's lines; ``mark`` is its fingerprint, and the files that it names as damaged are left out."""
    parts, invalids = sound_files(crawl.parts, mark), sound_files(crawl.invalids, mark)
    return Landed(
        crawl=crawl,
        lines=store.read_lines(crawl, parts),
        invalid_lines=store.read_lines(crawl, invalids),
        line_count=sum(file.records for file in parts),
        invalid_count=sum(file.records for file in invalids),
        damaged_file_count=len(crawl.parts) + len(crawl.invalids) - len(parts) - len(invalids),
    )


def with_rejected_text(judged: DataFrame, *, reject_text_chars: int) -> DataFrame:
    """Adds sha256 and raw_cut, the record's own text up to a bound, to lines (``value``) that have ``reasons``."""
    raw = F.when(F.size("reasons") > 0, raw_text(F.col("value")))
    return judged.withColumn("raw", raw).select(
        *(name for name in judged.columns if name != "value"),
        F.sha2("raw", 256).alias("sha256"),
        F.substring("raw", 1, reject_text_chars).alias("raw_cut"),
    )


def keep_rejects(store: Store, landed: Landed, broken: DataFrame, broken_count: int) -> None:
    """Put a crawl's rejects into ops/rejects: its invalid lines and the ``broken`` ones.

    ``broken``: seq, reasons, sha256, raw_cut (NULL where the text must not be kept). Rows of an earlier try give way.
    """
    if not (broken_count or landed.invalid_count or store.exists(REJECTS)):
        return
    crawl = landed.crawl
    entity = f"{crawl.source}/{crawl.entity}"
    rejects = build_rejects(broken, landed.invalid_lines, crawl_id=crawl.crawl_id, entity=entity)
    store.replace_crawl(REJECTS, rejects, crawl.crawl_id)


def account(landed: Landed, *, kept: int, broken: int, others: Mapping[str, int], known: frozenset[str]) -> Measures:
    """What the gate wants to know of one crawl: that every landed line is accounted for, and what has drifted.

    ``kept`` lines became (or confirmed) rows, ``broken`` went to the rejects, ``others`` names what else became of
    lines (``older_fetch``: one that a later fetch of the same thing outdid; ``status``: an answer without a record …).
    ``known`` are the record keys of the source's contract; any other key that the crawl carried is drift.
    """
    total = landed.line_count + landed.invalid_count
    measures: Measures = {
        "record_count": float(total),
        "kept_count": float(kept),
        "invalid_count": float(landed.invalid_count),
        "reject_count": float(broken),
        "unaccounted_count": float(landed.line_count - kept - broken - sum(others.values())),
        "reject_share": (landed.invalid_count + broken) / total if total else None,
        "damaged_file_count": float(landed.damaged_file_count),
        "census_ratio": None,  # for families whose censuses are compared
    }
    measures |= {f"{name}_count": float(count) for name, count in others.items()}
    strangers = sorted(set(landed.crawl.keys) - known) if known else []
    return measures | {f"drift:unknown_field:{name}": 1.0 for name in strangers}
