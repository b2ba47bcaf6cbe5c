"""The silver tables as they stood at an earlier moment of observation."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.errors import UsageError
from ptm_spark.landing import parse_moment
from ptm_spark.silver.model_tags import build_model_tags
from ptm_spark.store import Store
from ptm_spark.tables import SILVER, Table
from ptm_spark.tables.cards import CARD_SECTIONS, MODEL_CARDS
from ptm_spark.tables.families import MODEL_FAMILIES, TOPIC_MENTIONS
from ptm_spark.tables.forum import FORUM_TOPICS
from ptm_spark.tables.hub import MODEL_SNAPSHOTS, MODEL_TAGS, MODEL_VERSIONS, MODELS


def parse_as_of(text: str) -> datetime:
    """A moment in ISO 8601 with its zone, or a date, which means the end of that day in UTC; UsageError for others."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return parse_moment(text, "--as-of", " or a date such as 2024-07-11")
    if not 1970 <= day.year <= 2100:
        raise UsageError(f"--as-of {text}: expected a year from 1970 to 2100")
    return datetime.combine(day, time.max, tzinfo=UTC)


def tables_as_of(store: Store, at: datetime) -> Mapping[Table, DataFrame]:
    """Every silver table that can be told for ``at``, in the columns of its contract.

    Versions and snapshots are those known then; models, their numbers and tags are put together from them (``flaws``
    and ``seen_in`` have no history and are null). Of other tables come the rows first observed by then, with what is
    known of them now: families and mentions, too.
    """
    moment = F.lit(at).cast("timestamp")
    versions = versions_as_of(store.read(MODEL_VERSIONS), at)
    snapshots = store.read(MODEL_SNAPSHOTS).where(F.col("observed_at") <= moment)
    models = models_as_of(versions, snapshots)
    found = {
        MODELS: models,
        MODEL_VERSIONS: versions,
        MODEL_SNAPSHOTS: snapshots,
        MODEL_TAGS: build_model_tags(models),
    }
    for table in SILVER:
        if table in found:
            continue
        frame = store.read(table)
        if "valid_from" in table.names:
            found[table] = versions_as_of(frame, at)
        elif "first_observed_at" in table.names:
            found[table] = frame.where(F.col("first_observed_at") <= moment)
    for table, of in ((MODEL_FAMILIES, MODELS), (TOPIC_MENTIONS, FORUM_TOPICS), (CARD_SECTIONS, MODEL_CARDS)):
        known = found[of].select(table.key[0]).distinct()
        found[table] = store.read(table).join(known, on=table.key[0], how="left_semi")
    return found


def versions_as_of(versions: DataFrame, at: datetime) -> DataFrame:
    """Versions that had begun by ``at``, the ones that held then open and current."""
    moment = F.lit(at).cast("timestamp")
    ended = F.col("valid_to") <= moment
    changed = {
        "valid_to": F.when(ended, F.col("valid_to")),
        "is_current": ~F.coalesce(ended, F.lit(False)),
    }
    known = versions.where(F.col("valid_from") <= moment)
    return known.select(*(changed.get(name, F.col(name)).alias(name) for name in versions.columns))


def models_as_of(versions: DataFrame, snapshots: DataFrame) -> DataFrame:
    """Models from versions and snapshots cut at a moment: what was current then, with the numbers last seen."""
    of_model = Window.partitionBy("repo_oid")
    first = versions.groupBy("repo_oid").agg(F.min("valid_from").alias("first_observed_at"))
    newest = snapshots.select(
        "repo_oid",
        "downloads",
        "likes",
        F.row_number().over(of_model.orderBy(F.desc("observed_at"), F.desc("crawl_id"))).alias("rank"),
    ).where(F.col("rank") == 1)
    current = versions.where(F.col("is_current"))
    removed = current.where(F.col("removal").isNotNull()).select("repo_oid", F.col("removal").alias("removal_now"))
    # a removal began where the last version without it ended
    is_other = ~F.col("removal").eqNullSafe(F.col("removal_now"))
    begun = (
        versions.join(removed, on="repo_oid")
        .groupBy("repo_oid")
        .agg(F.coalesce(F.max(F.when(is_other, F.col("valid_to"))), F.min("valid_from")).alias("removed_at"))
    )
    known = current
    for frame, how in ((first, "inner"), (newest, "left"), (begun, "left")):
        known = known.join(frame, on="repo_oid", how=how)
    values = {
        "flaws": F.lit(None).cast("array<string>"),
        "seen_in": F.lit(None).cast("array<string>"),
        "observed_at": F.col("valid_from"),
    }
    return known.select(*(values.get(name, F.col(name)).alias(name) for name in MODELS.names))
