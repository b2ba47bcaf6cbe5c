"""Discussions; and commits and discussions over several crawls in whatever batches. Both engines agree."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from activity import (
    OID,
    commit,
    csv_commit,
    discussion,
    discussions_of,
    event,
    land,
    pull_request,
    rows,
    take_in,
)
from landed import Line

from ptm_spark.config import load
from ptm_spark.crawl.entities import entity_named
from ptm_spark.crawl.import_dump import import_dump
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing
from ptm_spark.quality.activity import measures, rules
from ptm_spark.store import Store
from ptm_spark.tables.activity import MODEL_COMMITS, MODEL_DISCUSSIONS

pytestmark = pytest.mark.spark


def test_a_detail_body_adds_to_a_row_of_the_list_which_may_be_newer(store: Store) -> None:
    events = [
        event("comment", "2023-05-04T10:00:00.000Z", "Ann", hidden=True),
        event("status-change", "2023-05-05T10:00:00.000Z", status="closed"),
        event("status-change", "2023-05-06T10:00:00.000Z", None, status="open"),
        event("status-change", "2023-05-07T10:00:00.000Z", status="merged"),
    ]
    detail = discussion(events=events, locked=True, numComments=..., status="merged", isPullRequest=True)
    (row,) = discussions_of(store, [discussion(numReactionUsers=5)], [detail], [discussion(author=..., status="open")])
    assert (row["status"], row["closed_at"], row["merged_at"]) == (
        "open",
        "2023-05-05 10:00:00",
        "2023-05-07 10:00:00",
    )
    assert (row["event_count"], row["participant_count"], row["is_locked"]) == (4, 2, True)
    assert (row["comment_count"], row["reaction_user_count"]) == (1, 2)
    assert (row["author_hash"], row["is_author_deleted"], row["is_bot"]) == (None, True, None)
    assert (row["details_observed_at"], row["observed_at"]) == ("2024-07-02 12:00:00", "2024-07-03 12:00:00")
    assert (row["repo_oid"], row["title"], row["created_at_basis"]) == (OID, "Which licence?", "hub")


@pytest.mark.one_engine
def test_the_first_time_logged_counts_until_the_hub_says_when(store: Store) -> None:
    lines = [pull_request("Ready to Merge", 1), pull_request("merged", 1, "2022-11-06 14:00:58"), pull_request("", 2)]
    csv = land(store, "hub/discussions", 2, *lines, format="csv")
    hub = land(store, "hub/discussions", 1, discussion(2, title="of the Hub", status="closed"))
    found = take_in(store, "hub/discussions", [hub, csv])
    assert [each["unaccounted_count"] for each in found.values()] == [0, 0]
    first, second = rows(store, MODEL_DISCUSSIONS)
    assert (first["status"], first["is_mergeable"], first["is_pull_request"]) == ("merged", True, True)
    assert (first["created_at"], first["created_at_basis"]) == ("2022-11-06 14:00:58", "logged")
    assert (second["created_at"], second["created_at_basis"]) == ("2023-05-04 10:00:00", "hub")
    assert (second["status"], second["title"], second["is_author_deleted"]) == ("closed", "of the Hub", False)


def random_crawls(
    rng: random.Random, make: Callable[[int], Line], odd: Sequence[Line], count: int
) -> Iterator[list[Line]]:
    for _ in range(count):
        yield [make(number) for number in range(1, 6) if rng.random() < 0.6] + rng.sample(list(odd), k=1)


@pytest.mark.one_engine
@pytest.mark.parametrize("entity", ["hub/commits", "hub/discussions"])
def test_one_by_one_all_at_once_and_anything_between_give_the_same_table(store: Store, entity: str) -> None:
    rng = random.Random(5)
    table = MODEL_COMMITS if entity == "hub/commits" else MODEL_DISCUSSIONS

    def make(number: int) -> Line:
        if entity == "hub/commits":
            return commit(number, title=f"t{rng.randrange(3)}", authors=[{"user": f"u{rng.randrange(3)}"}])
        detail = {"events": [event("status-change", "2023-05-05T10:00:00.000Z", status=rng.choice(["closed", "open"]))]}
        return discussion(
            number,
            status=rng.choice(["open", "closed", "odd", None]),
            author=rng.choice([..., None, {"name": "Ann"}, {"name": "Bob"}, 5]),
            title=rng.choice(["a", "b", None, 5]),
            **(detail if rng.random() < 0.3 else {}),
        )

    odd: list[Line] = [("someone/m", 404, {}), ("other/m", 204, {}), ("someone/m", 204, {})]
    lines = list(random_crawls(rng, make, odd, 7 if store._engine == "embedded" else 3))
    crawls = [land(store, entity, at, *each) for at, each in enumerate(lines, start=1)]
    csv = [csv_commit(2, "a"), csv_commit(9, "b")] if entity == "hub/commits" else [pull_request("merged", 2)]
    crawls.insert(2, land(store, entity, 20, *csv, format="csv"))
    crawls.sort(key=lambda crawl: crawl.order)
    take_in(store, entity, crawls)
    whole = rows(store, table)
    one_by_one, some = range(1, len(crawls)), sorted(rng.sample(range(1, len(crawls)), k=1))
    for cuts in (one_by_one, some) if store._engine == "embedded" else (some,):  # the JVM takes seconds for each
        edges = [0, *cuts, len(crawls)]
        for begin, end in pairwise(edges):
            take_in(store, entity, crawls[begin:end], crawls[:begin])
        assert rows(store, table) == whole
    assert len(whole) > 3
    found = measures(store, {})
    for rule in rules(load().gate)[table.path]:
        value = found[table.path][rule.metric]
        assert value is not None and (rule.severity == "warn" or rule.most is None or value <= rule.most), rule


@pytest.mark.one_engine
def test_a_crawl_that_says_nothing_new_writes_nothing(store: Store) -> None:
    first = land(store, "hub/commits", 1, commit(1))
    take_in(store, "hub/commits", [first])
    before = store.version(MODEL_COMMITS)
    take_in(store, "hub/commits", [land(store, "hub/commits", 2, ("someone/m", 404, {}))], [first])
    assert store.version(MODEL_COMMITS) == before


@pytest.mark.one_engine
def test_real_exports_give_the_known_figures(store: Store, real_data: Path) -> None:
    for entity, name, lines, things in (
        ("hub/commits", "commits_2019-2024.csv", 8171, 4737),
        ("hub/discussions", "pull_requests_2022-2023.csv", 8333, 8317),
    ):
        (crawl, *_), = import_dump(
            Landing(Folder(store._lake.url)), entity_named(entity), [real_data / "hub" / name], format="csv",
            observed_at=datetime(2024, 10, 1, tzinfo=UTC), coverage="partial", scope="hub", settings=load().landing,
        )  # fmt: skip
        found = take_in(store, entity, [crawl])[crawl.path]
        assert (found["record_count"], found["kept_count"], found["unaccounted_count"]) == (lines, things, 0)
        assert found["reject_count"] == 0
    commits, discussions = rows(store, MODEL_COMMITS), rows(store, MODEL_DISCUSSIONS)
    assert len({row["commit_sha"] for row in commits}) == 4735 and len({row["model_id"] for row in commits}) == 1031
    assert sum(bool(row["flaws"]) for row in commits) == 0 and sum(bool(row["flaws"]) for row in discussions) == 19
    statuses = [row["status"] for row in discussions]
    assert [statuses.count(word) for word in ("open", "merged", "closed", None)] == [6110, 1544, 156, 507]
