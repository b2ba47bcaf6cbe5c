"""What stands in cards, by month of creation, section and kind of model. Both engines agree."""

import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from card_rows import Lake, card, day, gone, invented, is_of_contract, model, no_card, rows, section, sections_frame
from cards import take_in
from dumps import land_all
from histories import fold

from ptm_spark.gold.card_content import (
    STRATA,
    build_card_content_by_stratum,
    build_card_content_monthly,
    build_card_sections_monthly,
)
from ptm_spark.gold.card_states import match_cards
from ptm_spark.gold.documentation import build_cards_per_cohort_monthly
from ptm_spark.landing import Landing
from ptm_spark.store import Store
from ptm_spark.tables.cards import CARD_SECTIONS, MODEL_CARDS
from ptm_spark.tables.gold_cards import (
    CARD_CONTENT_BY_STRATUM,
    CARD_CONTENT_MONTHLY,
    CARD_SECTIONS_MONTHLY,
    CARDS_PER_COHORT_MONTHLY,
)
from ptm_spark.tables.hub import MODEL_VERSIONS, MODELS

pytestmark = pytest.mark.spark

MAY, JUNE = date(2023, 5, 1), date(2023, 6, 1)
#: 10 June, 10 July
THEN, NOW = day(40), day(70)


def test_what_stands_in_cards(store: Store) -> None:
    trainer = {"generated_by": "trainer", "template_unfilled_share": 0.25, "metadata_completeness": 0.6}
    lake = Lake(
        store,
        [model("a"), model("b"), model("c", created_at=day(35)), model("bare"), model("dead")],
        [gone("dead", 20)],
        [
            card("a", 1, word_count=10, section_count=3, indented_code_block_count=1, arxiv_ids=["1706.03762"]),
            card("b", 1, **trainer, word_count=41, table_count=2, text_language="fr", has_model_index=True),
            card("c", 36, word_count=5, text_language=None, image_count=1, bibtex_count=1, eval_result_count=2),
            *(no_card("bare", 1), card("dead", 1), card("stranger", 1, repo_oid=None)),
        ],
    )
    states = lake.states([THEN])
    found = build_card_content_monthly(lake.current([THEN], states), states, as_ofs=[THEN])
    names = (
        *("month", "stratum", "card_count", "card_share", "median_word_count", "mean_word_count"),
        *("median_section_count", "mean_completeness", "templated_count", "mean_unfilled_share", "generated_share"),
        *("language_count", "foreign_share", "coverage", "is_partial"),
    )
    nothing = (None,) * 4
    assert rows(found, *names) == [
        (None, "all", 1, 1.0, 40.0, 40.0, 0.0, 0.1, 0, None, 0.0, 1, 0.0, None, False),
        (None, "hand_written", 1, 1.0, 40.0, 40.0, 0.0, 0.1, 0, None, 0.0, 1, 0.0, None, False),
        (MAY, "all", 2, 1.0, 25.5, 25.5, 1.5, 0.35, 1, 0.25, 0.5, 2, 0.5, 1.0, False),
        (MAY, "generated", 1, 0.5, 41.0, 41.0, 0.0, 0.6, 1, 0.25, 1.0, 1, 1.0, 1.0, False),
        (MAY, "hand_written", 1, 0.5, 10.0, 10.0, 3.0, 0.1, 0, None, 0.0, 1, 0.0, 1.0, False),
        (JUNE, "all", 1, 1.0, 5.0, 5.0, 0.0, 0.1, 0, None, 0.0, 0, None, 1.0, True),
        (JUNE, "generated", 0, 0.0, *nothing, 0, None, None, 0, None, 1.0, True),
        (JUNE, "hand_written", 1, 1.0, 5.0, 5.0, 0.0, 0.1, 0, None, 0.0, 0, None, 1.0, True),
    ]
    shares = ("code", "table", "image", "bibtex", "arxiv", "model_index", "eval_result")
    whole = found.where("stratum = 'all' AND month IS NOT NULL")
    assert rows(whole, "month", *(f"{name}_share" for name in shares)) == [
        (MAY, 0.5, 0.5, 0.0, 0.0, 0.5, 0.5, 0.0),
        (JUNE, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0),
    ]


