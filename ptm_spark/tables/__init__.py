"""The data model: every table's contract, found by its place below the lake."""

from ptm_spark.tables import (
    activity,
    cards,
    families,
    forum,
    gold,
    gold_cards,
    gold_forum,
    gold_series,
    hub,
    replication,
    run,
)
from ptm_spark.tables.contract import Column, Table

SILVER = (*hub.TABLES, *cards.TABLES, *activity.TABLES, *forum.TABLES, *families.TABLES)
GOLD = (*gold.TABLES, *gold_cards.TABLES, *gold_forum.TABLES, *gold_series.TABLES)
#: gold that a command of its own writes and publishes: runs neither build nor judge it, and leave it as it is
APART = replication.TABLES
OPS = run.TABLES
BY_PATH = {table.path: table for table in (*SILVER, *GOLD, *APART, *OPS)}

__all__ = ["APART", "BY_PATH", "GOLD", "OPS", "SILVER", "Column", "Table"]
