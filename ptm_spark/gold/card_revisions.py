"""When cards come and how they change: from creation to the first card, revisions, and what became of the models."""

from collections.abc import Collection
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.columns import month_of
from ptm_spark.gold.card_states import WITH_CARD, WITHOUT_CARD, is_of, moment
from ptm_spark.gold.months import is_partial, months_until, or_zero, ratio, with_counts
from ptm_spark.tables.gold_cards import CARD_REVISIONS_MONTHLY

CREATED, FIRST_CARD = "created", "first_card"
#: a history is known from its beginning if it was known so soon after creation whether there is a card
MOST_DAYS_UNSEEN = 30
_DAY = 86_400
#: ages of a model, and of a card, within which something may have happened
_WINDOWS = {1: "within_1_day_share", 7: "within_7_days_share", 30: "within_30_days_share"}
_REVISION_DAYS = 30


def build_card_histories(
    cards: DataFrame, states: DataFrame, *, as_of: datetime, histories: Collection[str] = ()
) -> DataFrame:
    """One row per card that a model has or had by ``as_of``, from ``match_cards`` and ``build_card_states``.

    ``cohort_basis`` and ``month`` are the cohort: of creation, or of the first version where creation is unknown.
    ``first_after`` ``known_after`` ``age`` are seconds from creation to the first version with text, to the first
    moment at which it was known whether there is a card (0 in a git history: it tells all), and to ``as_of``; NULL
    where creation is unknown. ``followed`` are seconds from the first version to ``as_of``, ``revised_after`` to the
    next other README; ``revision_count`` tells how many other ones there were. ``is_known``: the history is known from
    its beginning. ``histories`` names the crawls of git histories.
    """
    at = moment(as_of)
    is_with = F.col("status") == WITH_CARD
    told = cards.where((F.col("valid_from") <= at) & (is_with | F.col("status").isin(*WITHOUT_CARD)))
    version = F.struct("valid_from", "card_sha256", is_of(histories).alias("is_of_history"))
    grouped = told.groupBy(F.coalesce("of_oid", "model_id").alias("card"), "of_oid").agg(
        F.min("valid_from").alias("told_at"),
        F.array_sort(F.collect_list(F.when(is_with, version))).alias("versions"),
    )
    first = grouped.where(F.size("versions") > 0).select("*", F.get("versions", F.lit(0)).alias("first"))
    others = F.filter("versions", lambda one: one["card_sha256"] != F.col("first.card_sha256"))
    hashes = F.transform("versions", lambda one: one["card_sha256"])
    read = first.select(
        "of_oid",
        "told_at",
        F.col("first.valid_from").alias("first_at"),
        F.col("first.is_of_history").alias("is_of_history"),
        F.get(others, F.lit(0))["valid_from"].alias("revised_at"),
        (F.size(F.array_distinct(hashes)) - 1).cast("bigint").alias("revision_count"),
    )
    of_models = states.select("repo_oid", "created_at", "known_since")
    joined = read.join(of_models, on=F.col("of_oid") == F.col("repo_oid"), how="left")
    is_dated = F.col("created_at").isNotNull()
    unseen = F.when(F.col("is_of_history"), F.lit(0)).otherwise(_seconds("created_at", F.col("known_since")))
    dated = joined.select("*", is_dated.alias("is_dated"), unseen.cast("bigint").alias("known_after"))
    is_seen_before = F.least("told_at", "known_since") < F.col("first_at")
    is_known = F.when(is_dated, F.col("known_after") <= MOST_DAYS_UNSEEN * _DAY).otherwise(
        F.col("is_of_history") | is_seen_before
    )
    judged = dated.select("*", F.coalesce(is_known, F.lit(False)).alias("is_known"))
    return judged.select(
        F.when(F.col("is_dated"), CREATED).otherwise(FIRST_CARD).alias("cohort_basis"),
        month_of(F.when(F.col("is_dated"), F.col("created_at")).when(F.col("is_known"), F.col("first_at"))).alias(
            "month"
        ),
        "is_known",
        _seconds("created_at", F.col("first_at")).alias("first_after"),
        F.when(F.col("is_dated"), F.col("known_after")).alias("known_after"),
        _seconds("created_at", at).alias("age"),
        _seconds("first_at", at).alias("followed"),
        _seconds("first_at", F.col("revised_at")).alias("revised_after"),
        "revision_count",
    )


def _seconds(since: str, until: Column) -> Column:
    """Whole seconds between two moments; 0 where clocks say less, NULL where one is unknown."""
    passed = F.unix_seconds(until) - F.unix_seconds(since)
    return F.when(passed < 0, F.lit(0)).otherwise(passed)


