"""Comparing the same table of two lakes row by row."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.tables import Table

#: floats may differ by the order in which they were added up
RELATIVE = 1e-9


@dataclass(frozen=True)
class Difference:
    """How two tables differ: rows of either without a partner, and rows whose values differ, by column."""

    left_rows: int
    right_rows: int
    left_only: int
    right_only: int
    unequal: dict[str, int]

    @property
    def is_equal(self) -> bool:
        return self.left_rows == self.right_rows and not (
            self.left_only or self.right_only or any(self.unequal.values())
        )

    def __str__(self) -> str:
        if self.is_equal:
            return "equal"
        unequal = {name: count for name, count in self.unequal.items() if count}
        return f"DIFFERENT: only here {self.left_only}, only there {self.right_only}, unequal {unequal}"


def compare_tables(left: DataFrame, right: DataFrame, table: Table, *, apart_from: Collection[str] = ()) -> Difference:
    """Join two frames of one contract on its key (nulls are equal) and compare every other column.

    Columns ``apart_from`` which they are to be compared are left out, of the key, too.
    """
    names = [name for name in table.names if name not in apart_from]
    one = left.select(F.lit(True).alias("is_left"), *(F.col(name).alias(f"left_{name}") for name in names))
    two = right.select(F.lit(True).alias("is_right"), *(F.col(name).alias(f"right_{name}") for name in names))
    on = reduce(
        lambda so_far, condition: so_far & condition,
        [F.col(f"left_{name}").eqNullSafe(F.col(f"right_{name}")) for name in table.key if name in names],
    )
    both = one.join(two, on=on, how="full_outer")
    paired = F.col("is_left").isNotNull() & F.col("is_right").isNotNull()
    values = [field for field in table.fields if field.name not in table.key and field.name in names]
    counts = both.agg(
        _count(F.col("is_left").isNotNull()).alias("left_rows"),
        _count(F.col("is_right").isNotNull()).alias("right_rows"),
        _count(F.col("is_right").isNull()).alias("left_only"),
        _count(F.col("is_left").isNull()).alias("right_only"),
        *(_count(paired & ~_equal(field.name, field.type)).alias(f"unequal_{field.name}") for field in values),
    ).collect()[0]
    return Difference(
        counts["left_rows"],
        counts["right_rows"],
        counts["left_only"],
        counts["right_only"],
        {field.name: counts[f"unequal_{field.name}"] for field in values},
    )


def _equal(name: str, kind: str) -> Column:
    left, right = F.col(f"left_{name}"), F.col(f"right_{name}")
    if kind != "DOUBLE":
        return left.eqNullSafe(right)
    near = F.abs(left - right) <= RELATIVE * F.greatest(F.abs(left), F.abs(right))
    return F.coalesce(near, left.isNull() & right.isNull())


def _count(condition: Column) -> Column:
    return F.coalesce(F.sum(condition.cast("bigint")), F.lit(0))
