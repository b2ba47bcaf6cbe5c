"""When cards come and how they change, and what becomes of models. Both engines agree."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from card_rows import Lake, card, day, gone, invented, is_of_contract, model, no_card, rows
from cards import take_in
from dumps import land_all

from ptm_spark.gold.card_revisions import build_card_histories, build_card_revisions_monthly, count_card_events
from ptm_spark.gold.card_states import build_card_states, match_cards
from ptm_spark.gold.card_survival import build_card_survival_monthly
from ptm_spark.landing import Landing
from ptm_spark.store import Store
from ptm_spark.tables.cards import MODEL_CARDS
from ptm_spark.tables.gold_cards import CARD_REVISIONS_MONTHLY
from ptm_spark.tables.hub import MODEL_VERSIONS, MODELS

pytestmark = pytest.mark.spark

MARCH, MAY, JUNE = date(2023, 3, 1), date(2023, 5, 1), date(2023, 6, 1)
#: 10 June
NOW = day(40)
GIT = "git"


def histories(lake: Lake, **options: Any) -> Any:
    states = lake.states([NOW])
    return lake.store.stage("histories", build_card_histories(lake.cards, states, as_of=NOW, **options))


def test_from_creation_to_the_first_card_and_its_revisions(store: Store) -> None:
    lake = Lake(
        store,
        [model("soon"), model("later"), model("unseen"), model("young", created_at=day(39.5)), model("never")],
        [],
        [
            *(card("soon", 0.5, 10), card("soon", 10, 12, card_sha256="2"), card("soon", 12)),
            *(no_card("later", 0.75, 20), card("later", 20, 22), no_card("later", 22, 25), card("later", 25)),
            *(card("unseen", 35), card("young", 39.75)),
            no_card("never", 1),
        ],
    )
    found = build_card_revisions_monthly(histories(lake), as_of=NOW)
    timing = ("median_days_to_first_card", "day_1_count", "within_1_day_share", "day_7_count", "within_7_days_share")
    assert rows(found, "cohort_basis", "month", "card_count", "known_count", "coverage", *timing, "is_partial") == [
        ("created", MAY, 3, 2, 2 / 3, 10.25, 2, 0.5, 2, 0.5, False),
        ("created", JUNE, 1, 1, 1.0, None, 0, None, 0, None, True),
    ]
    revisions = ("revision_count", "mean_revision_count", "median_revision_count", "revised_count", "followed_count")
    may = found.where("month = DATE '2023-05-01'")
    assert rows(may, "day_30_count", "within_30_days_share", *revisions, "revised_within_30_days_share") == [
        (2, 1.0, 1, 0.5, 0.5, 1, 1, 1.0)
    ]


def test_without_creation_the_first_version_is_the_cohort(store: Store) -> None:
    git = {"crawl_id": GIT, "repo_oid": None}
    lake = Lake(
        store,
        [model("floor", created_at=None), model("found", created_at=None)],
        [],
        [
            *(card("git", -50, -5, **git), card("git", -5, **git, card_sha256="2")),
            *(no_card("floor", 1, 35), card("floor", 35)),
            card("found", 1),
        ],
    )  # fmt: skip
    found = build_card_revisions_monthly(histories(lake, histories=[GIT]), as_of=NOW)
    names = ("card_count", "known_count", "revision_count", "followed_count", "revised_within_30_days_share")
    assert rows(found, "cohort_basis", "month", *names, "is_partial") == [
        ("first_card", None, 1, 0, 0, 0, None, False),
        ("first_card", MARCH, 1, 1, 1, 1, 0.0, False),
        ("first_card", date(2023, 4, 1), 0, 0, 0, 0, None, False),
        ("first_card", MAY, 0, 0, 0, 0, None, False),
        ("first_card", JUNE, 1, 1, 0, 0, None, True),
    ]


def test_what_became_of_models(store: Store) -> None:
    lake = Lake(
        store,
        [
            *(model(name) for name in ("card", "bare", "removed", "both", "late", "unasked")),
            model("today", created_at=day(39.5)),
            model("floor", created_at=None),
        ],
        [gone("removed", 10), gone("both", 10, 12), gone("late", 30)],
        [
            *(no_card("card", 1, 1.5), card("card", 1.5), no_card("bare", 1), no_card("removed", 1)),
            *(no_card("both", 1, 20), card("both", 20), card("late", 35), no_card("today", 39.6), card("floor", 1)),
        ],
    )
    assert rows(count_card_events(lake.states([NOW]), as_of=NOW), "month", "event", "day", "model_count") == [
        (None, "unknown", None, 1),
        (MAY, "card", 2, 1),
        (MAY, "card", 20, 1),
        (MAY, "none", 40, 1),
        (MAY, "removed", 10, 1),
        (MAY, "unknown", None, 2),
        (JUNE, "none", 0, 1),
    ]


def test_a_git_history_shows_no_model_without_a_card(store: Store) -> None:
    lake = Lake(store, [model("a"), model("b")], [], [card("a", 1, crawl_id=GIT), no_card("b", 1)])
    states = build_card_states(lake.models, lake.versions, lake.cards, as_ofs=[NOW], histories=[GIT])
    counted = count_card_events(states, as_of=NOW)
    assert rows(counted, "event", "model_count") == [("none", 1), ("unknown", 1)]


def test_nothing_gives_nothing_and_every_table_is_its_contract(store: Store) -> None:
    lake = Lake(store, [], [], [])
    found = build_card_revisions_monthly(histories(lake), as_of=NOW)
    assert is_of_contract(found, CARD_REVISIONS_MONTHLY)
    assert found.collect() == []
    events = [row.asDict() for row in count_card_events(lake.states([NOW]), as_of=NOW).collect()]
    assert build_card_survival_monthly(events, as_of=NOW) == []


@pytest.mark.one_engine
@pytest.mark.parametrize("seed", [6, 7])
def test_every_model_and_card_is_counted_once(store: Store, seed: int) -> None:
    models, absences, cards = invented(random.Random(seed), 80)
    now = day(90)
    lake = Lake(store, models, absences, cards)
    states = lake.states([day(50), now])
    survival = build_card_survival_monthly(
        [row.asDict() for row in count_card_events(states, as_of=now).collect()], as_of=now
    )
    assert sum(row["model_count"] for row in survival) == 80
    read = build_card_histories(lake.cards, states, as_of=now)
    found = [row.asDict() for row in build_card_revisions_monthly(read, as_of=now).collect()]
    assert sum(row["card_count"] for row in found) == len(
        {one["repo_oid"] for one in cards if one["status"] == "present"}
    )
    for row in (*survival, *found):
        shares = [row[name] for name in row if name.endswith("_share") or "incidence" in name or name == "coverage"]
        assert all(share is None or 0 <= share <= 1 for share in shares)
        part, whole = ("followed_count", "model_count") if "model_count" in row else ("known_count", "card_count")
        assert row[part] <= row[whole]
    months = sorted(row["month"] for row in survival if row["month"])
    assert all((later - earlier) <= timedelta(31) for earlier, later in pairwise(months))


@pytest.mark.one_engine
def test_the_cards_of_2020(store: Store, real_data: Path) -> None:
    """765 cards of the git history of 2020: 870 modifications, three of its 768 additions by files that moved."""
    dump = real_data / "hub" / "card_revisions_2020.jsonl.gz"
    at = datetime(2021, 1, 1, tzinfo=UTC)
    (landed,) = land_all(Landing(store._lake), dump, entity="hub/cards", format="git-history", observed_at=at)
    take_in(store, [landed[0]])
    cards = store.stage("cards", match_cards(store.read(MODEL_CARDS), store.empty(MODELS)))
    states = build_card_states(store.empty(MODELS), store.empty(MODEL_VERSIONS), cards, as_ofs=[at])
    read = build_card_histories(cards, states, as_of=at, histories=[landed[0].crawl_id])
    names = ("card_count", "known_count", "revision_count", "revised_count")
    assert rows(build_card_revisions_monthly(read, as_of=at), "month", *names) == [
        (date(2020, 1, 1), 11, 11, 35, 11),
        (date(2020, 2, 1), 27, 27, 79, 21),
        (date(2020, 3, 1), 104, 104, 146, 60),
        (date(2020, 4, 1), 79, 79, 150, 71),
        (date(2020, 5, 1), 54, 54, 76, 43),
        (date(2020, 6, 1), 66, 66, 46, 32),
        (date(2020, 7, 1), 95, 95, 102, 69),
        (date(2020, 8, 1), 56, 56, 48, 23),
        (date(2020, 9, 1), 91, 91, 109, 47),
        (date(2020, 10, 1), 82, 82, 41, 31),
        (date(2020, 11, 1), 89, 89, 38, 35),
        (date(2020, 12, 1), 11, 11, 0, 0),
        (date(2021, 1, 1), 0, 0, 0, 0),
    ]
