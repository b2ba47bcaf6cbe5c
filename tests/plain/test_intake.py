"""Which crawls a run takes in, and when it must begin anew."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dumps import as_lines, hub_rows, land, write

from ptm_spark.intake import NORMALISER, Intake, fingerprint, plan_intake, sound_files
from ptm_spark.landing import Coverage, Landing, Manifest
from ptm_spark.publishing import Decision, State


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return write(tmp_path / "models.jsonl", as_lines(hub_rows(3)))


@pytest.fixture
def crawls(landing: Landing, dump: Path) -> list[Manifest]:
    """Three censuses, of January, February and March."""
    return [land(landing, dump, observed_at=datetime(2024, month, 1, tzinfo=UTC))[0] for month in (1, 2, 3)]


def published(landing: Landing, crawls: Iterable[Manifest], **changes: Any) -> State:
    """The state after these crawls were taken in."""
    marks = {crawl.path: fingerprint(landing, crawl) for crawl in crawls}
    return replace(State(run_id="r1", normaliser=NORMALISER, crawls=marks), **changes)


def decided(state: str, *crawls: Manifest) -> dict[str, Decision]:
    return {crawl.path: Decision(state, "why", (), "r1", "2024-01-01T00:00:00Z") for crawl in crawls}  # type: ignore[arg-type]


def plan(landing: Landing, state: State | None = None, **options: Any) -> Intake:
    return plan_intake(landing, **({"published": state, "decisions": {}} | options))


def why(intake: Intake) -> str:
    """Why the tables of models begin anew."""
    return intake.families["models"].rebuild


def paths(crawls: Iterable[Manifest]) -> list[str]:
    return [crawl.path for crawl in crawls]


def spoil(landing: Landing, crawl: Manifest) -> bytes:
    """Damage a crawl's part; its sound content."""
    place = landing.folder / crawl.path
    sound = place.read(crawl.parts[0].name)
    place.write(crawl.parts[0].name, sound[:-1] + b"!")
    return sound


def test_a_new_lake_takes_everything_in_order_of_observation(landing: Landing, crawls: list[Manifest]) -> None:
    intake = plan(landing)
    assert list(intake.crawls) == crawls
    assert (intake.earlier, why(intake), intake.new) == ((), "", frozenset(paths(crawls)))


def test_nothing_landed_is_nothing_to_do(landing: Landing) -> None:
    intake = plan(landing)
    assert (intake.crawls, intake.earlier, intake.new, why(intake)) == ((), (), frozenset(), "")


def test_only_what_is_new_is_taken_in(landing: Landing, crawls: list[Manifest]) -> None:
    intake = plan(landing, published(landing, crawls[:2]))
    assert (list(intake.crawls), list(intake.earlier), why(intake)) == (crawls[2:], crawls[:2], "")
    assert intake.new == {crawls[2].path}


def test_nothing_new_is_nothing_to_do(landing: Landing, crawls: list[Manifest]) -> None:
    intake = plan(landing, published(landing, crawls))
    assert (intake.crawls, intake.new, why(intake)) == ((), frozenset(), "")
    assert list(intake.earlier) == crawls


def test_a_crawl_that_comes_late_begins_all_anew(landing: Landing, crawls: list[Manifest]) -> None:
    first, second, third = crawls
    intake = plan(landing, published(landing, [first, third]))
    assert why(intake) == f"{second.path} is older than crawls already in"
    assert (list(intake.crawls), intake.earlier, intake.new) == (crawls, (), frozenset({second.path}))


@pytest.mark.parametrize("inside", [0, 1])
def test_two_crawls_of_one_moment_give_the_same_order_one_by_one_and_in_one_go(
    landing: Landing, dump: Path, inside: int
) -> None:
    coverages: tuple[Coverage, ...] = ("census", "partial")
    both = sorted(
        (land(landing, dump, coverage=coverage)[0] for coverage in coverages), key=lambda crawl: crawl.crawl_id
    )
    assert list(plan(landing).crawls) == both
    intake = plan(landing, published(landing, [both[inside]]))
    assert [*intake.earlier, *intake.crawls] == both


def test_asked_for_all_begins_anew(landing: Landing, crawls: list[Manifest]) -> None:
    intake = plan(landing, published(landing, crawls), rebuild=True)
    assert (list(intake.crawls), intake.earlier, intake.new, why(intake)) == (crawls, (), frozenset(), "asked for")


def test_other_builders_begin_all_anew(landing: Landing, crawls: list[Manifest]) -> None:
    intake = plan(landing, published(landing, crawls, normaliser=NORMALISER + 1))
    assert why(intake) == f"the tables were built by normaliser {NORMALISER + 1}, this is {NORMALISER}"
    assert (list(intake.crawls), intake.earlier) == (crawls, ())


def test_other_builders_do_not_matter_to_a_lake_without_crawls(landing: Landing, crawls: list[Manifest]) -> None:
    assert why(plan(landing, State(run_id="r1", normaliser=NORMALISER + 1))) == ""


