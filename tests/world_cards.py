"""What gold must say of the cards of the invented Hub, told by plain loops over its life that know no engine."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from ptm_spark.standin.hub_cards import front_matter, has_broken_front_matter
from ptm_spark.standin.hub_repos import card_at, gate_of
from ptm_spark.standin.life import Model
from ptm_spark.standin.truth import Month, Truth
from ptm_spark.standin.world import World

_WITH = ("card", "fronted")


def card_cohorts(world: World, truth: Truth, dates: Sequence[datetime]) -> dict[tuple[int, Month], dict[str, Any]]:
    """(number of the census, month of creation) -> counts and shares of cards_per_cohort_monthly.

    The README of a gated repository is refused: whether it has text nobody knows. Owners are those last seen.
    """
    bulk, cohorts = truth.bulk_owner_months(), defaultdict(list)
    for model in world.models:
        if state := truth.models.get(model.repo_oid):
            seen = [_card_seen(model, at) for at in dates]
            cohorts[state.month].append((state.newest.owner, (state.newest.owner, state.month) in bulk, seen))
    return {
        (number, month): _cohort([(owner, is_bulk, seen[number]) for owner, is_bulk, seen in models])
        | (_changes([(seen[number - 1], seen[number]) for _, _, seen in models]) if number else {})
        for month, models in cohorts.items()
        for number in range(len(dates))
    }


def _card_seen(model: Model, at: datetime) -> str:
    """``gone``, ``unknown``, ``none``, ``card``, or ``fronted``: a card with front matter that can be read."""
    if not model.is_visible(at):
        return "gone"
    text = card_at(model, at)
    if text is not None and gate_of(model):
        return "unknown"
    if not (text or "").strip("\ufeff \r\n"):
        return "none"
    return "fronted" if front_matter(model) and not has_broken_front_matter(model) else "card"


def _cohort(models: list[tuple[str | None, bool, str]]) -> dict[str, Any]:
    alive = [one for one in models if one[2] != "gone"]
    known = [one for one in alive if one[2] != "unknown"]
    votes = defaultdict(list)
    for owner, _, seen in known:
        if owner is not None:
            votes[owner].append(seen in _WITH)
    counts = {
        "model_count": len(alive),
        "known_count": len(known),
        "card_count": sum(seen in _WITH for _, _, seen in known),
        "front_matter_count": sum(seen == "fronted" for _, _, seen in known),
        "owner_count": len(votes),
        "without_bulk_count": sum(not is_bulk for _, is_bulk, _ in known),
        "without_bulk_card_count": sum(seen in _WITH and not is_bulk for _, is_bulk, seen in known),
    }
    return counts | {
        "coverage": share(len(known), len(alive)),
        "card_ratio": share(counts["card_count"], len(known)),
        "front_matter_ratio": share(counts["front_matter_count"], len(known)),
        "owner_weighted_ratio": share(sum(sum(of) / len(of) for of in votes.values()), len(votes)),
        "without_bulk_ratio": share(counts["without_bulk_card_count"], counts["without_bulk_count"]),
    }


def _changes(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """What became of models between two censuses."""
    stayed = [pair for pair in pairs if "gone" not in pair]
    both = [pair for pair in stayed if "unknown" not in pair]
    unmatched = len(stayed) - len(both)
    return {
        "both_known_count": len(both),
        "unmatched_count": unmatched,
        "backfilled_count": sum(now in _WITH and then not in _WITH for then, now in both),
        "lost_count": sum(then in _WITH and now not in _WITH for then, now in both),
        "deleted_count": sum(now == "gone" and then != "gone" for then, now in pairs),
        "deleted_card_count": sum(now == "gone" and then in _WITH for then, now in pairs),
        "new_count": sum(then == "gone" and now != "gone" for then, now in pairs),
        "new_card_count": sum(then == "gone" and now in _WITH for then, now in pairs),
        "newly_known_card_count": sum(then == "unknown" and now in _WITH for then, now in pairs),
        "no_longer_known_card_count": sum(then in _WITH and now == "unknown" for then, now in pairs),
        "split_status": "not_separable" if unmatched > 0.05 * len(stayed) else "separated",
    }


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def months_without_gap(found: Iterable[date], last: date) -> list[date]:
    """All months from the first of these to the last."""
    months = [min(found)]
    while months[-1] < last:
        year, month = months[-1].year, months[-1].month
        months.append(date(year + month // 12, month % 12 + 1, 1))
    return months
