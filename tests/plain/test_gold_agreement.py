"""Do forum and Hub agree: figures of the study's own tables, months that count, lags, and what little data gives."""

import random
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monthly_rows import AS_OF, STUDY, Row, by_key, check_rows, health, mentions, months, uploads

from ptm_spark.gold.agreement import build_forum_hub_agreement, build_pain_per_family
from ptm_spark.gold.monthly import first_day
from ptm_spark.replication.months import SHARES
from ptm_spark.replication.pairs import topics_by_month
from ptm_spark.replication.tables import load_tables
from ptm_spark.tables.gold_series import FORUM_HUB_AGREEMENT, PAIN_PER_FAMILY

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")
_MEASURES = ("rho", "p_naive", "p_surrogate", "q_value", "interval_low_3", "smallest_detectable_rho")


def study_rows() -> tuple[list[Row], list[Row]]:
    """Mentions and uploads of the study as rows of the monthly tables, in the 34 months of its shares."""
    tables = load_tables(STUDY)
    topics = topics_by_month(tables)
    assert topics is not None
    days = [date.fromisoformat(f"{month}-01") for month in SHARES]
    talk = [
        {
            "month": day,
            "family": name,
            "topic_count": int(count),
            "topic_share": count / of,
            "coverage": None,
            "is_partial": False,
        }
        for name in tables.forum.names
        for day, count, of in zip(days, tables.forum.series(name, SHARES), topics, strict=True)
    ]
    models = [
        {"month": day, "family": name, "upload_count": int(count), "coverage": None, "is_partial": False}
        for name in tables.hub.names
        for day, count in zip(days, tables.hub.series(name, SHARES), strict=True)
    ]
    return talk, models


@pytest.fixture(scope="module")
def of_study() -> list[Row]:
    rows = build_forum_hub_agreement(*study_rows(), as_of=AS_OF)
    check_rows(rows, FORUM_HUB_AGREEMENT)
    return rows


@pytest.mark.parametrize(
    ("family", "on_shares", "on_differences"),
    [("bert", -0.10, -0.11), ("roberta", 0.11, None), ("bart", -0.52, -0.03), ("gpt2", 0.65, 0.07),
     ("distilbert", -0.45, None), ("t5", -0.07, None), ("vit", 0.51, None), ("whisper", 0.89, None),
     ("llama", 0.84, None)],
)  # fmt: skip
def test_shares_and_differences_of_the_study_are_its_published_ones(
    of_study: list[Row], family: str, on_shares: float, on_differences: float | None
) -> None:
    """Taraghi et al. 2024 publish rho on counts; on shares and on differences as recomputed from their tables."""
    rows = by_key(of_study, "family", "basis", "lag")
    assert rows[family, "shares", 0]["rho"] == pytest.approx(on_shares, abs=0.005)
    if on_differences is not None:
        assert rows[family, "differences", 0]["rho"] == pytest.approx(on_differences, abs=0.005)


def test_nothing_of_the_studys_agreement_is_left_on_differences(of_study: list[Row]) -> None:
    """On naive p values of shares 13 names of 38 would agree; of changes none does, at whatever lag."""
    tested = [row for row in of_study if row["basis"] == "differences" and row["p_surrogate"] is not None]
    assert len({row["family"] for row in tested}) == 37
    assert min(row["q_value"] for row in tested) > 0.5
    assert {row["lag"] for row in tested} == {-3, -2, -1, 0, 1, 2, 3}
    naive = [row for row in of_study if row["basis"] == "shares" and (row["p_naive"] or 1) < 0.05 and row["rho"] > 0]
    assert len(naive) == 13


def test_totals_of_the_study_agree_over_names(of_study: list[Row]) -> None:
    """rho is 0.70 on all 54 months of uploads, 0.69 and 0.68 where these are cut; here both sides have 34 months."""
    rows = by_key(of_study, "basis", "family")
    found = {basis: rows[basis, "all"] for basis in ("totals_common", "totals_union")}
    assert {basis: (row["n"], row["status"], row["p_surrogate"]) for basis, row in found.items()} == {
        "totals_common": (145, "ok", None),
        "totals_union": (173, "ok", None),
    }
    for row in found.values():
        assert 0.66 < row["rho"] < 0.71
        assert (row["first_month"], row["last_month"]) == (date(2020, 9, 1), date(2023, 6, 1))


def test_totals_over_families_by_hand() -> None:
    """Common: (1, 10), (2, 30), (3, 20), (4, 40), so ranks 1 2 3 4 and 1 3 2 4 and rho 1 - 6 * 2 / (4 * 15) = 0.8."""
    talk = mentions({"a": [1], "b": [2], "c": [3], "d": [4], "only_forum": [9], "none": [99]})
    models = uploads({"a": [10], "b": [30], "c": [20], "d": [40], "only_hub": [50], "none": [999]})
    rows = by_key(build_forum_hub_agreement(talk, models, as_of=AS_OF), "family", "basis")
    common, union = rows["all", "totals_common"], rows["all", "totals_union"]
    assert (common["n"], common["mention_total"], common["upload_total"]) == (4, 10, 100)
    assert common["rho"] == pytest.approx(0.8)
    # ranks 2 3 4 5 6 1 and 2 4 3 5 1 6: squared differences 0 1 1 0 25 25
    assert (union["n"], union["mention_total"], union["upload_total"]) == (6, 19, 150)
    assert union["rho"] == pytest.approx(1 - 6 * 52 / (6 * 35))
    assert "none" not in {family for family, _ in rows}


