"""silver/model_cards and silver/card_sections: versions of READMEs, and what stands in them."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.silver.card_observations import SAME
from ptm_spark.tables.cards import CARD_SECTIONS, CONTENT, MODEL_CARDS

#: the columns of a version that are no content
_VERSION = tuple(name for name in MODEL_CARDS.names if name not in CONTENT)
_CARRIED = ("crawl_id", "commit_sha", "is_truncated")


def resolve_observations(observed: DataFrame, before: DataFrame | None) -> DataFrame:
    """Observations in the order of time, each with the ``status`` and README that it stands for, and its ``fate``.

    ``observed``: rows without reasons and with a state. ``before``: versions of the same models that are known
    already, all older; they come first, as one observation each. ``fate`` is ``kept``; ``outdone`` where a later crawl,
    or a later line, says something of the same moment; ``unresolved`` where the README is said to be what it was, and
    nobody knows what that is.
    """
    rows = observed.select(
        "model_id",
        "observed_at",
        "rank",
        "seq",
        "state",
        "card_sha256",
        "repo_oid",
        *_CARRIED,
    )
    if before is not None:
        rows = rows.unionByName(
            before.select(
                "model_id",
                F.col("valid_from").alias("observed_at"),
                F.lit(-1).alias("rank"),
                F.lit(0).cast("bigint").alias("seq"),
                F.col("status").alias("state"),
                "card_sha256",
                "repo_oid",
                *_CARRIED,
            )
        )
    by_time = Window.partitionBy("model_id").orderBy("observed_at", "rank", "seq")
    next_at = F.lead("observed_at").over(by_time)
    marked = rows.withColumn("is_outdone", F.coalesce(next_at == F.col("observed_at"), F.lit(False)))
    is_readme = ~F.col("is_outdone") & F.col("state").isin("present", "empty")
    readme = F.when(is_readme, F.struct("state", "card_sha256"))
    so_far = by_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    filled = marked.withColumn("readme", F.last(readme, ignorenulls=True).over(so_far))
    is_same = F.col("state") == SAME
    status = F.when(is_same, F.col("readme.state")).otherwise(F.col("state"))
    return filled.select(
        *("model_id", "observed_at", "rank", "seq", "repo_oid", *_CARRIED),
        status.alias("status"),
        F.when(is_same, F.col("readme.card_sha256")).otherwise(F.col("card_sha256")).alias("card_sha256"),
        F.when(F.col("is_outdone"), "outdone").when(status.isNull(), "unresolved").otherwise("kept").alias("fate"),
    )


def build_versions(resolved: DataFrame) -> DataFrame:
    """One row per model and run of equal observations, from those that are kept: the columns that are no content.

    A version is dated by the first of them, and takes its commit and crawl from it; the repo's ObjectId comes from the
    first that knows it.
    """
    by_time = Window.partitionBy("model_id").orderBy("observed_at")
    is_as_before = F.lag("status").over(by_time).eqNullSafe(F.col("status")) & F.lag("card_sha256").over(
        by_time
    ).eqNullSafe(F.col("card_sha256"))
    opened = resolved.where(F.col("fate") == "kept").withColumn("is_opening", (~is_as_before).cast("int"))
    so_far = by_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    runs = opened.withColumn("run", F.sum("is_opening").over(so_far))
    in_run = Window.partitionBy("model_id", "run").orderBy("observed_at")
    whole_run = in_run.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    known = runs.withColumn("known_oid", F.first("repo_oid", ignorenulls=True).over(whole_run))
    chained = known.where(F.col("is_opening") == 1).withColumn("valid_to", F.lead("observed_at").over(by_time))
    values = {
        "repo_oid": F.col("known_oid"),
        "valid_from": F.col("observed_at"),
        "is_current": F.col("valid_to").isNull(),
    }
    return chained.select(*(values.get(name, F.col(name)).alias(name) for name in _VERSION))


def differ(versions: DataFrame, before: DataFrame) -> bool:
    """Whether versions are others than before, each told by its model, its period and its repo."""
    names = ("model_id", "valid_from", "valid_to", "repo_oid", "status", "card_sha256")
    new, old = versions.select(*names), before.select(*names)
    return bool(new.exceptAll(old).limit(1).count() or old.exceptAll(new).limit(1).count())


def with_content(versions: DataFrame, contents: DataFrame) -> DataFrame:
    """Versions with what their READMEs hold; ``contents`` has one row per card_sha256."""
    joined = versions.join(contents.select("card_sha256", *CONTENT), on="card_sha256", how="left")
    return joined.select(*_VERSION, *(_or_empty(name).alias(name) for name in CONTENT))


def _or_empty(name: str) -> Column:
    column = F.col(name)
    return F.coalesce(column, F.array().cast("array<string>")) if name == "flaws" else column


def build_card_sections(read: DataFrame) -> DataFrame:
    """One row per distinct README and heading, from what ``read_batches`` made of them."""
    exploded = read.select("card_sha256", F.explode("sections").alias("section"))
    return exploded.select(
        *(F.col(name) if name == "card_sha256" else F.col("section")[name].alias(name) for name in CARD_SECTIONS.names)
    )
