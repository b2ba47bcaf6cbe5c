"""The data model: every table's contract, found by its place below the lake."""

from ptm_spark.tables import activity, cards, forum, gold, hub, run
from ptm_spark.tables.contract import Column, Table

SILVER = (*hub.TABLES, *cards.TABLES, *activity.TABLES, *forum.TABLES)
GOLD = gold.TABLES
OPS = run.TABLES
BY_PATH = {table.path: table for table in (*SILVER, *GOLD, *OPS)}

__all__ = ["BY_PATH", "GOLD", "OPS", "SILVER", "Column", "Table"]
