"""Real dumps of every format land whole, and as crawls would have landed them."""

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dumps import land, land_all, landed_lines

from ptm_spark.landing import Landing, Manifest

_RAW = re.compile(rb'"raw":(.*)\}\n', re.DOTALL)


def lines_of(file: Path) -> Iterator[bytes]:
    with gzip.open(file) as lines:
        yield from lines


def raws(landing: Landing, crawl: Manifest) -> list[bytes]:
    """The bytes behind the first "raw": of each line that has them."""
    found = (_RAW.search(line) for line in landed_lines(landing, crawl))
    return [match[1] for match in found if match]


def envelopes(landing: Landing, crawl: Manifest) -> list[dict[str, Any]]:
    return [json.loads(line) for line in landed_lines(landing, crawl)]


def test_a_census_with_readmes_lands_as_models_and_as_cards(landing: Landing, real_data: Path) -> None:
    dump = real_data / "hub" / "models_with_readme_2022-02.jsonl.gz"
    models, cards = land_all(landing, dump, format="census-2022", observed_at=datetime(2022, 2, 1, tzinfo=UTC))
    assert [(crawl.path.rpartition("/")[0], crawl.records, crawl.invalid) for crawl, _, _ in (models, cards)] == [
        ("hub/models", 29_432, 0),
        ("hub/cards", 29_432, 0),
    ]
    for info, readme, line in zip(
        raws(landing, models.manifest), raws(landing, cards.manifest), lines_of(dump), strict=True
    ):
        assert b'"info":' + info in line
        assert b'"readme":' + readme in line
    known = [json.loads(line)["info"] for line in lines_of(dump)]
    ids = [info["modelId"] for info in known]
    assert [line["key"] for line in envelopes(landing, models.manifest)] == ids
    heads = [(line["key"], line["about"]["asked"]) for line in envelopes(landing, cards.manifest)]
    assert heads == [(info["modelId"], info["sha"]) for info in known]


@pytest.fixture(scope="module")
def exports(real_data: Path) -> list[tuple[Path, datetime, int]]:
    """File of changes, moment of the export, models in it."""
    place = real_data / "hub" / "snapshots_2026-08"
    facts = json.loads((place / "MANIFEST.json").read_bytes())
    files = sorted(place.glob("change_*.jsonl.gz"))
    return [
        (file, datetime.fromisoformat(fact["time"]), fact["models"]) for file, fact in zip(files, facts, strict=True)
    ]


def land_export(landing: Landing, moment: datetime, *files: Path) -> tuple[Manifest, bool]:
    crawl, wrong, is_new = land(landing, *files, format="dated-export", scope="exports", observed_at=moment)
    assert wrong == []
    return crawl, is_new


def test_exports_one_by_one_give_each_state(
    landing: Landing, real_data: Path, exports: list[tuple[Path, datetime, int]]
) -> None:
    landed = [land_export(landing, moment, file)[0] for file, moment, _ in exports]
    assert [(crawl.records, crawl.invalid) for crawl in landed] == [(models, 0) for _, _, models in exports]
    final = list(lines_of(real_data / "hub" / "snapshots_2026-08" / "snapshot_final.jsonl.gz"))
    assert sorted(raws(landing, landed[-1])) == sorted(line.rstrip(b"\n") for line in final)
    again = [land_export(landing, moment, file) for file, moment, _ in exports]
    assert again == [(crawl, False) for crawl in landed]


def test_exports_in_one_command_are_those_in_a_series(
    landing: Landing, exports: list[tuple[Path, datetime, int]]
) -> None:
    landed = [land_export(landing, moment, file)[0] for file, moment, _ in exports[:6]]
    at_once = Landing(landing.folder / "other")
    crawl, _ = land_export(at_once, exports[5][1], *(file for file, _, _ in exports[:6]))
    assert landed_lines(at_once, crawl) == landed_lines(landing, landed[-1])


def test_versions_of_cards(landing: Landing, real_data: Path) -> None:
    dump = real_data / "hub" / "card_revisions_2020.jsonl.gz"
    crawl, _, _ = land(
        landing, dump, entity="hub/cards", format="git-history", coverage="partial", scope="git",
        observed_at=datetime(2021, 6, 1, tzinfo=UTC),
    )  # fmt: skip
    assert (crawl.records, crawl.invalid) == (2_406, 0)
    events = [json.loads(line) for line in lines_of(dump)]
    landed = envelopes(landing, crawl)
    assert Counter(line["status"] for line in landed) == {200: 768 + 870, 404: 768}
    assert [line.get("raw") for line in landed] == [event["text"] for event in events]
    assert [(line["key"], line["about"]["sha"]) for line in landed] == [
        (event["model_id"], event["commit"]) for event in events
    ]
    assert [datetime.fromisoformat(line["fetched_at"]) for line in landed] == [
        datetime.fromisoformat(event["commit_date"]) for event in events
    ]
    source = {line.split(b'"text": ', 1)[1].rstrip(b"}\n") for line in lines_of(dump)}
    assert all(raw in source for raw in raws(landing, crawl))


@pytest.mark.parametrize(
    ("entity", "name", "records"),
    [
        ("hub/commits", "commits_2019-2024.csv", 8_171),
        ("hub/discussions", "pull_requests_2022-2023.csv", 8_333),
    ],
)
def test_rows_of_a_csv(landing: Landing, real_data: Path, entity: str, name: str, records: int) -> None:
    dump = real_data / "hub" / name
    crawl, _, _ = land(landing, dump, entity=entity, format="csv", coverage="partial")
    assert (crawl.path.rpartition("/")[0], crawl.records, crawl.invalid) == (entity, records, 0)
    with dump.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    landed = envelopes(landing, crawl)
    assert [line["raw"] for line in landed] == rows
    assert [line["key"] for line in landed] == [next(iter(row.values())) for row in rows]


def test_topics_with_their_posts(landing: Landing, real_data: Path) -> None:
    dump = real_data / "forum" / "urho3d_topics_2014-2022.jsonl.gz"
    crawl, _, _ = land(landing, dump, entity="forum/topics", format="discourse", scope="urho3d")
    assert (crawl.path.rpartition("/")[0], crawl.records, crawl.invalid) == ("forum/topic_posts", 5_046, 0)
    assert (crawl.format, crawl.counts) == ("discourse", {"posts": 36_990})
    assert raws(landing, crawl) == [line.rstrip(b"\n") for line in lines_of(dump)]


def test_detail_bodies(landing: Landing, real_data: Path) -> None:
    dump = real_data / "hub" / "model_info_2024-07.jsonl.gz"
    crawl, _, _ = land(landing, dump, entity="hub/model_info", coverage="partial")
    assert (crawl.path.rpartition("/")[0], crawl.records, crawl.invalid) == ("hub/model_info", 8_650, 0)
    landed = envelopes(landing, crawl)
    assert all((line["key"], line["about"]["repo_oid"]) == (line["raw"]["id"], line["raw"]["_id"]) for line in landed)
