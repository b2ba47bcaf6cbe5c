"""Landing a saved dump like a crawl: what it may claim, what is refused, and what a damaged file costs."""

import gzip
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dumps import SEEN, Row, as_array, as_lines, hub_row, hub_rows, land, landed_records, quick, write
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.crawl.entities import entity_named
from ptm_spark.errors import LandingError, UsageError
from ptm_spark.landing import Coverage, Landing, parse_moment, utc_text

DATASET = {
    "_id": "621ffdd236468d709f181d58",
    "id": "someone/numbers",
    "author": "someone",
    "description": "Invented numbers.",
    "downloads": 12,
    "tags": ["size_categories:1K<n<10K"],
    "key": "",
}
SPACE = {"_id": "64a5d1f1c1a5d1f1c1a5d1f1", "id": "someone/demo", "sdk": "gradio", "likes": 2, "tags": ["gradio"]}
TOPIC = {"id": 17, "title": "How do I load it?", "slug": "how-do-i-load-it", "posts_count": 3, "category_id": 5}
OTHERS: dict[str, Row] = {"a data set": DATASET, "a space": SPACE, "a forum topic": TOPIC}


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return write(tmp_path / "models.jsonl", as_lines(hub_rows(5)))


def files_on_disk(landing: Landing) -> dict[str, tuple[int, int, int]]:
    """Every visible file below the landing: its inode, time and size."""
    paths = sorted(Path(landing.folder.path).rglob("[!.]*.*"))
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_size) for path in paths}


@pytest.mark.parametrize("coverage", ["census", "incremental", "partial"])
def test_the_manifest_says_what_the_dump_is(landing: Landing, dump: Path, coverage: Coverage) -> None:
    crawl, wrong, is_new = land(landing, dump, coverage=coverage, scope="list of owners")
    assert (wrong, is_new) == ([], True)
    assert (crawl.coverage, crawl.scope, crawl.records, crawl.failed) == (coverage, "list of owners", 5, ())
    assert crawl.observed_at == crawl.cutoff == "2024-07-11T12:00:00Z"
    assert crawl.keys == ("_id", "id", "likes", "modelId", "tags")
    assert landed_records(landing, crawl) == hub_rows(5)


def test_the_crawl_id_begins_with_the_moment_so_that_ids_sort_by_time(landing: Landing, dump: Path) -> None:
    moments = [
        datetime(2024, 7, 11, 12, tzinfo=UTC),
        datetime(2023, 1, 1, tzinfo=UTC),
        datetime(2024, 12, 31, tzinfo=UTC),
    ]
    ids = {moment: land(landing, dump, observed_at=moment)[0].crawl_id for moment in moments}
    assert sorted(moments) == sorted(moments, key=ids.__getitem__)
    assert ids[SEEN].startswith("20240711T120000Z-")


def test_the_crawl_id_follows_from_the_content_and_not_from_the_place(
    tmp_path: Path, landing: Landing, dump: Path
) -> None:
    elsewhere = write(tmp_path / "copy.jsonl.gz", gzip.compress(dump.read_bytes()))
    assert land(landing, dump)[0].crawl_id == land(landing, elsewhere)[0].crawl_id


def test_another_content_scope_coverage_or_moment_is_another_crawl(
    tmp_path: Path, landing: Landing, dump: Path
) -> None:
    other = write(tmp_path / "other.jsonl", as_lines(hub_rows(6)))
    crawls = [
        land(landing, dump)[0],
        land(landing, other)[0],
        land(landing, dump, scope="curated")[0],
        land(landing, dump, coverage="partial")[0],
        land(landing, dump, observed_at=datetime(2024, 7, 12, tzinfo=UTC))[0],
    ]
    assert len({crawl.crawl_id for crawl in crawls}) == 5
    assert len(landing.crawls("hub", "models")[0]) == 5


def test_the_same_dump_twice_is_one_crawl_and_no_file_is_touched(landing: Landing, dump: Path) -> None:
    crawl, _, _ = land(landing, dump)
    before = files_on_disk(landing)
    again, wrong, is_new = land(landing, dump)
    assert (again, wrong, is_new) == (crawl, [], False)
    assert files_on_disk(landing) == before
    assert len(before) == 3


