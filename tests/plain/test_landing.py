"""Landing a crawl: raw records byte for byte in checksummed parts, the manifest last, nothing half done ever read."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard
from dumps import RECORDS, as_lines, hub_rows, land, landed_lines, landed_records, quick, write
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.config import load
from ptm_spark.errors import BusyError, LandingError
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest

AT = "2024-07-11T12:00:00Z"
FACTS: dict[str, Any] = {
    "source": "hub",
    "entity": "models",
    "crawl_id": "c1",
    "format": "api",
    "scope": "hub",
    "coverage": "census",
    "observed_at": AT,
    "cutoff": AT,
    "failed": (),
}


def write_crawl(landing: Landing, raws: Sequence[bytes], *assignments: str) -> Manifest:
    """Land raw records as hub/models/c1."""
    with landing.writer("hub/models/c1", load(None, assignments).landing) as writer:
        for raw in raws:
            writer.add(raw, key="id", fetched_at=AT)
        return writer.finish(**FACTS)


def raw_of(line: bytes) -> bytes:
    """What a reader takes for the record's text: all behind the first mark, but the closing brace."""
    return line.rstrip(b"\n").partition(b'"raw":')[2][:-1]


def test_a_landed_line_is_json_with_the_envelope_around_the_record(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"a/b","likes":3}'])
    (line,) = landed_lines(landing, crawl)
    envelope = {"seq": 0, "fetched_at": AT, "status": 200, "key": "a/b", "raw": {"id": "a/b", "likes": 3}}
    assert json.loads(line) == envelope
    assert list(json.loads(line)) == list(envelope)


def test_a_record_without_the_key_field_has_key_null(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"likes":3}'])
    assert json.loads(landed_lines(landing, crawl)[0])["key"] is None


def test_records_are_numbered_in_order_with_the_refused_ones_counted(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"a"}', b"junk", b'{"id":"b"}'])
    assert [json.loads(line)["seq"] for line in landed_lines(landing, crawl)] == [0, 2]
    assert json.loads(landed_lines(landing, crawl, "invalid")[0])["seq"] == 1


def test_the_raw_text_stays_as_it_was_sent(landing: Landing) -> None:
    raws = [b'{ "id" : "a", "n": 1.50, "u": "\\u00e9\xc3\xa9" }', b'{"a":1,"a":2,"id":"b"}', b'{"id":"\xe2\x80\xa8"}']
    assert [raw_of(line) for line in landed_lines(landing, write_crawl(landing, raws))] == raws


def test_line_ends_between_tokens_become_spaces_so_that_a_record_stays_a_line(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{\r\n "id":\r"a\\n"\n}'])
    assert [raw_of(line) for line in landed_lines(landing, crawl)] == [b'{   "id": "a\\n" }']


@pytest.mark.parametrize("key", [{"raw": 1}, [{"raw": 2}], '"raw":', '{"raw":3}', "\n", 4711, None])
def test_the_mark_before_the_raw_text_stands_nowhere_earlier_whatever_the_key_is(landing: Landing, key: object) -> None:
    raw = json.dumps({"id": key}).encode()
    crawl = write_crawl(landing, [raw])
    assert [raw_of(line) for line in landed_lines(landing, crawl)] == [raw]


@quick
@given(st.lists(RECORDS, max_size=8), st.booleans(), st.sampled_from([None, 0, 1]))
def test_bytes_in_are_bytes_out(records: list[dict[str, Any]], is_ascii: bool, indent: int | None) -> None:
    raws = [json.dumps(record, ensure_ascii=is_ascii, indent=indent).encode() for record in records]
    landing = Landing(Folder("memory://test-landing"))
    lines = landed_lines(landing, write_crawl(landing, raws))
    assert [raw_of(line) for line in lines] == [raw.replace(b"\n", b" ") for raw in raws]
    assert [json.loads(line)["raw"] for line in lines] == records


def test_parts_roll_at_the_given_size_whatever_the_number_of_records(landing: Landing) -> None:
    raws = [b'{"id":"%d","text":"%b"}' % (number, b"x" * 300_000) for number in range(30)]
    crawl = write_crawl(landing, raws, "landing.part_bytes=2_000_000")
    assert [file.name for file in crawl.parts] == [f"part-{number:05d}.jsonl.zst" for number in range(len(crawl.parts))]
    assert {file.records for file in crawl.parts[:-1]} == {8}
    assert sum(file.records for file in crawl.parts) == 30
    assert [record["id"] for record in landed_records(landing, crawl)] == [str(number) for number in range(30)]


def test_an_empty_crawl_has_a_manifest_and_no_files(landing: Landing) -> None:
    crawl = write_crawl(landing, [])
    assert (crawl.files, crawl.records, crawl.invalid, crawl.keys) == ((), 0, 0, ())
    assert landing.crawls("hub", "models") == ([crawl], [])


def test_the_manifest_tells_the_truth_about_every_file(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"a"}', b'{"id":"b","x":1}', b"junk"])
    place = landing.folder / crawl.path
    assert {file.name for file in crawl.files} | {"_manifest.json"} == set(place.names())
    for file in crawl.files:
        content = place.read(file.name)
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert [file.records for file in crawl.files] == [2, 1]
    assert (crawl.records, crawl.invalid, crawl.keys) == (2, 1, ("id", "x"))


def test_a_manifest_reads_back_as_it_was_written(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"a"}', b"junk"])
    assert landing.find("hub/models/c1") == crawl
    assert Manifest.from_json(crawl.to_json()) == crawl


def test_a_manifest_with_keys_of_a_later_version_is_read(landing: Landing) -> None:
    crawl = write_crawl(landing, [])
    later = json.dumps(json.loads(crawl.to_json()) | {"colour": "blue"}).encode()
    assert Manifest.from_json(later) == crawl


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b"null", b'{"files": 3}', b"\xff"])
def test_what_is_no_manifest_is_a_landing_error(content: bytes) -> None:
    with pytest.raises(LandingError, match="not a manifest"):
        Manifest.from_json(content)


