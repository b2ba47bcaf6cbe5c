"""From landed READMEs to versions and sections, over one crawl and over several. Both engines agree."""

import random
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from cards import OID, Seen, land_cards, seen, take_in, versions, whole
from pyspark.sql import functions as F

from ptm_spark.config import load
from ptm_spark.crawl.entities import entity_named
from ptm_spark.crawl.import_dump import import_dump
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest
from ptm_spark.quality.cards import measures, rules
from ptm_spark.silver.card_observations import HARD_RULES
from ptm_spark.store import Store
from ptm_spark.tables.cards import CARD_SECTIONS, MODEL_CARDS
from ptm_spark.tables.run import REJECTS

pytestmark = pytest.mark.spark

A, B = "---\nlicense: mit\n---\n# A\n\nSome words.\n", "# B\n\n## Usage\n\nOther words.\n"


def assert_sound(store: Store) -> None:
    """Every rule of the gate holds."""
    found, asked = measures(store, {}), rules(load().gate)
    for table in (MODEL_CARDS, CARD_SECTIONS):
        for rule in asked[table.path]:
            value = found[table.path][rule.metric]
            if rule.severity == "error":
                assert value is not None and value <= (rule.most or 0), (table.path, rule)


@pytest.mark.one_engine
def test_a_version_lasts_until_the_next(store: Store) -> None:
    commit = "c" * 40
    days = [
        seen(A, 0, repo_oid=OID, asked="x", sha=commit),
        seen(A, 1),
        seen(304, 2),
        seen(B, 3, truncated=True),
        seen(404, 4, error="RepoNotFound"),
        seen(304, 5),
        seen(A, 6, repo_oid="odd"),
    ]
    take_in(store, [land_cards(store, one, day=one[2]) for one in days])
    assert versions(store, "repo_oid", "is_truncated", "commit_sha", "is_current", "word_count") == [
        ("o/m", 0, 3, "present", OID, False, commit, False, 3),
        ("o/m", 3, 4, "present", None, True, None, False, 4),
        ("o/m", 4, 5, "gone_or_private", None, False, None, False, None),
        ("o/m", 5, 6, "present", None, False, None, False, 4),
        ("o/m", 6, None, "present", None, False, None, True, 3),
    ]
    assert [row["heading"] for row in whole(store)[1]] == ["B", "Usage", "A"] or [
        row["heading"] for row in whole(store)[1]
    ] == ["A", "B", "Usage"]
    assert_sound(store)


@pytest.mark.one_engine
@pytest.mark.parametrize(
    ("what", "about", "format", "status"),
    [
        (" \n\t\u00a0", {}, "api", "empty"),
        ("", {}, "census-2022", "empty"),
        ("Error: the path 'README.md' does not exist in the given tree", {}, "census-2022", "none"),
        ("Error: the path 'README.md' does not exist in the given tree", {}, "api", "present"),
        (204, {}, "api", "none"),
        (404, {"error": "EntryNotFound"}, "api", "none"),
        (404, {"message": "Entry not found"}, "api", "none"),
        (404, {"message": "init"}, "git-history", "none"),
        (404, {"error": "RepoNotFound"}, "api", "gone_or_private"),
        (401, {"error": "RepoNotFound"}, "api", "gone_or_private"),
        (410, {}, "api", "gone_or_private"),
        (401, {"error": "GatedRepo"}, "api", "refused"),
        (403, {"error": "GatedRepo"}, "api", "refused"),
        (403, {"message": "Access to this resource is disabled."}, "api", "disabled"),
        (403, {}, "api", "refused"),
        (404, {"error": "RevisionNotFound"}, "api", None),
        (304, {}, "api", None),
        (500, {}, "api", None),
    ],
)
def test_each_answer_has_a_status(store: Store, what: str | int, about: dict, format: str, status: str | None) -> None:
    if store.engine == "spark":
        pytest.skip("the same columns as on the embedded engine, seconds each; test_every_answer_at_once has them all")
    found = take_in(store, [land_cards(store, seen(what, 0, **about), day=0, format=format)])
    assert [row[3] for row in versions(store)] == ([status] if status else [])
    assert [values["unaccounted_count"] for values in found.values()] == [0]


def test_every_answer_at_once(store: Store) -> None:
    answers = [
        (" \n", {}, "empty"),
        (A, {}, "present"),
        (204, {}, "none"),
        (404, {"error": "EntryNotFound"}, "none"),
        (401, {"error": "GatedRepo"}, "refused"),
        (403, {"message": "Access to this resource is disabled."}, "disabled"),
        (410, {}, "gone_or_private"),
        (304, {}, None),
        (500, {}, None),
    ]
    lines = [seen(what, 0, model=f"o/{n}", **about) for n, (what, about, _) in enumerate(answers)]
    (found,) = take_in(store, [land_cards(store, *lines, day=0)]).values()
    assert [(row[0], row[3]) for row in versions(store)] == [
        (f"o/{n}", status) for n, (_, _, status) in enumerate(answers) if status
    ]
    assert (found["kept_count"], found["unresolved_count"], found["status_count"]) == (7, 1, 1)
    assert found["unaccounted_count"] == 0
    assert_sound(store)


