"""What follows from crawls that had asked for every card: until when, of whom, and whatever moments are shown."""

from datetime import UTC, datetime
from typing import Any

import pytest
from card_rows import Lake, card, day, gone, model, no_card, oid, rows

from ptm_spark.gold.card_revisions import count_card_events
from ptm_spark.gold.card_states import build_card_states
from ptm_spark.store import Store

pytestmark = [pytest.mark.spark, pytest.mark.one_engine]
EARLY, LATER, THEN = day(10), day(40), day(70)


def lake_of(store: Store) -> Lake:
    return Lake(
        store,
        [model("asked"), model("bare"), model("dumped", seen_in=["export"]), model("late", first_observed_at=THEN)],
        [],
        [card("asked", 1)],
    )


def known_at(lake: Lake, as_ofs: list[datetime], **further: Any) -> dict[str, tuple[int, datetime | None]]:
    """By model: at how many of the moments its status is known, and since when."""
    names = {oid(name): name for name in ("asked", "bare", "dumped", "late")}
    states = build_card_states(lake.models, lake.versions, lake.cards, as_ofs=as_ofs, **further)
    return {
        names[row[0]]: (bin(row[1]).count("1"), row[2] and row[2].replace(tzinfo=UTC))
        for row in rows(states, "repo_oid", "known", "known_since")
    }


def test_a_model_without_a_card_stays_so_until_it_is_asked_for(store: Store) -> None:
    found = known_at(lake_of(store), [EARLY, LATER, THEN], whole=(EARLY,))
    assert found == {"asked": (3, day(1)), "bare": (3, EARLY), "dumped": (3, EARLY), "late": (0, None)}


def test_a_whole_crawl_of_before_the_moments_shown_counts_for_them(store: Store) -> None:
    """As if it were among them; what it said of whoever was asked later on ends then."""
    found = known_at(lake_of(store), [LATER, THEN], whole=(EARLY,))
    assert found == {"asked": (2, day(1)), "bare": (2, EARLY), "dumped": (2, EARLY), "late": (0, None)}


def test_who_is_gone_before_the_first_look_is_removed(store: Store) -> None:
    """Ten of twenty are gone on day 10; half of all are asked by a crawl of some cards before, all others on day 20."""
    names = [f"m{number}" for number in range(20)]
    asked, lost = names[:10], names[5:15]
    lake = Lake(
        store, [model(name) for name in names], [gone(name, 10) for name in lost], [no_card(name, 1) for name in asked]
    )
    states = build_card_states(lake.models, lake.versions, lake.cards, as_ofs=[day(60)], whole=(day(20),))
    assert rows(count_card_events(states, as_of=day(60)), "event", "day", "model_count") == [
        ("none", 60, 10), ("removed", 10, 10),
    ]  # fmt: skip


def test_who_refuses_the_look_that_was_due_stays_unknown(store: Store) -> None:
    lake = Lake(store, [model("gated"), model("bare")], [], [no_card("gated", 20, status="refused")])
    states = build_card_states(lake.models, lake.versions, lake.cards, as_ofs=[day(60)], whole=(day(20),))
    assert rows(count_card_events(states, as_of=day(60)), "event", "day", "model_count") == [
        ("none", 60, 1), ("unknown", None, 1),
    ]  # fmt: skip


def test_nothing_follows_for_models_of_other_populations(store: Store) -> None:
    found = known_at(lake_of(store), [EARLY, LATER, THEN], whole=(EARLY, THEN), scopes=("hub",))
    assert found == {"asked": (3, day(1)), "bare": (3, EARLY), "dumped": (0, None), "late": (1, THEN)}


def test_since_when_is_known_whatever_moments_are_shown(store: Store) -> None:
    lake = lake_of(store)
    whole = (EARLY, LATER, THEN)
    every, newest = (known_at(lake, list(as_ofs), whole=whole) for as_ofs in (whole, whole[2:]))
    assert {name: since for name, (_, since) in newest.items()} == {name: since for name, (_, since) in every.items()}
    events = [
        sorted(map(str, count_card_events(states, as_of=THEN).collect()))
        for states in (
            build_card_states(lake.models, lake.versions, lake.cards, as_ofs=as_ofs, whole=whole)
            for as_ofs in (list(whole), [THEN])
        )
    ]
    assert events[0] == events[1]