@pytest.mark.parametrize("raw", [b"junk", b'{"a":"\xff\x00\xfe"}', b"[1]", b'{"a":NaN}', "🤗\r".encode()])
def test_what_is_refused_is_kept_byte_for_byte_with_reason_and_digest(landing: Landing, raw: bytes) -> None:
    crawl = write_crawl(landing, [raw])
    (line,) = landed_lines(landing, crawl, "invalid")
    kept = json.loads(line)
    assert base64.b64decode(kept["bytes"]) == raw
    assert kept["sha256"] == hashlib.sha256(raw).hexdigest()
    assert kept["reason"].startswith("record:")
    assert kept["fetched_at"] == AT


def test_the_text_of_a_refused_record_is_cut_at_its_bound_and_its_bytes_are_not(landing: Landing) -> None:
    raw = "é".encode() * 3_000
    crawl = write_crawl(landing, [raw], "landing.reject_text_chars=11")
    kept = json.loads(landed_lines(landing, crawl, "invalid")[0])
    assert len(kept["text"]) <= 11
    assert base64.b64decode(kept["bytes"]) == raw


def test_a_record_beyond_the_size_limit_is_refused_by_that_name(landing: Landing) -> None:
    fits, too_long = (b'{"id":"%b"}' % (b"x" * size) for size in (991, 992))
    crawl = write_crawl(landing, [fits, too_long], "landing.max_record_bytes=1000")
    assert (crawl.records, crawl.invalid) == (1, 1)
    assert json.loads(landed_lines(landing, crawl, "invalid")[0])["reason"] == "record:too_large"


def test_an_altered_frame_never_unpacks_to_other_records(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"%d","likes":%d}' % (number, number * 7) for number in range(50)])
    sound = (landing.folder / crawl.path).read(crawl.files[0].name)
    lines = landed_lines(landing, crawl)
    for at in range(len(sound)):
        altered = sound[:at] + bytes([sound[at] ^ 0x40]) + sound[at + 1 :]
        reader = zstandard.ZstdDecompressor().decompressobj()
        try:
            unpacked = reader.decompress(altered)
        except zstandard.ZstdError:
            continue
        assert not reader.eof or unpacked.splitlines(keepends=True) == lines


def test_an_untouched_crawl_has_no_damage(landing: Landing) -> None:
    assert landing.damage(write_crawl(landing, [b'{"id":"a"}', b"junk"])) == {}


