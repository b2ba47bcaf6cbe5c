"""Crawling a stand-in from a test, and reading what has landed."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from dumps import landed_lines
from huggingface_hub import constants

from ptm_spark.config import load
from ptm_spark.crawl.forum import ForumOptions, crawl_forum
from ptm_spark.crawl.hub import HubOptions, crawl_hub
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest
from ptm_spark.standin.faults import make_plan
from ptm_spark.standin.forum_world import InventedForum
from ptm_spark.standin.hub_listing import WorldHub
from ptm_spark.standin.serving import Addresses, serve_in_thread
from ptm_spark.standin.world import World, make_world

AT = datetime(2024, 11, 30, 12, tzinfo=UTC)
#: quick where the real services would be given time
QUICK = ["crawl.attempts=4", "crawl.page_size=100"]


@cache
def world(models: int = 700) -> World:
    return make_world(7, models)


@contextmanager
def standin(
    *, models: int = 700, topics: int = 60, at: datetime = AT, advance: timedelta = timedelta(0),
    rules: Sequence[Any] = (), **limits: Any,
) -> Iterator[Addresses]:  # fmt: skip
    """A stand-in of the invented world; ``rules`` are those of a fault plan."""
    faults = make_plan({"seed": 7, "rules": list(rules)}) if rules else None
    hub = WorldHub(world(models), at, advance)
    forum = InventedForum(7, topics, at, advance)
    with serve_in_thread(hub_source=hub, forum_source=forum, faults=faults, **limits) as addresses:
        yield addresses


def hub_crawls(
    lake: Path, address: str, entities: Sequence[str] = ("models",), *, settings: Sequence[str] = (), **options: Any
) -> list[Manifest]:
    """Crawl entities of the Hub at an address into a lake; the manifests."""
    endpoint, constants.ENDPOINT = constants.ENDPOINT, address
    try:
        asked = HubOptions(**options)
        found = crawl_hub(Landing(Folder(lake)), entities, asked, load(None, [*QUICK, *settings]))
        return [manifest for manifest, _ in found]
    finally:
        constants.ENDPOINT = endpoint


def forum_crawls(
    lake: Path, address: str, entities: Sequence[str] = ("site", "topics", "topic_posts"), *,
    settings: Sequence[str] = (), **options: Any,
) -> list[Manifest]:  # fmt: skip
    """Crawl entities of the forum at an address into a lake; the manifests."""
    asked = ForumOptions(url=address, **options)
    found = crawl_forum(Landing(Folder(lake)), entities, asked, load(None, [*QUICK, *settings]))
    return [manifest for manifest, _ in found]


def lines(lake: Path, crawl: Manifest, kind: str = "part") -> list[dict[str, Any]]:
    """Landed lines of a crawl, as they lie there."""
    return [json.loads(line) for line in landed_lines(Landing(Folder(lake)), crawl, kind)]


def records(lake: Path, crawl: Manifest) -> list[dict[str, Any]]:
    """Landed records of a crawl, without those that are a status only."""
    return [line["raw"] for line in lines(lake, crawl) if "raw" in line]
