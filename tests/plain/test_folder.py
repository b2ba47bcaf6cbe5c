"""A folder: files appear whole or not at all, one process at a time may claim a name, and any URL will do."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ptm_spark.errors import BusyError, UsageError
from ptm_spark.folder import Folder

CLAIM = """
import sys, time
from ptm_spark.errors import BusyError
from ptm_spark.folder import Folder
try:
    with Folder(sys.argv[1]).claim(".lock", "lake x"):
        print("held", flush=True)
        time.sleep(60)
except BusyError as error:
    print(f"busy: {error}", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "place")


@pytest.fixture
def in_memory() -> Iterator[Folder]:
    folder = Folder("memory://test-folder")
    yield folder
    folder.remove()


@pytest.fixture(params=["local", "memory"])
def any_folder(request: pytest.FixtureRequest) -> Folder:
    """A local folder, and one at a URL: both must keep the same promises."""
    return request.getfixturevalue("folder" if request.param == "local" else "in_memory")  # type: ignore[no-any-return]


def claiming_process(folder: Folder) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", CLAIM, folder.url], stdout=subprocess.PIPE, text=True)


def first_word(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_what_is_written_is_read(any_folder: Folder) -> None:
    any_folder.write("a.json", b"content")
    assert any_folder.read("a.json") == b"content"
    assert any_folder.size("a.json") == 7
    assert any_folder.exists("a.json")


def test_a_new_file_has_its_name_when_the_block_ends(any_folder: Folder) -> None:
    with any_folder.new_file("part") as file:
        file.write(b"one")
        file.write(b"two")
    assert any_folder.read("part") == b"onetwo"
    assert any_folder.names() == ["part"]


def test_a_new_file_has_no_name_before_the_block_ends(folder: Folder) -> None:
    with folder.new_file("part") as file:
        file.write(b"half")
        file.flush()
        assert not folder.exists("part")
        assert folder.names() == []


def test_writing_replaces_the_whole_content(any_folder: Folder) -> None:
    any_folder.write("a", b"a long content")
    any_folder.write("a", b"short")
    assert any_folder.read("a") == b"short"


def test_a_failing_block_gives_no_file(any_folder: Folder) -> None:
    with pytest.raises(RuntimeError), any_folder.new_file("part") as file:
        file.write(b"half")
        raise RuntimeError
    assert not any_folder.exists("part")
    assert any_folder.names() == []


def test_a_failing_block_leaves_the_old_content(any_folder: Folder) -> None:
    any_folder.write("a", b"old")
    with pytest.raises(RuntimeError), any_folder.new_file("a") as file:
        file.write(b"half of the n")
        raise RuntimeError
    assert any_folder.read("a") == b"old"


def test_names_are_sorted_and_hide_what_is_hidden_or_unfinished(folder: Folder) -> None:
    for name in ("b", "a", ".hidden", "c.unfinished"):
        folder.write(name, b"")
    (folder / "sub").write("x", b"")
    assert folder.names() == ["a", "b", "sub"]


def test_an_absent_folder_has_no_names_and_can_be_removed(any_folder: Folder) -> None:
    absent = any_folder / "absent"
    absent.remove()
    assert absent.names() == []
    assert not absent.exists()


def test_an_absent_file_is_not_found(any_folder: Folder) -> None:
    with pytest.raises(FileNotFoundError):
        any_folder.read("absent")


def test_removing_takes_all_that_is_below(any_folder: Folder) -> None:
    (any_folder / "sub").write("x", b"1")
    (any_folder / "sub").remove()
    assert not (any_folder / "sub").exists()
    assert not any_folder.exists("sub/x")


def test_the_digest_is_that_of_the_bytes(any_folder: Folder) -> None:
    any_folder.write("a", b"abc")
    assert any_folder.sha256("a").startswith("ba7816bf8f01cfea")


def test_a_url_is_kept_as_a_url_and_a_path_as_a_path(folder: Folder, in_memory: Folder, tmp_path: Path) -> None:
    assert in_memory.url.startswith("memory://")
    assert folder.url == str(tmp_path / "place")


@pytest.mark.parametrize("name", ["with space", "percent %20", "ünïcode", "hash#mark", "star*", "[bracket]"])
def test_odd_names_of_folders_are_just_names(tmp_path: Path, name: str) -> None:
    folder = Folder(tmp_path / name)
    folder.write("a", b"1")
    assert (tmp_path / name / "a").read_bytes() == b"1"
    assert (Folder(tmp_path) / name).names() == ["a"]
    folder.remove()
    assert not (tmp_path / name).exists()


def test_a_url_without_a_driver_is_a_usage_error_that_names_it() -> None:
    with pytest.raises(UsageError, match="nosuch://bucket/lake"):
        Folder("nosuch://bucket/lake")


def test_a_claim_keeps_a_second_process_out_and_names_the_holder(folder: Folder) -> None:
    with folder.claim(".lock", "lake x"):
        other = claiming_process(folder)
        said = first_word(other)
        other.wait(10)
    assert said.startswith("busy: lake x is in use by process")
    assert str(os.getpid()) in said


def test_a_claim_is_free_again_when_its_block_ends(folder: Folder) -> None:
    with folder.claim(".lock", "lake x"):
        pass
    with folder.claim(".lock", "lake x"):
        pass
    assert folder.names() == []


def test_a_claim_is_free_again_when_its_block_fails(folder: Folder) -> None:
    with pytest.raises(RuntimeError), folder.claim(".lock", "lake x"):
        raise RuntimeError
    with folder.claim(".lock", "lake x"):
        pass


def test_a_claim_ends_when_its_holder_is_killed(folder: Folder) -> None:
    holder = claiming_process(folder)
    assert first_word(holder) == "held"
    with pytest.raises(BusyError, match=f"process {holder.pid} "), folder.claim(".lock", "lake x"):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait(10)
    with folder.claim(".lock", "lake x"):
        pass


def test_claims_of_different_names_do_not_meet(folder: Folder) -> None:
    with folder.claim(".one", "x"), folder.claim(".two", "y"):
        pass
