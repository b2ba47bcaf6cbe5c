"""Any JSON value of any type in any field: no job fails, and every landed line is accounted for, on both engines."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from dumps import JSON_VALUES
from forum_pages import post, topic_row
from histories import at
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ptm_spark.config import load
from ptm_spark.folder import Folder
from ptm_spark.intake import FAMILIES, FamilyPlan, Intake
from ptm_spark.landing import Landing, Manifest, utc_text
from ptm_spark.quality import checks
from ptm_spark.silver.families import take_in_crawls
from ptm_spark.store import Store

pytestmark = pytest.mark.spark

Kind = tuple[str, str]  # entity, format
Record = dict[str, Any]
OID, DATE = "645384a0aaaaaaaaaaaaaaaa", "2023-05-04T10:11:12.000Z"
ANYTHING = JSON_VALUES | st.just(...)


def mutations(record: Record) -> st.SearchStrategy[Record]:
    """The record with any of its fields replaced or left out, and with unknown ones."""
    replaced = st.dictionaries(st.sampled_from(sorted(record)), ANYTHING, max_size=4)
    unknown = st.dictionaries(st.text(max_size=6), JSON_VALUES, max_size=1)
    return st.builds(_mutated, st.just(record), replaced, unknown)


def _mutated(record: Record, new: Record, more: Record) -> Record:
    return {name: value for name, value in (more | record | new).items() if value is not ...}


MODEL = {
    "_id": OID, "id": "o/a", "createdAt": DATE, "lastModified": DATE, "sha": "a" * 40, "library_name": "x",
    "pipeline_tag": "y", "gated": False, "private": False, "disabled": False, "downloads": 1, "likes": 1,
    "tags": ["license:mit"], "cardData": {"language": "en"},
    "config": {"model_type": "bert", "architectures": ["BertModel"]},
}  # fmt: skip
EXPORT = {
    "id": "o/a", "created_at": DATE, "updated_at": DATE, "library": "x", "pipeline_tag": "y", "languages": ["en"],
    "tags": ["a"], "likes": 1, "downloads_30d": 1, "gated": True, "removed": False,
}  # fmt: skip
COMMIT = {"id": "b" * 40, "title": "t", "message": "m", "authors": [{"user": "u"}], "date": DATE}
CSV_COMMIT = {
    "repo_url": "o/a", "commit_hash": "c" * 40, "model_file_path": "p", "serialization_format": "s", "message": "m",
    "author": "a", "date": "2023-05-04 10:11:12",
}  # fmt: skip
DISCUSSION = {
    "num": 1, "title": "t", "status": "open", "isPullRequest": False, "createdAt": DATE, "author": {"name": "u"},
    "numComments": 1, "pinned": False,
}  # fmt: skip
CSV_DISCUSSION = {
    "model_id": "o/a",
    "pr_url": "https://x/o/a/discussions/3",
    "time": "2023-05-04 10:11:12",
    "merged": "closed",
}
CATEGORY = {
    "id": 5,
    "name": "c",
    "slug": "c",
    "topic_count": 1,
    "post_count": 1,
    "position": 1,
    "read_restricted": False,
}
BODY = topic_row() | {"post_stream": {"posts": [post(1), post(2)], "stream": [101, 102]}, "details": {}}
POSTS = st.lists(mutations(post()) | JSON_VALUES, max_size=3)
BODIES = st.builds(
    lambda body, posts: body | {"post_stream": {"posts": posts, "stream": [101]}}, mutations(BODY), POSTS
) | mutations(BODY)
SITES = st.builds(
    lambda rows, more: {"categories": rows} | more, st.lists(mutations(CATEGORY), max_size=2), mutations({"x": 1})
)
#: beginnings of front matter, so that texts are more than prose
CARDS = st.builds(
    lambda head, body: head + body,
    st.sampled_from(
        ["", "---\n", "---\nlanguage: no\n---\n", "\ufeff---\r\na: [\r\n---\r\n", "# T\n[More Information Needed]\n"]
    ),
    st.text(max_size=60),
)

#: how many examples of each kind, and what they are; in the order in which they are taken in
EXAMPLES: dict[Kind, tuple[int, st.SearchStrategy[Any]]] = {
    ("hub/models", "api"): (3_000, mutations(MODEL)),
    ("hub/models", "census-2022"): (600, mutations({"modelId": "o/b", "lastModified": DATE, "tags": []})),
    ("hub/models", "dated-export"): (800, mutations(EXPORT)),
    ("hub/model_info", "api"): (600, mutations(MODEL)),
    ("hub/cards", "api"): (1_000, CARDS | JSON_VALUES),
    ("hub/commits", "api"): (800, mutations(COMMIT)),
    ("hub/commits", "csv"): (500, mutations(CSV_COMMIT)),
    ("hub/discussions", "api"): (800, mutations(DISCUSSION)),
    ("hub/discussions", "csv"): (500, mutations(CSV_DISCUSSION)),
    ("forum/site", "discourse"): (200, SITES),
    ("forum/topics", "discourse"): (500, mutations(topic_row())),
    ("forum/topic_posts", "discourse"): (800, BODIES),
}


@cache
def examples(kind: Kind) -> tuple[Any, ...]:
    """So many records of a kind; the same in every run."""
    count, strategy = EXAMPLES[kind]
    found: list[Any] = []

    @hypothesis_settings(
        max_examples=count, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return tuple(found)


def land_examples(landing: Landing, kind: Kind, day: int) -> Manifest:
    """The examples as one finished crawl; those that are no record at all land among the invalid lines."""
    entity, format = kind
    moment, crawl_id = utc_text(at(day)), f"{at(day):%Y%m%dT%H%M%SZ}-any{day:05d}"
    source, name = entity.split("/")
    with landing.writer(f"{entity}/{crawl_id}", load().landing) as writer:
        for number, example in enumerate(examples(kind)):
            key = example.get("id") if source == "forum" and isinstance(example, dict) else f"o/{number % 7}"
            if isinstance(example, str):
                writer.add_text(example.encode(), name=key, fetched_at=moment, about={})
            elif source == "forum" or name in ("models", "model_info") or not isinstance(example, dict):
                writer.add(json.dumps(example).encode(), key="id", fetched_at=moment)
            else:
                writer.add_parsed(json.dumps(example).encode(), example, name=key, fetched_at=moment, about={})
        return writer.finish(
            source=source, entity=name, crawl_id=crawl_id, format=format, scope="any", coverage="partial",
            observed_at=moment, cutoff=moment, failed=(), options={},
        )  # fmt: skip


def test_fault_19_any_json_in_any_field_is_accounted_for(store: Store, tmp_path: Path) -> None:
    assert sum(count for count, _ in EXAMPLES.values()) >= 10_000
    landing = Landing(Folder(tmp_path / "lake"))
    crawls = [land_examples(landing, kind, day) for day, kind in enumerate(EXAMPLES)]
    plans = {
        name: FamilyPlan(name, tuple(crawl for crawl in crawls if f"{crawl.source}/{crawl.entity}" in entities), ())
        for name, entities in FAMILIES.items()
    }
    intake = Intake(plans, frozenset(crawl.path for crawl in crawls), "")
    marks = {crawl.path: "sound" for crawl in crawls}
    measures = take_in_crawls(store, intake, marks, reject_text_chars=100, user_key="key")

    assert measures.keys() == {crawl.path for crawl in crawls}
    for crawl in crawls:
        found = measures[crawl.path]
        assert (found["record_count"], found["unaccounted_count"]) == (crawl.records + crawl.invalid, 0), crawl.path
        assert found["kept_count"], crawl.path
    of_tables = checks.silver_measures(store, {})
    assert {table.rpartition("/")[2] for table in of_tables} >= {
        "models",
        "model_cards",
        "model_commits",
        "forum_posts",
    }
    for path, rules in checks.silver_rules(load().gate, (), of_tables).items():
        for rule in rules:
            value = of_tables[path][rule.metric]
            if value is not None and rule.severity == "error":
                assert rule.least is None or value >= rule.least, (path, rule.name)
                assert rule.most is None or value <= rule.most, (path, rule.name)
