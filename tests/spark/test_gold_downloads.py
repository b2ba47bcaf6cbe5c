"""Downloads by family and day of observation, from snapshots of changes. Both engines agree."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rows import model_row

from ptm_spark.gold.downloads import build_downloads_per_family_daily
from ptm_spark.store import Store
from ptm_spark.tables.families import MODEL_FAMILIES
from ptm_spark.tables.gold_series import DOWNLOADS_PER_FAMILY_DAILY
from ptm_spark.tables.hub import MODEL_SNAPSHOTS, MODELS

pytestmark = pytest.mark.spark
AS_OF = datetime(2024, 7, 31, tzinfo=UTC)
ONE, TWO, THREE = (date(2024, 7, day) for day in (1, 2, 3))
Row = dict[str, Any]


def oid(number: int) -> str:
    return f"{number:024x}"


def snapshot(model: int, day: int, downloads: int | None, *, crawl: str = "", hour: int = 12) -> Row:
    return {
        "repo_oid": oid(model), "crawl_id": crawl or f"c{day}", "downloads": downloads, "likes": 1,
        "observed_at": datetime(2024, 7, day, hour, tzinfo=UTC),
    }  # fmt: skip


def daily(
    store: Store, snapshots: list[Row], families: dict[int, str | None], removed: dict[int, datetime] | None = None,
    as_of: datetime = AS_OF,
) -> dict[tuple[date, str], Row]:  # fmt: skip
    gone = removed or {}
    models = [
        model_row(repo_oid=oid(n), removal="gone_or_private" if n in gone else None, removed_at=gone.get(n))
        for n in families
    ]
    frame = build_downloads_per_family_daily(
        store.rows_of(snapshots, MODEL_SNAPSHOTS),
        store.rows_of(models, MODELS),
        store.rows_of([{"repo_oid": oid(n), "family": family} for n, family in families.items()], MODEL_FAMILIES),
        as_of=as_of,
    )
    store.overwrite(DOWNLOADS_PER_FAMILY_DAILY, frame)
    rows = [row.asDict() for row in store.read(DOWNLOADS_PER_FAMILY_DAILY).collect()]
    found = {(row["day"], row["family"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_totals_are_of_the_downloads_last_seen(store: Store) -> None:
    """Model 1 changes on day 2 only; 2 is first seen then; 3, without a family, is gone on day 3; 4 has no number."""
    snapshots = [snapshot(1, 1, 100), snapshot(3, 1, 30), snapshot(4, 1, None), snapshot(1, 2, 80), snapshot(2, 2, 20),
                 snapshot(2, 3, 25)]  # fmt: skip
    families = {1: "bert", 2: "bert", 3: None, 4: "bert"}
    rows = daily(store, snapshots, families, {3: datetime(2024, 7, 3, 13, tzinfo=UTC)})
    assert rows[ONE, "bert"].pop("as_of").replace(tzinfo=UTC) == AS_OF
    names = ("seen_count", "model_count", "coverage", "download_total", "download_share", "download_change",
             "new_download_total", "removed_download_total", "kept_download_change", "is_first")  # fmt: skip
    assert {key: tuple(row[name] for name in names) for key, row in rows.items()} == {
        (ONE, "bert"): (2, 1, 0.5, 100, 100 / 130, None, 100, 0, None, True),
        (TWO, "bert"): (3, 2, 2 / 3, 100, 100 / 130, 0, 20, 0, -20, False),
        (THREE, "bert"): (3, 2, 2 / 3, 105, 1.0, 5, 0, 0, 5, False),
        (ONE, "none"): (1, 1, 1.0, 30, 30 / 130, None, 30, 0, None, True),
        (TWO, "none"): (1, 1, 1.0, 30, 30 / 130, 0, 0, 0, 0, False),
        (THREE, "none"): (0, 0, None, 0, 0.0, -30, 0, 30, 0, False),
    }


def test_a_crawl_past_midnight_is_one_observation(store: Store) -> None:
    snapshots = [snapshot(1, 1, 5, crawl="c", hour=23), snapshot(2, 2, 7, crawl="c", hour=1)]
    rows = daily(store, snapshots, {1: "bert", 2: "bert"})
    assert {key: row["download_total"] for key, row in rows.items()} == {(TWO, "bert"): 12}


@pytest.mark.one_engine
def test_what_is_gone_before_the_crawl_has_ended_comes_and_goes_with_it(store: Store) -> None:
    """Nor is there a day before the first crawl's, whatever was removed then."""
    snapshots = [snapshot(1, 1, 5, crawl="c", hour=22), snapshot(2, 2, 7, crawl="c", hour=1)]
    removed = {1: datetime(2024, 7, 1, 23, tzinfo=UTC), 3: datetime(2024, 6, 1, tzinfo=UTC)}
    rows = daily(store, snapshots, {1: "bert", 2: "bert", 3: "bert"}, removed)
    names = ("seen_count", "download_total", "new_download_total", "removed_download_total", "is_first")
    assert {key: tuple(row[name] for name in names) for key, row in rows.items()} == {
        (TWO, "bert"): (1, 7, 12, 5, True)
    }


