"""Where names or moments do not tell for sure: names listed twice or given again, crawls that overlap in time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from histories import at, fold, land_crawl, versions_of

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest, utc_text
from ptm_spark.silver.as_of import models_as_of, versions_as_of
from ptm_spark.store import Store
from ptm_spark.tables.hub import MODEL_IDS, MODEL_SNAPSHOTS, MODEL_VERSIONS, MODELS

pytestmark = pytest.mark.spark

A, B = "60000000aaaaaaaaaaaaaaaa", "60000000bbbbbbbbbbbbbbbb"
CREATED, FLOOR = "2023-05-04T10:11:12.000Z", "2022-03-02T23:29:04.000Z"
#: a creation time that breaks a rule: only the name is left
BROKEN = "yesterday"


def model(oid: str, name: str, created: str = CREATED, **changes: Any) -> dict[str, Any]:
    return {"_id": oid, "id": name, "createdAt": created, "tags": ["x"], "likes": 1} | changes


def export(name: str, created: str = CREATED, **changes: Any) -> dict[str, Any]:
    return {"id": name, "created_at": created, "tags": ["x"], "likes": 1, "removed": False} | changes


def named(*names: str) -> list[dict[str, Any]]:
    """Records of a source that knows names only."""
    return [{"modelId": name, "tags": ["x"], "likes": 1} for name in names]


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(Folder(tmp_path / "lake"))


def land_all(landing: Landing, *crawls: Sequence[dict[str, Any]]) -> list[Manifest]:
    """Censuses of one population, a day each; their rows tell of which kind."""
    kinds = {"_id": "api", "modelId": "census-2022", "created_at": "dated-export"}
    return [
        land_crawl(landing, rows, day=day, format=next(kinds[key] for key in kinds if key in rows[0]))
        for day, rows in enumerate(crawls)
    ]


def states(store: Store) -> list[tuple[str, str, str | None]]:
    """(ObjectId, or ``n`` for any surrogate, name, removal) of every model, each row counted."""
    rows = store.read(MODELS).collect()
    assert len(rows) == len({row.repo_oid for row in rows})
    return sorted(
        ((row.repo_oid if row.repo_oid[0] != "n" else "n", row.model_id, row.removal) for row in rows), key=str
    )


def links(store: Store) -> list[tuple[str, str | None, str | None]]:
    """(name, what it is linked to, why) of every surrogate."""
    rows = store.read(MODEL_IDS).collect()
    return sorted(
        ((row.model_id, None if row.repo_oid == row.surrogate else row.repo_oid, row.basis) for row in rows), key=str
    )


BOTH = [export("o/a"), export("o/a", BROKEN)]


@pytest.mark.parametrize(
    ("crawls", "expected"),
    [
        # both are new: the one with the creation time is it
        ([[model(A, "o/a")], BOTH], [(A, "same_creation"), (None, None)]),
        # both are linked: the better basis
        (
            [[model(A, "o/a")], [export("o/a")], named("o/a"), BOTH],
            [(A, "existed_before"), (A, "same_creation")],
        ),
        # one is linked: it is there already
        ([[model(A, "o/a")], named("o/a"), BOTH], [(A, "existed_before"), (None, None)]),
    ],
    ids=["both new", "both linked", "one linked"],
)
def test_a_name_that_is_listed_twice_is_the_known_model_once(
    store: Store, landing: Landing, crawls: list[list[dict[str, Any]]], expected: list[Any]
) -> None:
    fold(store, land_all(landing, *crawls))
    assert states(store) == [(A, "o/a", None), ("n", "o/a", None)]
    assert links(store) == [("o/a", *found) for found in expected]


@pytest.mark.one_engine
def test_a_row_that_is_in_the_crawl_itself_is_no_other_ones(store: Store, landing: Landing) -> None:
    fold(store, land_all(landing, named("o/a"), BOTH))
    assert states(store) == [("n", "o/a", None), ("n", "o/a", None)]
    assert links(store) == [("o/a", None, None), ("o/a", None, None)]


def test_a_name_alone_follows_the_model_that_has_it_now(store: Store, landing: Landing) -> None:
    old, again = model(A, "o/a", FLOOR), model(B, "o/a", "2024-01-03T00:00:00.000Z")
    crawls = land_all(landing, [old], named("o/a"), [again], named("o/a"))
    fold(store, crawls)
    assert links(store) == [("o/a", A, "existed_before")]
    assert versions_of(store, "repo_oid", "removal") == [
        ("o/a", 0, 2, A, None),
        ("o/a", 2, None, A, "recreated"),
        ("o/a", 2, None, B, None),
    ]


@pytest.mark.one_engine
def test_a_name_alone_follows_no_model_that_was_renamed_while_another_has_the_name(
    store: Store, landing: Landing
) -> None:
    renamed = [model(A, "o/new", FLOOR), model(B, "o/a")]
    fold(store, land_all(landing, [model(A, "o/a", FLOOR)], named("o/a"), renamed, named("o/a", "o/new")))
    assert states(store) == [(A, "o/new", None), (B, "o/a", None)]
    assert links(store) == [("o/a", A, "existed_before"), ("o/new", A, "existed_before")]


@pytest.mark.one_engine
def test_a_name_alone_that_nobody_else_has_is_still_the_renamed_model(store: Store, landing: Landing) -> None:
    fold(store, land_all(landing, [model(A, "o/a")], named("o/a"), [model(A, "o/new")], named("o/a")))
    assert states(store) == [(A, "o/a", None)]


@pytest.mark.one_engine
def test_a_name_alone_does_not_bring_back_what_another_model_has_replaced(store: Store, landing: Landing) -> None:
    later = model(B, "o/a", "2024-01-02T00:00:00.000Z")
    fold(store, land_all(landing, named("o/a"), [later], named("o/a")))
    assert states(store) == [(B, "o/a", None), ("n", "o/a", "recreated")]
    assert links(store) == [("o/a", None, None)]


@pytest.mark.one_engine
def test_a_surrogate_of_a_model_known_by_another_name_ends_as_recreated(store: Store, landing: Landing) -> None:
    fold(store, land_all(landing, [model(A, "o/old")], named("o/a"), [model(A, "o/a")]))
    assert links(store) == [("o/a", A, "renamed")]
    assert states(store) == [(A, "o/a", None), ("n", "o/a", "recreated")]


def span(crawl: Manifest, begin: float, end: float) -> Manifest:
    """The crawl as one that ran from day to day, its rows fetched in between."""
    moments = [utc_text(at(0) + timedelta(days=day)) for day in (begin, end)]
    return replace(crawl, cutoff=moments[0], observed_at=moments[1])


def land_overlapping(landing: Landing, *, seen: int, end: float) -> list[Manifest]:
    """A census of both models, one from day 1 to 5 that misses o/a, and a crawl that began with it and saw o/a."""
    whole = land_crawl(landing, [model(A, "o/a"), model(B, "o/b")], day=0)
    census = span(land_crawl(landing, [model(B, "o/b")], day=2), 1, 5)
    crawl = span(land_crawl(landing, [model(A, "o/a", likes=7)], day=seen, coverage="partial"), 0.5, end)
    return [whole, census, crawl]


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
def test_what_was_seen_while_a_census_missed_it_is_back(store: Store, landing: Landing, at_once: bool) -> None:
    crawls = land_overlapping(landing, seen=3, end=6)
    parts = [crawls] if at_once else [[crawl] for crawl in crawls]
    measures: dict[str, Any] = {}
    for number, part in enumerate(parts):
        measures |= fold(store, part, earlier=crawls[:number])
    assert versions_of(store, "removal") == [
        ("o/a", 0, 5, None),
        ("o/a", 5, 6, "gone_or_private"),
        ("o/a", 6, None, None),
        ("o/b", 0, None, None),
    ]
    assert (measures[crawls[2].path]["kept_count"], measures[crawls[2].path]["older_fetch_count"]) == (1, 0)
    (row,) = store.read(MODELS).where(f"repo_oid = '{A}'").collect()
    assert (row.likes, row.removed_at, row.crawl_id) == (7, None, crawls[2].crawl_id)


@pytest.mark.one_engine
@pytest.mark.parametrize(("seen", "end"), [(1, 6.0), (3, 5.0)], ids=["before it began", "no later end"])
def test_other_overlapping_sightings_stay_older(store: Store, landing: Landing, seen: int, end: float) -> None:
    crawls = land_overlapping(landing, seen=seen, end=end)
    if crawls[2].order < crawls[1].order:  # of two that end at once the id decides
        crawls[2] = replace(crawls[2], observed_at=crawls[1].observed_at, crawl_id="z")
    fold(store, crawls)
    assert (A, "o/a", "gone_or_private") in states(store)


@pytest.mark.one_engine
@pytest.mark.parametrize(("scope", "removal"), [("hub", "gone_or_private"), ("curated", None)])
def test_a_later_census_that_misses_it_too_outdoes_the_sighting(
    store: Store, landing: Landing, scope: str, removal: str | None
) -> None:
    later = span(land_crawl(landing, [model(B, "o/b")], day=4, scope=scope), 3.5, 5.5)
    fold(store, [*land_overlapping(landing, seen=3, end=6), later])
    assert (A, "o/a", removal) in states(store)


@pytest.mark.one_engine
def test_a_census_does_not_miss_what_was_seen_since_it_began(store: Store, landing: Landing) -> None:
    whole = land_crawl(landing, [model(A, "o/a"), model(B, "o/b")], day=0)
    seen = land_crawl(landing, [model(A, "o/a", likes=7)], day=3, coverage="partial")
    census = span(land_crawl(landing, [model(B, "o/b")], day=2), 1, 5)
    fold(store, [whole, seen, census])
    assert (A, "o/a", None) in states(store)


def test_a_removal_began_when_it_did_whatever_changed_meanwhile(store: Store, landing: Landing) -> None:
    rows = [
        [export("o/a"), export("o/b", removed=True)],
        [export("o/a", removed=True), export("o/b")],
        [export("o/a", removed=True, tags=["y"]), export("o/b", removed=True)],
        [export("o/a", removed=True, tags=["z"]), export("o/b", removed=True, tags=["y"])],
    ]
    fold(store, land_all(landing, *rows))

    def removed(day: int) -> dict[str, Any]:
        versions = versions_as_of(store.read(MODEL_VERSIONS), at(day))
        return {row.model_id: row.removed_at for row in models_as_of(versions, store.read(MODEL_SNAPSHOTS)).collect()}

    first, second, third = (at(day).replace(tzinfo=None) for day in (0, 1, 2))
    assert [removed(day) for day in range(4)] == [
        {"o/a": None, "o/b": first},
        {"o/a": second, "o/b": None},
        {"o/a": second, "o/b": third},
        {"o/a": second, "o/b": third},
    ]
    assert removed(3) == {row.model_id: row.removed_at for row in store.read(MODELS).collect()}


@pytest.mark.one_engine
def test_a_broken_creation_time_takes_back_none_that_is_known(store: Store, landing: Landing) -> None:
    """It is a flaw of that observation; the model was created when it was."""
    crawls = [land_crawl(landing, [model(A, "o/a", created)], day=day) for day, created in enumerate((CREATED, BROKEN))]
    fold(store, crawls)
    (row,) = store.read(MODELS).where(f"repo_oid = '{A}'").collect()
    assert (str(row.created_at), row.created_at_basis) == ("2023-05-04 10:11:12", "hub")
    assert row.flaws == ["createdAt:format"]
