"""Is documentation getting better: cards by month of creation as seen at several moments, and what changed between."""

from collections.abc import Collection, Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.gold.card_states import has_bit, in_order
from ptm_spark.gold.months import is_partial, months_between, or_zero, ratio, with_counts
from ptm_spark.gold.uploads import LAX, STRICT
from ptm_spark.tables.gold_cards import CARDS_PER_COHORT_MONTHLY

#: of the models alive at both moments so many may lack a status at one of them; each may hide a change
MOST_UNMATCHED_SHARE = 0.05
#: votes are counted in millionths of millionths: sums of integers do not depend on the order of rows
_VOTE = 1_000_000_000_000
#: what is bulk, and what would be by another limit of a month
_BULK = ("bulk", "bulk_20", "bulk_100")
_SETS = ("alive", "known", "with_card", "with_front_matter")
#: what is counted of the change since the moment before
_CHANGES = (
    *("both_known_count", "unmatched_count", "backfilled_count", "lost_count", "deleted_count", "deleted_card_count"),
    *("new_count", "new_card_count", "newly_known_card_count", "no_longer_known_card_count"),
)


def build_cards_per_cohort_monthly(
    states: DataFrame, labels: DataFrame, *, as_ofs: Sequence[datetime], whole: Collection[datetime] | None = None
) -> DataFrame:
    """Cards per month of creation and moment, from ``build_card_states`` of the same ``as_ofs``.

    ``labels`` comes from ``label_owner_months``: what is bulk there is left out of ``without_bulk_…`` at every moment,
    so that nothing changes there but cards. ``whole``, if given, is that of ``build_card_states``: at other moments a
    crawl asked for some cards only, and the status of the others is as last seen, so that changes until then, and
    since, are ``not_separable``.

    The ratio is that of the models whose status is known; ``least_ratio`` and ``most_ratio`` are what it could be in
    all of them, whatever the status of the others (worst-case bounds: Manski, Nonparametric Bounds on Treatment
    Effects, American Economic Review 80(2), 1990).
    """
    moments = in_order(as_ofs)
    groups = states.groupBy("month", "owner", *_SETS).agg(F.count(F.lit(1)).alias("models"))
    is_any_bulk = (F.col("bulk_uploads") >= STRICT) | F.col("is_bulk")
    bulk = labels.where(is_any_bulk).select(
        *("owner", "month", "is_bulk"),
        (F.col("bulk_uploads") >= STRICT).alias("is_bulk_20"),
        (F.col("bulk_uploads") >= LAX).alias("is_bulk_100"),
    )
    same_month = F.col("groups.month").eqNullSafe(F.col("bulk.month"))
    cohorts = (
        groups.alias("groups")
        .join(bulk.alias("bulk"), on=(F.col("groups.owner") == F.col("bulk.owner")) & same_month, how="left")
        .groupBy(
            "groups.month", *(F.coalesce(f"is_{rule}", F.lit(False)).alias(f"is_{rule}") for rule in _BULK), *_SETS
        )
        .agg(F.sum("models").alias("models"))
    )
    counted = _at_each(cohorts, moments).groupBy("as_of", "month").agg(*_counts())
    votes = (
        _at_each(groups.where(F.col("owner").isNotNull() & (F.col("known") != 0)), moments)
        .where(has_bit("known", F.col("bit")))
        .groupBy("as_of", "month", "owner")
        .agg(_models(has_bit("with_card", F.col("bit"))).alias("cards"), F.sum("models").alias("models"))
        .groupBy("as_of", "month")
        .agg(F.sum(F.expr(f"cards * {_VOTE} div models")).alias("votes"), F.count(F.lit(1)).alias("owner_count"))
    )
    return _measured(_dense(counted, votes, _grid(states, moments, moments if whole is None else whole)))


def _steps(moments: Sequence[datetime], **further: Sequence[Column]) -> Column:
    """Each moment with the one before, and the bits of both, as an array of structs."""
    return F.array(
        *(
            F.struct(
                F.lit(at).cast("timestamp").alias("as_of"),
                F.lit(before).cast("timestamp").alias("before_as_of"),
                F.lit(1 << number).cast("bigint").alias("bit"),
                F.lit(1 << number >> 1).cast("bigint").alias("bit_before"),
                *(columns[number].alias(name) for name, columns in further.items()),
            )
            for number, (before, at) in enumerate(zip([None, *moments[:-1]], moments, strict=True))
        )
    )


