"""What is measured of silver and of gold before they may be published."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial, reduce

from pyspark.sql import DataFrame

from ptm_spark.config import GateSettings
from ptm_spark.lanes import side_by_side
from ptm_spark.quality import activity, cards, families, forum, gold, models
from ptm_spark.quality.metrics import Measures
from ptm_spark.quality.rules import Rule, crawl_rules
from ptm_spark.store import Store
from ptm_spark.tables import Table

#: modules that know the tables of a family each
_FAMILIES = (models, cards, activity, forum, families)


def silver_measures(
    store: Store, before: Mapping[str, Measures], unchanged: Collection[str] = ()
) -> dict[str, Measures]:
    """Measures of silver tables by path; ``before`` are those of the published run, for ratios.

    Left out are families that have no table yet, and those whose tables (paths) are all ``unchanged`` since then.
    """
    measured = []
    for family in _FAMILIES:
        there = {table.path for table in family.TABLES if store.exists(table)}
        if there and not there <= set(unchanged):
            measured.append(partial(family.measures, store, before))
    return reduce(dict.__or__, side_by_side(*measured), {})


def gold_measures(staged: Mapping[Table, DataFrame], of_silver: Mapping[str, Measures]) -> dict[str, Measures]:
    """Measures of gold frames by table path; totals are compared with the silver tables that they come from."""
    found = side_by_side(*(partial(gold.measures, table, frame, of_silver) for table, frame in staged.items()))
    return dict(zip((table.path for table in staged), found, strict=True))


def silver_rules(
    settings: GateSettings, crawls: Collection[str], tables: Collection[str]
) -> dict[str, tuple[Rule, ...]]:
    """Rules by subject: every new crawl, every silver table that was measured (by path)."""
    of_tables = {path: rules for family in _FAMILIES for path, rules in family.rules(settings).items()}
    of_posts = {path: forum.crawl_rules() for path in crawls if path.startswith("forum/topic_posts/")}
    of_crawls = {path: crawl_rules(settings, path) + of_posts.get(path, ()) for path in crawls}
    return of_crawls | {path: of_tables[path] for path in tables}


def gold_rules(tables: Iterable[Table]) -> dict[str, tuple[Rule, ...]]:
    """Rules by gold table."""
    return {table.path: gold.rules(table) for table in tables}
