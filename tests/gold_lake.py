"""A world crawled with all its cards, taken in once by either engine, and readers of what came of it."""

import shutil
from datetime import UTC, date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from commands import ptm_spark, published
from crawls import forum_crawls, hub_crawls, standin
from world_forum import TopicSeen, topics_seen

from ptm_spark.standin.forum_world import InventedForum
from ptm_spark.standin.truth import Truth
from ptm_spark.standin.world import CENSUS_DATES, make_world

MODELS, TOPICS = 1_500, 600
#: months of creation are whole after that of the floor and before the last
FLOOR, LAST = date(2022, 3, 1), date(2024, 11, 1)
Row = dict[str, Any]

_made: dict[str, Path] = {}


def gold_lake(engine: str, places: pytest.TempPathFactory) -> Path:
    """The lake of an engine, made once a process: the Hub with every card and the forum, at three dates."""
    if "landed" not in _made:
        _made["landed"] = _crawl(places.mktemp("world-gold") / "lake")
    if engine not in _made:
        lake = places.mktemp(f"world-gold-{engine}") / "lake"
        shutil.copytree(_made["landed"] / "landing", lake / "landing")
        ptm_spark("run", "--lake", lake, "--engine", engine)
        _made[engine] = lake
    return _made[engine]


def _crawl(lake: Path) -> Path:
    for moment in CENSUS_DATES:
        with standin(models=MODELS, topics=TOPICS, at=moment) as addresses:
            at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
            entities, settings = ("models", "cards"), ["crawl.page_size=1000"]
            hub_crawls(lake, addresses.hub, entities, settings=settings, observed_at=at)
            forum_crawls(lake, addresses.forum, observed_at=at)
    return lake


@cache
def truth() -> Truth:
    return make_world(models=MODELS).truth()


@cache
def families() -> dict[str, str | None]:
    """The family of every model of the world by repo_oid."""
    return {model.repo_oid: model.family for model in make_world(models=MODELS).models}


def topics_of(lake: Path) -> list[TopicSeen]:
    """What there is to see in the forum on those pages that the crawls say they fetched."""
    dates = {at.date(): at for at in CENSUS_DATES}
    rows = published(lake, "silver/forum_topics").to_pylist()
    looks = {row["topic_id"]: dates[row["page_observed_at"].astimezone(UTC).date()] for row in rows}
    forum = InventedForum(7, TOPICS)
    found = topics_seen(forum, CENSUS_DATES, looks)
    assert looks.keys() == {one.topic.topic_id for one in found}
    for one in found:  # no page is older than the newest post
        if one.counted:
            number = one.topic.topic_id
            assert forum.visible_posts(number, one.look) == forum.visible_posts(number, CENSUS_DATES[-1])
    return found


def rows_of(lake: Path, name: str, *key: str) -> dict[Any, Row]:
    """Rows of a published table by key."""
    rows = published(lake, name).to_pylist()
    found = {tuple(row[part] for part in key): row for row in rows}
    assert len(found) == len(rows)
    return {name[0] if len(key) == 1 else name: row for name, row in found.items()}


def same(row: Row, expected: Row) -> bool:
    """Whether the row has these values, floats but for their last digits."""
    return {name: row[name] for name in expected} == {
        name: pytest.approx(value, rel=1e-9) if isinstance(value, float) else value for name, value in expected.items()
    }
