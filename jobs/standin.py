"""An invented Hub and forum for trials without a network."""

from pathlib import Path
from typing import Annotated

import typer

from ptm_spark.command import command, run
from ptm_spark.job import Job


@command(writes=False)
def main(
    job: Job,
    write: Annotated[Path | None, typer.Option(help="Write dumps into this folder instead of serving.")] = None,
    models: Annotated[int, typer.Option(min=1, help="Models in the invented world.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 7,
    dirty: Annotated[bool, typer.Option("--dirty", help="Dumps: mix in broken records of every known kind.")] = False,
    port: Annotated[int, typer.Option(help="Port of the Hub; the forum takes the next. 0: free ones.")] = 0,
    hub_dump: Annotated[Path | None, typer.Option(help="Serve this saved listing as the Hub.")] = None,
    forum_dump: Annotated[Path | None, typer.Option(help="Serve these saved topics as the forum.")] = None,
    at: Annotated[str, typer.Option(help="Moment at which the world stands, such as 2024-11-30T12:00:00Z.")] = "",
    advance: Annotated[float, typer.Option(help="Seconds that the world moves at each listing request.")] = 0,
    plan: Annotated[str, typer.Option(help="Quota of the Hub: anonymous, free, pro … or unlimited.")] = "unlimited",
    time_scale: Annotated[float, typer.Option(help="How much quicker the windows of the limits pass.")] = 1,
    faults: Annotated[Path | None, typer.Option(help="JSON file of the faults to commit.")] = None,
) -> None:
    """Serve an invented Hub and forum, or write listings of the Hub at three dates: a path and its moment a line."""
    from ptm_spark.standin.starting import start

    start(write=write, dirty=dirty, port=port, hub_dump=hub_dump, forum_dump=forum_dump, seed=seed, models=models,
          at=at, advance=advance, plan=plan, time_scale=time_scale, faults=faults)  # fmt: skip


if __name__ == "__main__":
    run(main)
