"""The pointer that readers follow, and a person's word on crawls that failed their gate."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ptm_spark.errors import PtmError, UsageError
from ptm_spark.folder import Folder
from ptm_spark.publishing import DECISIONS, PUBLISHED, STAGED, Publishing, State

STATE = State(
    run_id="r1",
    as_of="2024-07-11T12:00:00Z",
    engine="embedded",
    normaliser=1,
    crawls={"hub/models/c1": "abc"},
    tables={"silver/models": 3},
    rows={"silver/models": 10},
    new_crawls=("hub/models/c1",),
    measures={"silver/models": {"row_count": 10.0, "alive_ratio": None}},
)


@pytest.fixture
def publishing(lake: Folder) -> Publishing:
    return Publishing(lake)


@pytest.fixture
def holding(publishing: Publishing) -> Publishing:
    """Two crawls are held."""
    rules = ("hub/models/c1|reject_share",)
    publishing.hold(("hub/models/c1", "hub/models/c2"), reason="too many rejects", rules=rules, run_id="r1")
    return publishing


def test_a_new_lake_has_nothing_published_staged_or_decided(publishing: Publishing) -> None:
    assert publishing.published() is None
    assert publishing.staged() is None
    assert publishing.decisions() == {}


def test_what_is_staged_is_read_back_and_readers_do_not_see_it(publishing: Publishing) -> None:
    publishing.stage(STATE)
    assert publishing.staged() == STATE
    assert publishing.published() is None


def test_what_is_published_is_what_readers_see(publishing: Publishing) -> None:
    published = publishing.publish(STATE)
    assert publishing.published() == published
    assert replace(published, published_at="") == STATE
    assert published.published_at.endswith("Z")


def test_publishing_ends_the_staging(publishing: Publishing) -> None:
    publishing.stage(STATE)
    publishing.publish(STATE)
    assert publishing.staged() is None


def test_discarding_twice_is_no_matter(publishing: Publishing) -> None:
    publishing.stage(STATE)
    publishing.discard_staged()
    publishing.discard_staged()
    assert publishing.staged() is None


def test_the_pointer_moves_in_one_step(publishing: Publishing, lake: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader at any moment before the rename finds the old pointer whole."""
    first = publishing.publish(STATE)
    seen = []
    rename = Path.replace

    def look_and_rename(self: Path, target: str) -> Path:
        seen.append(Publishing(lake).published())
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", look_and_rename)
    second = publishing.publish(replace(STATE, run_id="r2"))
    assert seen == [first]
    assert publishing.published() == second


def test_a_crash_before_the_rename_leaves_the_old_pointer(
    publishing: Publishing, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publishing.publish(STATE)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("crash")))
    with pytest.raises(OSError, match="crash"):
        publishing.publish(replace(STATE, run_id="r2"))
    assert publishing.published() == first


@pytest.mark.parametrize("name", [PUBLISHED, STAGED, DECISIONS])
@pytest.mark.parametrize("content", [b"", b'{"run_id": "r', b"\xff\xfe", b"null", b"[1]", b'{"other": 1}'])
def test_a_broken_file_is_told_by_its_name(publishing: Publishing, lake: Folder, name: str, content: bytes) -> None:
    lake.write(name, content)
    read = {PUBLISHED: publishing.published, STAGED: publishing.staged, DECISIONS: publishing.decisions}[name]
    with pytest.raises(PtmError, match=name):
        read()


def test_a_pointer_of_a_later_version_is_read_for_what_this_one_knows(publishing: Publishing, lake: Folder) -> None:
    published = publishing.publish(STATE)
    content = json.loads(lake.read(PUBLISHED)) | {"colour": "blue"}
    lake.write(PUBLISHED, json.dumps(content).encode())
    assert publishing.published() == published


def test_a_held_crawl_says_why_and_since_which_run(holding: Publishing) -> None:
    decision = holding.decisions()["hub/models/c1"]
    assert (decision.state, decision.reason, decision.run_id) == ("held", "too many rejects", "r1")
    assert decision.rules == ("hub/models/c1|reject_share",)


@pytest.mark.parametrize("state", ["accepted", "rejected"])
@pytest.mark.parametrize("name", ["hub/models/c1", "c1"])
def test_a_word_on_a_held_crawl_is_kept_with_its_reason(holding: Publishing, state: str, name: str) -> None:
    holding.decide(name, state, "known outage")  # type: ignore[arg-type]
    decisions = holding.decisions()
    assert (decisions["hub/models/c1"].state, decisions["hub/models/c1"].reason) == (state, "known outage")
    assert decisions["hub/models/c1"].rules == ("hub/models/c1|reject_share",)
    assert decisions["hub/models/c2"].state == "held"


def test_decisions_outlive_the_process(holding: Publishing, lake: Folder) -> None:
    holding.decide("c1", "accepted", "Überprüft 🤗")
    assert Publishing(lake).decisions() == holding.decisions()
    assert Publishing(lake).decisions()["hub/models/c1"].reason == "Überprüft 🤗"


def test_a_crawl_that_is_not_held_cannot_be_decided_and_the_held_ones_are_named(holding: Publishing) -> None:
    with pytest.raises(UsageError, match="crawl c9: not held; held are: hub/models/c1, hub/models/c2"):
        holding.decide("c9", "accepted", "why not")


def test_in_a_new_lake_nothing_can_be_decided(publishing: Publishing) -> None:
    with pytest.raises(UsageError, match="crawl c1: not held; held are: none"):
        publishing.decide("c1", "rejected", "why not")


def test_a_crawl_is_decided_once(holding: Publishing) -> None:
    holding.decide("c1", "rejected", "broken export")
    with pytest.raises(UsageError, match="crawl c1: not held; held are: hub/models/c2"):
        holding.decide("c1", "accepted", "second thoughts")


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_word_needs_a_reason(holding: Publishing, reason: str) -> None:
    with pytest.raises(UsageError, match="--reason is empty"):
        holding.decide("c1", "accepted", reason)
    assert holding.decisions()["hub/models/c1"].state == "held"


def test_an_accepted_crawl_that_fails_again_is_held_again(holding: Publishing) -> None:
    holding.decide("c1", "accepted", "looked at it")
    holding.hold(("hub/models/c1",), reason="another rule", rules=("hub/models/c1|census_ratio",), run_id="r2")
    decision = holding.decisions()["hub/models/c1"]
    assert (decision.state, decision.run_id) == ("held", "r2")
