"""Whether the monthly series of gold rise or fall, in plain Python over small tables.

Whole months only, of known families and categories. Uploads of a family are shares of the models of known family, so
that no family falls because coverage does; a family is at 0 before its first upload, so that a new one rises.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from ptm_spark.gold.monthly import ALL, Panel, Row, Vector, coverages, is_missing, mean_coverage, read_panel
from ptm_spark.gold.rounds import in_stages, seed_of
from ptm_spark.statistics.change_points import change_points
from ptm_spark.statistics.correlation import benjamini_hochberg
from ptm_spark.statistics.status import Status
from ptm_spark.statistics.trend import SurrogateTrend, ar1_trend_p, hamed_rao, mann_kendall, sen_slope

#: of families and categories, of which there are many; a series of the whole Hub or forum is tested as it is
LEAST_MONTHS, LEAST_COUNT = 24, 100
_ROUNDS = 999
#: whether there is a change at all is asked at 5 % only, which so many tell
_CHANGE_ROUNDS = 199
CARD_RATIOS = ("card_ratio", "front_matter_ratio", "owner_weighted_ratio", "without_bulk_ratio")
_HEALTH_SHARES = ("unanswered_share", "answered_in_week_share", "accepted_share")
_SUBJECTS = ("forum_families", "hub_families", "hub_owners")


@dataclass(frozen=True)
class _Series:
    """What is tested: a number a month. ``count`` is how much there was in all; None where that is not asked.
    ``coverage`` is that of the months.
    """

    source: str
    value: str
    label: str
    measure: str
    months: tuple[date, ...]
    numbers: Vector
    coverage: Mapping[date, float]
    count: int | None = None


def build_trend_tests(
    *,
    uploads: Iterable[Row],
    mentions: Iterable[Row],
    categories: Iterable[Row],
    health: Iterable[Row],
    cards: Iterable[Row],
    concentration: Iterable[Row],
    as_of: datetime,
) -> list[dict[str, Any]]:
    """Rows of gold/trend_tests from those of the monthly tables, each as dicts by column.

    These are uploads_per_family_monthly, mentions_per_family_monthly, topics_per_category_monthly,
    forum_health_monthly, cards_per_cohort_monthly (its newest as_of) and concentration_monthly. Every family and
    category has its row, tested or not; the series of whole tables have theirs even where the table is empty. Seeds are
    fixed: the same rows give the same figures, in whatever order.
    """
    rows = [
        _test(one)
        for one in (
            *_of_uploads(list(uploads)),
            *_of_mentions(list(mentions)),
            *_of_categories(list(categories)),
            *_of_whole("forum_health_monthly", list(health), _HEALTH_SHARES),
            *_of_whole("cards_per_cohort_monthly", newest(cards), CARD_RATIOS),
            *_of_concentration(list(concentration)),
        )
    ]
    for source in sorted({row["source"] for row in rows}):
        tests = [row for row in rows if row["source"] == source]
        for row, q in zip(tests, benjamini_hochberg([row["p_ar1"] for row in tests]), strict=True):
            row["q_value"] = q
    return [{"as_of": as_of} | row for row in rows]


def newest(cards: Iterable[Row]) -> list[Row]:
    """The rows of the newest moment of observation."""
    kept = list(cards)
    last = max((row["as_of"] for row in kept), default=None)
    return [row for row in kept if row["as_of"] == last]


def _of_uploads(rows: list[Row]) -> Iterator[_Series]:
    for measure, counted in (("upload_share", "upload_count"), ("without_bulk_share", "without_bulk_count")):
        counts = read_panel(rows, counted, "family")
        yield from _of_panel("uploads_per_family_monthly", measure, counts.shares(), counts, rows)


def _of_mentions(rows: list[Row]) -> Iterator[_Series]:
    counts = read_panel(rows, "topic_count", "family")
    yield from _of_panel("mentions_per_family_monthly", "mention_share", counts.shares(), counts, rows)


def _of_categories(rows: list[Row]) -> Iterator[_Series]:
    names = {str(row["category_id"]): row["category_name"] for row in rows if not is_missing(row["category_name"])}
    shares, counts = (read_panel(rows, column, "category_id") for column in ("topic_share", "topic_count"))
    for value, numbers in shares.series.items():
        of_value = coverages(row for row in rows if str(row["category_id"]) == value)
        label, total = names.get(value, value), counts.total(value)
        yield _Series(
            "topics_per_category_monthly", value, label, "topic_share", shares.months, numbers, of_value, total
        )


def _of_panel(source: str, measure: str, shares: Panel, counts: Panel, rows: list[Row]) -> Iterator[_Series]:
    coverage = coverages(rows)
    for value, numbers in shares.series.items():
        yield _Series(source, value, value, measure, shares.months, numbers, coverage, counts.total(value))


def _of_whole(source: str, rows: list[Row], measures: Iterable[str]) -> Iterator[_Series]:
    for measure in measures:
        panel = read_panel(rows, measure)
        yield _Series(source, ALL, ALL, measure, panel.months, panel.of(ALL), coverages(rows))


def _of_concentration(rows: list[Row]) -> Iterator[_Series]:
    for subject in _SUBJECTS:  # one at a time, for forum and Hub have other months
        of_subject = [row for row in rows if row["subject"] == subject]
        panel, coverage = read_panel(of_subject, "hhi"), coverages(of_subject)
        yield _Series("concentration_monthly", subject, subject, "hhi", panel.months, panel.of(ALL), coverage)


def _test(series: _Series) -> dict[str, Any]:
    observed = np.flatnonzero(~np.isnan(series.numbers))
    n = len(observed)
    row = {
        "source": series.source,
        "value": series.value,
        "label": series.label,
        "measure": series.measure,
        "n": n,
        "first_month": series.months[observed[0]] if n else None,
        "last_month": series.months[observed[-1]] if n else None,
        "coverage": mean_coverage(series.coverage, (series.months[index] for index in observed)),
        "round_count": 0,
    }
    if series.count is not None and n < LEAST_MONTHS:
        return row | _nothing("too_short")
    if series.count is not None and series.count < LEAST_COUNT:
        return row | _nothing("too_few")
    seed = seed_of("trend_tests", series.source, series.value, series.measure)
    # missing months at the ends are no part of the series
    begin, end = (observed[0], observed[-1] + 1) if n else (0, 0)
    is_of_many = series.count is not None
    return row | _figures(series.numbers[begin:end], series.months[begin:end], seed, is_of_many)


def _nothing(status: Status | str) -> dict[str, Any]:
    figures = (
        "tau",
        "p_plain",
        "p_hamed_rao",
        "hamed_rao_status",
        "p_ar1",
        "q_value",
        "lag1",
        "sen_slope",
        "sen_low",
        "sen_high",
    )
    return dict.fromkeys((*figures, "change_months", "levels")) | {"status": status}


def _figures(numbers: Vector, months: tuple[date, ...], seed: int, is_of_many: bool) -> dict[str, Any]:
    def surrogate_test(rounds: int) -> SurrogateTrend:
        return ar1_trend_p(numbers, rounds, seed)

    plain, corrected, slope = mann_kendall(numbers), hamed_rao(numbers), sen_slope(numbers)
    tested = in_stages(surrogate_test) if is_of_many else surrogate_test(_ROUNDS)
    changes = change_points(numbers, rounds=_CHANGE_ROUNDS, seed=seed)
    was_sought = changes.p is not None or changes.status == "constant"
    return {
        "tau": plain.tau,
        "p_plain": plain.p,
        "p_hamed_rao": corrected.p,
        "hamed_rao_status": corrected.status,
        "p_ar1": tested.p,
        "round_count": 0 if tested.p is None else tested.rounds,
        "q_value": None,
        "lag1": tested.lag1,
        "sen_slope": slope.slope,
        "sen_low": slope.low,
        "sen_high": slope.high,
        "change_months": [months[index] for index in changes.indices] if was_sought else None,
        "levels": list(changes.levels) if was_sought else None,
        "status": tested.status,
    }