@pytest.mark.one_engine
def test_of_one_moment_the_later_line_counts(store: Store) -> None:
    moved = land_cards(store, seen(A, 0), seen(404, 1), seen(B, 1), day=2, format="git-history")
    (found,) = take_in(store, [moved]).values()
    assert versions(store) == [("o/m", 0, 1, "present"), ("o/m", 1, None, "present")]
    assert (found["kept_count"], found["older_fetch_count"], found["unaccounted_count"]) == (2, 1, 0)


def test_each_hard_rule_turns_a_line_away(store: Store) -> None:
    place, crawl_id = Landing(store._lake), "20240701T120000Z-hard"
    with place.writer(f"hub/cards/{crawl_id}", load().landing) as writer:
        good = b'"fetched_at":"2024-07-01T12:00:00Z","status":200'
        for line in (
            b'{"seq":0,%b,"key":null,"raw":"x"}' % good,
            b'{"seq":1,%b,"key":"","raw":"x"}' % good,
            b'{"seq":2,%b,"key":5,"raw":"x"}' % good,
            b'{"seq":3,"fetched_at":"2024-07-01","status":200,"key":"o/m","raw":"x"}',
            b'{"seq":4,%b,"key":"o/m"}' % good,
            b'{"seq":5,%b,"key":"o/m","raw":null}' % good,
            b'{"seq":6,%b,"key":"o/m","raw":5}' % good,
            b'{"seq":7,%b,"key":"o/m","raw":{"a":"b"}}' % good,
            b'{"seq":8,%b,"key":"o/m","about":{"repo_oid":[],"truncated":"x","sha":{}},"raw":"{x}"}' % good,
        ):
            writer._parts.add(line + b"\n")
            writer.records += 1
        crawl = writer.finish(
            source="hub", entity="cards", crawl_id=crawl_id, format="api", coverage="partial", failed=(), scope="hub",
            observed_at="2024-07-01T12:00:00Z", cutoff="2024-07-01T12:00:00Z",
        )  # fmt: skip
    (found,) = take_in(store, [crawl]).values()
    rows = sorted(store.read(REJECTS).collect(), key=lambda row: row.seq)
    assert [row["reasons"] for row in rows] == [
        ["key:missing"],
        ["key:missing"],
        ["key:type"],
        ["fetched_at:format"],
        ["raw:missing"],
        ["raw:missing"],
        ["raw:type"],
        ["raw:type"],
    ]
    assert {reason for row in rows for reason in row["reasons"]} == set(HARD_RULES)
    assert (found["reject_count"], found["kept_count"], found["unaccounted_count"]) == (8, 1, 0)
    assert [row[3:] for row in versions(store, "repo_oid", "is_truncated")] == [("present", None, False)]


def random_crawls(store: Store, rng: random.Random) -> list[Manifest]:
    """Crawls of a few models, and two histories of them that tell of the time between."""
    texts = [A, B, "", A + "\nmore", "# C\n"]
    answers: list[str | int] = [*texts, 304, 304, 404, 401, 204, 500]

    def observations(day: float, width: float) -> list[Seen]:
        return [
            seen(rng.choice(answers), day + rng.random() * width, model=f"o/{n}", repo_oid=rng.choice([OID, "odd"]))
            for n in range(6)
            if rng.random() < 0.7
        ]

    crawls = [land_cards(store, *observations(day, 0.5), day=day + 0.9) for day in range(6)]
    for day in (2, 5):
        past = [seen(rng.choice([A, B, 404]), rng.random() * day, model=f"o/{n % 6}") for n in range(12)]
        crawls.append(land_cards(store, *past, day=day + 0.95, format="git-history"))
    return sorted(crawls, key=lambda crawl: crawl.order)


@pytest.mark.one_engine
@pytest.mark.parametrize("seed", [1, 2])
def test_one_by_one_all_at_once_and_anything_between_give_the_same_tables(store: Store, seed: int) -> None:
    if store.engine == "spark" and seed > 1:
        pytest.skip("the JVM takes a minute for one of them")
    rng = random.Random(seed)
    crawls = random_crawls(store, rng)
    found = take_in(store, crawls)
    assert all(values["unaccounted_count"] == 0 for values in found.values())
    expected = whole(store)
    assert len(expected[0]) > 15
    assert_sound(store)
    one_by_one, some = range(1, len(crawls)), sorted(rng.sample(range(1, len(crawls)), k=2))
    for cuts in (one_by_one, some) if store.engine == "embedded" else (some,):  # the JVM takes seconds for each
        for begin, end in pairwise([0, *cuts, len(crawls)]):
            for values in take_in(store, crawls[begin:end], crawls[:begin]).values():
                assert values["unaccounted_count"] == 0
        assert whole(store) == expected


