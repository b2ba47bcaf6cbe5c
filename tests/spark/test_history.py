"""The history of models over several crawls: versions, removals, renames, re-creations, and who is who."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from histories import at, contents, fold, land_crawl, versions_of
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, utc_text
from ptm_spark.silver.as_of import models_as_of, versions_as_of
from ptm_spark.store import Store
from ptm_spark.tables.hub import MODEL_IDS, MODEL_SNAPSHOTS, MODEL_VERSIONS, MODELS

pytestmark = pytest.mark.spark

A, B = "60000000aaaaaaaaaaaaaaaa", "60000000bbbbbbbbbbbbbbbb"


def model(oid: str = A, name: str = "o/a", **changes: Any) -> dict[str, Any]:
    return {"_id": oid, "id": name, "createdAt": "2023-05-04T10:11:12.000Z", "tags": ["x"], "likes": 1} | changes


def export(name: str = "o/a", created: str = "2023-05-04T10:11:12.000Z", **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "created_at": created,
        "tags": ["x"],
        "likes": 1,
        "downloads_30d": 5,
        "removed": False,
    } | changes


def old_census(name: str = "o/a", **changes: Any) -> dict[str, Any]:
    return {"id": name, "modelId": name, "tags": ["x"], "likes": 1} | changes


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(Folder(tmp_path / "lake"))


def removals(store: Store) -> dict[str, Any]:
    return {row.model_id: row.removal for row in store.read(MODELS).collect()}


def ids(store: Store) -> dict[str, tuple[bool, str | None]]:
    """Name in a source without ObjectIds → (whether it is linked, why)."""
    rows = store.read(MODEL_IDS).collect()
    return {row.model_id: (row.repo_oid != row.surrogate, row.basis) for row in rows}


@pytest.mark.one_engine
def test_a_version_lasts_until_the_next(store: Store, landing: Landing) -> None:
    first, second = model(), model(tags=["x", "y"])
    fold(store, [land_crawl(landing, [row], day=day) for day, row in enumerate((first, first, second, second, first))])
    assert versions_of(store, "is_current", "tags") == [
        ("o/a", 0, 2, False, ["x"]),
        ("o/a", 2, 4, False, ["x", "y"]),
        ("o/a", 4, None, True, ["x"]),
    ]


@pytest.mark.one_engine
def test_numbers_and_the_order_of_tags_make_no_version(store: Store, landing: Landing) -> None:
    rows = [model(tags=["x", "y"]), model(tags=["y", "x"]), model(tags=["y", "x", "y"], likes=9)]
    fold(store, [land_crawl(landing, [row], day=day) for day, row in enumerate(rows)])
    assert versions_of(store) == [("o/a", 0, None)]
    assert sorted(row.likes for row in store.read(MODEL_SNAPSHOTS).collect()) == [1, 9]


@pytest.mark.one_engine
def test_a_crawl_that_changes_nothing_makes_no_table_version(store: Store, landing: Landing) -> None:
    first = land_crawl(landing, [model()], day=0)
    fold(store, [first])
    before = dict(store.versions)
    fold(store, [land_crawl(landing, [model()], day=1)], earlier=[first])
    assert store.versions == before


@pytest.mark.one_engine
def test_a_return_closes_the_tombstone(store: Store, landing: Landing) -> None:
    both, one = [model(), model(B, "o/b")], [model()]
    fold(store, [land_crawl(landing, rows, day=day) for day, rows in enumerate((both, one, both))])
    assert versions_of(store, "removal") == [
        ("o/a", 0, None, None),
        ("o/b", 0, 1, None),
        ("o/b", 1, 2, "gone_or_private"),
        ("o/b", 2, None, None),
    ]


@pytest.mark.one_engine
def test_a_flag_is_an_interval_too(store: Store, landing: Landing) -> None:
    flags = [False, True, True, False]
    crawls = [
        land_crawl(landing, [export(removed=flag)], day=day, format="dated-export") for day, flag in enumerate(flags)
    ]
    fold(store, crawls)
    assert versions_of(store, "removal") == [("o/a", 0, 1, None), ("o/a", 1, 3, "flagged"), ("o/a", 3, None, None)]


@pytest.mark.one_engine
def test_a_rename_is_a_version_of_the_same_model(store: Store, landing: Landing) -> None:
    fold(store, [land_crawl(landing, [model(name=name)], day=day) for day, name in enumerate(("o/a", "o/new"))])
    assert versions_of(store, "repo_oid", "removal") == [("o/a", 0, 1, A, None), ("o/new", 1, None, A, None)]


@pytest.mark.one_engine
def test_a_re_creation_under_the_same_name_is_another_model(store: Store, landing: Landing) -> None:
    created = ("2023-05-04T10:11:12.000Z", "2023-12-31T00:00:00.000Z")
    fold(
        store,
        [
            land_crawl(landing, [export(created=text)], day=day, format="dated-export")
            for day, text in enumerate(created)
        ],
    )
    assert versions_of(store, "removal") == [("o/a", 0, 1, None), ("o/a", 1, None, "recreated"), ("o/a", 1, None, None)]


@pytest.mark.one_engine
def test_another_scope_says_nothing_of_absence(store: Store, landing: Landing) -> None:
    hub = land_crawl(landing, [model(), model(B, "o/b")], day=0)
    curated = land_crawl(landing, [export("o/c")], day=1, scope="curated", format="dated-export")
    fold(store, [hub, curated])
    assert removals(store) == {"o/a": None, "o/b": None, "o/c": None}


def test_an_address_that_says_gone_removes_and_a_detail_brings_back(store: Store, landing: Landing) -> None:
    listing = land_crawl(landing, [model()], day=0)
    asked = [
        land_crawl(landing, rows, day=day, entity="model_info", coverage="partial")
        for day, rows in (
            (1, [(404, A, "o/a")]),
            (2, [(403, A, "o/a")]),
            (3, [model(disabled=False)]),
            (4, [(404, B, "o/unknown")]),
        )
    ]
    measures = fold(store, [listing, *asked])
    assert versions_of(store, "removal") == [
        ("o/a", 0, 1, None),
        ("o/a", 1, 2, "gone_or_private"),
        ("o/a", 2, 3, "disabled"),
        ("o/a", 3, None, None),
    ]
    assert [measures[crawl.path]["status_count"] for crawl in asked] == [1, 1, 0, 1]
    assert {found["unaccounted_count"] for found in measures.values()} == {0}


def test_a_rejected_record_is_no_absence(store: Store, landing: Landing) -> None:
    whole = land_crawl(landing, [model(), model(B, "o/b"), model("60000000cccccccccccccccc", "o/c")], day=0)
    broken = land_crawl(landing, [model(), model("broken", "o/b")], day=1)
    fold(store, [whole, broken])
    assert removals(store) == {"o/a": None, "o/b": None, "o/c": "gone_or_private"}


def test_an_old_census_is_linked_where_a_creation_time_allows_it(store: Store, landing: Landing) -> None:
    census = land_crawl(landing, [old_census("o/a"), old_census("o/b"), old_census("o/c")], day=0, format="census-2022")
    floor = model(A, "o/a", createdAt="2022-03-02T23:29:04.000Z")
    later = model(B, "o/b", createdAt="2024-01-01T12:00:00.000Z")
    fold(store, [census, land_crawl(landing, [floor, later], day=1)])
    assert ids(store) == {"o/a": (True, "existed_before"), "o/b": (False, None), "o/c": (False, None)}
    assert versions_of(store, "repo_oid", "removal") == [
        ("o/a", 0, 1, A, None),
        ("o/a", 1, None, A, None),
        *[row for row in versions_of(store, "repo_oid", "removal") if row[0] == "o/b"],
        *[row for row in versions_of(store, "repo_oid", "removal") if row[0] == "o/c"],
    ]
    assert sorted((row.model_id, row.removal or "") for row in store.read(MODELS).collect()) == [
        ("o/a", ""),
        ("o/b", ""),
        ("o/b", "recreated"),
        ("o/c", "gone_or_private"),
    ]


@pytest.mark.one_engine
def test_a_model_that_is_known_by_its_id_is_found_by_name_and_creation(store: Store, landing: Landing) -> None:
    hub = land_crawl(landing, [model(), model(B, "o/b")], day=0)
    exports = [export("o/a"), export("o/b", created="2023-06-01T00:00:00.000Z")]
    fold(store, [hub, land_crawl(landing, exports, day=1, scope="curated", format="dated-export")])
    assert ids(store) == {"o/a": (True, "same_creation"), "o/b": (False, None)}
    assert {row.model_id: row.removal for row in store.read(MODELS).where("repo_oid LIKE '6%'").collect()} == {
        "o/a": None,
        "o/b": "recreated",
    }


def test_the_past_can_be_asked(store: Store, landing: Landing) -> None:
    rows = [[model(), model(B, "o/b")], [model(likes=7)], [model(likes=9, tags=["y"])]]
    fold(store, [land_crawl(landing, crawl, day=day) for day, crawl in enumerate(rows)])
    moment = datetime(2024, 1, 2, 12, tzinfo=UTC)
    versions = versions_as_of(store.read(MODEL_VERSIONS), moment)
    snapshots = store.read(MODEL_SNAPSHOTS).where("observed_at <= timestamp '2024-01-02 12:00:00'")
    past = models_as_of(versions, snapshots).collect()
    assert sorted((row.model_id, row.likes, row.tags, row.removal) for row in past) == [
        ("o/a", 7, ["x"], None),
        ("o/b", 1, ["x"], "gone_or_private"),
    ]


#: crawls of every kind over the same few names, so that renames, re-creations and gaps happen
NAMES = st.sampled_from(["o/a", "o/b", "o/c"])
CREATIONS = st.sampled_from(
    ["2023-05-04T10:11:12.000Z", "2023-12-31T00:00:00.000Z", "2022-03-02T23:29:04.000Z", "broken"]
)
TAGS = st.lists(st.sampled_from(["x", "y", "license:mit"]), max_size=2)
CRAWL = st.one_of(
    st.tuples(
        st.just(("models", "api", "hub")),
        st.lists(
            st.builds(
                model, st.sampled_from([A, B]), NAMES, createdAt=CREATIONS, tags=TAGS, likes=st.integers(0, 2),
            ),
            max_size=3,
        ),
    ),
    st.tuples(
        st.just(("models", "dated-export", "curated")),
        st.lists(
            st.builds(export, NAMES, CREATIONS, tags=TAGS, removed=st.booleans()),
            max_size=3,
        ),
    ),
    st.tuples(
        st.just(("models", "census-2022", "hub")),
        st.lists(st.builds(old_census, NAMES, tags=TAGS), max_size=3, unique_by=lambda r: r["id"]),
    ),
    st.tuples(
        st.just(("model_info", "api", "hub")),
        st.lists(st.tuples(st.sampled_from([403, 404]), st.sampled_from([A, B]), NAMES), max_size=2),
    ),
)  # fmt: skip
#: days that a crawl ran before and after its rows were fetched, so that crawls overlap
RUNS = st.tuples(st.integers(0, 2), st.integers(0, 2))
HISTORIES = st.lists(st.tuples(CRAWL, st.sampled_from(["census", "partial"]), RUNS), min_size=2, max_size=5)


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
@hypothesis_settings(
    max_examples=int(os.environ.get("PTM_EXAMPLES", "6")),
    deadline=None,
    derandomize="PTM_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(HISTORIES, st.sets(st.integers(1, 4), max_size=3))
def test_one_by_one_and_all_at_once_give_the_same_tables(
    store: Store, tmp_path_factory: pytest.TempPathFactory, history: list[Any], cuts: set[int]
) -> None:
    lakes = [tmp_path_factory.mktemp("history") for _ in range(2)]
    crawls = []
    for day, (((entity, format, scope), rows), coverage, (before, after)) in enumerate(history):
        landing = Landing(Folder(lakes[0]))
        crawl = land_crawl(landing, rows, day=day, entity=entity, format=format, scope=scope, coverage=coverage)
        # what begins and ends at one moment leaves no version: no crawl ends when another's rows were fetched
        end = at(day + after) + timedelta(hours=after and day + 1)
        crawls.append(replace(crawl, cutoff=utc_text(at(day - before)), observed_at=utc_text(end)))
    crawls.sort(key=lambda crawl: crawl.order)
    at_once, by_parts = (store.of_lake(Folder(lake)) for lake in lakes)
    (Path(lakes[1]) / "landing").symlink_to(Path(lakes[0]) / "landing")
    fold(at_once, crawls)
    done: list[Any] = []
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(crawls)], strict=True):
        if crawls[begin:end]:
            fold(by_parts, crawls[begin:end], earlier=done)
            done = crawls[:end]
    assert contents(by_parts) == contents(at_once)
    check_chains(at_once)


def check_chains(store: Store) -> None:
    """Versions of a model follow each other, the last one is what silver/models says, and so is the newest past."""
    rows = store.read(MODELS).collect()
    models = {row.repo_oid: row for row in rows}
    assert len(models) == len(rows)
    past = models_as_of(store.read(MODEL_VERSIONS), store.read(MODEL_SNAPSHOTS)).collect()
    assert {row.repo_oid: row.removed_at for row in past} == {oid: row.removed_at for oid, row in models.items()}
    by_model: dict[str, list[Any]] = {}
    for row in store.read(MODEL_VERSIONS).collect():
        by_model.setdefault(row.repo_oid, []).append(row)
    assert models.keys() == by_model.keys()
    for oid, rows in by_model.items():
        rows.sort(key=lambda row: row.valid_from)
        assert len({row.valid_from for row in rows}) == len(rows)
        assert [row.valid_to for row in rows] == [*(row.valid_from for row in rows[1:]), None]
        assert [row.is_current for row in rows] == [*(False for _ in rows[1:]), True]
        assert (rows[-1].model_id, rows[-1].removal) == (models[oid].model_id, models[oid].removal)
