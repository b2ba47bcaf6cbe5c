"""Did documentation change when tools for it came out: merged events, breaks, placebos, and what little data gives."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monthly_rows import AS_OF, Row, by_key, cards, check_rows, months, study_cards

from ptm_spark.gold.events import build_events_effect, documentation_events
from ptm_spark.statistics.interruption import step_effect
from ptm_spark.tables.gold_series import EVENTS_EFFECT

# warnings are faults here; what other tests left for the collector is not ours
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")
LAUNCH = (date(2022, 12, 20), "launch")


def effects(rows: list[Row], *events: tuple[date, str]) -> list[Row]:
    found = build_events_effect(rows, events, as_of=AS_OF)
    check_rows(found, EVENTS_EFFECT)
    return found


def test_six_tool_dates_are_two_events() -> None:
    """Source of the dates: the git log of huggingface_hub, and huggingface.co/blog/model-cards."""
    rows = effects(study_cards(), *documentation_events())
    assert len(documentation_events()) == 6
    columns = ("first_date", "last_date", "break_month", "transition_count")
    found = {(*(row[name] for name in columns), row["event"].count("; ") + 1) for row in rows}
    assert found == {
        (date(2021, 9, 15), date(2021, 10, 11), date(2021, 10, 1), 1, 2),
        (date(2022, 5, 12), date(2022, 12, 20), date(2022, 12, 1), 7, 4),
    }
    assert {row["measure"] for row in rows} == {
        "card_ratio", "front_matter_ratio", "owner_weighted_ratio", "without_bulk_ratio"
    }  # fmt: skip


def test_the_step_of_the_study_is_no_evidence() -> None:
    """From 2021-01, break at 2022-12: +12.9 points, slope -2.35 a month after it, a change of -2.19. Of 19 other
    months 6 are significant to the naive test, and 6 steps are clearer."""
    row = by_key(effects(study_cards()[13:], LAUNCH), "measure")["card_ratio"]
    assert row["step"] == pytest.approx(0.129, abs=0.0005)
    assert row["slope_after"] == pytest.approx(-0.0235, abs=0.00005)
    assert row["slope_change"] == pytest.approx(-0.0219, abs=0.00005)
    assert (row["n_before"], row["n_after"], row["transition_count"], row["status"]) == (23, 6, 0, "underpowered")
    assert (row["placebo_count"], row["placebo_rank"], row["naive_significant_placebos"]) == (19, 7, 6)
    assert row["p_naive"] < 0.001 and 0.2 < row["p_ar1"] < 0.4
    assert row["dispersion"] > 50


def test_months_between_merged_events_are_of_neither_side() -> None:
    """Whatever the ratios are between the first event and the break, nothing changes."""
    events = ((date(2021, 1, 20), "first"), (date(2021, 5, 3), "second"))
    numbers = [400 + 3 * n + 20 * (-1) ** n for n in range(16)] + [600 - n + 10 * (n % 3) for n in range(16)]
    rows = cards(numbers, [1_000] * 32)
    odd = [row | {"card_ratio": 0.01} if date(2021, 1, 1) <= row["month"] < date(2021, 5, 1) else row for row in rows]
    row, other = (by_key(effects(one, *events), "measure")["card_ratio"] for one in (rows, odd))
    assert row == other
    assert (row["n_before"], row["transition_count"], row["n_after"], row["status"]) == (12, 4, 16, "ok")
    assert row["event"] == "2021-01-20 first; 2021-05-03 second"
    series = np.array([part / 1_000 for part in numbers])
    series[12:16] = np.nan
    assert row["step"] == pytest.approx(step_effect(series, 16).step)


def test_a_clear_step_is_the_first_of_its_placebos() -> None:
    generator = np.random.default_rng(2)
    parts = [int(count) for count in 300 + generator.normal(0, 5, 40) + np.repeat([0, 200], 20)]
    rows = by_key(effects(cards(parts, [1_000] * 40), (date(2021, 9, 10), "tool")), "measure")
    row = rows["card_ratio"]
    assert (row["placebo_rank"], row["status"], row["round_count"]) == (1, "ok", 999)
    assert row["step"] == pytest.approx(0.2, abs=0.02) and row["p_ar1"] < 0.05
    assert rows["owner_weighted_ratio"]["dispersion"] is None


def test_events_outside_the_series_and_empty_tables_are_too_short() -> None:
    for rows in ([], cards([5], [10]), cards([5] * 30, [10] * 30), cards([0] * 30, [0] * 30)):
        found = effects(rows, (date(2010, 1, 1), "long before"), (date(2040, 1, 1), "long after"))
        assert {row["status"] for row in found} == {"too_short"}
        assert {row["step"] for row in found} == {None}
    assert effects(study_cards()) == []


def test_a_constant_series_has_no_step() -> None:
    row = by_key(effects(cards([5] * 30, [10] * 30), (date(2021, 4, 1), "tool")), "measure")["card_ratio"]
    assert (row["status"], row["step"], row["p_ar1"], row["placebo_rank"]) == ("constant", 0, None, None)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_any_cards_and_events_give_rows_of_the_contract(data: st.DataObject) -> None:
    length = data.draw(st.integers(0, 30))
    pairs = data.draw(
        st.lists(st.integers(0, 20).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
                 min_size=length, max_size=length)
    )  # fmt: skip
    days = data.draw(st.lists(st.dates(date(2019, 1, 1), date(2023, 1, 1)), max_size=5))
    rows = cards([part for part, _ in pairs], [whole for _, whole in pairs])
    found = effects(rows, *((day, "event") for day in days))
    observed = sum(whole > 0 for _, whole in pairs)
    for row in found:
        assert row["n_before"] + row["n_after"] + row["transition_count"] == observed
        assert row["placebo_rank"] is None or 1 <= row["placebo_rank"] <= row["placebo_count"] + 1
        assert row["break_month"] <= row["last_date"] and row["first_date"] <= row["last_date"]
    assert effects(list(reversed(rows)), *((day, "event") for day in reversed(days))) == found
    assert {row["first_month"] for row in found} <= {*months(length), None}
