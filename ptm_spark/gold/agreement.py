"""Whether forum and Hub agree on families of models, in plain Python over two small monthly tables.

Used are the months that are whole in both, so that the floor month of the Hub and the month of ``as_of`` drop out, and
families that are known: ``none`` is no family. As in the study, the forum's share is over all topics of a month, and
the Hub's over its models of known family: falling coverage makes no family fall.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np

from ptm_spark.gold.monthly import ALL, Panel, Row, Vector, align, coverages, mean_coverage, read_panel
from ptm_spark.gold.rounds import in_stages, seed_of
from ptm_spark.statistics.correlation import (
    Spearman,
    SurrogateCorrelation,
    ar1_surrogate_p,
    benjamini_hochberg,
    smallest_detectable_rho,
    spearman,
)
from ptm_spark.statistics.intervals import ratio_intervals, stationary_bootstrap_interval
from ptm_spark.statistics.lead_lag import LEAST_MONTHS, LeadLag, lead_lag
from ptm_spark.statistics.proportions import wilson
from ptm_spark.statistics.series import difference

LEAST_MENTIONS, LEAST_UPLOADS = 20, 20
#: lags are looked at only where there is something to see
_LEAST_LAGGED_MENTIONS = 100
_MAX_LAG, _LEAST_LAGGED_CHANGES = 3, LEAST_MONTHS - 1
_BLOCKS = (3, 6, 9)
_PAIN_BLOCK, _PAIN_RESAMPLES = 6, 999
#: trends make shares agree or not, and no surrogate has them: they are described, not tested
_WITH_INTERVALS, _TESTED = ("shares", "differences"), "differences"
_LEVEL = 0.05
#: ends of an approximate interval need no more
_RESAMPLES = 199
#: of a search over all families and lags only the smallest p values can be left after adjustment
_LAG_ROUNDS, _MORE_LAG_ROUNDS, _GO_ON_AT_LAGS = 199, 4_999, 0.02


@dataclass(frozen=True)
class _Months:
    """The whole months of both tables: topics and uploads by family, and their shares."""

    mentions: Panel
    uploads: Panel
    mention_shares: Panel
    upload_shares: Panel

    def families(self) -> list[str]:
        return sorted({*self.mentions.series, *self.uploads.series})

    def totals(self, family: str) -> tuple[int, int]:
        return self.mentions.total(family), self.uploads.total(family)

    def bases(self, family: str) -> dict[str, tuple[Vector, Vector]]:
        """The pair of series of each basis."""
        counts = self.mentions.of(family), self.uploads.of(family)
        shares = self.mention_shares.of(family), self.upload_shares.of(family)
        return {"counts": counts, "shares": shares, "differences": (difference(shares[0]), difference(shares[1]))}


def build_forum_hub_agreement(
    mentions: Iterable[Row], uploads: Iterable[Row], *, as_of: datetime
) -> list[dict[str, Any]]:
    """Rows of gold/forum_hub_agreement from those of mentions_per_family_monthly and uploads_per_family_monthly.

    Both tables as dicts by column. First the two rows over families, then the families in order, of each the bases and
    then the lags. Families with fewer than 20 mentions or uploads in the common months have rows without figures:
    nothing is tested that cannot be found. Seeds are fixed: the same rows give the same figures, in whatever order.
    """
    mentions, uploads = list(mentions), list(uploads)
    months = _read(mentions, uploads)
    first, last = months.mentions.first_and_last()
    rows = [_over_families(months, basis) for basis in ("totals_common", "totals_union")]
    for family in months.families():
        rows += _of_family(months, family)
    _adjust(rows)
    window: dict[str, Any] = {"as_of": as_of, "first_month": first, "last_month": last}
    window |= _coverages(mentions, uploads, months.mentions)
    return [window | row for row in rows]


def build_pain_per_family(
    mentions: Iterable[Row], uploads: Iterable[Row], health: Iterable[Row], *, as_of: datetime
) -> list[dict[str, Any]]:
    """Rows of gold/pain_per_family from those of mentions_per_family_monthly, uploads_per_family_monthly and
    forum_health_monthly (which tells how many topics there are at all), over the months that are whole in all.

    Pooled over these months, not averaged, so that months count by what was in them.
    """
    mentions, uploads = list(mentions), list(uploads)
    columns = ("topic_count", "fetched_count", "unanswered_count")
    topics, fetched, unanswered, models, whole = align(
        *(read_panel(mentions, column, "family") for column in columns),
        read_panel(uploads, "upload_count", "family"),
        read_panel(health, "topic_count"),
    )
    first, last = topics.first_and_last()
    families = sorted({*topics.series, *models.series})
    all_mentions, all_uploads = (sum(panel.total(family) for family in families) for panel in (topics, models))
    coverage = _coverages(mentions, uploads, topics)
    rows = []
    for family, interval in zip(families, _pain_intervals(families, topics, models), strict=True):
        topic_count, upload_count = topics.total(family), models.total(family)
        mention_share, upload_share = _ratio(topic_count, all_mentions), _ratio(upload_count, all_uploads)
        answers = wilson(unanswered.total(family), fetched.total(family))
        is_few = topic_count < LEAST_MENTIONS or upload_count < LEAST_UPLOADS
        rows.append(
            {
                "as_of": as_of,
                "family": family,
                "first_month": first,
                "last_month": last,
                **coverage,
                "topic_count": topic_count,
                "topic_share": _ratio(topic_count, whole.total(ALL)),
                "mention_share": mention_share,
                "upload_count": upload_count,
                "upload_share": upload_share,
                "pain_index": mention_share / upload_share if upload_share and mention_share is not None else None,
                **dict(zip(("pain_low", "pain_high"), interval or (None, None), strict=True)),
                "fetched_count": answers.n,
                "unanswered_count": answers.successes,
                "unanswered_share": answers.ratio,
                "unanswered_low": answers.low,
                "unanswered_high": answers.high,
                "status": "empty" if first is None else "too_few" if is_few else "ok",
            }
        )
    return rows


def _pain_intervals(families: Sequence[str], topics: Panel, models: Panel) -> list[tuple[float, float] | None]:
    parts, wholes = (
        np.array([panel.of(family)[panel.is_whole] for family in families]).reshape(
            len(families), len(panel.whole_months())
        )
        for panel in (topics, models)
    )
    return ratio_intervals(parts, wholes, _PAIN_BLOCK, _PAIN_RESAMPLES, seed_of("pain_per_family"))


def _coverages(mentions: Iterable[Row], uploads: Iterable[Row], whole: Panel) -> dict[str, float | None]:
    months = whole.whole_months()
    return {
        "mention_coverage": mean_coverage(coverages(mentions), months),
        "upload_coverage": mean_coverage(coverages(uploads), months),
    }


def _read(mentions: Sequence[Row], uploads: Sequence[Row]) -> _Months:
    topics, topic_shares, models = align(
        read_panel(mentions, "topic_count", "family"),
        read_panel(mentions, "topic_share", "family"),
        read_panel(uploads, "upload_count", "family"),
    )
    return _Months(topics, models, topic_shares, models.shares())


def _over_families(months: _Months, basis: str) -> dict[str, Any]:
    """Whether families that are talked about more are uploaded more; no test of time, and none of surrogates."""
    totals = [months.totals(family) for family in months.families()]
    needed = 2 if basis == "totals_common" else 1
    pairs = np.array([pair for pair in totals if np.count_nonzero(pair) >= needed]).reshape(-1, 2)
    found = spearman(pairs[:, 0], pairs[:, 1])
    return _row(ALL, basis, found, (int(pairs[:, 0].sum()), int(pairs[:, 1].sum())))


def _of_family(months: _Months, family: str) -> list[dict[str, Any]]:
    totals, bases = months.totals(family), months.bases(family)
    if totals[0] < LEAST_MENTIONS or totals[1] < LEAST_UPLOADS:
        paired = {basis: int((~np.isnan(x + y)).sum()) for basis, (x, y) in bases.items()}
        return [_row(family, basis, Spearman("too_short", n), totals, "too_few") for basis, n in paired.items()]
    rows = []
    for basis, (x, y) in bases.items():
        found = _row(family, basis, spearman(x, y), totals)
        if basis in _WITH_INTERVALS:
            found |= _intervals(x, y, family, basis)
        if basis == _TESTED:
            test = partial(_surrogate_test, x, y, seed_of("forum_hub_agreement", family, basis))
            tested = in_stages(test)
            found |= {"p_surrogate": tested.p, "round_count": _rounds(tested), "status": tested.status}
        rows.append(found)
    x, y = bases["differences"]
    n_months = next(row["n"] for row in rows if row["basis"] == "counts")
    if totals[0] >= _LEAST_LAGGED_MENTIONS and n_months >= LEAST_MONTHS:
        rows += _at_lags(x, y, family, totals)
    return rows


def _at_lags(x: Vector, y: Vector, family: str, totals: tuple[int, int]) -> list[dict[str, Any]]:
    """The rows of lags other than 0, which is in the table already."""
    seed = seed_of("forum_hub_agreement", family, "lags")
    found = lead_lag(x, y, _MAX_LAG, _LAG_ROUNDS, seed, _LEAST_LAGGED_CHANGES)
    if any(one.p is not None and one.p <= _GO_ON_AT_LAGS for one in found.lags if one.lag):
        found = lead_lag(x, y, _MAX_LAG, _MORE_LAG_ROUNDS, seed, _LEAST_LAGGED_CHANGES)
    return [_lag_row(found, at, x, y, family, totals) for at, one in enumerate(found.lags) if one.lag]


def _lag_row(found: LeadLag, at: int, x: Vector, y: Vector, family: str, totals: tuple[int, int]) -> dict[str, Any]:
    one = found.lags[at]
    begin, end = max(0, -one.lag), min(len(x), len(x) - one.lag)
    naive = spearman(x[begin:end], y[begin + one.lag : end + one.lag])
    return _row(family, "differences", naive, totals, found.status if one.p is not None else naive.status) | {
        "lag": one.lag,
        "p_surrogate": one.p,
        "round_count": found.rounds if one.p is not None else 0,
    }


def _row(
    family: str, basis: str, found: Spearman, totals: tuple[int, int], status: str | None = None
) -> dict[str, Any]:
    return {
        "family": family,
        "basis": basis,
        "lag": 0,
        "n": found.n,
        "mention_total": totals[0],
        "upload_total": totals[1],
        "rho": found.rho,
        "p_naive": found.p,
        "p_surrogate": None,
        "round_count": 0,
        "q_value": None,
        **{f"interval_{end}_{block}": None for block in _BLOCKS for end in ("low", "high")},
        "smallest_detectable_rho": None,
        "status": status or found.status,
    }


def _intervals(x: Vector, y: Vector, family: str, basis: str) -> dict[str, float | None]:
    ends: dict[str, float | None] = {}
    for block in _BLOCKS:
        seed = seed_of("forum_hub_agreement", family, basis, str(block))
        found = stationary_bootstrap_interval(x, y, block, _RESAMPLES, seed)
        ends |= {f"interval_low_{block}": found.low, f"interval_high_{block}": found.high}
    return ends


def _surrogate_test(x: Vector, y: Vector, seed: int, rounds: int) -> SurrogateCorrelation:
    return ar1_surrogate_p(x, y, rounds, seed)


def _rounds(found: SurrogateCorrelation) -> int:
    return 0 if found.p is None else found.rounds


def _adjust(rows: Sequence[dict[str, Any]]) -> None:
    """Puts in the q values, of the tests at lag 0 together and of those at all other lags together, and what these
    could find: Benjamini and Hochberg find whatever Bonferroni finds.
    """
    for is_lagged in (False, True):
        tests = [row for row in rows if row["p_surrogate"] is not None and (row["lag"] != 0) == is_lagged]
        for row, q in zip(tests, benjamini_hochberg([row["p_surrogate"] for row in tests]), strict=True):
            row["q_value"] = q
            row["smallest_detectable_rho"] = smallest_detectable_rho(row["n"], alpha=_LEVEL / len(tests))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
