"""Publishing one table that no run builds."""

from dataclasses import replace

from ptm_spark import __version__
from ptm_spark.intake import NORMALISER
from ptm_spark.publishing import Publishing, State


def publish_table(publishing: Publishing, path: str, *, version: int, rows: int, run_id: str, engine: str) -> State:
    """Move readers to a table's version and leave all other tables where they are.

    What an unfinished run has prepared stays, and publishes this version too. Where nothing was published yet, the
    table is the first thing readers see; ``run_id`` and ``engine`` are who made it.
    """
    first = State(run_id=run_id, engine=engine, tool_version=__version__, normaliser=NORMALISER)
    staged = publishing.staged()
    published = publishing.publish(_with(publishing.published() or first, path, version, rows))
    if staged is not None:
        publishing.stage(_with(staged, path, version, rows))
    return published


def _with(state: State, path: str, version: int, rows: int) -> State:
    return replace(state, tables=state.tables | {path: version}, rows=state.rows | {path: rows})
