"""The forum's tables do not depend on how its crawls are batched."""

import random
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from forum_pages import at, land_forum, page, pages, post, table_rows, take_in, topic_row

from ptm_spark.landing import Manifest
from ptm_spark.store import Store
from ptm_spark.tables.forum import TABLES

pytestmark = [pytest.mark.spark, pytest.mark.one_engine]


def _history(store: Store, seed: int) -> list[Manifest]:
    """Crawls of a few topics whose posts come, go, move and are withdrawn; crawls overlap in time, pages come twice."""
    rng = random.Random(seed)
    crawls = []
    start = datetime.fromisoformat(at(1))
    for number in range(7):
        lines: list[Any] = []
        entity = rng.choice(["topics", "topic_posts", "topic_posts"])
        moment = start + timedelta(hours=3 * number)
        times = sorted(moment - timedelta(hours=rng.randrange(8)) for _ in range(6))
        for when in (f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times):
            topic = rng.randrange(1, 4)
            if entity == "topics":
                row = topic_row(id=topic, views=rng.randrange(99), has_accepted_answer=rng.random() < 0.3)
                lines.append((topic, row, when))
            elif rng.random() < 0.25:
                lines.append((topic, rng.choice([404, 403]), when))
            else:
                numbers = [n for n in range(1, 6) if rng.random() < 0.7]
                posts = [
                    post(n, id=10 * topic + n if n < 5 else 99, topic_id=topic, user_deleted=rng.random() < 0.3)
                    for n in numbers
                ]
                solved = {"post_number": 2} if rng.random() < 0.5 else None
                split = rng.randrange(len(posts) + 1)
                stream = [one["id"] for one in posts]
                head = page(number=topic, posts=posts[:split], stream=stream, accepted_answer=solved, views=number)
                lines.append((topic, head, when))
                lines.append((topic, {"id": topic, "post_stream": {"posts": posts[split:]}}, when))
        crawls.append(land_forum(store, entity, f"{moment:%Y-%m-%dT%H:%M:%SZ}", lines))
    return sorted(crawls, key=lambda crawl: crawl.order)


@pytest.mark.parametrize("seed", range(2))
def test_any_batches_of_the_same_crawls_give_the_same_tables(store: Store, seed: int) -> None:
    crawls = _history(store, seed)
    take_in(store, crawls)
    whole = [table_rows(store, table) for table in TABLES]
    one_by_one = set(range(1, len(crawls)))
    for cut in (one_by_one, set(random.Random(seed).sample(sorted(one_by_one), 2))):
        for first, last in pairwise([0, *sorted(cut), len(crawls)]):
            found = take_in(store, crawls[first:last], crawls[:first])
            assert [values["unaccounted_count"] for values in found.values()] == [0] * (last - first)
            assert {values.get("posts_unaccounted_count", 0) for values in found.values()} == {0}
        assert [table_rows(store, table) for table in TABLES] == whole


def test_what_brings_nothing_writes_nothing(store: Store) -> None:
    first = pages(store, 1, page(posts=[post(1)]))
    take_in(store, [first])
    before = [store.version(table) for table in TABLES]
    empty = pages(store, 2)
    take_in(store, [empty], [first])
    assert [store.version(table) for table in TABLES] == before
