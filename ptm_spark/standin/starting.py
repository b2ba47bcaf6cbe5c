"""From the options of a command line to dumps or running servers."""

import sys
from datetime import timedelta
from pathlib import Path

from ptm_spark.errors import UsageError
from ptm_spark.landing import parse_moment
from ptm_spark.standin.faults import read_plan
from ptm_spark.standin.hub_dump import read_hub_dump
from ptm_spark.standin.hub_listing import HubSource, WorldHub
from ptm_spark.standin.quota import Quota
from ptm_spark.standin.serving import Addresses, serve_forever
from ptm_spark.standin.world import CENSUS_DATES, make_world, write_dumps

_MOST_PORT = 65_535


def write_and_tell(folder: Path, *, seed: int, models: int, dirty: bool) -> None:
    """Write the dumps of an invented Hub; tell each with its moment on a line of standard output."""
    for dump, date in zip(write_dumps(folder, seed=seed, models=models, dirty=dirty), CENSUS_DATES, strict=True):
        sys.stdout.write(f"{dump} {date:%Y-%m-%dT%H:%M:%SZ}\n")


def start(
    *,
    write: Path | None,
    dirty: bool,
    port: int,
    hub_dump: Path | None,
    forum_dump: Path | None,
    seed: int,
    models: int,
    at: str,
    advance: float,
    plan: str,
    time_scale: float,
    faults: Path | None,
) -> None:
    """Write dumps where a folder for them is given; else serve Hub and forum until a signal.

    Both are of dumps or of the invented world, and their addresses are told once they answer.

    UsageError on an option that does not fit, before anything is read or invented.
    """
    if write is not None:
        write_and_tell(write, seed=seed, models=models, dirty=dirty)
        return
    if dirty:
        raise UsageError("--dirty: only dumps can be dirty; give --write FOLDER too, or --faults FILE to serve faults")
    from ptm_spark.standin.forum_dump import ForumDump
    from ptm_spark.standin.forum_source import ForumSource
    from ptm_spark.standin.forum_world import InventedForum

    if port and not 1 <= port < _MOST_PORT:
        raise UsageError(
            f"--port {port}: must be from 1 to {_MOST_PORT - 1}, or 0 for free ones; the forum takes the next"
        )
    if advance < 0:
        raise UsageError(f"--advance {advance}: the world's clock cannot go back; give 0 or more seconds")
    Quota(plan, time_scale=time_scale)
    moment = parse_moment(at, "--at") if at else None
    fault_plan = None if faults is None else read_plan(faults)
    for dump, option in ((hub_dump, "--hub-dump"), (forum_dump, "--forum-dump")):
        if dump is not None and not dump.is_file():
            raise UsageError(f"{option} {dump}: no such file; give the path of a saved dump")
    world = make_world(seed, models if hub_dump is None or forum_dump is None else 0)
    hub: HubSource = WorldHub(world, moment or CENSUS_DATES[-1], timedelta(seconds=advance))
    if hub_dump is not None:
        hub = read_hub_dump(hub_dump, moment)
    forum: ForumSource
    if forum_dump is not None:
        forum = ForumDump.read(forum_dump)
    else:
        forum = InventedForum(seed, at=moment or CENSUS_DATES[-1], advance=timedelta(seconds=advance))
    serve_forever(
        _tell,
        hub_source=hub,
        forum_source=forum,
        plan=plan,
        time_scale=time_scale,
        faults=fault_plan,
        hub_port=port,
        forum_port=port + 1 if port else 0,
    )


def _tell(addresses: Addresses) -> None:
    sys.stdout.write(f"hub {addresses.hub}\nforum {addresses.forum}\n")
    sys.stdout.flush()
