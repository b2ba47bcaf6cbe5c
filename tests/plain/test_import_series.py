"""Successive exports told as changes: what lands is the whole state, and a series with a hole is refused."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dumps import SEEN, Row, land, landed_lines, write

from ptm_spark.errors import LandingError
from ptm_spark.landing import Coverage, Landing

HOUR = timedelta(hours=1)


def upsert(name: str, **values: Any) -> bytes:
    """A change that brings a document; written with spaces, which have to stay as they are."""
    doc = json.dumps({"id": f"A/{name}"} | values)
    return b'{"path":"data/%b.json","op":"upsert","doc":%b}\n' % (name.encode(), doc.encode())


def delete(name: str) -> bytes:
    return b'{"path":"data/%b.json","op":"delete"}\n' % name.encode()


class Series:
    """Exports of a scope, an hour each after the first."""

    def __init__(self, landing: Landing, place: Path) -> None:
        self.landing, self.place = landing, place
        self.wrong: list[str] = []

    def land(
        self, hour: int, *contents: bytes, scope: str = "exports", coverage: Coverage = "census"
    ) -> tuple[list[Row], bool]:
        """The envelopes of the crawl that files of changes give, and whether it is new."""
        files = [write(self.place / f"{hour}-{at}.jsonl", content) for at, content in enumerate(contents)]
        self.crawl, self.wrong, is_new = land(
            self.landing, *files, format="dated-export", scope=scope, coverage=coverage, observed_at=self.moment(hour)
        )
        return [json.loads(line) for line in landed_lines(self.landing, self.crawl)], is_new

    @staticmethod
    def moment(hour: int) -> datetime:
        return SEEN + hour * HOUR


@pytest.fixture
def series(landing: Landing, tmp_path: Path) -> Series:
    return Series(landing, tmp_path)


def names(lines: list[Row]) -> list[str]:
    return [line["key"] for line in lines]


def test_each_export_lands_its_whole_state_in_the_order_of_paths(series: Series) -> None:
    first, _ = series.land(0, upsert("b", likes=1) + upsert("a"))
    assert names(first) == ["A/a", "A/b"]
    assert [line["about"] for line in first] == [{"path": "data/a.json"}, {"path": "data/b.json"}]
    second, _ = series.land(1, upsert("c") + delete("a") + upsert("b", likes=2))
    assert [(line["key"], line["raw"].get("likes")) for line in second] == [("A/b", 2), ("A/c", None)]
    assert {line["fetched_at"] for line in second} == {"2024-07-11T13:00:00Z"}
    assert landed_lines(series.landing, series.crawl)[0].endswith(b'"raw":{"id": "A/b", "likes": 2}}\n')
    assert (series.crawl.format, series.crawl.coverage, series.crawl.cutoff) == (
        "dated-export", "census", "2024-07-11T13:00:00Z",
    )  # fmt: skip
    third, is_new = series.land(2, b"")
    assert ([line["raw"] for line in third], is_new) == ([line["raw"] for line in second], True)


def test_the_manifest_names_the_files_and_the_export_before(series: Series) -> None:
    series.land(0, upsert("a"))
    assert series.crawl.options == {"files": ["0-0.jsonl"], "before": ""}
    first = series.crawl.path
    series.land(1, upsert("b"), upsert("c"))
    assert series.crawl.options == {"files": ["1-0.jsonl", "1-1.jsonl"], "before": first}
    requests = [json.loads(line) for line in landed_lines(series.landing, series.crawl, "requests")]
    assert [(line["url"], line["changes"], line["count"]) for line in requests] == [
        ("file:1-0.jsonl", 1, 3), ("file:1-1.jsonl", 1, 3),
    ]  # fmt: skip


def test_files_of_one_command_are_applied_in_their_order(series: Series) -> None:
    lines, _ = series.land(0, upsert("a", likes=1), upsert("a", likes=2) + upsert("b"), delete("b"))
    assert [line["raw"] for line in lines] == [{"id": "A/a", "likes": 2}]


def test_the_same_export_again_is_the_crawl_that_it_made(series: Series) -> None:
    series.land(0, upsert("a") + upsert("b"))
    series.land(1, delete("a"))
    crawl = series.crawl
    assert series.land(1, delete("a"))[1] is False
    assert (series.crawl, series.wrong) == (crawl, [])


@pytest.mark.parametrize("content", [delete("a"), upsert("b") + delete("a")])
def test_a_series_without_its_beginning_is_refused(series: Series, content: bytes) -> None:
    with pytest.raises(
        LandingError, match=r"0-0\.jsonl: change \d deletes data/a\.json.* lacks an earlier export; land all exports"
    ):
        series.land(0, content)
    assert series.landing.crawls("hub", "models") == ([], [])


def test_what_is_built_upon_is_earlier_and_of_the_same_scope_and_format(series: Series, tmp_path: Path) -> None:
    series.land(0, upsert("a"))
    series.land(3, upsert("later"))
    series.land(1, upsert("elsewhere"), scope="other")
    rows = write(tmp_path / "rows", b'{"id":"a/b","_id":"645384a00000000000000000"}\n')
    land(series.landing, rows, scope="exports", observed_at=series.moment(1))
    lines, _ = series.land(2, upsert("b"))
    assert names(lines) == ["A/a", "A/b"]
    with pytest.raises(LandingError, match="lacks an earlier export"):
        series.land(0, delete("later"))


def test_an_export_that_comes_late_is_told_of_those_that_stand_on_another(series: Series) -> None:
    series.land(0, upsert("a"))
    series.land(2, upsert("c"))
    old = series.crawl.path
    series.land(1, upsert("b"))
    late = series.crawl.path
    lines, is_new = series.land(2, upsert("c"))
    assert (names(lines), is_new) == (["A/a", "A/c"], False)
    (wrong,) = series.wrong
    assert wrong.startswith(f"{old}: it was landed upon")
    assert f"now {late}; delete its folder and those of later exports" in wrong
    series.landing.forget(old)
    lines, is_new = series.land(2, upsert("c"))
    assert (names(lines), is_new, series.wrong) == (["A/a", "A/b", "A/c"], True, [])


def test_a_damaged_export_is_not_built_upon(series: Series) -> None:
    series.land(0, upsert("a"))
    crawl = series.crawl
    (series.landing.folder / crawl.path).write("part-00000.jsonl.zst", b"damaged")
    with pytest.raises(LandingError, match=f"{crawl.path}/part-00000.jsonl.zst: .*land this export again before"):
        series.land(1, upsert("b"))
    series.land(0, upsert("a"))
    assert names(series.land(1, upsert("b"))[0]) == ["A/a", "A/b"]


def test_an_unfinished_export_in_between_is_not_passed_over(series: Series) -> None:
    series.land(0, upsert("a"))
    series.land(1, upsert("b"))
    crawl = series.crawl
    (series.landing.folder / crawl.path).delete("_manifest.json")
    with pytest.raises(LandingError, match=f"{crawl.path}: it is unfinished or cannot be read, and may be the export"):
        series.land(2, upsert("c"))
    series.land(1, upsert("b"))
    assert names(series.land(2, upsert("c"))[0]) == ["A/a", "A/b", "A/c"]


def test_a_missing_file_of_changes_stops_the_import(series: Series, tmp_path: Path) -> None:
    with pytest.raises(LandingError, match=r"absent.*No such file.*nothing has landed"):
        land(series.landing, write(tmp_path / "a", upsert("a")), tmp_path / "absent", format="dated-export")
    assert series.landing.crawls("hub", "models") == ([], [])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"junk\n", "record:not_json"),
        (b'{"path":"data/a.json","op":"rename"}\n', "op:range"),
        (b'{"path":"data/a.json"}\n', "op:missing"),
        (b'{"path":7,"op":"delete"}\n', "path:type"),
        (b'{"path":"data/a.json","op":"upsert"}\n', "doc:missing"),
        (b'{"path":"data/a.json","op":"upsert","doc":null}\n', "doc:type"),
    ],
)
def test_what_is_no_change_stops_the_import(series: Series, line: bytes, why: str) -> None:
    with pytest.raises(LandingError, match=rf"0-0\.jsonl: change 3 is none \({why}\).*fetch the file again"):
        series.land(0, upsert("a") + upsert("b") + line + upsert("c"))
    assert series.landing.crawls("hub", "models") == ([], [])


def test_a_listing_is_no_series_of_changes(series: Series) -> None:
    with pytest.raises(LandingError, match="no dump of format dated-export: its lines should carry op, path"):
        series.land(0, b'{"id":"a/b","_id":"645384a00000000000000000"}\n')


def test_a_document_that_may_not_land_stays_in_the_state(series: Series) -> None:
    """Set aside at each export, so that later changes find it and the state is never poorer than the source."""
    wide = upsert("a", count=2**70)
    assert names(series.land(0, wide + upsert("b"))[0]) == ["A/b"]
    assert names(series.land(1, upsert("c"))[0]) == ["A/b", "A/c"]
    (refused,) = [json.loads(line) for line in landed_lines(series.landing, series.crawl, "invalid")]
    assert (refused["reason"], refused["about"]) == ("record:integer_beyond_64_bits", {"path": "data/a.json"})
    series.land(2, delete("a"))
    assert (series.crawl.records, series.crawl.invalid) == (2, 0)


def test_a_census_of_which_nothing_is_left_is_refused(series: Series) -> None:
    series.land(0, upsert("a"))
    with pytest.raises(LandingError, match="no record in it"):
        series.land(1, delete("a"))
    assert series.land(1, delete("a"), coverage="partial")[0] == []