def build_card_revisions_monthly(histories: DataFrame, *, as_of: datetime) -> DataFrame:
    """First cards and revisions per cohort, from ``build_card_histories`` of the same ``as_of``.

    A card is asked for within a window only where the whole window has passed by ``as_of`` and its beginning was seen.
    """
    known = F.col("is_known")
    conditions = {
        "known_count": known,
        "revised_count": known & (F.col("revision_count") > 0),
        "followed_count": known & (F.col("followed") >= _REVISION_DAYS * _DAY),
    }
    conditions["soon_count"] = conditions["followed_count"] & (F.col("revised_after") <= _REVISION_DAYS * _DAY)
    for days in _WINDOWS:
        asked = known & (F.col("known_after") <= days * _DAY) & (F.col("age") >= days * _DAY)
        conditions[f"day_{days}_count"] = asked
        conditions[f"seen_{days}_count"] = asked & (F.col("first_after") <= days * _DAY)
    counted = histories.groupBy("cohort_basis", "month").agg(
        F.count(F.lit(1)).alias("card_count"),
        F.percentile(F.when(conditions["day_1_count"], F.col("first_after")), F.lit(0.5)).alias("median_seconds"),
        F.sum(F.when(known, F.col("revision_count"))).alias("revision_count"),
        F.percentile(F.when(known, F.col("revision_count")), F.lit(0.5)).alias("median_revision_count"),
        *(F.count(F.when(condition, 1)).alias(name) for name, condition in conditions.items()),
    )
    months = {
        basis: months_until(histories.where(F.col("cohort_basis") == basis), as_of=as_of).withColumn(
            "cohort_basis", F.lit(basis)
        )
        for basis in (CREATED, FIRST_CARD)
    }
    dense = with_counts(months[CREATED].unionByName(months[FIRST_CARD]), counted, "cohort_basis")
    counts = ("card_count", "revision_count", *conditions)
    filled = dense.where(F.col("month").isNotNull() | F.col("card_count").isNotNull()).select(
        *(or_zero(name) if name in counts else F.col(name) for name in dense.columns)
    )
    is_last = F.coalesce(F.col("month") >= month_of(F.col("as_of")), F.lit(False))
    values = {
        "coverage": ratio("known_count", "card_count"),
        "median_days_to_first_card": F.col("median_seconds") / _DAY,
        **{share: ratio(f"seen_{days}_count", f"day_{days}_count") for days, share in _WINDOWS.items()},
        "mean_revision_count": ratio("revision_count", "known_count"),
        "revised_within_30_days_share": ratio("soon_count", "followed_count"),
        "is_partial": F.when(F.col("cohort_basis") == CREATED, is_partial()).otherwise(is_last),
    }
    return filled.select(*(values.get(name, F.col(name)).alias(name) for name in CARD_REVISIONS_MONTHLY.names))


def count_card_events(states: DataFrame, *, as_of: datetime) -> DataFrame:
    """What became of models by ``as_of``, the last moment of ``build_card_states``: input of the survival table.

    ``model_count`` per ``month`` of creation, ``event`` and ``day``. ``card``: a README with text was seen on that day
    after creation. ``removed``: the model was gone before any was. ``none``: neither, by the end of that day.
    ``unknown`` (day NULL): nobody knew within ``MOST_DAYS_UNSEEN`` days of creation whether there is a card, or
    creation is unknown. Of a model that was gone before a crawl of all cards within these days, it would have been
    known: to leave those out would let no model be removed before its first look.

    Day 1 ends 24 hours after creation. Events of the day that ``as_of`` lies in do not count, for it is not over.
    """
    whole_days = F.floor(_seconds("created_at", moment(as_of)) / _DAY)
    # whoever is there when a look is due and refuses it stays unknown
    was_gone = F.when(F.col("gone_at") <= F.col("due_at"), F.col("due_at"))
    is_followed = _seconds("created_at", F.least("known_since", was_gone)) <= MOST_DAYS_UNSEEN * _DAY
    days = states.select(
        "month",
        F.coalesce(is_followed, F.lit(False)).alias("is_followed"),
        whole_days.alias("whole_days"),
        _day_of("first_card_at").alias("card_day"),
        _day_of("gone_at").alias("gone_day"),
        F.coalesce(F.col("gone_at") < F.col("first_card_at"), F.lit(False)).alias("is_gone_first"),
    )
    event = (
        F.when(~F.col("is_followed"), "unknown")
        .when((F.col("card_day") <= F.col("whole_days")) & ~F.col("is_gone_first"), "card")
        .when(F.col("gone_day") <= F.col("whole_days"), "removed")
        .otherwise("none")
    )
    named = days.select("*", event.alias("event"))
    day = F.when(F.col("event") == "card", F.col("card_day")).when(F.col("event") == "removed", F.col("gone_day"))
    day = day.when(F.col("event") == "none", F.col("whole_days"))
    return named.groupBy("month", "event", day.cast("bigint").alias("day")).agg(F.count(F.lit(1)).alias("model_count"))


def _day_of(name: str) -> Column:
    return F.ceil(_seconds("created_at", F.col(name)) / _DAY)
