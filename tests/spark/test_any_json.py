"""Any JSON value of any type in any field: no job fails, and every landed line is accounted for, on both engines."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from dumps import JSON_VALUES
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

#: records of each kind, of which any fields are replaced by anything, left out, or joined by unknown ones
RECORDS: dict[tuple[str, str, str], tuple[int, dict[str, Any]]] = {
    ("hub", "models", "api"): (
        3_000,
        {
            "_id": "645384a0aaaaaaaaaaaaaaaa", "id": "o/a", "createdAt": "2023-05-04T10:11:12.000Z",
            "lastModified": "2023-05-04T10:11:12.000Z", "sha": "a" * 40, "library_name": "x", "pipeline_tag": "y",
            "gated": False, "private": False, "disabled": False, "downloads": 1, "likes": 1, "tags": ["license:mit"],
            "cardData": {"language": "en"},
        },
    ),
    ("hub", "models", "census-2022"): (1_000, {"modelId": "o/b", "lastModified": "2021-05-04T10:11:12.000Z", "tags": []}),
    ("hub", "models", "dated-export"): (
        1_000,
        {
            "id": "o/a", "created_at": "2023-05-04T10:11:12.000Z", "updated_at": "2023-05-04T10:11:12.000Z",
            "library": "x", "pipeline_tag": "y", "languages": ["en"], "tags": ["a"], "likes": 1, "downloads_30d": 1,
            "gated": True, "removed": False,
        },
    ),
    ("hub", "model_info", "api"): (1_000, {"_id": "645384a0aaaaaaaaaaaaaaaa", "id": "o/a", "cardData": {"language": ["en"]}}),
}  # fmt: skip


def mutations(record: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The record with any of its fields replaced or left out, and with unknown ones."""
    anything = JSON_VALUES | st.just(...)
    replaced = st.dictionaries(st.sampled_from(sorted(record)), anything, max_size=4)
    unknown = st.dictionaries(st.text(max_size=6), JSON_VALUES, max_size=1)
    return st.builds(
        lambda new, more: {name: value for name, value in (more | record | new).items() if value is not ...},
        replaced,
        unknown,
    )


@cache
def examples(kind: tuple[str, str, str]) -> tuple[bytes, ...]:
    """So many records of a kind; the same in every run."""
    count, record = RECORDS[kind]
    found: list[bytes] = []

    @hypothesis_settings(
        max_examples=count, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(mutations(record))
    def collect(example: dict[str, Any]) -> None:
        found.append(json.dumps(example).encode())

    collect()
    return tuple(found)


def land_examples(landing: Landing, kind: tuple[str, str, str], day: int) -> Manifest:
    source, entity, format = kind
    moment, crawl_id = utc_text(at(day)), f"{at(day):%Y%m%dT%H%M%SZ}-{entity[:4]}{day:04d}"
    keys: dict[str, str] = {"models": "id", "model_info": "id"}
    with landing.writer(f"{source}/{entity}/{crawl_id}", load().landing) as writer:
        for raw in examples(kind):
            writer.add(raw, key=keys.get(entity, "id"), fetched_at=moment)
        return writer.finish(
            source=source, entity=entity, crawl_id=crawl_id, format=format, scope="any", coverage="partial",
            observed_at=moment, cutoff=moment, failed=(), options={},
        )  # fmt: skip


def test_fault_19_any_json_in_any_field_is_accounted_for(store: Store, tmp_path: Path) -> None:
    landing = Landing(Folder(tmp_path / "lake"))
    crawls = [land_examples(landing, kind, day) for day, kind in enumerate(RECORDS)]
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
        assert (found["record_count"], found["unaccounted_count"]) == (crawl.records + crawl.invalid, 0)
        assert found["kept_count"] and found["reject_count"]
    judge: Callable[..., Any] = checks.silver_rules
    rules = judge(load().gate, {})
    for path, values in checks.silver_measures(store, {}).items():
        broken = [
            rule.name
            for rule in rules[path]
            if rule.severity == "error"
            and (value := values[rule.metric]) is not None
            and not (rule.least or float("-inf")) <= value <= (rule.most if rule.most is not None else float("inf"))
        ]
        assert not broken, path
