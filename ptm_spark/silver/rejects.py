"""ops/rejects: every landed record that became no row, with its reasons."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_INVALID = "seq BIGINT, reason STRING, sha256 STRING, text STRING"


def build_rejects(listing: DataFrame, invalid_lines: DataFrame, *, crawl_id: str, entity: str) -> DataFrame:
    """Records of one crawl that landing set aside (``invalid_lines``) or that broke a hard rule (of ``listing``)."""
    refused = invalid_lines.select(F.from_json("value", _INVALID).alias("line")).select(
        F.lit(crawl_id).alias("crawl_id"),
        F.lit(entity).alias("entity"),
        "line.seq",
        F.lit("landing").alias("stage"),
        F.array("line.reason").alias("reasons"),
        "line.sha256",
        F.col("line.text").alias("raw"),
    )
    broken = listing.where(F.size("reasons") > 0).select(
        F.lit(crawl_id).alias("crawl_id"),
        F.lit(entity).alias("entity"),
        "seq",
        F.lit("normalising").alias("stage"),
        "reasons",
        "sha256",
        F.col("raw_cut").alias("raw"),
    )
    return refused.unionByName(broken)