def test_a_damaged_crawl_is_landed_again_by_the_same_command(landing: Landing, dump: Path) -> None:
    crawl, _, _ = land(landing, dump)
    (landing.folder / crawl.path).write("part-00000.jsonl.zst", b"damaged")
    again, _, is_new = land(landing, dump)
    assert is_new
    assert again.files == crawl.files
    assert landing.damage(again) == {}


@pytest.mark.parametrize("content", [b"", b'{"source": "hub"', b"{}"])
def test_a_crawl_with_a_broken_manifest_is_landed_again_by_the_same_command(
    landing: Landing, dump: Path, content: bytes
) -> None:
    crawl, _, _ = land(landing, dump)
    (landing.folder / crawl.path).write("_manifest.json", content)
    again, _, is_new = land(landing, dump)
    assert is_new
    assert landing.crawls("hub", "models") == ([again], [])


def test_an_empty_census_is_refused_and_leaves_nothing(tmp_path: Path, landing: Landing) -> None:
    with pytest.raises(LandingError, match=r"models\.jsonl: no record in it .* cannot be a census; .*incremental"):
        land(landing, write(tmp_path / "models.jsonl", b"[]"))
    assert landing.crawls("hub", "models") == ([], [])


def test_a_census_of_nothing_but_junk_is_refused(tmp_path: Path, landing: Landing) -> None:
    with pytest.raises(LandingError, match=r"no record in it \(2 invalid\)"):
        land(landing, write(tmp_path / "models.jsonl", b"junk\nmore junk\n"))


def test_an_empty_incremental_is_fine(tmp_path: Path, landing: Landing) -> None:
    crawl, wrong, is_new = land(landing, write(tmp_path / "models.jsonl", b""), coverage="incremental")
    assert (crawl.records, wrong, is_new) == (0, [], True)


@pytest.mark.parametrize("row", OTHERS.values(), ids=OTHERS)
def test_records_of_another_entity_are_refused_and_leave_nothing(tmp_path: Path, landing: Landing, row: Row) -> None:
    dump = write(tmp_path / "dump.jsonl", as_lines([row] * 300))
    with pytest.raises(LandingError, match=r"no dump of hub/models: .*name the entity that it is, or its --format"):
        land(landing, dump, coverage="partial")
    assert landing.crawls("hub", "models") == ([], [])


def test_a_stranger_s_message_names_what_it_has_and_what_it_should_have(tmp_path: Path, landing: Landing) -> None:
    with pytest.raises(
        LandingError, match="should carry id and one of _id, modelId, but have category_id, id, posts_count"
    ):
        land(landing, write(tmp_path / "dump.jsonl", as_lines([TOPIC])))


def test_a_second_dump_of_another_entity_refuses_all(tmp_path: Path, landing: Landing, dump: Path) -> None:
    with pytest.raises(LandingError, match="no dump of hub/models"):
        land(landing, dump, write(tmp_path / "dump.jsonl", as_lines([DATASET])))
    assert landing.crawls("hub", "models") == ([], [])


def test_a_few_odd_records_are_no_other_entity(tmp_path: Path, landing: Landing) -> None:
    rows = [hub_row(1), DATASET, hub_row(2), {"likes": 1}, hub_row(4)]
    assert land(landing, write(tmp_path / "dump.jsonl", as_lines(rows)))[0].records == 5


def test_an_unknown_entity_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"entity hub/models2: unknown; expected one of forum/site, .*hub/models"):
        entity_named("hub/models2")


def broken_gzip(path: Path) -> Path:
    return write(path, gzip.compress(as_lines(hub_rows(50)))[:-20])


def broken_array(path: Path) -> Path:
    return write(path, as_array(hub_rows(50))[:-20])


@pytest.mark.parametrize("broken", [broken_gzip, broken_array])
def test_a_damaged_file_gives_nothing_and_the_others_land(
    tmp_path: Path, landing: Landing, dump: Path, broken: Any
) -> None:
    bad = broken(tmp_path / "bad")
    crawl, (wrong,), _ = land(landing, bad, dump)
    assert landed_records(landing, crawl) == hub_rows(5)
    assert crawl.invalid == 0
    assert str(bad) in wrong