def test_only_whole_months_of_both_sides_count() -> None:
    """Mentions from January to May, uploads from February on, of which March is partial and the last month, too."""
    talk = mentions({"a": [50, 1, 2, 3, 4]}) + mentions({"a": [7]}, month=None)
    models = uploads({"a": [10, 20, 30, 40, 50]}, first=date(2020, 2, 1))
    models = [row | {"is_partial": row["month"] in (date(2020, 3, 1), date(2020, 5, 1))} for row in models]
    row = by_key(build_forum_hub_agreement(talk, models, as_of=AS_OF), "family", "basis")["a", "counts"]
    assert (row["first_month"], row["last_month"]) == (date(2020, 2, 1), date(2020, 4, 1))
    assert (row["n"], row["mention_total"], row["upload_total"]) == (2, 1 + 3, 10 + 30)


def test_a_family_with_too_little_has_rows_without_figures() -> None:
    talk = mentions({"rare": [1] * 19, "common": [5] * 19})
    models = uploads({"rare": [100] * 19, "common": [1] * 19})
    rows = build_forum_hub_agreement(talk, models, as_of=AS_OF)
    check_rows(rows, FORUM_HUB_AGREEMENT)
    of_families = [row for row in rows if row["family"] != "all"]
    assert {(row["family"], row["basis"], row["lag"], row["n"], row["status"]) for row in of_families} == {
        ("rare", "counts", 0, 19, "too_few"), ("rare", "shares", 0, 19, "too_few"),
        ("rare", "differences", 0, 18, "too_few"), ("common", "counts", 0, 19, "too_few"),
        ("common", "shares", 0, 19, "too_few"), ("common", "differences", 0, 18, "too_few"),
    }  # fmt: skip
    assert {row[name] for row in of_families for name in _MEASURES} == {None}


def following(lag: int) -> tuple[list[Row], list[Row]]:
    """A family whose uploads follow its mentions by so many months, beside one that makes up the rest."""
    generator = np.random.default_rng(7)
    talk = generator.integers(20, 200, 48)
    models = np.roll(talk, lag) * 3
    return (
        mentions({"leader": talk.tolist(), "rest": [150] * 48}),
        uploads({"leader": models.tolist(), "rest": (1_000 - models).tolist()}),
    )


def test_uploads_that_follow_mentions_are_found_at_their_lag() -> None:
    rows = by_key(build_forum_hub_agreement(*following(2), as_of=AS_OF), "family", "basis", "lag")
    found = rows["leader", "differences", 2]
    assert found["rho"] > 0.95 and found["q_value"] < 0.05 and found["round_count"] == 4_999
    assert found["n"] == 47 - 2
    others = [rows["leader", "differences", lag] for lag in (-3, -2, -1, 0, 1, 3)]
    assert max(abs(row["rho"]) for row in others) < 0.7
    # Bonferroni over seven lags: more is needed than at lag 0
    assert found["smallest_detectable_rho"] > rows["leader", "differences", 0]["smallest_detectable_rho"]
    assert ("rest", "differences", 0) in rows and ("rest", "shares", 1) not in rows


def test_what_moves_together_is_found_and_tested_with_many_surrogates() -> None:
    rows = by_key(build_forum_hub_agreement(*following(0), as_of=AS_OF), "family", "basis", "lag")
    for basis in ("shares", "differences"):
        row = rows["leader", basis, 0]
        assert row["rho"] > 0.95 and row["interval_low_3"] > 0.8 and row["interval_high_9"] <= 1
    assert (row["p_surrogate"], row["round_count"]) == (1 / 5_000, 4_999)
    assert {
        rows["leader", basis, 0][name] for basis in ("counts", "shares") for name in ("p_surrogate", "q_value")
    } == {None}
    assert (row["mention_coverage"], row["upload_coverage"]) == (0.25, 0.5)


def test_questions_against_uploads_by_hand() -> None:
    """Of 100 mentions 60 against 20 of 100 uploads: 3 times as many questions as uploads would have it.

    Wilson's interval of 30 of 60 is (30 + 1.9208 ± 1.95996 sqrt(15 + 0.9604)) / 63.8415.
    """
    talk = mentions({"a": [40, 20], "b": [20, 20], "no_uploads": [0, 0]}, topics=500)
    models = uploads({"a": [5, 15], "b": [40, 40], "none": [500, 500]})
    rows = by_key(build_pain_per_family(talk, models, health(2, topics=500), as_of=AS_OF), "family")
    check_rows(list(rows.values()), PAIN_PER_FAMILY)
    a = rows["a"]
    assert (a["topic_count"], a["upload_count"], a["topic_share"]) == (60, 20, 0.06)
    assert (a["mention_share"], a["upload_share"]) == (0.6, 0.2)
    assert a["pain_index"] == pytest.approx(3)
    assert (a["fetched_count"], a["unanswered_count"], a["unanswered_share"], a["status"]) == (60, 30, 0.5, "ok")
    assert a["unanswered_low"] == pytest.approx(0.37735, abs=1e-4)
    assert a["unanswered_high"] == pytest.approx(0.62265, abs=1e-4)
    empty = rows["no_uploads"]
    assert (empty["pain_index"], empty["unanswered_share"], empty["status"]) == (None, None, "too_few")
    assert "none" not in rows


