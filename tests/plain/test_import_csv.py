"""CSV dumps: rows become records of texts, and one broken row costs no other."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from dumps import land, landed_lines, quick, write
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.crawl.csv_rows import read_row, split_rows
from ptm_spark.errors import LandingError
from ptm_spark.landing import Landing, Manifest

HEADER = b"model_id,pr_url,time,merged\n"
ROW = b"a/b,https://hub.example/a/b/discussions/1,2022-11-07 14:00:58,closed\n"
READ = {"model_id": "a/b", "pr_url": "https://hub.example/a/b/discussions/1", "time": "2022-11-07 14:00:58",
        "merged": "closed"}  # fmt: skip


def land_csv(landing: Landing, dump: Path, **options: Any) -> Manifest:
    return land(landing, dump, entity="hub/discussions", format="csv", coverage="partial", **options).manifest


def landed(landing: Landing, crawl: Manifest) -> list[dict[str, Any]]:
    return [json.loads(line) for line in landed_lines(landing, crawl)]


def reasons(landing: Landing, crawl: Manifest) -> list[str]:
    return [json.loads(line)["reason"] for line in landed_lines(landing, crawl, "invalid")]


def test_a_row_is_a_record_of_the_source_s_own_names(tmp_path: Path, landing: Landing) -> None:
    crawl = land_csv(landing, write(tmp_path / "dump.csv", HEADER + ROW))
    assert landed_lines(landing, crawl) == [
        b'{"seq":0,"fetched_at":"2024-07-11T12:00:00Z","status":200,"key":"a/b","raw":'
        b'{"model_id":"a/b","pr_url":"https://hub.example/a/b/discussions/1","time":"2022-11-07 14:00:58",'
        b'"merged":"closed"}}\n'
    ]
    assert (crawl.path.rpartition("/")[0], crawl.format) == ("hub/discussions", "csv")
    assert crawl.keys == ("merged", "model_id", "pr_url", "time")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + HEADER + ROW,
        (HEADER + ROW).replace(b"\n", b"\r\n"),
        HEADER + b"\n" + ROW.rstrip() + b"\n\n",
        HEADER + ROW.rstrip(),
        b'"model_id","pr_url","time","merged"\n' + ROW,
        gzip.compress(HEADER + ROW),
    ],
    ids=["mark", "crlf", "empty lines", "no last line break", "quoted", "gzip"],
)
def test_forms_of_one_csv_land_alike(tmp_path: Path, landing: Landing, content: bytes) -> None:
    crawl = land_csv(landing, write(tmp_path / "dump.csv", content))
    assert ([line["raw"] for line in landed(landing, crawl)], crawl.invalid) == ([READ], 0)


def test_columns_may_stand_in_another_order(tmp_path: Path, landing: Landing) -> None:
    crawl = land_csv(landing, write(tmp_path / "dump.csv", b"merged,time,pr_url,model_id\nclosed,t,u,a/b\n"))
    assert [(line["key"], line["raw"]["merged"]) for line in landed(landing, crawl)] == [("a/b", "closed")]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"model_id,pr_url,time\n", "model_id, pr_url, time;"),
        (b"model_id,pr_url,time,merged,more\n", "merged, more;"),
        (b"model_id,model_id,time,merged\n", "model_id, model_id, time"),
        (ROW, "a/b, https"),
        (b"", "none; name"),
        ((HEADER + ROW).decode().encode("utf-16"), "nothing that can be read .*not_utf8"),
        (b'{"model_id": "a/b"}\n', "nothing that can be read|model_id"),
    ],
    ids=["one less", "one more", "one twice", "no header", "empty", "UTF-16", "JSON"],
)
def test_other_columns_are_refused_with_those_there_should_be(
    tmp_path: Path, landing: Landing, header: bytes, found: str
) -> None:
    dump = write(tmp_path / "dump.csv", header)
    with pytest.raises(
        LandingError, match=rf"dump\.csv: its columns should be model_id, pr_url, time, merged, but are .*({found})"
    ):
        land_csv(landing, dump)
    assert landing.crawls("hub", "discussions") == ([], [])


def test_broken_rows_are_set_aside_and_the_others_land(tmp_path: Path, landing: Landing) -> None:
    broken = [b"a/c,u,t", b"a/d,u,t,m,more", b"a/e,\xff,t,m", b"a/f,\0,t,m", b'a/g,"u"v,t,m', b"a/h,u\rv,t,m"]
    dump = write(tmp_path / "dump.csv", HEADER + b"".join(row + b"\n" + ROW for row in broken))
    crawl = land_csv(landing, dump)
    assert [line["raw"] for line in landed(landing, crawl)] == [READ] * 6
    assert reasons(landing, crawl) == [
        "record:cell_count", "record:cell_count", "record:not_utf8", "record:null_character", "record:not_csv",
        "record:not_csv",
    ]  # fmt: skip


def test_a_stray_quote_costs_no_row_beyond_the_next_quote(tmp_path: Path, landing: Landing) -> None:
    dump = write(tmp_path / "dump.csv", HEADER + ROW + b'a/c,5" disk,t,m\n' + ROW + b'a/d,"u",t,m"\n' + ROW)
    crawl = land_csv(landing, dump)
    assert [line["key"] for line in landed(landing, crawl)][:1] == ["a/b"]
    assert landed(landing, crawl)[-1]["raw"] == READ
    assert set(reasons(landing, crawl)) <= {"record:cell_count", "record:not_csv"}
    assert crawl.invalid == 1


def test_a_csv_that_is_cut_off_in_a_cell_gives_nothing(tmp_path: Path, landing: Landing) -> None:
    with pytest.raises(LandingError, match=r"dump\.csv: its last row is not closed, so the file is cut off"):
        land_csv(landing, write(tmp_path / "dump.csv", HEADER + ROW + b'a/c,u,t,"two\nlines'))
    assert landing.crawls("hub", "discussions") == ([], [])


def test_a_long_cell_lands_and_a_longer_one_does_not(tmp_path: Path, landing: Landing) -> None:
    long, longer = b"x" * 200_000, b"y" * 400_000
    rows = b"".join(b'a/b,"' + text + b'",t,m\n' for text in (long, longer)) + ROW
    crawl = land_csv(landing, write(tmp_path / "dump.csv", HEADER + rows), settings=["landing.max_record_bytes=300000"])
    assert [len(line["raw"]["pr_url"]) for line in landed(landing, crawl)] == [200_000, len(READ["pr_url"])]
    assert reasons(landing, crawl) == ["record:too_large"]


CELLS = st.text(alphabet=st.sampled_from('ab,"\n\ré \u2028;'), max_size=8)


@quick
@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 9),
)
def test_what_python_writes_is_read_back_wherever_pieces_end(rows: list[list[str]], end: str, size: int) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    content = written.getvalue().encode()
    chunks = (content[at : at + size] for at in range(0, len(content), size))
    found = [read_row(raw) for raw in split_rows(Path("dump.csv"), chunks, 1000)]
    assert found == rows
