"""Forum and Hub side by side, a name at a time: as counts, as shares of the month, and as changes of those shares."""

from collections.abc import Sequence
from dataclasses import dataclass

from ptm_spark.replication.months import FORUM, SHARES, first_day, last_day, months
from ptm_spark.replication.tables import StudyTables, Vector
from ptm_spark.statistics.correlation import (
    Spearman,
    SurrogateCorrelation,
    ar1_surrogate_p,
    benjamini_hochberg,
    spearman,
)
from ptm_spark.statistics.series import difference, interpolate_cumulative

#: names with fewer topics in all are not correlated month by month
LEAST_MENTIONS = 20
_ROUNDS, _SEED = 1_999, 2024


@dataclass(frozen=True)
class Pair:
    """One name's agreement: of counts over 36 months, and without the partial one; of shares over 34; of their changes.

    ``shares_to_first`` is of shares of months that end with the first day of the next. All of shares is None where
    topics a month are not known. ``q`` is the p value of ``changes`` after Benjamini and Hochberg over all ``tests``
    names of the list.
    """

    raw: Spearman
    raw_without_partial: Spearman
    shares: Spearman | None = None
    shares_to_first: Spearman | None = None
    changes: SurrogateCorrelation | None = None
    q: float | None = None
    tests: int = 0


def topics_by_month(tables: StudyTables, *, to_first: bool = False) -> Vector | None:
    """New topics of each month of ``SHARES``: what the cumulative count rose by from month's end to month's end.

    A month ends with its last calendar day; ``to_first``: with the first of the next, which moves two published figures
    in their second digit. None where topics are not known.
    """
    if tables.topics is None:
        return None
    days, totals = tables.topics
    if to_first:
        ends = [first_day(month) for month in months(SHARES[0], "2023-07")]
    else:
        ends = [last_day(month) for month in months("2020-08", SHARES[-1])]
    return difference(interpolate_cumulative(days, totals, ends))


def upload_shares(tables: StudyTables, name: str) -> Vector:
    """A type's share of the typed uploads of each month of ``SHARES``."""
    return tables.hub.series(name, SHARES) / tables.hub.by_month(SHARES)


def topic_shares(tables: StudyTables, name: str, *, to_first: bool = False) -> Vector | None:
    """The share of the new topics of each month that mention a name; None where topics are not known.

    A topic may mention several names, so that these shares do not add up to 1.
    """
    topics = topics_by_month(tables, to_first=to_first)
    return None if topics is None else tables.forum.series(name, SHARES) / topics


def common_names(tables: StudyTables, window: Sequence[str]) -> list[str]:
    """Names on both sides with enough topics in these months, in the forum's order."""
    totals = tables.forum.totals(window)
    return [name for name in tables.forum.names if name in tables.hub.names and totals[name] >= LEAST_MENTIONS]


def measure_pairs(tables: StudyTables, names: Sequence[str]) -> dict[str, Pair]:
    """Agreement of each of the names, whose tests are adjusted together."""
    uploads = {name: upload_shares(tables, name) for name in names}
    topics = {name: found for name in names if (found := topic_shares(tables, name)) is not None}
    to_first = {name: found for name in topics if (found := topic_shares(tables, name, to_first=True)) is not None}
    changes = {
        name: ar1_surrogate_p(difference(found), difference(uploads[name]), _ROUNDS, _SEED)
        for name, found in topics.items()
    }
    adjusted = dict(zip(changes, benjamini_hochberg([change.p for change in changes.values()]), strict=True))
    return {
        name: Pair(
            raw=_of_counts(tables, name, FORUM),
            raw_without_partial=_of_counts(tables, name, FORUM[:-1]),
            shares=spearman(topics[name], uploads[name]) if name in topics else None,
            shares_to_first=spearman(to_first[name], uploads[name]) if name in to_first else None,
            changes=changes.get(name),
            q=adjusted.get(name),
            tests=len(names),
        )
        for name in names
    }


def _of_counts(tables: StudyTables, name: str, window: Sequence[str]) -> Spearman:
    return spearman(tables.forum.series(name, window), tables.hub.series(name, window))
