"""Cards by month of creation and moment, and what changed between. Both engines agree."""

import random
from datetime import date

import pytest
from card_rows import Lake, card, day, gone, invented, model, no_card, oid, rows

from ptm_spark.gold.card_states import in_order
from ptm_spark.store import Store

pytestmark = pytest.mark.spark

MAY, JUNE, JULY = date(2023, 5, 1), date(2023, 6, 1), date(2023, 7, 1)
#: 20 May, 10 June, 10 July
EARLY, THEN, NOW = day(19), day(40), day(70)


def changing(store: Store) -> Lake:
    """Seven models of May, each with another fate between 20 May, 10 June and 10 July; one of unknown month."""
    return Lake(
        store,
        [
            *(model(name) for name in ("backfilled", "lost", "deleted", "back", "gated")),
            model("new", first_observed_at=day(60)),
            model("old", created_at=None, created_at_basis="floor"),
        ],
        [gone("deleted", 50), gone("back", 30, 60)],
        [
            *(no_card("backfilled", 5, 50), card("backfilled", 50, front_matter_status="none")),
            *(card("lost", 5, 50), no_card("lost", 50, status="empty")),
            *(card("deleted", 5), card("back", 5), card("new", 60), card("old", 5)),
            *(no_card("gated", 5, 50, status="refused"), card("gated", 50)),
        ],
    )


def test_the_change_of_a_cohort_is_split(store: Store) -> None:
    found = changing(store).cohorts([NOW, EARLY, THEN])
    counts = ("model_count", "known_count", "card_count", "front_matter_count")
    assert rows(found, "before_as_of", "month", *counts, "split_status", "is_partial") == sorted(
        [
            (None, None, 1, 1, 1, 1, "first", False),
            (None, MAY, 5, 4, 3, 3, "first", True),
            (EARLY.replace(tzinfo=None), None, 1, 1, 1, 1, "separated", False),
            (EARLY.replace(tzinfo=None), MAY, 4, 3, 2, 2, "not_separable", False),
            (EARLY.replace(tzinfo=None), JUNE, 0, 0, 0, 0, "separated", True),
            (THEN.replace(tzinfo=None), None, 1, 1, 1, 1, "separated", False),
            (THEN.replace(tzinfo=None), MAY, 5, 5, 4, 3, "not_separable", False),
            (THEN.replace(tzinfo=None), JUNE, 0, 0, 0, 0, "separated", False),
            (THEN.replace(tzinfo=None), JULY, 0, 0, 0, 0, "separated", True),
        ],
        key=lambda row: [(value is not None, value) for value in row],
    )
    parts = (
        *("both_known_count", "unmatched_count", "backfilled_count", "lost_count", "deleted_count"),
        *("deleted_card_count", "new_count", "new_card_count", "newly_known_card_count", "no_longer_known_card_count"),
    )
    may = found.where("month = DATE '2023-05-01'").orderBy("as_of").select(*parts).collect()
    assert [tuple(row) for row in may] == [
        (None,) * 10,
        (3, 1, 0, 0, 1, 1, 0, 0, 0, 0),
        (2, 1, 1, 1, 1, 1, 2, 2, 1, 0),
    ]


@pytest.mark.one_engine
def test_ratios_and_their_bounds(store: Store) -> None:
    found = changing(store).cohorts([EARLY])
    names = ("coverage", "card_ratio", "least_ratio", "most_ratio", "front_matter_ratio", "owner_weighted_ratio")
    assert rows(found.where("month IS NOT NULL"), *names) == [(0.8, 0.75, 0.6, 0.8, 0.75, 0.75)]


def test_a_moment_before_all_models_has_no_month(store: Store) -> None:
    lake = Lake(store, [model("a"), model("floor", created_at=None, first_observed_at=day(-80))], [], [card("a", 1)])
    found = lake.cohorts([day(-90), day(-60), EARLY])
    assert rows(found, "before_as_of", "month", "model_count", "known_count", "new_count") == [
        (day(-90).replace(tzinfo=None), None, 1, 0, 1),
        (day(-60).replace(tzinfo=None), None, 1, 0, 0),
        (day(-60).replace(tzinfo=None), MAY, 1, 1, 1),
    ]


def test_owners_have_one_vote_and_bulk_is_left_out(store: Store) -> None:
    many = [model(f"m{number}", owner="many") for number in range(3)]
    lake = Lake(
        store,
        [*many, model("one"), model("legacy", owner=None), model("other", created_at=None, owner="many")],
        [],
        [card("m0", 1), card("m1", 1), no_card("m2", 1), no_card("one", 1), card("legacy", 1), card("other", 1)],
    )
    found = lake.cohorts([EARLY], bulk_month_uploads=3)
    names = ("known_count", "card_count", "owner_count", "owner_weighted_ratio")
    bulk = ("without_bulk_count", "without_bulk_card_count", "without_bulk_ratio")
    assert rows(found, "month", *names, *bulk) == [
        (None, 1, 1, 1, 1.0, 1, 1, 1.0),
        (MAY, 5, 3, 2, pytest.approx(1 / 3, rel=1e-9), 2, 1, 0.5),
    ]