def test_which_models_have_cards(store: Store) -> None:
    lake = Lake(
        store,
        [
            model("a", owner="two", downloads=0, library_name=None),
            model("b", owner="two", downloads=12_000),
            model("c", downloads=999),
            model("d", owner=None, downloads=None),
        ],
        [],
        [card("a", 1, word_count=7), card("b", 1, word_count=10, front_matter_status="none"), no_card("c", 1)],
    )
    states = lake.states([THEN])
    found = build_card_content_by_stratum(lake.current([THEN], states), states, as_ofs=[THEN])
    names = ("model_count", "known_count", "coverage", "card_count", "card_ratio", "front_matter_ratio")
    assert rows(found, "kind", "value", *names, "median_word_count", "mean_completeness") == [
        ("library", "none", 1, 1, 1.0, 1, 1.0, 1.0, 7.0, 0.1),
        ("library", "transformers", 3, 2, 2 / 3, 1, 0.5, 0.0, 10.0, 0.1),
        ("owner_size", "1", 1, 1, 1.0, 0, 0.0, 0.0, None, None),
        ("owner_size", "2-9", 2, 2, 1.0, 2, 1.0, 0.5, 8.5, 0.1),
        ("owner_size", "none", 1, 0, 0.0, 0, None, None, None, None),
        ("popularity_band", "0", 1, 1, 1.0, 1, 1.0, 1.0, 7.0, 0.1),
        ("popularity_band", "100-999", 1, 1, 1.0, 0, 0.0, 0.0, None, None),
        ("popularity_band", "10000+", 1, 1, 1.0, 1, 1.0, 0.0, 10.0, 0.1),
        ("popularity_band", "unknown", 1, 0, 0.0, 0, None, None, None, None),
    ]


def test_which_sections_cards_have(store: Store) -> None:
    lake = Lake(
        store,
        [model("a"), model("b"), model("copy", created_at=day(35))],
        [],
        [card("a", 1), card("b", 1), card("copy", 36, card_sha256="sha of a")],
    )
    sections = sections_frame(
        store,
        *(section("sha of a", 1, "uses", 8), section("sha of a", 2, "uses", 4), section("sha of a", 3, None, 9)),
        section("sha of a", 4, "evaluation", 3, is_placeholder=True),
        *(section("sha of b", 1, "uses", 0), section("sha of b", 2, "evaluation", 5)),
        section("sha of nobody", 1, "license", 5),
    )
    states = lake.states([THEN])
    found = build_card_sections_monthly(lake.current([THEN], states), sections, states, as_ofs=[THEN])
    names = ("month_card_count", "card_count", "section_share", "filled_count", "filled_share", "median_word_count")
    assert rows(found, "month", "canonical_section", *names, "coverage", "is_partial") == [
        (MAY, "evaluation", 2, 2, 1.0, 1, 0.5, 5.0, 1.0, False),
        (MAY, "license", 2, 0, 0.0, 0, None, None, 1.0, False),
        (MAY, "uses", 2, 2, 1.0, 1, 0.5, 12.0, 1.0, False),
        (JUNE, "evaluation", 1, 1, 1.0, 0, 0.0, None, 1.0, True),
        (JUNE, "license", 1, 0, 0.0, 0, None, None, 1.0, True),
        (JUNE, "uses", 1, 1, 1.0, 1, 1.0, 12.0, 1.0, True),
    ]


def test_nothing_gives_nothing_and_every_table_is_its_contract(store: Store) -> None:
    lake = Lake(store, [], [], [])
    states = lake.states([THEN, NOW])
    current = lake.current([THEN, NOW], states)
    for_last = {"as_ofs": [THEN, NOW]}
    built = {
        CARDS_PER_COHORT_MONTHLY: build_cards_per_cohort_monthly(states, lake.labels([THEN, NOW]), **for_last),
        CARD_CONTENT_MONTHLY: build_card_content_monthly(current, states, **for_last),
        CARD_CONTENT_BY_STRATUM: build_card_content_by_stratum(current, states, **for_last),
        CARD_SECTIONS_MONTHLY: build_card_sections_monthly(current, store.empty(CARD_SECTIONS), states, **for_last),
    }
    for table, frame in built.items():
        assert is_of_contract(frame, table)
        assert frame.collect() == []