def test_a_crawl_whose_manifest_changed_begins_all_anew(landing: Landing, crawls: list[Manifest]) -> None:
    state = published(landing, crawls)
    (landing.folder / crawls[1].path).write("_manifest.json", replace(crawls[1], scope="other").to_json())
    intake = plan(landing, state)
    assert why(intake) == f"{crawls[1].path} is no longer as it was taken in"
    assert paths(intake.crawls) == paths(crawls)


def test_a_damaged_crawl_that_was_mended_begins_all_anew(landing: Landing, crawls: list[Manifest]) -> None:
    sound = spoil(landing, crawls[0])
    state = published(landing, crawls)
    (landing.folder / crawls[0].path).write(crawls[0].parts[0].name, sound)
    assert why(plan(landing, state)) == f"{crawls[0].path} is no longer as it was taken in"


def test_a_damaged_crawl_that_stays_so_is_nothing_new(landing: Landing, crawls: list[Manifest]) -> None:
    spoil(landing, crawls[0])
    assert why(plan(landing, published(landing, crawls))) == ""


@pytest.mark.parametrize("state", ["held", "rejected"])
def test_a_held_or_rejected_crawl_is_left_out(landing: Landing, crawls: list[Manifest], state: str) -> None:
    intake = plan(landing, decisions=decided(state, crawls[1]))
    assert paths(intake.crawls) == [crawls[0].path, crawls[2].path]
    assert intake.held == ((crawls[1].path,) if state == "held" else ())


def test_an_accepted_crawl_is_let_in(landing: Landing, crawls: list[Manifest]) -> None:
    intake = plan(landing, published(landing, crawls[:2]), decisions=decided("accepted", crawls[2]))
    assert paths(intake.crawls) == [crawls[2].path]
    assert intake.held == ()


def test_only_restricts_what_is_new_and_nothing_else(landing: Landing, crawls: list[Manifest]) -> None:
    intake = plan(landing, published(landing, crawls[:1]), only=frozenset({crawls[2].path}))
    assert (list(intake.crawls), list(intake.earlier)) == (crawls[2:], crawls[:1])


def test_unfinished_crawls_are_told(landing: Landing, crawls: list[Manifest]) -> None:
    (landing.folder / "hub/models/half").write("part-00000.jsonl.zst", b"")
    intake = plan(landing)
    assert len(intake.unreadable) == 1
    assert list(intake.crawls) == crawls


def test_a_crawl_that_left_the_landing_is_told_and_its_rows_stay(landing: Landing, crawls: list[Manifest]) -> None:
    state = published(landing, crawls)
    (landing.folder / crawls[1].path).remove()
    intake = plan(landing, state)
    assert intake.notes == (
        f"{crawls[1].path}: taken in earlier, no longer in landing; its rows stay until the next rebuild",
    )
    assert (intake.crawls, why(intake)) == ((), "")


def test_the_census_before_is_the_newest_older_one_of_the_same_scope(landing: Landing, dump: Path) -> None:
    def crawl(day: int, scope: str = "hub", coverage: Coverage = "census") -> Manifest:
        return land(landing, dump, observed_at=datetime(2024, 1, day, tzinfo=UTC), scope=scope, coverage=coverage)[0]

    first, second, _, _, last = crawl(1), crawl(2), crawl(3, "curated"), crawl(4, coverage="partial"), crawl(5)
    intake = plan(landing, published(landing, [first]))
    assert intake.families["models"].census_before(last) == second
    assert intake.families["models"].census_before(second) == first
    assert intake.families["models"].census_before(first) is None


def test_the_fingerprint_of_a_sound_crawl_stays_the_same(landing: Landing, crawls: list[Manifest]) -> None:
    mark = fingerprint(landing, crawls[0])
    assert mark == fingerprint(landing, crawls[0], mark) == fingerprint(landing, crawls[0], "other")
    assert len({fingerprint(landing, crawl) for crawl in crawls}) == 3


def test_the_fingerprint_names_damaged_files_and_they_are_left_out(landing: Landing, crawls: list[Manifest]) -> None:
    sound = fingerprint(landing, crawls[0])
    spoil(landing, crawls[0])
    mark = fingerprint(landing, crawls[0])
    assert mark == f"{sound}!part-00000.jsonl.zst"
    assert sound_files(crawls[0].files, mark) == [file for file in crawls[0].files if file not in crawls[0].parts]
    assert sound_files(crawls[0].files, sound) == list(crawls[0].files)


def test_crawls_that_are_lost_from_landing_go_on_to_count(landing: Landing, crawls: list[Manifest]) -> None:
    state = published(landing, crawls[:2])
    for crawl in crawls[:2]:
        (landing.folder / crawl.path).remove()
    plan_of_models = plan(landing, state).families["models"]
    assert (paths(plan_of_models.crawls), plan_of_models.begins_anew, plan_of_models.rebuild) == (
        [crawls[2].path], False, "",
    )  # fmt: skip
    late = published(landing, [])
    late.crawls[crawls[2].path] = "gone"
    (landing.folder / crawls[2].path).remove()
    dump = write(Path(landing.folder.path).parent / "late.jsonl", as_lines(hub_rows(2)))
    older, _, _ = land(landing, dump, observed_at=datetime(2023, 12, 1, tzinfo=UTC))
    assert why(plan(landing, late)) == f"{older.path} is older than crawls already in"
