"""What is measured of silver and of gold before they may be published."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from ptm_spark.config import GateSettings
from ptm_spark.quality import models
from ptm_spark.quality.metrics import Measures, measure, uploads_measures
from ptm_spark.quality.rules import Rule, contract_rules, crawl_rules, uploads_rules
from ptm_spark.store import Store
from ptm_spark.tables import GOLD
from ptm_spark.tables.hub import MODELS


def silver_measures(store: Store, before: Mapping[str, Measures]) -> dict[str, Measures]:
    """Measures of every silver table; ``before`` are those of the published run, for ratios."""
    return models.measures(store, before)


def gold_measures(staged: Mapping[str, DataFrame], of_models: Measures) -> dict[str, Measures]:
    """Measures of gold frames by table path; totals are compared with the silver table they come from."""
    found = {}
    for table in GOLD:
        values = measure(table, staged[table.path]) | uploads_measures(staged[table.path], table)
        values["upload_total_off"] = (values["upload_total"] or 0) - (of_models["alive_count"] or 0)
        values["ever_total_off"] = (values["ever_total"] or 0) - (of_models["row_count"] or 0)
        found[table.path] = values
    return found


def silver_rules(settings: GateSettings, crawls: Mapping[str, Measures]) -> dict[str, tuple[Rule, ...]]:
    """Rules by subject: every new crawl, every silver table."""
    return {path: crawl_rules(settings) for path in crawls} | models.rules(settings)


def gold_rules() -> dict[str, tuple[Rule, ...]]:
    """Rules by gold table."""
    return {table.path: contract_rules(table) + uploads_rules() for table in GOLD}
