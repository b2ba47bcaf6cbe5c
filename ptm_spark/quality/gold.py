"""What is measured and asked of gold tables before readers see them."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ptm_spark.quality.metrics import Measures, count_if, measure, uploads_measures
from ptm_spark.quality.rules import Rule, contract_rules, uploads_rules
from ptm_spark.tables import Table
from ptm_spark.tables.gold import TABLES as UPLOADS
from ptm_spark.tables.hub import MODELS

#: ends of the names of columns that lie in 0–1; a ratio of two sources may be more, and is not among them
_SHARES = ("_share", "coverage", "_ratio")


def measures(table: Table, frame: DataFrame, of_silver: Mapping[str, Measures]) -> Measures:
    """Measures of one gold frame; ``of_silver`` are those of the silver tables, whose totals it must agree with."""
    if table in UPLOADS:
        of_models = of_silver.get(MODELS.path, {})
        values = measure(table, frame) | uploads_measures(frame, table)
        values["upload_total_off"] = (values["upload_total"] or 0) - (of_models.get("alive_count") or 0)
        values["ever_total_off"] = (values["ever_total"] or 0) - (of_models.get("row_count") or 0)
        return values
    return measure(
        table,
        frame,
        {
            f"outside_count:{name}": count_if(~F.col(name).between(0, 1 + 1e-9) | F.isnan(name))
            for name in _shares_of(table)
        }
        | {f"negative_count:{name}": count_if(F.col(name) < 0) for name in _counts_of(table)},
    )


def rules(table: Table) -> tuple[Rule, ...]:
    """What is asked of one gold table."""
    if table in UPLOADS:
        return contract_rules(table) + uploads_rules()
    return (
        *contract_rules(table),
        *(
            Rule(f"in_range:{name}", f"outside_count:{name}", f"{name} lies in 0–1", most=0)
            for name in _shares_of(table)
        ),
        *(
            Rule(f"not_negative:{name}", f"negative_count:{name}", f"{name} is never negative", most=0)
            for name in _counts_of(table)
        ),
    )


def _shares_of(table: Table) -> list[str]:
    return [field.name for field in table.fields if field.type == "DOUBLE" and field.name.endswith(_SHARES)]


def _counts_of(table: Table) -> list[str]:
    return [field.name for field in table.fields if field.type == "BIGINT" and field.name.endswith("_count")]