@pytest.mark.one_engine
def test_how_much_of_the_ratio_hangs_on_the_rule_for_bulk(store: Store) -> None:
    """30 uploads of one owner in a month without cards: bulk from 20 on, not by the rule of 50, nor by that of 100."""
    many = [model(f"m{number}", owner="many") for number in range(30)]
    known = [no_card(f"m{number}", 1) for number in range(30)]
    lake = Lake(store, [*many, model("one")], [], [*known, card("one", 1)])
    names = ("without_bulk_ratio", "without_bulk_20_ratio", "without_bulk_100_ratio")
    found = lake.cohorts([EARLY], bulk_month_uploads=50, bulk_total_uploads=100)
    assert rows(found.where("month IS NOT NULL"), "month", *names)[0][1:] == (1 / 31, 1.0, 1 / 31)


@pytest.mark.one_engine
def test_what_a_whole_crawl_never_asked_for_has_no_card(store: Store) -> None:
    lake = Lake(
        store, [model("asked"), model("unasked"), model("later", first_observed_at=THEN)], [], [card("asked", 1)]
    )
    counts = ("as_of", "model_count", "known_count", "card_count")
    may = "month = DATE '2023-05-01'"
    assert [row[1:] for row in rows(lake.cohorts([EARLY, THEN]).where(may), *counts)] == [(2, 1, 1), (3, 1, 1)]
    found = lake.cohorts([EARLY, THEN], whole=(THEN,)).where(may)
    assert [row[1:] for row in rows(found, *counts)] == [(2, 1, 1), (3, 3, 1)]
    assert rows(found, "as_of", "split_status")[-1][1] == "not_separable"
    found = lake.cohorts([EARLY, THEN], whole=(EARLY, THEN)).where(may)
    assert [row[1:] for row in rows(found, *counts, "split_status")] == [(2, 2, 1, "first"), (3, 3, 1, "separated")]
    assert rows(lake.states([EARLY, THEN], (THEN,)), "repo_oid", "known_since") == sorted(
        (oid(name), (since or THEN).replace(tzinfo=None))
        for name, since in {"asked": day(1), "unasked": None, "later": None}.items()
    )


def test_cards_find_their_models(store: Store) -> None:
    again = {"model_id": "x/again"}
    lake = Lake(
        store,
        [
            model("known"),
            model("first", **again, created_at=None, removal="recreated", removed_at=day(30)),
            model("second", **again, created_at=day(30)),
            model("renamed", model_id="x/new"),
        ],
        [],
        [
            card("known", 1),
            *(card("x", 2, 40, **again, repo_oid=None), card("x", 40, **again, repo_oid=None)),
            *(card("renamed", 3, model_id="x/old"), card("renamed", 50, model_id="x/new")),
            card("stranger", 4, repo_oid=None),
        ],
    )
    assert rows(lake.cards, "valid_from", "valid_to", "of_oid") == [
        (day(since).replace(tzinfo=None), until and day(until).replace(tzinfo=None), name and oid(name))
        for since, until, name in (
            (1, None, "known"), (2, 40, "first"), (3, 50, "renamed"), (4, None, None), (40, None, "second"),
            (50, None, "renamed"),
        )
    ]  # fmt: skip


@pytest.mark.one_engine
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_add_up_shares_are_shares_and_months_have_no_gap(store: Store, seed: int) -> None:
    rng = random.Random(seed)
    models, absences, cards = invented(rng, 80)
    moments = [day(number) for number in (30, 50, 70, 90)]
    lake = Lake(store, models, absences, cards)
    found = [row.asDict() for row in lake.cohorts(moments, whole=(moments[2],), bulk_month_uploads=4).collect()]
    by_key = {(row["as_of"], row["month"]): row for row in found}
    assert len(by_key) == len(found)
    first = min(month for _, month in by_key if month is not None)
    for at in moments:
        mine = {month for as_of, month in by_key if as_of == at.replace(tzinfo=None)} - {None}
        last = at.date().replace(day=1)
        assert len(mine) == (last.year - first.year) * 12 + last.month - first.month + 1
        assert (min(mine), max(mine)) == (first, last)
    for (_, month), row in by_key.items():
        assert row["front_matter_count"] <= row["card_count"] <= row["known_count"] <= row["model_count"]
        shares = [row[name] for name in row if name.endswith(("_ratio", "coverage")) and row[name] is not None]
        assert all(0 <= share <= 1 for share in shares)
        assert (row["card_ratio"] is None) == (row["known_count"] == 0)
        if row["known_count"]:
            assert row["least_ratio"] <= row["card_ratio"] <= row["most_ratio"]
        if row["before_as_of"] is None:
            assert row["split_status"] == "first"
            continue
        before = by_key.get((row["before_as_of"], month), {"card_count": 0, "model_count": 0})
        assert row["model_count"] == before["model_count"] + row["new_count"] - row["deleted_count"]
        assert row["card_count"] - before["card_count"] == (
            row["backfilled_count"] - row["lost_count"] + row["new_card_count"] + row["newly_known_card_count"]
            - row["deleted_card_count"] - row["no_longer_known_card_count"]
        )  # fmt: skip
    rng.shuffle(models), rng.shuffle(cards)
    again = Lake(store, models, absences, cards)
    again.cards, again.models = again.cards.repartition(5), again.models.repartition(3)
    repeated = [row.asDict() for row in again.cohorts(moments, whole=(moments[2],), bulk_month_uploads=4).collect()]
    assert {(row["as_of"], row["month"]): row for row in repeated} == by_key


def test_moments_are_at_least_one_and_not_too_many() -> None:
    assert in_order([NOW, THEN, NOW]) == [THEN, NOW]
    for moments in ([], [day(number) for number in range(63)]):
        with pytest.raises(ValueError, match="expected 1 to 62 moments"):
            in_order(moments)
