"""Gold of a crawled world: what every table of months and shares must fulfil, and that nothing hangs on row order."""

import math
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from commands import published
from deltalake import DeltaTable
from gold_lake import LAST, families, gold_lake, truth
from pyspark.sql import functions as F
from world_cards import months_without_gap

from ptm_spark.config import load
from ptm_spark.folder import Folder
from ptm_spark.gold.building import Bulk, GoldRun
from ptm_spark.gold.moments import moments_of
from ptm_spark.landing import Landing
from ptm_spark.publishing import Publishing
from ptm_spark.silver.model_families import build_model_families
from ptm_spark.store import Store
from ptm_spark.tables import GOLD, SILVER
from ptm_spark.tables.hub import MODELS

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """On one engine: that both make the same tables is seen where each is held to the truth."""
    return gold_lake("embedded", tmp_path_factory)


#: tables by month, and what else their keys hold
MONTHLY = {
    "uploads_per_family_monthly": ["family"],
    "uploads_per_library_monthly": ["library_name"],
    "uploads_per_licence_monthly": ["licence"],
    "uploads_per_pipeline_tag_monthly": ["pipeline_tag"],
    "mentions_per_family_monthly": ["family"],
    "topics_per_category_monthly": ["category_id"],
    "forum_health_monthly": [],
    "cards_per_cohort_monthly": ["as_of"],
    "card_content_monthly": ["stratum"],
    "card_sections_monthly": ["canonical_section"],
    "card_revisions_monthly": ["cohort_basis"],
    "card_survival_monthly": [],
}
#: shares that are parts of a month's whole
PARTS = {
    "uploads_per_family_monthly": ("upload_share", "owner_weighted_share", "download_share"),
    "mentions_per_family_monthly": ("mention_share",),
    "topics_per_category_monthly": ("topic_share",),
}


def test_months_have_no_gap_and_shares_are_shares(lake: Path) -> None:
    for name, dimensions in MONTHLY.items():
        table = published(lake, f"gold/{name}").to_pylist()
        by_value = defaultdict(list)
        for row in table:
            by_value[tuple(row[part] for part in dimensions)].append(row["month"])
            for column, value in row.items():
                if value is not None and column.endswith(("_share", "_ratio", "coverage")):
                    assert 0 <= value <= 1, (name, column, row)
        for value, found in by_value.items():
            dated = sorted(month for month in found if month is not None)
            if not dated:  # cards of models of unknown creation, none of them known from its beginning
                assert (name, found) == ("card_revisions_monthly", [None])
                continue
            last = value[0] if dimensions == ["as_of"] else LAST  # of each moment its own months
            assert dated == months_without_gap(dated, date(last.year, last.month, 1)), (name, value)
        for column in PARTS.get(name, ()):
            sums = defaultdict(list)
            for row in table:
                sums[row["month"]].append(row[column])
            for month, parts in sums.items():
                assert set(parts) == {None} or math.fsum(parts) == pytest.approx(1, abs=1e-9), (name, column, month)


def test_counts_of_different_tables_add_up(lake: Path) -> None:
    """Every model and topic is in one row of each table."""

    def total(name: str, column: str) -> dict[Any, int]:
        sums: dict[Any, int] = defaultdict(int)
        for row in published(lake, f"gold/{name}").to_pylist():
            sums[row["month"]] += row[column]
        return {month: count for month, count in sums.items() if count}

    for column in ("upload_count", "ever_count", "without_bulk_count", "download_total"):
        tables = [total(name, column) for name in MONTHLY if name.startswith("uploads_per")]
        assert all(one == tables[0] for one in tables), column
    for column in ("topic_count", "ever_count", "post_count", "unanswered_count", "accepted_count"):
        assert total("topics_per_category_monthly", column) == total("forum_health_monthly", column), column
    alive = sum(not state.is_removed for state in truth().models.values())
    assert sum(total("uploads_per_family_monthly", "upload_count").values()) == alive


# ---- through the builders, on the embedded engine


def published_store(store: Store, lake: Path) -> Store:
    """The lake as its readers see it, on the engine of ``store``."""
    seen = store.of_lake(Folder(lake))
    state = Publishing(Folder(lake)).published()
    assert state is not None
    seen.versions = dict(state.tables)
    return seen


@pytest.mark.one_engine
@pytest.mark.parametrize(("seed", "parts"), [(1, 1), (2, 7)])
def test_gold_does_not_hang_on_the_order_of_rows_or_files(
    store: Store, tmp_path_factory: pytest.TempPathFactory, seed: int, parts: int
) -> None:
    """Every table, to the last digit, from silver whose rows are shuffled and in other files."""
    lake = gold_lake("embedded", tmp_path_factory)
    seen = published_store(store, lake)
    for table in SILVER:
        if table.path in seen.versions:
            store.overwrite(table, seen.read(table).orderBy(F.rand(seed)).repartition(parts))
    state, landing, gold = Publishing(Folder(lake)).published(), Landing(Folder(lake)), load().gold
    assert state is not None
    crawls = [crawl for path in state.crawls if (crawl := landing.find(path))]
    moments = moments_of(crawls, models_as_of=state.as_of)
    built = GoldRun(store, moments, Bulk(**gold.model_dump()), None).build()
    assert built.keys() == {*GOLD}
    for table, frame in built.items():
        written = store.overwrite(table, frame)
        there = DeltaTable(str(Path(store._lake.url) / table.path), version=written.version).to_pyarrow_dataset()
        assert in_order(there.to_table().to_pylist()) == in_order(published(lake, table.path).to_pylist()), table.name


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(map(repr, rows))


@pytest.mark.one_engine
def test_what_is_told_without_configs_is_the_worlds(store: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    """By tags, bases and names: the world's family or none, never another one."""
    models = published_store(store, gold_lake("embedded", tmp_path_factory)).read(MODELS)
    nothing = {name: F.lit(None).cast("string") for name in ("model_type", "architecture")}
    rows = build_model_families(models.withColumns(nothing), stage=store.stage).collect()
    assert len(rows) == len(truth().models)
    wrong = {row.repo_oid: row.family for row in rows if row.family and row.family != families()[row.repo_oid]}
    assert wrong == {}
    assert {row.method for row in rows} == {"tag", "base_model", "base_name", "name", None}
    assert sum(row.family is not None for row in rows) > 0.7 * len(rows)
