"""When a model was created: as the Hub says, else at its first commit.

The Hub began to keep creation times on 2 March 2022; models older than that bear the moment of that change (the floor).
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

#: the floor's second, in UTC: a first commit later than that cannot be the creation of a model that was there by then
_FLOOR_END = "2022-03-02 23:29:05"


def with_creation(models: DataFrame, first_commits: DataFrame | None) -> DataFrame:
    """``models`` with those of the floor dated by their first commit (``repo_oid``, ``first_committed_at``)."""
    if first_commits is None:
        return models
    early = first_commits.where(F.col("first_committed_at") <= F.lit(_FLOOR_END).cast("timestamp"))
    # a model that was renamed may have its history under both names
    first = early.groupBy(F.col("repo_oid").alias("of_oid")).agg(
        F.min("first_committed_at").alias("first_committed_at")
    )
    found = (F.col("created_at_basis") == "floor") & F.col("first_committed_at").isNotNull()
    dated = {
        "created_at": F.when(found, F.col("first_committed_at")).otherwise(F.col("created_at")),
        "created_at_basis": F.when(found, "first_commit").otherwise(F.col("created_at_basis")),
    }
    return models.join(first, on=F.col("repo_oid") == F.col("of_oid"), how="left").select(
        *(dated.get(name, F.col(name)).alias(name) for name in models.columns)
    )


def without_first_commits(models: DataFrame) -> DataFrame:
    """``models`` as the Hub says: what commits have told is taken back."""
    told = F.col("created_at_basis") == "first_commit"
    taken_back = {
        "created_at": F.when(~told, F.col("created_at")),
        "created_at_basis": F.when(told, "floor").otherwise(F.col("created_at_basis")),
    }
    return models.select(*(taken_back.get(name, F.col(name)).alias(name) for name in models.columns))
