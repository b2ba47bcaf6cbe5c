"""Ask the published tables in SQL."""

import sys
from typing import Annotated

import typer

from ptm_spark.answers import aligned
from ptm_spark.command import command, run
from ptm_spark.gold.as_of import gold_as_of
from ptm_spark.job import Job
from ptm_spark.silver.as_of import parse_as_of, tables_as_of
from ptm_spark.tables import BY_PATH, GOLD


@command(writes=False)
def main(
    job: Job,
    sql: Annotated[str, typer.Argument(help="A SELECT; every table goes by its name, such as models.")],
    limit: Annotated[int, typer.Option(min=1, help="Rows printed at most.")] = 1000,
    csv: Annotated[bool, typer.Option("--csv", help="CSV instead of aligned text.")] = False,
    as_of: Annotated[str | None, typer.Option(help="As observed by a moment, or by the end of a date (UTC).")] = None,
) -> None:
    """Ask the published tables in SQL: SELECT licence, count(*) FROM models GROUP BY licence."""
    moment = None if as_of is None else parse_as_of(as_of)
    store = job.published_store()
    tables = tables_as_of(store, moment) if moment else {table: store.read(table) for table in BY_PATH.values()}
    if moment and (wanted := {table for table in GOLD if table.name in sql.lower()}):
        crawls = job.crawls_of(job.publishing.published())
        then = gold_as_of(store, tables, crawls, moment, settings=job.published_gold_settings(), wanted=wanted)
        tables = {**tables, **{table: store.empty(table) for table in wanted}, **then}
    frame = store.query(sql, tables, limit + 1)
    job.summary |= {"rows": len(shown := frame.head(limit))}
    sys.stdout.write(shown.to_csv(index=False) if csv else aligned(shown) + "\n")
    if len(frame) > limit:
        job.log.warning("more rows than shown", shown=limit, todo="--limit N")


if __name__ == "__main__":
    run(main)
