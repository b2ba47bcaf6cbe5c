"""Formats of dumps: which entity has which, and that what they land is what a crawl would have landed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from crawls import forum_crawls, hub_crawls, lines, standin
from dumps import Row, as_lines, hub_rows, land, land_all, landed_lines, write

from ptm_spark.crawl.entities import ENTITIES, entity_named
from ptm_spark.crawl.formats import adapters_for
from ptm_spark.errors import LandingError, UsageError
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest

DUMPED = datetime(2025, 1, 1, tzinfo=UTC)
NO_README = "Error: the path 'README.md' does not exist in the given tree"


def landed(landing: Landing, crawl: Manifest, kind: str = "part") -> list[dict[str, Any]]:
    return [json.loads(line) for line in landed_lines(landing, crawl, kind)]


def reasons(landing: Landing, crawl: Manifest) -> list[str]:
    return [line["reason"] for line in landed(landing, crawl, "invalid")]


@pytest.mark.parametrize("path", sorted(ENTITIES))
def test_an_unknown_format_is_refused_with_those_that_the_entity_has(path: str) -> None:
    with pytest.raises(UsageError, match=f"--format xml: none of {path}; expected one of [a-z]+"):
        adapters_for(entity_named(path), "xml")


def test_a_format_of_another_entity_is_refused() -> None:
    with pytest.raises(UsageError, match="--format api: none of hub/cards; expected one of git-history"):
        adapters_for(entity_named("hub/cards"), "api")
    with pytest.raises(UsageError, match="expected one of api, census-2022, dated-export"):
        adapters_for(entity_named("hub/models"), "csv")


@pytest.mark.parametrize("entity", ["site", "topics", "topic_posts"])
def test_saved_bodies_of_a_forum_land_as_crawled_ones(tmp_path: Path, landing: Landing, entity: str) -> None:
    with standin() as addresses:
        crawls = forum_crawls(tmp_path / "crawled", addresses.forum)
    (crawl,) = (crawl for crawl in crawls if crawl.entity == entity)
    crawled = lines(tmp_path / "crawled", crawl)
    dump = write(tmp_path / "dump", as_lines([line["raw"] for line in crawled]))
    imported, _, _ = land(landing, dump, entity=f"forum/{entity}", observed_at=DUMPED, scope="forum")
    assert [(line["status"], line["key"], line["raw"]) for line in landed(landing, imported)] == [
        (line["status"], line["key"], line["raw"]) for line in crawled
    ]
    assert (imported.format, imported.keys) == (crawl.format, crawl.keys)


def test_saved_detail_bodies_land_as_crawled_ones(tmp_path: Path, landing: Landing) -> None:
    with standin(models=60) as addresses:
        _, crawl = hub_crawls(tmp_path / "crawled", addresses.hub, ["models", "model_info"])
    crawled = [line for line in lines(tmp_path / "crawled", crawl) if "raw" in line]
    dump = write(tmp_path / "dump", as_lines([line["raw"] for line in crawled]))
    imported, _, _ = land(landing, dump, entity="hub/model_info", observed_at=DUMPED)
    assert [(line["key"], line["about"]["repo_oid"], line["raw"]) for line in landed(landing, imported)] == [
        (line["key"], line["about"]["repo_oid"], line["raw"]) for line in crawled
    ]


def test_whole_topics_given_as_topics_are_a_crawl_of_their_posts(tmp_path: Path, landing: Landing) -> None:
    dump = write(tmp_path / "dump", as_lines([{"id": 7, "post_stream": {"posts": [{"id": 1}, {"id": 2}]}}]))
    crawl, _, _ = land(landing, dump, entity="forum/topics", format="discourse")
    assert (crawl.path.rpartition("/")[0], crawl.counts) == ("forum/topic_posts", {"posts": 2})
    assert land(landing, dump, entity="forum/topic_posts", format="discourse") == (crawl, [], False)
    assert land(landing, dump, entity="forum/topic_posts") == (crawl, [], False)


def test_what_is_no_topic_with_posts_is_set_aside(tmp_path: Path, landing: Landing) -> None:
    bodies: list[Row] = [
        {"id": 1, "post_stream": {"posts": []}},
        {"id": "2", "post_stream": {"posts": []}},
        {"post_stream": {"posts": []}},
        {"id": 4, "post_stream": {"posts": None}},
        {"id": 5, "post_stream": []},
    ]
    crawl, _, _ = land(landing, write(tmp_path / "dump", as_lines(bodies)), entity="forum/topic_posts")
    assert [line["key"] for line in landed(landing, crawl)] == [1]
    assert reasons(landing, crawl) == ["id:type", "id:missing", "post_stream:type", "post_stream:type"]


def test_a_forum_saves_its_site_in_pretty_json(tmp_path: Path, landing: Landing) -> None:
    site = write(tmp_path / "site.json", json.dumps({"default_archetype": "regular"}, indent=1).encode())
    categories = write(tmp_path / "categories.json", json.dumps({"category_list": {"categories": []}}).encode())
    crawl, _, _ = land(landing, site, categories, entity="forum/site")
    assert [line["key"] for line in landed(landing, crawl)] == ["site", "categories"]


CENSUS = (
    b'{"dir": "a/b", "info": {"modelId":"a/b", "sha":"c0ffee",  "downloads":1e2}, "readme": "# \\u00e9\\n"}\n'
    b'{"readme":"' + NO_README.encode() + b'","info":{"modelId":"gpt2"},"dir":"gpt2","more":1}\n'
)


def test_a_census_with_readmes_gives_two_crawls_with_the_bytes_as_received(tmp_path: Path, landing: Landing) -> None:
    models, cards = land_all(landing, write(tmp_path / "dump", CENSUS), format="census-2022", scope="2022")
    head = b'"fetched_at":"2024-07-11T12:00:00Z","status":200,'
    assert landed_lines(landing, models.manifest) == [
        b'{"seq":0,' + head + b'"key":"a/b","raw":{"modelId":"a/b", "sha":"c0ffee",  "downloads":1e2}}\n',
        b'{"seq":1,' + head + b'"key":"gpt2","raw":{"modelId":"gpt2"}}\n',
    ]
    assert landed_lines(landing, cards.manifest) == [
        b'{"seq":0,' + head + b'"key":"a/b","about":{"asked":"c0ffee"},"raw":"# \\u00e9\\n"}\n',
        b'{"seq":1,' + head + b'"key":"gpt2","raw":"' + NO_README.encode() + b'"}\n',
    ]
    for crawl, _, is_new in (models, cards):
        assert (crawl.format, crawl.scope, crawl.coverage, is_new) == ("census-2022", "2022", "census", True)
    assert models.manifest.keys == ("downloads", "modelId", "sha")
    again = land_all(landing, write(tmp_path / "copy", CENSUS), format="census-2022", scope="2022")
    assert again == [(models.manifest, [], False), (cards.manifest, [], False)]


def test_where_one_of_its_two_crawls_is_lost_the_same_command_lands_that_one(tmp_path: Path, landing: Landing) -> None:
    dump = write(tmp_path / "dump", CENSUS)
    models, cards = land_all(landing, dump, format="census-2022")
    landing.forget(cards.manifest.path)
    again = land_all(landing, dump, format="census-2022")
    assert [imported.is_new for imported in again] == [False, True]
    assert [imported.manifest.files for imported in again] == [models.manifest.files, cards.manifest.files]


def test_broken_parts_of_a_census_line_are_set_aside_from_the_crawl_they_are_missing_from(
    tmp_path: Path, landing: Landing
) -> None:
    broken = (
        b'{"dir":"a/c","info":null,"readme":"kept"}\n{"dir":"a/d","info":{"modelId":"a/d"},"readme":7}\n'
        b'{"dir":"a/e","info":{"modelId":"a/e"}}\n{"dir":"a/f","info":{"modelId":"a/f","n":1e999},"readme":"\\ud800"}\n'
        b'{"dir":7,"info":{},"readme":""}\nnot json\n'
    )
    models, cards = land_all(landing, write(tmp_path / "dump", CENSUS + broken), format="census-2022")
    keys = [line["key"] for line in landed(landing, models.manifest)]
    assert keys == ["a/b", "gpt2", "a/d", "a/e", None]
    assert reasons(landing, models.manifest) == ["info:type", "record:not_json", "record:not_json"]
    assert [line["key"] for line in landed(landing, cards.manifest)] == ["a/b", "gpt2", "a/c"]
    assert reasons(landing, cards.manifest) == [
        *("readme:type", "readme:missing", "record:not_json", "modelId:missing", "record:not_json")
    ]


def test_a_listing_is_no_census_with_readmes(tmp_path: Path, landing: Landing) -> None:
    dump = write(tmp_path / "dump.jsonl", as_lines(hub_rows(3)))
    with pytest.raises(LandingError, match=r"dump\.jsonl: this is no dump of format census-2022: .* dir, info, readme"):
        land_all(landing, dump, format="census-2022")
    assert landing.crawls("hub", "models") == ([], [])


def event(**changes: Any) -> Row:
    """A version of a card in the history of a repository."""
    return {
        "path": "cards/a/b/README.md",
        "model_id": "a/b",
        "commit": "c0ffee",
        "commit_date": "2020-02-11T20:13:57-05:00",
        "author": "Somebody Named",
        "title": "Add card",
        "status": "A",
        "text": "# b",
    } | changes


def land_events(landing: Landing, tmp_path: Path, *events: Row) -> Manifest:
    dump = write(tmp_path / "dump", as_lines(events))
    return land(landing, dump, entity="hub/cards", format="git-history", coverage="partial").manifest


def test_a_version_of_a_card_was_seen_when_it_was_committed(tmp_path: Path, landing: Landing) -> None:
    crawl = land_events(landing, tmp_path, event(), event(status="D", text=None, title="", path=""))
    about = {"asked": "c0ffee", "sha": "c0ffee", "committed_at": "2020-02-12T01:13:57Z"}
    more = {"message": "Add card", "path": "cards/a/b/README.md"}
    head = {"fetched_at": "2020-02-12T01:13:57Z", "key": "a/b"}
    assert landed(landing, crawl) == [
        {"seq": 0, "status": 200, "about": about | more, "raw": "# b"} | head,
        {"seq": 1, "status": 404, "about": about} | head,
    ]
    assert crawl.observed_at == "2024-07-11T12:00:00Z"
    assert not any(b"Somebody" in line for line in landed_lines(landing, crawl))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"commit_date": "2020-02-11T20:13:57"}, "commit_date:format"),
        ({"commit_date": "yesterday"}, "commit_date:format"),
        ({"commit_date": "1960-01-01T00:00:00Z"}, "commit_date:range"),
        ({"commit_date": "2024-07-11T12:00:01Z"}, "commit_date:range"),
        ({"text": None}, "text:type"),
        ({"text": {}}, "record:not_text"),
        ({"status": "D"}, "text:type"),
        ({"status": "R"}, "status:range"),
        ({"model_id": 7}, "model_id:type"),
    ],
)
def test_what_is_no_version_is_set_aside(
    tmp_path: Path, landing: Landing, changes: dict[str, Any], reason: str
) -> None:
    crawl = land_events(landing, tmp_path, event(), event(**changes))
    assert (crawl.records, reasons(landing, crawl)) == (1, [reason])


def test_a_line_that_lacks_a_field_names_it(tmp_path: Path, landing: Landing) -> None:
    lacking = event()
    del lacking["commit"]
    assert reasons(landing, land_events(landing, tmp_path, event(), lacking)) == ["commit:missing"]


def test_a_line_beyond_the_limits_says_so(tmp_path: Path, landing: Landing) -> None:
    deep = b'{"dir":"a","info":{"modelId":"a"},"readme":"","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    long = b'{"dir":"a","info":{"modelId":"a"},"readme":"' + b"x" * 300_000 + b'"}\n'
    cut = b'{"dir":"\xff","info":\n'
    models, cards = land_all(
        landing, write(tmp_path / "dump", CENSUS + deep + long + cut), format="census-2022",
        settings=["landing.max_record_bytes=250000"],
    )  # fmt: skip
    for crawl in (models.manifest, cards.manifest):
        assert reasons(landing, crawl) == ["record:too_deep", "record:too_large", "record:not_utf8"]


def test_imports_leave_a_crawler_s_plans_alone(tmp_path: Path) -> None:
    """Topics that were imported have no counters of their row: a crawl asks for them as for any other."""
    with standin() as addresses:
        whole = forum_crawls(tmp_path / "whole", addresses.forum)
        topics = [line["raw"] for line in lines(tmp_path / "whole", whole[2])]
        dump = write(tmp_path / "dump", as_lines(topics))
        land(Landing(Folder(tmp_path / "lake")), dump, entity="forum/topics", format="discourse", scope="forum")
        *_, crawl = forum_crawls(tmp_path / "lake", addresses.forum)
    assert crawl.records == whole[2].records
