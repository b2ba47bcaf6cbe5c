"""How likely a model has a card by an age, in plain Python: a few thousand counts, no engine."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from ptm_spark.gold.monthly import FLOOR_MONTH, months_between
from ptm_spark.statistics.proportions import score_interval

HORIZONS = (30, 90, 365)


@dataclass(frozen=True)
class Day:
    """What happened to models of one cohort at an age in days: cards, removals, and those followed no longer."""

    day: int
    cards: int = 0
    removals: int = 0
    ends: int = 0


def cumulative_incidence(days: Sequence[Day], horizon: int) -> tuple[float, float] | None:
    """Cumulative incidences of a first card, and of removal before one, by the end of day ``horizon``.

    The Aalen–Johansen estimator for two competing events in discrete time: with n models at risk on a day (neither
    event before it, followed until it), d1 cards and d2 removals on it, and S the product of 1 - (d1 + d2) / n over the
    days before, the incidences grow by S d1 / n and S d2 / n. Who is followed until a day is at risk on it. Source:
    Aalen and Johansen, An empirical transition matrix for non-homogeneous Markov chains based on censored observations,
    Scandinavian Journal of Statistics 5(3), 1978, 141-150.

    None where nobody was followed to the horizon while something could still happen: nothing is known of that age.
    """
    at_risk = sum(one.cards + one.removals + one.ends for one in days)
    survival, card, removal = 1.0, 0.0, 0.0
    if not at_risk:
        return None
    for one in sorted(days, key=lambda one: one.day):
        if one.day > horizon:
            break
        card += survival * one.cards / at_risk
        removal += survival * one.removals / at_risk
        survival *= 1 - (one.cards + one.removals) / at_risk
        last, at_risk = one.day, at_risk - one.cards - one.removals - one.ends
        if not at_risk:
            return _within_one(card, removal) if survival == 0 or last == horizon else None
    return _within_one(card, removal)


def incidence_interval(days: Sequence[Day], horizon: int, event: Literal["cards", "removals"]) -> tuple[float, float]:
    """95 % interval of one of the incidences of ``cumulative_incidence``, where that is not None.

    Wilson's, of as many models as would make a share vary as much as the estimate does: F (1 - F) / V. With n at risk
    on day s, d of the event and e of both, S as above and F(s) the incidence by the end of that day, V is the sum of
    (F - F(s))² e / (n (n - e)) + S² (n - d) d / n³ - 2 (F - F(s)) S d / n² (Aalen 1978, Annals of Statistics 6,
    534-545, in discrete time). Where V is 0, of as many as it is known of what became of them by the horizon. All
    models count as drawn one by one: too narrow where an owner uploads many, and where most are followed less long than
    the horizon.
    """
    at_risk = known = sum(one.cards + one.removals + one.ends for one in days)
    survival, incidence, steps = 1.0, 0.0, []
    for one in sorted(days, key=lambda one: one.day):
        if one.day > horizon or not at_risk:
            break
        of_event, of_both = getattr(one, event), one.cards + one.removals
        incidence += survival * of_event / at_risk
        steps.append((at_risk, of_event, of_both, survival, incidence))
        survival *= 1 - of_both / at_risk
        at_risk -= of_both + one.ends
        known -= one.ends if one.day < horizon else 0
    variance = 0.0
    for n, d, e, before, by_then in steps:
        later = incidence - by_then
        variance += later**2 * e / (n * (n - e)) if n > e else 0.0
        variance += before**2 * (n - d) * d / n**3 - 2 * later * before * d / n**2
    ratio = min(incidence, 1.0)
    return score_interval(ratio, ratio * (1 - ratio) / variance if variance > 0 and ratio < 1 else known)


def _within_one(*incidences: float) -> tuple[float, float]:
    """Sums of many shares may be more than all by their last digit."""
    card, removal = (min(one, 1.0) for one in incidences)
    return card, removal


def build_card_survival_monthly(counts: Iterable[Mapping[str, Any]], *, as_of: datetime) -> list[dict[str, Any]]:
    """Rows of gold/card_survival_monthly from those of ``count_card_events`` of the same ``as_of``.

    Months are without a gap to that of ``as_of``; the row of unknown months comes last.
    """
    cohorts: dict[date | None, list[tuple[str, int | None, int]]] = defaultdict(list)
    for row in counts:
        cohorts[row["month"]].append((row["event"], row["day"], row["model_count"]))
    last = as_of.astimezone(UTC).date().replace(day=1)
    known = [month for month in cohorts if month is not None]
    months: list[date | None] = [*months_between(min(known), max(*known, last))] if known else []
    if None in cohorts:
        months.append(None)
    return [_row(month, cohorts.get(month, []), as_of=as_of, last=last) for month in months]


def _row(
    month: date | None, cohort: Sequence[tuple[str, int | None, int]], *, as_of: datetime, last: date
) -> dict[str, Any]:
    totals: dict[str, int] = defaultdict(int)
    by_day: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for event, day, models in cohort:
        totals[event] += models
        if day is not None:
            by_day[day][event] += models
    days = [Day(day, of["card"], of["removed"], of["none"]) for day, of in by_day.items()]
    models = sum(totals.values())
    followed = models - totals["unknown"]
    row = {
        "as_of": as_of,
        "month": month,
        "model_count": models,
        "followed_count": followed,
        "coverage": followed / models if models else None,
        "first_card_count": totals["card"],
        "removed_count": totals["removed"],
        "is_partial": month is not None and (month >= last or month == FLOOR_MONTH),
    }
    for horizon in HORIZONS:
        found = cumulative_incidence(days, horizon)
        row[f"incidence_{horizon}"], row[f"removal_incidence_{horizon}"] = found or (None, None)
        interval = incidence_interval(days, horizon, "cards") if found else (None, None)
        row[f"incidence_{horizon}_low"], row[f"incidence_{horizon}_high"] = interval
    return row