@pytest.mark.one_engine
@pytest.mark.parametrize("seed", [4, 5])
def test_tables_of_content_agree_with_each_other(store: Store, seed: int) -> None:
    rng = random.Random(seed)
    models, absences, cards = invented(rng, 80)
    for one in cards:
        one["generated_by"] = rng.choice([None, "trainer"]) if one["status"] == "present" else None
    moments = [day(60), day(90)]
    lake = Lake(store, models, absences, cards)
    states = lake.states(moments)
    current = lake.current(moments, states)
    cohorts = build_cards_per_cohort_monthly(states, lake.labels(moments), as_ofs=moments)
    expected = {
        row["month"]: row["card_count"] for row in cohorts.collect() if row["as_of"] == day(90).replace(tzinfo=None)
    }
    by_stratum: dict[str, dict[Any, int]] = {stratum: {} for stratum in STRATA}
    for row in build_card_content_monthly(current, states, as_ofs=moments).collect():
        by_stratum[row["stratum"]][row["month"]] = row["card_count"]
    assert sum(expected.values()) > 0
    assert by_stratum["all"] == {month: count for month, count in expected.items() if month or count}
    for month, count in by_stratum["all"].items():
        assert by_stratum["generated"].get(month, 0) + by_stratum["hand_written"].get(month, 0) == count
    totals: dict[str, list[int]] = {}
    for row in build_card_content_by_stratum(current, states, as_ofs=moments).collect():
        total = totals.setdefault(row["kind"], [0, 0])
        total[0], total[1] = total[0] + row["model_count"], total[1] + row["card_count"]
    assert {tuple(total) for total in totals.values()} == {
        (sum(row["model_count"] for row in cohorts.where("before_as_of IS NOT NULL").collect()), sum(expected.values()))
    }


@pytest.mark.one_engine
def test_the_census_of_2022(store: Store, real_data: Path) -> None:
    """29,432 models of unknown creation; of 16,241 cards 13,916 begin with front matter, 6 of which are no mapping."""
    dump, at = real_data / "hub" / "models_with_readme_2022-02.jsonl.gz", datetime(2022, 2, 1, tzinfo=UTC)
    landed = [one[0] for one in land_all(Landing(store._lake), dump, format="census-2022", observed_at=at)]
    fold(store, [crawl for crawl in landed if crawl.entity == "models"])
    take_in(store, [crawl for crawl in landed if crawl.entity == "cards"])
    lake = Lake(store, [], [], [])
    lake.models, lake.versions = store.read(MODELS), store.read(MODEL_VERSIONS)
    lake.cards = store.stage("cards", match_cards(store.read(MODEL_CARDS), lake.models))
    states = lake.states([at])
    cohorts = build_cards_per_cohort_monthly(states, lake.labels([at]), as_ofs=[at])
    names = ("model_count", "known_count", "card_count", "front_matter_count", "without_bulk_count")
    assert rows(cohorts, "month", *names, "without_bulk_card_count") == [
        (None, 29_432, 29_432, 16_241, 13_910, 21_900, 9_915)
    ]
    shares = rows(cohorts, "card_ratio", "front_matter_ratio", "owner_weighted_ratio", "without_bulk_ratio")
    assert shares == [pytest.approx((0.5518, 0.4726, 0.3718, 0.4527), abs=5e-5)]
    current = lake.current([at], states)
    content = build_card_content_monthly(current, states, as_ofs=[at])
    counts = ("card_count", "templated_count", "generated_count", "language_count", "median_word_count")
    assert rows(content, "stratum", *counts) == [
        ("all", 16_241, 2_361, 7_321, 13_575, 149.0),
        ("generated", 7_321, 2_361, 7_321, 7_300, 191.0),
        ("hand_written", 8_920, 0, 0, 6_275, 85.0),
    ]
    strata = build_card_content_by_stratum(current, states, as_ofs=[at]).where("kind = 'popularity_band'")
    assert rows(strata, "value", "model_count", "card_count") == [
        ("0", 8_977, 1_776), ("1-9", 11_253, 7_036), ("10-99", 5_651, 4_450), ("100-999", 2_038, 1_699),
        ("1000-9999", 769, 648), ("10000+", 532, 455), ("unknown", 212, 177),
    ]  # fmt: skip