def _at_each(groups: DataFrame, moments: Sequence[datetime]) -> DataFrame:
    """The groups at each moment at which their models were there, or at the one before."""
    steps = groups.select("*", F.explode(_steps(moments)).alias("step")).select(*groups.columns, "step.*")
    return steps.where(has_bit("alive", F.col("bit")) | has_bit("alive", F.col("bit_before")))


def _models(condition: Column) -> Column:
    return F.coalesce(F.sum(F.when(condition, F.col("models"))), F.lit(0)).cast("bigint")


def _counts() -> list[Column]:
    now, then = F.col("bit"), F.col("bit_before")
    is_there, was_there = has_bit("alive", now), has_bit("alive", then)
    is_known, was_known = has_bit("known", now), has_bit("known", then)
    has_card, had_card = has_bit("with_card", now), has_bit("with_card", then)
    conditions = {
        "model_count": is_there,
        "known_count": is_known,
        "card_count": has_card,
        "front_matter_count": has_bit("with_front_matter", now),
        **{f"without_{bulk}_count": is_known & ~F.col(f"is_{bulk}") for bulk in _BULK},
        **{f"without_{bulk}_card_count": has_card & ~F.col(f"is_{bulk}") for bulk in _BULK},
        "both_known_count": is_known & was_known,
        "unmatched_count": is_there & was_there & ~(is_known & was_known),
        "backfilled_count": was_known & ~had_card & has_card,
        "lost_count": had_card & is_known & ~has_card,
        "deleted_count": was_there & ~is_there,
        "deleted_card_count": had_card & ~is_there,
        "new_count": is_there & ~was_there,
        "new_card_count": has_card & ~was_there,
        "newly_known_card_count": has_card & was_there & ~was_known,
        "no_longer_known_card_count": had_card & is_there & ~is_known,
    }
    return [_models(condition).alias(name) for name, condition in conditions.items()]


def _grid(states: DataFrame, moments: list[datetime], whole: Collection[datetime]) -> DataFrame:
    """The months of every moment. All moments have the same first month, and each ends with its own."""
    newest = {f"newest_{n}": has_bit("alive", 1 << n | 1 << n >> 1) for n in range(len(moments))}
    bounds = states.agg(
        F.min("month").alias("first"),
        *(F.max(F.when(is_there, F.col("month"))).alias(name) for name, is_there in newest.items()),
    )
    is_whole = [
        F.lit({at, before} <= set(whole)) for before, at in zip(moments[:1] + moments[:-1], moments, strict=True)
    ]
    steps = _steps(moments, newest=[F.col(name) for name in newest], is_whole=is_whole)
    each = bounds.select("first", F.explode(steps).alias("step")).select("first", "step.*")
    return each.select("as_of", "before_as_of", "is_whole", F.explode(months_between("first", "newest")).alias("month"))


def _dense(counted: DataFrame, votes: DataFrame, grid: DataFrame) -> DataFrame:
    """Counts and votes of every month and moment, also of those in which there was nothing to count."""
    counts = with_counts(with_counts(grid, counted, "as_of"), votes, "as_of")
    return counts.where(F.col("month").isNotNull() | F.col("model_count").isNotNull())


def _measured(dense: DataFrame) -> DataFrame:
    keys = ("as_of", "before_as_of", "is_whole", "month")
    filled = dense.select(*keys, *(or_zero(name) for name in dense.columns if name not in keys))
    unknown = F.col("model_count") - F.col("known_count")
    summed = filled.select(
        "*",
        (F.col("card_count") + unknown).alias("most_count"),
        (F.col("owner_count") * _VOTE).alias("all_votes"),
        (F.col("both_known_count") + F.col("unmatched_count")).alias("both_count"),
    )
    is_first = F.col("before_as_of").isNull()
    is_hidden = ~F.col("is_whole") | (F.col("unmatched_count") > F.col("both_count") * MOST_UNMATCHED_SHARE)
    values = {
        "coverage": ratio("known_count", "model_count"),
        "card_ratio": ratio("card_count", "known_count"),
        "least_ratio": ratio("card_count", "model_count"),
        "most_ratio": ratio("most_count", "model_count"),
        "front_matter_ratio": ratio("front_matter_count", "known_count"),
        "owner_weighted_ratio": ratio("votes", "all_votes"),
        **{f"without_{bulk}_ratio": ratio(f"without_{bulk}_card_count", f"without_{bulk}_count") for bulk in _BULK},
        "split_status": F.when(is_first, "first").when(is_hidden, "not_separable").otherwise("separated"),
        "is_partial": is_partial(),
    }
    values |= {name: F.when(~is_first, F.col(name)) for name in _CHANGES}
    return summed.select(*(values.get(name, F.col(name)).alias(name) for name in CARDS_PER_COHORT_MONTHLY.names))