def test_shares_of_questions_and_uploads_add_up() -> None:
    rows = build_pain_per_family(*study_with_answers(), health(34, first=date(2020, 9, 1)), as_of=AS_OF)
    assert sum(row["mention_share"] for row in rows) == pytest.approx(1)
    assert sum(row["upload_share"] for row in rows) == pytest.approx(1)
    bert = by_key(rows, "family")["bert"]
    assert bert["pain_index"] == pytest.approx((1_771 / 7_226) / (23_093 / 100_233))
    assert bert["pain_low"] < bert["pain_index"] < bert["pain_high"] < 1.6


def study_with_answers() -> tuple[list[Row], list[Row]]:
    talk, models = study_rows()
    return [row | {"fetched_count": row["topic_count"], "unanswered_count": 0} for row in talk], models


def test_without_rows_there_are_the_two_over_all_families_and_no_other() -> None:
    rows = build_forum_hub_agreement([], [], as_of=AS_OF)
    check_rows(rows, FORUM_HUB_AGREEMENT)
    assert [(row["basis"], row["n"], row["rho"], row["status"], row["first_month"]) for row in rows] == [
        ("totals_common", 0, None, "too_short", None),
        ("totals_union", 0, None, "too_short", None),
    ]
    assert build_pain_per_family([], [], [], as_of=AS_OF) == []


@pytest.mark.parametrize("count", [1, 2, 3, 7, 9])
def test_few_months_have_a_status(count: int) -> None:
    talk, models = mentions({"a": [50 + n % 3 for n in range(count)]}), uploads({"a": [90 + n for n in range(count)]})
    rows = build_forum_hub_agreement(talk, models, as_of=AS_OF)
    check_rows(rows, FORUM_HUB_AGREEMENT)
    tested = [row for row in rows if row["family"] == "a" and row["basis"] == "differences"]
    assert [row["status"] for row in tested] == [
        "too_short" if count < 5 else "constant"  # one family has a share of 1 in every month
    ]


def test_months_that_never_meet_leave_nothing_to_compare() -> None:
    talk, models = mentions({"a": [50] * 3}), uploads({"a": [50] * 3}, first=date(2025, 1, 1))
    rows = build_forum_hub_agreement(talk, models, as_of=AS_OF)
    check_rows(rows, FORUM_HUB_AGREEMENT)
    assert {(row["n"], row["mention_total"], row["first_month"]) for row in rows} == {(0, 0, None)}
    pain = build_pain_per_family(talk, models, health(3), as_of=AS_OF)
    assert [(row["status"], row["topic_share"], row["pain_index"]) for row in pain] == [("empty", None, None)]


def test_missing_cells_may_be_nan_and_months_moments() -> None:
    """As pandas collects them."""
    talk, models = following(1)
    as_pandas = [row | {"month": datetime.combine(row["month"], datetime.min.time(), UTC)} for row in models]
    gaps = [row | {"month": float("nan")} for row in uploads({"leader": [5]})]
    assert build_forum_hub_agreement(talk, as_pandas + gaps, as_of=AS_OF) == build_forum_hub_agreement(
        talk, models, as_of=AS_OF
    )


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_two_small_tables_give_rows_of_the_contract_in_whatever_order(data: st.DataObject) -> None:
    counts = st.dictionaries(
        st.sampled_from(["a", "b", "none"]), st.lists(st.integers(0, 60), min_size=12, max_size=12), max_size=3
    )
    partial = data.draw(st.sets(st.sampled_from(months(12)), max_size=3))
    talk, models = mentions(data.draw(counts), topics=100), uploads(data.draw(counts))
    talk = [row | {"is_partial": row["month"] in partial} for row in talk]
    rows = build_forum_hub_agreement(talk, models, as_of=AS_OF)
    check_rows(rows, FORUM_HUB_AGREEMENT)
    for row in rows:
        assert row["rho"] is None or -1 <= row["rho"] <= 1
        assert all(row[name] is None or 0 <= row[name] <= 1 for name in ("p_naive", "p_surrogate", "q_value"))
        assert row["lag"] == 0
    shuffled = random.Random(3).sample(talk, len(talk)), random.Random(4).sample(models, len(models))
    assert build_forum_hub_agreement(*shuffled, as_of=AS_OF) == rows
    assert all(first_day(row["first_month"]) == row["first_month"] for row in rows if row["first_month"])
