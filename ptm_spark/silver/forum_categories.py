"""silver/forum_categories: categories as the forum last listed them."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ptm_spark.silver.forum_lines import CATEGORY_COLUMNS
from ptm_spark.silver.forum_topics import order_of
from ptm_spark.tables.forum import FORUM_CATEGORIES

#: a record without it is one of a category at the top
_PARENT = "parent_category_id"
_VALUES = tuple(name for name in CATEGORY_COLUMNS if name not in ("category_id", _PARENT, "flaws"))


def fold_categories(before: DataFrame, observed: DataFrame) -> DataFrame:
    """The categories after some more observations (``category``, observed_at, crawl_id, rank, seq).

    The forum lists its categories twice, each time with other values; one that a record lacks stays as it was.
    """
    of_lines = observed.select(
        *(F.col(f"category.{name}").alias(name) for name in CATEGORY_COLUMNS),
        order_of().alias("order"),
        *("observed_at", "crawl_id"),
        F.col("observed_at").alias("first_observed_at"),
    )
    held = before.withColumn("rank", F.lit(-1)).withColumn("seq", F.lit(0)).withColumn("order", order_of())
    everything = of_lines.unionByName(held.drop("rank", "seq"))
    return (
        everything.groupBy("category_id")
        .agg(
            *(F.max_by(name, F.when(F.col(name).isNotNull(), F.col("order"))).alias(name) for name in _VALUES),
            F.max_by(_PARENT, "order").alias(_PARENT),
            F.max_by("flaws", "order").alias("flaws"),
            F.min("first_observed_at").alias("first_observed_at"),
            F.max("observed_at").alias("observed_at"),
            F.max_by("crawl_id", "order").alias("crawl_id"),
        )
        .select(*FORUM_CATEGORIES.names)
    )
