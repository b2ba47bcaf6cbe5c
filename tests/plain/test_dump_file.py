"""Reading dumps: the same records whatever form they come in, and never a part of a file without a word."""

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard
from dumps import (
    ARRAY_FORMS,
    FORMS,
    RECORDS,
    Row,
    as_array,
    as_array_by_line,
    as_flush_left_array,
    as_joined_pages,
    as_lines,
    as_page_lines,
    as_pretty_array,
    hub_row,
    hub_rows,
    quick,
    write,
)
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.crawl.dump_file import read_chunks, read_records
from ptm_spark.errors import LandingError

CHUNK = 1 << 20
LIMIT = 16 * CHUNK
Form = Callable[[Sequence[Row]], bytes]


def as_zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


def raw_records(file: Path, limit: int = LIMIT) -> list[bytes]:
    return list(read_records(file, max_record_bytes=limit))


def parsed(file: Path) -> list[Any]:
    return [json.loads(raw) for raw in raw_records(file)]


def refusal(file: Path) -> str:
    """The message with which reading the whole file ends."""
    with pytest.raises(LandingError) as refused:
        raw_records(file)
    return str(refused.value)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, as_zstd], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("form", FORMS)
def test_the_same_records_come_out_of_every_form(tmp_path: Path, form: Form, pack: Callable[[bytes], bytes]) -> None:
    assert parsed(write(tmp_path / "dump", pack(form(hub_rows(7))))) == hub_rows(7)


@quick
@given(st.lists(RECORDS, max_size=8), st.sampled_from(FORMS))
def test_any_records_come_out_of_any_form(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], form: Form
) -> None:
    assert parsed(write(tmp_path_factory.getbasetemp() / "any-dump", form(rows))) == rows


def test_the_kind_is_told_by_the_content_and_not_by_the_name(tmp_path: Path) -> None:
    assert parsed(write(tmp_path / "dump.gz", as_lines(hub_rows(2)))) == hub_rows(2)
    assert parsed(write(tmp_path / "dump.jsonl", gzip.compress(as_lines(hub_rows(2))))) == hub_rows(2)


@pytest.mark.parametrize("pack", [gzip.compress, as_zstd], ids=["gzip members", "zstd frames"])
def test_files_joined_after_packing_are_read_to_their_end(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    pieces = [pack(as_lines([row])) for row in hub_rows(5)] + [pack(b"")]
    assert parsed(write(tmp_path / "dump", b"".join(pieces))) == hub_rows(5)


def test_zeros_that_fill_up_the_last_block_of_a_gzip_file_are_nothing(tmp_path: Path) -> None:
    assert parsed(write(tmp_path / "dump", gzip.compress(as_lines(hub_rows(2))) + b"\0" * 512)) == hub_rows(2)


def test_a_zstd_frame_that_does_not_say_its_size_is_read(tmp_path: Path) -> None:
    packer = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    packed = packer.compress(as_lines(hub_rows(2))) + packer.flush()
    assert parsed(write(tmp_path / "dump", packed)) == hub_rows(2)


def test_the_raw_bytes_of_a_line_are_kept_without_its_line_end(tmp_path: Path) -> None:
    content = b'{ "a" : 1 }\r\n\t{"b":"\xe2\x80\xa8"} \n'
    assert raw_records(write(tmp_path / "dump", content)) == [b'{ "a" : 1 }', b'\t{"b":"\xe2\x80\xa8"} ']


def test_the_raw_bytes_of_an_array_s_members_are_kept(tmp_path: Path) -> None:
    content = b'[{ "a" : 1.50 },\n{"b":"\xc3\xa9\\u00e9"}]'
    assert raw_records(write(tmp_path / "dump", content)) == [b'{ "a" : 1.50 }', b'{"b":"\xc3\xa9\\u00e9"}']


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":1}\n\n  \n\r\n{"a":2}\n',
        b'\n\n{"a":1}\n{"a":2}\n\n',
        b'{"a":1}\n{"a":2}',
        b'{"a":1}\r\n{"a":2}\r',
        b'\xef\xbb\xbf{"a":1}\n{"a":2}\n',
        b'\xef\xbb\xbf[{"a":1},{"a":2}]',
        b'\n [\n\n{"a":1}\n,\n{"a":2}\n]\n\n',
        b'[{"a":1}]\n\n[]\n[{"a":2}]\n',
        b'[] [{"a":1}] [{"a":2}]',
        b'[{"a":1}]{"a":2}',
        b'{\n"a":1}\n{"a":\n2}',
        b'{\n"a":1}{"a":2}',
    ],
)
def test_blank_lines_marks_and_missing_line_ends_are_no_matter(tmp_path: Path, content: bytes) -> None:
    assert parsed(write(tmp_path / "dump", content)) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \r\n", b"[]", b"[\n]\n", b"[]\n[]\n", b"\xef\xbb\xbf"])