def test_a_flipped_byte_is_found_and_the_file_named(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"a"}', b"junk"])
    place, name = landing.folder / crawl.path, crawl.parts[0].name
    content = place.read(name)
    place.write(name, content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    assert landing.damage(crawl) == {name: f"its SHA-256 is not {crawl.parts[0].sha256[:12]}…"}


def test_a_file_of_another_size_is_found_and_named(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"a"}', b"junk"])
    place, name = landing.folder / crawl.path, crawl.invalids[0].name
    place.write(name, place.read(name)[:-1])
    size = crawl.invalids[0].bytes
    assert landing.damage(crawl) == {name: f"{size - 1} bytes, expected {size}"}


def test_a_missing_file_is_found_and_named(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"a"}'])
    (Path(landing.folder.path) / crawl.path / crawl.parts[0].name).unlink()
    assert landing.damage(crawl) == {crawl.parts[0].name: "missing"}


def test_a_folder_without_a_manifest_is_told_and_not_read(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"a"}'])
    (landing.folder / "hub/models/c2").write("part-00000.jsonl.zst", b"half")
    found, unreadable = landing.crawls("hub", "models")
    assert found == [crawl]
    assert unreadable == ["hub/models/c2: no _manifest.json, so the crawl is unfinished; run its command again"]
    assert landing.find("hub/models/c2") is None


def test_a_broken_manifest_is_told_and_the_other_crawls_are_read(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"a"}'])
    (landing.folder / "hub/models/c2").write("_manifest.json", b'{"source": "hub"')
    found, (note,) = landing.crawls("hub", "models")
    assert found == [crawl]
    assert note.startswith("hub/models/c2/_manifest.json: not a manifest")
    assert note.endswith("land the crawl again")


def test_a_copied_crawl_is_told_and_its_records_do_not_count_twice(landing: Landing) -> None:
    crawl = write_crawl(landing, [b'{"id":"a"}'])
    (landing.folder / "hub/models/c1-copy").write("_manifest.json", crawl.to_json())
    found, unreadable = landing.crawls("hub", "models")
    assert found == [crawl]
    assert len(unreadable) == 1
    assert "c1-copy" in unreadable[0]


def test_an_entity_never_landed_has_no_crawls(landing: Landing) -> None:
    assert landing.crawls("hub", "models") == ([], [])


def test_crawls_come_in_order_of_observation(landing: Landing) -> None:
    first = write_crawl(landing, [])
    moments = ["2024-07-11T12:00:01Z", "2023-01-01T00:00:00Z", "2024-07-10T23:59:59Z"]
    for number, moment in enumerate(moments, start=2):
        crawl = replace(first, crawl_id=f"c{number}", observed_at=moment)
        (landing.folder / crawl.path).write("_manifest.json", crawl.to_json())
    assert [crawl.crawl_id for crawl in landing.crawls("hub", "models")[0]] == ["c3", "c4", "c1", "c2"]


def test_a_writer_that_fails_leaves_no_manifest(landing: Landing) -> None:
    with pytest.raises(RuntimeError), landing.writer("hub/models/c1", load().landing) as writer:
        writer.add(b'{"id":"a"}', key="id", fetched_at=AT)
        raise RuntimeError
    assert landing.find("hub/models/c1") is None
    assert landing.crawls("hub", "models")[0] == []


def test_a_crawl_refused_for_good_leaves_no_folder(landing: Landing) -> None:
    with pytest.raises(LandingError), landing.writer("hub/models/c1", load().landing) as writer:
        writer.add(b'{"id":"%b"}' % (b"x" * 2_000_000), key="id", fetched_at=AT)
        raise LandingError("of another entity")
    assert landing.crawls("hub", "models") == ([], [])


def test_two_writers_of_one_crawl_cannot_be(landing: Landing) -> None:
    with landing.writer("hub/models/c1", load().landing) as writer:
        with pytest.raises(BusyError, match="crawl hub/models/c1"), landing.writer("hub/models/c1", load().landing):
            pass
        writer.finish(**FACTS)
    assert landing.find("hub/models/c1") is not None


def test_what_an_interrupted_run_has_left_is_replaced(landing: Landing) -> None:
    place = landing.folder / "hub/models/c1"
    for name in ("part-00000.jsonl.zst", "part-00007.jsonl.zst", "part-00001.jsonl.zst.unfinished"):
        place.write(name, b"old")
    crawl = write_crawl(landing, [b'{"id":"a"}'])
    assert place.names() == ["_manifest.json", "part-00000.jsonl.zst"]
    assert landing.damage(crawl) == {}


def test_where_records_came_from_is_kept_a_line_a_dump(landing: Landing, tmp_path: Path) -> None:
    content = as_lines(hub_rows(3)) + b"junk\n"
    crawl, _, _ = land(
        landing, write(tmp_path / "a.jsonl", content), write(tmp_path / "b.jsonl", as_lines(hub_rows(2)))
    )
    kept = [json.loads(line) for line in landed_lines(landing, crawl, "requests")]
    assert [(line["url"], line["first_seq"], line["count"]) for line in kept] == [
        ("file:a.jsonl", 0, 4),
        ("file:b.jsonl", 4, 2),
    ]
    assert kept[0]["content_sha256"] == hashlib.sha256(content).hexdigest()