@pytest.mark.parametrize("broken", [broken_gzip, broken_array])
def test_a_crawl_with_a_damaged_file_is_partial_and_names_it(
    tmp_path: Path, landing: Landing, dump: Path, broken: Any
) -> None:
    crawl, wrong, _ = land(landing, dump, broken(tmp_path / "bad"), coverage="census")
    assert crawl.coverage == "partial"
    assert crawl.failed == tuple(wrong)
    assert "bad" in crawl.failed[0]


@pytest.mark.parametrize("broken", [broken_gzip, broken_array])
def test_nothing_but_damaged_files_is_refused_and_leaves_nothing(tmp_path: Path, landing: Landing, broken: Any) -> None:
    with pytest.raises(LandingError, match="fetch the file again"):
        land(landing, broken(tmp_path / "bad"), coverage="partial")
    assert landing.crawls("hub", "models") == ([], [])


def test_a_missing_file_costs_the_census_its_claim(tmp_path: Path, landing: Landing, dump: Path) -> None:
    crawl, (wrong,), _ = land(landing, dump, tmp_path / "absent.jsonl")
    assert (crawl.coverage, crawl.records) == ("partial", 5)
    assert "absent.jsonl: No such file" in wrong


def test_once_the_damaged_file_is_mended_the_same_command_lands_the_census(
    tmp_path: Path, landing: Landing, dump: Path
) -> None:
    other = broken_gzip(tmp_path / "other")
    partial, _, _ = land(landing, dump, other)
    write(other, gzip.compress(as_lines(hub_rows(50))))
    census, wrong, is_new = land(landing, dump, other)
    assert (census.coverage, census.records, wrong, is_new) == ("census", 55, [], True)
    assert partial.crawl_id != census.crawl_id


def test_broken_lines_are_set_aside_and_counted(tmp_path: Path, landing: Landing) -> None:
    lines = as_lines(hub_rows(2)) + b'junk\n{"id":"a","n":1e999}\n\n' + as_lines([hub_row(3)])
    crawl, _, _ = land(landing, write(tmp_path / "dump.jsonl", lines))
    assert (crawl.records, crawl.invalid) == (3, 2)


def test_a_record_beyond_the_size_limit_is_one_invalid_record(tmp_path: Path, landing: Landing) -> None:
    lines = as_lines([hub_row(1), hub_row(2, text="x" * 3_000_000), hub_row(3)])
    crawl, _, _ = land(landing, write(tmp_path / "dump.jsonl", lines), settings=["landing.max_record_bytes=1000"])
    assert landed_records(landing, crawl) == [hub_row(1), hub_row(3)]
    assert crawl.invalid == 1


@pytest.mark.parametrize(
    "text",
    ["2024-07-11T12:00:00Z", "2024-07-11T12:00:00+00:00", "2024-07-11T14:00:00+02:00", "2024-07-10T22:00:00-14:00"],
)
def test_any_zone_gives_the_same_utc_moment(text: str) -> None:
    assert parse_moment(text) == SEEN
    assert utc_text(parse_moment(text)) == "2024-07-11T12:00:00Z"


@pytest.mark.parametrize(
    "text", ["yesterday", "", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "1720699200", "12:00:00Z"]
)
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=f"--observed-at {text}: expected a UTC moment such as 2024-07-11T12:00:00Z"):
        parse_moment(text)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2101-01-01T00:00:00Z", "9999-12-31T00:00:00Z"]
)
def test_a_year_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a year from 1970 to 2100"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["2024-07-11T12:00:00", "2024-07-11 12:00", "2024-07-11"])
def test_a_moment_without_a_zone_is_refused_with_advice_that_works(text: str) -> None:
    with pytest.raises(UsageError, match="without a zone") as refused:
        parse_moment(text)
    advice = re.search(r"write (.*) if it is UTC", str(refused.value))
    assert advice is not None
    assert parse_moment(advice[1]).date() == SEEN.date()


@quick
@given(st.lists(st.sampled_from([0, 1, 250_000, 999_999, 1_000_000, 1_000_001]), min_size=2, max_size=4))
def test_moments_as_texts_sort_like_the_moments(micros: list[int]) -> None:
    """Manifests keep moments as texts, and what is newer is told by comparing them."""
    moments = [SEEN + timedelta(microseconds=micro) for micro in sorted(micros)]
    texts = [utc_text(parse_moment(moment.isoformat())) for moment in moments]
    assert texts == sorted(texts)