@pytest.mark.one_engine
def test_what_is_seen_later_than_as_of_is_not_there(store: Store) -> None:
    snapshots = [snapshot(1, 1, 5), snapshot(1, 3, 50), snapshot(2, 3, 7)]
    removed = {1: datetime(2024, 7, 3, 12, tzinfo=UTC)}
    rows = daily(store, snapshots, {1: "bert", 2: "t5"}, removed, as_of=datetime(2024, 7, 2, tzinfo=UTC))
    assert {key: row["download_total"] for key, row in rows.items()} == {(ONE, "bert"): 5}


@pytest.mark.one_engine
def test_numbers_told_of_a_model_marked_as_removed_count_for_nothing(store: Store) -> None:
    """Removed with the crawl of day 2, which tells 9 downloads; 2 was marked when first seen."""
    snapshots = [snapshot(1, 1, 5), snapshot(1, 2, 9), snapshot(2, 1, 3), snapshot(1, 3, 11)]
    removed = {1: datetime(2024, 7, 2, 12, tzinfo=UTC), 2: datetime(2024, 7, 1, 12, tzinfo=UTC)}
    rows = daily(store, snapshots, {1: "bert", 2: "bert"}, removed)
    assert {key[0]: (row["seen_count"], row["download_total"], row["removed_download_total"])
            for key, row in rows.items()} == {ONE: (1, 5, 0), TWO: (0, 0, 5), THREE: (0, 0, 0)}  # fmt: skip


@pytest.mark.one_engine
def test_without_snapshots_there_are_no_rows(store: Store) -> None:
    assert daily(store, [], {1: "bert"}) == {}


@pytest.mark.one_engine
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_snapshots_add_up_to_what_plain_loops_count(store: Store, data: st.DataObject) -> None:
    families = dict(enumerate(data.draw(st.lists(st.sampled_from(["bert", "t5", None]), min_size=1, max_size=4))))
    keys = data.draw(st.sets(st.tuples(st.sampled_from(sorted(families)), st.integers(1, 4)), min_size=1))
    numbers = {key: data.draw(st.one_of(st.none(), st.integers(0, 9))) for key in sorted(keys)}
    gone = {n: data.draw(st.integers(2, 4)) for n in data.draw(st.sets(st.sampled_from(sorted(families))))}
    rows = daily(
        store,
        [snapshot(n, day, downloads) for (n, day), downloads in numbers.items()],
        families,
        {n: datetime(2024, 7, day, 12, tzinfo=UTC) for n, day in gone.items()},
    )
    days = sorted({day for _, day in numbers} | set(gone.values()))
    before: dict[str, int] = {}
    for day in days:
        for family in {name or "none" for name in families.values()}:
            last: dict[int, int | None] = {}
            for (n, seen), downloads in sorted(numbers.items(), key=lambda item: item[0][1]):
                if seen <= day and (families[n] or "none") == family and day < gone.get(n, 9):
                    last[n] = downloads
            row = rows.get((date(2024, 7, day), family), {"seen_count": 0, "model_count": 0, "download_total": 0})
            known = [downloads for downloads in last.values() if downloads is not None]
            assert (row["seen_count"], row["model_count"], row["download_total"]) == (len(last), len(known), sum(known))
            if row.get("download_change") is not None:
                assert row["download_change"] == sum(known) - before[family]
                parts = row["kept_download_change"] + row["new_download_total"] - row["removed_download_total"]
                assert row["download_change"] == parts
            before[family] = sum(known)
