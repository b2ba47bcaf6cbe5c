"""Taking landed discussions and pull requests into silver/model_discussions."""

from collections.abc import Mapping
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.intake import FamilyPlan
from ptm_spark.silver.accounting import Landed, Measures
from ptm_spark.silver.activity_intake import batches_of, count_lines, is_csv, order_of_lines, settle
from ptm_spark.silver.model_discussions import KNOWN_KEYS, read_discussions
from ptm_spark.store import Store
from ptm_spark.tables.activity import MODEL_DISCUSSIONS

_KEY = ["model_id", "num"]
#: values that not every record carries: that of the newest record which does
_NEWEST_KNOWN = ("repo_oid", "title", "status", "is_pull_request", "is_mergeable", "is_pinned", "comment_count",
                 "reaction_user_count")  # fmt: skip
#: values that stand or fall together, and the flag that says whether a record tells them
_OF_AUTHOR = ("author_hash", "is_author_deleted", "is_bot")
_OF_EVENTS = ("event_count", "participant_count", "closed_at", "merged_at", "is_locked")
_OF_NEWEST = ("observed_at", "crawl_id", "flaws")


def take_in_discussions(
    store: Store, plan: FamilyPlan, marks: Mapping[str, str], *, reject_text_chars: int, user_key: str
) -> dict[str, Measures]:
    """Fold the plan's crawls into model_discussions and rejects; measures by crawl.

    The text of rejects is not kept, for it names people: ``reject_text_chars`` bounds nothing here.
    """
    measures: dict[str, Measures] = {}
    for landed, observed, is_first in batches_of(store, plan, marks, partial(_read, user_key=user_key)):
        counts = count_lines(observed, _KEY)
        if is_first or any(kinds.get("row") for kinds in counts.values()):
            before = store.empty(MODEL_DISCUSSIONS) if is_first else store.read(MODEL_DISCUSSIONS)
            store.overwrite(MODEL_DISCUSSIONS, merge_discussions(before, observed), reshape=is_first)
        after = store.read(MODEL_DISCUSSIONS)
        measures |= settle(store, landed, observed, after, counts, key=_KEY, known=KNOWN_KEYS, repeated="older_fetch")
    return measures


def merge_discussions(before: DataFrame, observed: DataFrame) -> DataFrame:
    """model_discussions after some more crawls, all newer than what ``before`` holds.

    ``observed`` has the columns of ``read_discussions`` and crawl_id and ``rank``, the place of the crawl among these.
    Every value is that of the newest record which carries it; a time of creation that the Hub says goes before one
    that was logged, and of logged ones the first counts.
    """
    old, new = before.alias("old"), _newest(observed.where(F.col("kind") == "row")).alias("new")
    is_same = (F.col("old.model_id") == F.col("new.model_id")) & (F.col("old.num") == F.col("new.num"))

    def later(name: str) -> Column:
        return F.coalesce(f"new.{name}", f"old.{name}").alias(name)

    def together(name: str, group: str) -> Column:
        told = F.col(f"new.{group}").isNotNull()
        return F.when(told, F.col(f"new.{group}.{name}")).otherwise(F.col(f"old.{name}")).alias(name)

    is_logged = F.col("old.created_at_basis") == "logged"
    by_hub = F.coalesce(F.col("new.hub_created_at"), F.when(~is_logged, F.col("old.created_at")))
    logged = F.least(F.col("new.logged_at"), F.when(is_logged, F.col("old.created_at")))
    details_at = F.when(F.col("new.of_events").isNotNull(), F.col("new.of_events.observed_at"))
    return (
        old.join(new, on=is_same, how="full_outer")
        .select(
            *(F.coalesce(f"old.{name}", f"new.{name}").alias(name) for name in _KEY),
            *(later(name) for name in _NEWEST_KNOWN),
            F.coalesce(by_hub, logged).alias("created_at"),
            F.when(by_hub.isNotNull(), "hub").when(logged.isNotNull(), "logged").alias("created_at_basis"),
            *(together(name, "of_author") for name in _OF_AUTHOR),
            *(together(name, "of_events") for name in _OF_EVENTS),
            F.coalesce(details_at, F.col("old.details_observed_at")).alias("details_observed_at"),
            F.coalesce("old.first_observed_at", "new.first_observed_at").alias("first_observed_at"),
            *(together(name, "of_newest") for name in _OF_NEWEST),
        )
        .select(*MODEL_DISCUSSIONS.names)
    )


def _newest(rows: DataFrame) -> DataFrame:
    """One row a discussion: each value as the newest record has it that carries it."""
    order = order_of_lines()

    def newest(value: Column, where: Column) -> Column:
        return F.max_by(value, F.when(where, order))

    def known(name: str) -> Column:
        return newest(F.col(name), F.col(name).isNotNull()).alias(name)

    is_hub = F.col("created_at_basis") == "hub"
    return rows.groupBy(*_KEY).agg(
        *(known(name) for name in _NEWEST_KNOWN),
        newest(F.col("created_at"), is_hub).alias("hub_created_at"),
        F.min(F.when(~is_hub, F.col("created_at"))).alias("logged_at"),
        newest(F.struct(*_OF_AUTHOR), F.col("has_author")).alias("of_author"),
        newest(F.struct(*_OF_EVENTS, "observed_at"), F.col("has_events")).alias("of_events"),
        F.max_by(F.struct(*_OF_NEWEST), order).alias("of_newest"),
        F.min_by("observed_at", order).alias("first_observed_at"),
    )


def _read(landed: Landed, *, user_key: str) -> DataFrame:
    return read_discussions(landed.lines, is_csv=is_csv(landed.crawl), user_key=user_key)