def test_nothing_in_a_file_is_no_record(tmp_path: Path, content: bytes) -> None:
    assert raw_records(write(tmp_path / "dump", content)) == []


@pytest.mark.parametrize("form", [as_lines, as_array, as_flush_left_array, as_page_lines])
def test_a_record_bigger_than_a_chunk_is_read_whole(tmp_path: Path, form: Form) -> None:
    rows = [hub_row(0), hub_row(1, text="é" * (3 * CHUNK // 2)), hub_row(2)]
    assert parsed(write(tmp_path / "dump", form(rows))) == rows


@pytest.mark.parametrize(
    "form", [as_lines, lambda rows: as_lines(rows).replace(b"\n", b"\r\n"), as_array, as_joined_pages, as_pretty_array]
)
def test_a_chunk_may_end_at_any_byte_of_a_record(tmp_path: Path, form: Form) -> None:
    tail: list[Row] = [{"id": 'é"\\', "n": [1, -2.5]}, {"id": "b"}]
    before = len(form([{"pad": ""}])) - len(form([]))
    for behind in range(len(form(tail)) + 8):
        rows = [{"pad": "x" * (CHUNK - before - behind)}, *tail]
        assert parsed(write(tmp_path / "dump", form(rows))) == rows


@pytest.mark.parametrize("bad", [b'{"id":b}', b"junk", b'{"id":"\xff"}', b'{"id":"x" "y"}', b'{"id:"x"}', b'{"x":[}]'])
def test_a_broken_line_comes_out_alone_and_as_it_is(tmp_path: Path, bad: bytes) -> None:
    content = b'{"id":"a"}\n' + bad + b'\n{"id":"c"}\n'
    assert raw_records(write(tmp_path / "dump", content)) == [b'{"id":"a"}', bad, b'{"id":"c"}']


@pytest.mark.parametrize("bad", [b'{"id":b}', b'{"id":"x" "y"}', b'{"id":"x",}', b'{"id":"\\q"}'])
@pytest.mark.parametrize(
    ("head", "between", "tail"), [(b"[", b",", b"]"), (b"[\n", b",\n", b"\n]\n"), (b"[\n  ", b",\n  ", b"\n]")]
)
def test_a_broken_member_of_an_array_comes_out_alone_and_the_others_whole(
    tmp_path: Path, bad: bytes, head: bytes, between: bytes, tail: bytes
) -> None:
    content = head + between.join([b'{"id":"a"}', bad, b'{"id":"c"}', b'{"id":"d"}']) + tail
    assert raw_records(write(tmp_path / "dump", content)) == [b'{"id":"a"}', bad, b'{"id":"c"}', b'{"id":"d"}']


@pytest.mark.parametrize("form", [as_lines, as_array, as_array_by_line, as_page_lines])
def test_a_record_nested_too_deep_comes_out_alone(tmp_path: Path, form: Form) -> None:
    deep = b'{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    content = form([{"id": "a"}, {"id": "deep"}, {"id": "c"}]).replace(b'{"id": "deep"}', deep)
    first, middle, last = raw_records(write(tmp_path / "dump", content))
    assert (json.loads(first), middle, json.loads(last)) == ({"id": "a"}, deep, {"id": "c"})


def test_what_python_alone_takes_for_json_comes_out_as_it_is(tmp_path: Path) -> None:
    content = b'[{"a":NaN},{"a":"\x01"},{"a":1}]'
    assert raw_records(write(tmp_path / "dump", content)) == [b'{"a":NaN}', b'{"a":"\x01"}', b'{"a":1}']


@pytest.mark.parametrize("members", [b"1,2", b'"x"', b"null,true", b"[1,[2]]"])
def test_members_that_are_no_objects_come_out_too(tmp_path: Path, members: bytes) -> None:
    pieces = raw_records(write(tmp_path / "dump", b"[" + members + b"]"))
    assert b",".join(pieces) == members


@pytest.mark.parametrize("limit", [1_000, CHUNK // 2])
def test_a_line_beyond_the_size_limit_is_one_record_and_no_part_of_it_another(tmp_path: Path, limit: int) -> None:
    hidden = json.dumps(hub_row(1)).encode()
    content = b"x" * (3 * CHUNK) + hidden + b"\n" + json.dumps(hub_row(2)).encode() + b"\n"
    too_long, last = raw_records(write(tmp_path / "dump", content), limit)
    assert len(too_long) > limit
    assert json.loads(last) == hub_row(2)


@pytest.mark.parametrize("text", [b"x" * (3 * CHUNK), b'\\"' * (3 * CHUNK // 2)])
@pytest.mark.parametrize("limit", [1_000, CHUNK // 2])
def test_a_member_beyond_the_size_limit_is_one_record_and_the_others_are_whole(
    tmp_path: Path, limit: int, text: bytes
) -> None:
    content = b'[{"id":"a"},{"id":"%b]}"},{"id":"c"}]' % text
    first, too_long, last = raw_records(write(tmp_path / "dump", content), limit)
    assert (first, last) == (b'{"id":"a"}', b'{"id":"c"}')
    assert too_long == content[12 : 12 + limit + 1]


def test_a_bracket_too_many_comes_out_alone(tmp_path: Path) -> None:
    assert raw_records(write(tmp_path / "dump", b'[{"a":1}},{"a":2}]]')) == [b'{"a":1}', b"}", b'{"a":2}', b"]"]


@pytest.mark.parametrize(
    "content", [b'{\n"a":1}\n{"a":"x}\n{"a":3}\n', b'{\n"a":1}\n{"a":[2}\n', b'[{"a":1},{"a:"x"},{"a":3}]']
)
def test_where_a_missing_quote_or_bracket_hides_all_that_follows_the_file_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    assert "lacks a quote or bracket" in refusal(write(tmp_path / "dump", content))


@pytest.mark.parametrize("form", ARRAY_FORMS)
def test_an_array_cut_off_anywhere_is_never_read_as_if_it_were_whole(tmp_path: Path, form: Form) -> None:
    content = form([{"id": "a", "tags": ["x", ["y"]]}, {"id": "b", "tags": [{"c": []}]}]).rstrip()
    silent = []
    for size in range(1, len(content)):
        try:
            silent.append((content[:size], raw_records(write(tmp_path / "dump", content[:size]))))
        except LandingError as refused:
            assert "fetch the file again" in str(refused)
    assert silent == []


@pytest.mark.parametrize("pack", [gzip.compress, as_zstd], ids=["gzip", "zstd"])
def test_fault_16_a_packed_file_cut_off_anywhere_is_refused(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(as_lines(hub_rows(30)))
    for size in range(4, len(packed)):
        said = refusal(write(tmp_path / "dump", packed[:size]))
        assert str(tmp_path / "dump") in said
        assert said.endswith("fetch the file again")


@pytest.mark.parametrize("pack", [gzip.compress, as_zstd], ids=["gzip", "zstd"])
def test_a_second_member_cut_off_anywhere_is_refused(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(as_lines(hub_rows(3)))
    for size in range(1, len(packed)):
        assert "fetch the file again" in refusal(write(tmp_path / "dump", packed + packed[:size]))


@pytest.mark.parametrize("pack", [gzip.compress, as_zstd], ids=["gzip", "zstd"])
def test_an_altered_byte_never_gives_other_records(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    content = as_lines([hub_row(number, downloads=number**5) for number in range(20)])
    packed = pack(content)
    for at in range(4, len(packed)):
        altered = packed[:at] + bytes([packed[at] ^ 0x10]) + packed[at + 1 :]
        try:
            assert b"".join(read_chunks(write(tmp_path / "dump", altered))) == content
        except LandingError as refused:
            assert "fetch the file again" in str(refused)


@pytest.mark.parametrize("pack", [gzip.compress, as_zstd], ids=["gzip", "zstd"])
@pytest.mark.parametrize("garbage", [b"garbage", b'{"id":"x"}\n', b"\x1f", b"\n"])
def test_garbage_behind_a_packed_file_is_refused(
    tmp_path: Path, pack: Callable[[bytes], bytes], garbage: bytes
) -> None:
    said = refusal(write(tmp_path / "dump", pack(as_lines(hub_rows(2))) + garbage))
    assert str(tmp_path / "dump") in said


@pytest.mark.parametrize("pack", [gzip.compress, as_zstd], ids=["gzip", "zstd"])
def test_a_file_that_unpacks_to_very_much_comes_in_pieces_of_bounded_size(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    file = write(tmp_path / "dump", pack(b" " * (48 * CHUNK)))
    sizes = [len(chunk) for chunk in read_chunks(file)]
    assert sum(sizes) == 48 * CHUNK
    assert max(sizes) <= 10 * CHUNK


def test_a_missing_file_is_refused_and_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent") == (
        f"dump {tmp_path / 'absent'}: No such file or directory; give the path of an existing file"
    )


def test_a_folder_is_refused_and_named(tmp_path: Path) -> None:
    said = refusal(tmp_path)
    assert said.startswith(f"dump {tmp_path}: ")
    assert "; give the path of " in said


def test_what_can_be_read_only_once_is_refused(tmp_path: Path) -> None:
    """A dump is read twice, first to see that it is whole: of a pipe the second look would see nothing."""
    said = refusal(Path("/dev/null"))
    assert said.startswith("dump /dev/null: ")
