"""Whether documentation changed when tools for it came out, in plain Python over the cards of cohorts.

Dates are many and near to each other, and months few: so events nearer than six months are one, and each has a model of
its own with one break. What a break is worth is told by the breaks at all other months.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

import numpy as np

from ptm_spark.config import conf_file
from ptm_spark.gold.monthly import ALL, Panel, Row, Vector, coverages, first_day, mean_coverage, read_panel
from ptm_spark.gold.rounds import seed_of
from ptm_spark.gold.trends import CARD_RATIOS, newest
from ptm_spark.statistics.interruption import MergedEvent, merge_events, step_effect
from ptm_spark.statistics.proportions import dispersion

_ROUNDS = 999
#: what a ratio is of; that of one vote an owner is of no counts
_COUNTS = {
    "card_ratio": ("card_count", "known_count"),
    "front_matter_ratio": ("front_matter_count", "known_count"),
    "without_bulk_ratio": ("without_bulk_card_count", "without_bulk_count"),
}


@cache
def documentation_events() -> tuple[tuple[date, str], ...]:
    """Dates and names of the documentation tools in conf/events.csv; its other kinds change how models are measured."""
    with conf_file("events.csv").open(encoding="utf-8") as file:
        return tuple(
            (date.fromisoformat(row["date"]), row["event"])
            for row in csv.DictReader(file)
            if row["kind"] == "documentation"
        )


def build_events_effect(
    cards: Iterable[Row], events: Sequence[tuple[date, str]], *, as_of: datetime
) -> list[dict[str, Any]]:
    """Rows of gold/events_effect from those of cards_per_cohort_monthly (its newest as_of) and dated events.

    The break is in the month of the last of the merged events. Months from the first event on until then are of neither
    side and left out, as where a change is phased in (Bernal, Cummins & Gasparrini 2017, Int. J. Epidemiology 46,
    348-355): so an effect of any of the events is after the break and not before it.
    """
    rows = newest(cards)
    merged = merge_events([day for day, _ in events])
    found = []
    for measure in CARD_RATIOS:
        ratios = read_panel(rows, measure)
        spread = _dispersion(rows, measure)
        shared = {
            "as_of": as_of,
            "dispersion": spread,
            "coverage": mean_coverage(coverages(rows), _observed(ratios)[1]),
        }
        found += [shared | _effect(measure, ratios, one, events) for one in merged]
    return found


def _effect(measure: str, ratios: Panel, merged: MergedEvent, events: Sequence[tuple[date, str]]) -> dict[str, Any]:
    begin, break_month = first_day(merged.first), first_day(merged.last)
    numbers, months = _observed(ratios)
    is_between = np.array([begin <= month < break_month for month in months], dtype=np.bool_)
    kept = np.where(is_between, np.nan, numbers)
    at = sum(month < break_month for month in months)
    effect = step_effect(kept, at, _ROUNDS, seed_of("events_effect", measure, merged.first.isoformat()))
    named = sorted({(day, name) for day, name in events if merged.first <= day <= merged.last})
    return {
        "measure": measure,
        "event": "; ".join(f"{day.isoformat()} {name}" for day, name in named),
        "first_date": merged.first,
        "last_date": merged.last,
        "break_month": break_month,
        "transition_count": int((is_between & ~np.isnan(numbers)).sum()),
        "first_month": months[0] if months else None,
        "last_month": months[-1] if months else None,
        "n_before": effect.before,
        "n_after": effect.after,
        "step": effect.step,
        "step_low": effect.low,
        "step_high": effect.high,
        "slope_before": effect.slope_before,
        "slope_after": effect.slope_after,
        "slope_change": effect.slope_change,
        "p_naive": effect.p_hac,
        "p_ar1": effect.p,
        "round_count": 0 if effect.p is None else effect.rounds,
        "placebo_count": effect.placebos,
        "placebo_rank": effect.placebos_as_large + 1 if effect.placebos else None,
        "naive_significant_placebos": effect.placebos_by_hac if effect.placebos else None,
        "status": effect.status,
    }


def _observed(ratios: Panel) -> tuple[Vector, tuple[date, ...]]:
    """The series from its first month with a ratio to its last."""
    numbers = ratios.of(ALL)
    known = np.flatnonzero(~np.isnan(numbers))
    begin, end = (known[0], known[-1] + 1) if known.size else (0, 0)
    return numbers[begin:end], ratios.months[begin:end]


def _dispersion(rows: Sequence[Row], measure: str) -> float | None:
    if measure not in _COUNTS:
        return None
    part, whole = (read_panel(rows, column).of(ALL) for column in _COUNTS[measure])
    return dispersion(part, whole).dispersion