@pytest.mark.one_engine
def test_what_is_in_the_tables_is_not_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = land_cards(store, seen(A, 0), day=0)
    second = land_cards(store, seen(A, 1), seen(A, 1, model="o/other"), day=1)
    take_in(store, [first])
    sections = store.version(CARD_SECTIONS)

    def refuse(*_: object) -> None:
        raise AssertionError("read again")

    if store.engine == "embedded":  # Apache Spark reads in processes of its own
        monkeypatch.setattr("ptm_spark.silver.card_lanes.read_card", refuse)
    take_in(store, [second], [first])
    assert versions(store, "word_count") == [("o/m", 0, None, "present", 3), ("o/other", 1, None, "present", 3)]
    assert store.version(CARD_SECTIONS) == sections


@pytest.mark.one_engine
def test_a_crawl_that_says_nothing_new_writes_nothing(store: Store) -> None:
    first = land_cards(store, seen(A, 0, repo_oid=OID), seen(204, 0, model="o/none"), day=0)
    same = land_cards(store, seen(304, 1), seen(404, 1, model="o/none", error="EntryNotFound"), day=1)
    nothing = land_cards(store, seen(500, 2), day=2)
    take_in(store, [first])
    before = store.version(MODEL_CARDS), store.version(CARD_SECTIONS)
    take_in(store, [same], [first])
    take_in(store, [nothing], [first, same])
    assert (store.version(MODEL_CARDS), store.version(CARD_SECTIONS)) == before


def imported(store: Store, entity: str, name: str, format: str, at: datetime, data: Path) -> Manifest:
    found = import_dump(
        Landing(Folder(store._lake.url)), entity_named(entity), [data / "hub" / name], format=format,
        observed_at=at, coverage="partial", scope="hub", settings=load().landing,
    )  # fmt: skip
    return next(crawl for crawl, *_ in found if crawl.entity == "cards")


@pytest.mark.one_engine
def test_real_dumps_give_the_known_figures(store: Store, real_data: Path) -> None:
    census = imported(
        store, "hub/models", "models_with_readme_2022-02.jsonl.gz", "census-2022", datetime(2022, 2, 15, tzinfo=UTC),
        real_data,
    )  # fmt: skip
    history = imported(
        store, "hub/cards", "card_revisions_2020.jsonl.gz", "git-history", datetime(2021, 6, 1, tzinfo=UTC), real_data
    )
    late = imported(
        store, "hub/cards", "card_revisions_2020.jsonl.gz", "git-history", datetime(2024, 1, 1, tzinfo=UTC), real_data
    )
    (found,) = take_in(store, [history]).values()
    assert (found["record_count"], found["kept_count"], found["older_fetch_count"]) == (2_406, 2_403, 3)
    cards = store.read(MODEL_CARDS)
    assert cards.select("model_id").distinct().count() == 765
    # 768 deletions, three of which moved the file and stand beside its new place in the same commit
    tombstones = cards.where("status = 'none'")
    assert (tombstones.count(), tombstones.where("is_current").count()) == (765, 765)
    assert_sound(store)

    (found,) = take_in(store, [census], [history]).values()
    assert (found["record_count"], found["kept_count"], found["unaccounted_count"]) == (29_432, 29_432, 0)
    assert_sound(store)
    cards = store.read(MODEL_CARDS)
    of_census = cards.where(F.col("is_current") & (F.col("crawl_id") == census.crawl_id))
    statuses = {row["status"]: row["count"] for row in cards.where("is_current").groupBy("status").count().collect()}
    assert (statuses["present"], statuses["empty"]) == (16_241, 349)
    assert of_census.where("status = 'none'").count() + tombstones.count() >= 12_842
    # the same history, landed after the census: the tables come out the same but for the crawl's name
    columns = [name for name in MODEL_CARDS.names if name != "crawl_id"]
    before = store.stage("before", cards.select(*columns))
    sections = store.stage("sections", store.read(CARD_SECTIONS))
    take_in(store, [census])
    take_in(store, [late], [census])
    after = store.read(MODEL_CARDS).select(*columns)
    assert before.exceptAll(after).count() == after.exceptAll(before).count() == 0
    assert sections.exceptAll(store.read(CARD_SECTIONS)).count() == 0
