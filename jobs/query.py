"""Ask the published tables in SQL."""

import sys
from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.job import Job
from ptm_spark.tables import BY_PATH


@command(writes=False)
def main(
    job: Job,
    sql: Annotated[str, typer.Argument(help="A SELECT; every table goes by its name, such as models.")],
    limit: Annotated[int, typer.Option(min=1, help="Rows printed at most.")] = 1000,
    csv: Annotated[bool, typer.Option("--csv", help="CSV instead of aligned text.")] = False,
) -> None:
    """Ask the published tables in SQL: SELECT licence, count(*) FROM models GROUP BY licence."""
    frame = job.published_store().query(sql, list(BY_PATH.values()), limit + 1).toPandas()
    shown = frame.head(limit)
    job.summary |= {"rows": len(shown)}
    text = shown.to_csv(index=False) if csv else shown.to_string(index=False) + "\n"
    sys.stdout.write(text)
    if len(frame) > limit:
        job.log.warning("more rows than shown", shown=limit, todo="--limit N")


if __name__ == "__main__":
    run(main)
