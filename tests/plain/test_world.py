"""The invented Hub: is it the same every time, is it shaped like the real one, and does its truth add up?"""

import gzip
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from ptm_spark.standin.families import FAMILIES
from ptm_spark.standin.life import FLOOR_AT, Sighting
from ptm_spark.standin.truth import Truth, tell_truth
from ptm_spark.standin.world import CENSUS_DATES, World, make_world, write_dumps

LAST = CENSUS_DATES[-1]


def test_same_seed_gives_the_same_world_and_another_seed_another(world: World) -> None:
    assert make_world(seed=7, models=6000) == world
    assert make_world(seed=8, models=300).models != make_world(seed=7, models=300).models


@pytest.mark.parametrize("models", [0, 1, 40, 700])
def test_a_world_has_as_many_models_as_asked_for(models: int) -> None:
    assert len(make_world(models=models).models) == models


def test_object_id_holds_the_creation_second_and_the_listing_is_in_its_order(world: World) -> None:
    rows = list(world.listing(LAST))
    for row in rows:
        seconds = int(row["_id"][:8], 16)
        assert datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z") == row["createdAt"]
    oids = [row["_id"] for row in rows]
    assert all(left < right for left, right in pairwise(oids))
    assert all(len(oid) == 24 and set(oid) <= set("0123456789abcdef") for oid in oids)


def test_old_models_carry_one_of_the_two_floor_seconds_and_no_other_does(world: World) -> None:
    floor = [model for model in world.models if model.is_floor]
    assert {model.created_at for model in floor} == {FLOOR_AT, FLOOR_AT + timedelta(seconds=1)}
    assert all(model.born_at < FLOOR_AT + timedelta(seconds=2) for model in floor)
    later = [model for model in world.models if not model.is_floor]
    assert all(
        model.created_at == model.born_at > datetime(2022, 3, 3, tzinfo=UTC) - timedelta(seconds=1) for model in later
    )


@pytest.mark.parametrize("at", [datetime(2022, 3, 1, tzinfo=UTC), *CENSUS_DATES])
def test_no_listing_holds_an_id_or_a_name_twice(world: World, at: datetime) -> None:
    rows = list(world.listing(at))
    assert len({row["_id"] for row in rows}) == len({row["id"] for row in rows}) == len(rows) > 100


def test_rows_have_the_keys_of_the_real_listing(world: World) -> None:
    always = {"_id", "id", "likes", "private", "downloads", "tags", "createdAt", "modelId"}
    keys = Counter[str]()
    rows = list(world.listing(LAST))
    for row in rows:
        assert always <= set(row) <= always | {"pipeline_tag", "library_name"}
        assert row["id"] == row["modelId"] and row["tags"] and row["private"] is False
        assert row["downloads"] >= 0 and row["likes"] >= 0
        keys.update(row.keys())
    assert keys["pipeline_tag"] / len(rows) == pytest.approx(0.53, abs=0.04)
    assert keys["library_name"] / len(rows) == pytest.approx(0.61, abs=0.03)


def test_rename_keeps_the_id(world: World) -> None:
    renamed = [model for model in world.models if model.new_name and model.is_visible(LAST)]
    legacy = [model for model in renamed if "/" not in model.name]
    assert renamed and legacy
    assert all(model.renamed_at and model.is_floor and model.renamed_at < CENSUS_DATES[0] for model in legacy)
    for model in renamed:
        assert model.renamed_at is not None
        before, after = model.row(model.renamed_at - timedelta(seconds=1)), model.row(model.renamed_at)
        assert (before["id"], after["id"]) == (model.name, model.new_name)
        assert before["_id"] == after["_id"] == model.repo_oid


def test_recreation_has_another_id_under_the_same_name(world: World) -> None:
    removed = {model.last_name: model for model in world.models if model.removed_at}
    again = [(removed[model.name], model) for model in world.models if model.name in removed]
    again = [(old, new) for old, new in again if new.born_at > old.born_at]
    assert again
    for old, new in again:
        assert old.repo_oid != new.repo_oid
        assert old.removed_at is not None and old.removed_at < new.born_at


def test_families_rise_and_fall_and_uploads_grow(world: World) -> None:
    def share(family: str, year: int) -> float:
        born = [model.family for model in world.models if model.born_at.year == year]
        return born.count(family) / len(born)

    assert share("bert", 2021) > share("bert", 2022) > share("bert", 2023) > share("bert", 2024)
    assert share("llama", 2022) == 0 < share("llama", 2023) < share("llama", 2024)
    assert share("stable-diffusion", 2021) == 0 < share("stable-diffusion", 2022) < share("stable-diffusion", 2023)
    first = {name: min(m.born_at for m in world.models if m.family == name) for name in ("llama", "stable-diffusion")}
    assert first["llama"] >= datetime(2023, 3, 1, tzinfo=UTC)
    assert first["stable-diffusion"] >= datetime(2022, 8, 1, tzinfo=UTC)
    years = Counter(model.born_at.year for model in world.models)
    assert years[2021] < years[2022] < years[2023] < years[2024]


def test_curves_are_never_negative_and_some_family_is_always_there() -> None:
    for month in range(48):
        weights = [family.weight(month) for family in FAMILIES]
        assert min(weights) >= 0 < sum(weights)


def test_text_is_not_all_ascii_and_one_line_stays_one_record(world: World) -> None:
    dump = b"".join(world.dump_lines(LAST))
    rows = [orjson.loads(line) for line in dump.split(b"\n")[:-1]]
    assert rows == list(world.listing(LAST))
    text = dump.decode()
    assert "\u2028" in text and "\u200f" in text and "🦙" in text
    assert any(len(row["tags"]) != len(set(row["tags"])) for row in rows)


def test_numbers_move_between_censuses_for_some_models_only(world: World, truth: Truth) -> None:
    assert all(model.likes_at(CENSUS_DATES[0]) <= model.likes_at(LAST) for model in world.visible(CENSUS_DATES[0]))
    seen = sum(1 for at in CENSUS_DATES for _ in world.visible(at))
    assert len(truth.models) < len(truth.snapshots) < seen


def test_truth_knows_removals_returns_and_what_was_never_seen(world: World, truth: Truth) -> None:
    _, second, third = CENSUS_DATES
    for model in world.models:
        seen = [model.is_visible(at) for at in CENSUS_DATES]
        state = truth.models.get(model.repo_oid)
        assert (state is not None) == any(seen)
        if state is None:
            continue
        gone = {(True, False, False): second, (True, True, False): third, (False, True, False): third}
        assert state.removed_at == gone.get((seen[0], seen[1], seen[2]))
        assert state.first_observed_at == CENSUS_DATES[seen.index(True)]
        last_seen = max(at for at, is_seen in zip(CENSUS_DATES, seen, strict=True) if is_seen)
        assert state.newest.model_id == model.name_at(last_seen)
    returned = [m for m in world.models if [m.is_visible(at) for at in CENSUS_DATES] == [True, False, True]]
    assert returned and any(state.is_removed for state in truth.models.values())


@pytest.mark.parametrize("dimension", ["pipeline_tag", "library_name", "licence"])
def test_uploads_add_up(world: World, truth: Truth, dimension: Any) -> None:
    rows = truth.uploads_monthly(dimension)
    alive = list(world.visible(LAST))
    assert sum(row.ever_count for row in rows.values()) == len(truth.models)
    assert sum(row.upload_count for row in rows.values()) == len(alive)
    assert sum(row.download_total for row in rows.values()) == sum(model.downloads_at(LAST) for model in alive)
    assert sum(row.upload_count for (month, _), row in rows.items() if month is None) == sum(m.is_floor for m in alive)
    for month in {month for month, _ in rows}:
        shares = [row.owner_weighted_share for (other, _), row in rows.items() if other == month]
        assert sum(share for share in shares if share is not None) == pytest.approx(1)
    for row in rows.values():
        assert row.owner_count <= row.upload_count <= row.ever_count
        assert row.without_bulk_count <= row.upload_count
    values = {value for _, value in rows}
    assert "none" in values and ("multiple" in values) == (dimension == "licence")


def test_bulk_uploads_at_the_edges_of_the_rules(truth: Truth) -> None:
    bulk = truth.bulk_owner_months()
    months = {owner: {month for name, month in bulk if name == owner} for owner, _ in bulk}
    assert months["fiftyfold"] == {date(2023, 6, 1)}
    assert "nearly-fifty" not in months
    assert months["slow-and-steady"] == {date(2024, month, 1) for month in range(6, 12)}
    assert months["old-archive"] == {None, date(2022, 9, 1)}


def _sighting(oid: str, model_id: str, **values: Any) -> Sighting:
    row: dict[str, Any] = {
        "created_at": datetime(2024, 1, 5, tzinfo=UTC),
        "created_at_basis": "hub",
        "pipeline_tag": "fill-mask",
        "library_name": None,
        "tags": ("region:us",),
        "downloads": 10,
        "likes": 0,
    }
    return Sighting(oid, model_id, **(row | values))


def test_truth_of_a_world_small_enough_to_count_by_hand() -> None:
    both = ("license:mit", "license:other", "en")
    first = [_sighting("a", "one/x"), _sighting("b", "one/y", pipeline_tag=None), _sighting("c", "two/z")]
    second = [_sighting("a", "one/x"), _sighting("b", "one/y2", pipeline_tag=None, likes=1, tags=both)]
    truth = tell_truth([(CENSUS_DATES[0], first), (CENSUS_DATES[1], second)])

    assert truth.models["b"].newest.model_id == "one/y2"
    assert truth.models["c"].removed_at == CENSUS_DATES[1]
    assert truth.tag_row_count == 5
    assert {key: value for key, value in truth.snapshots.items() if key[1] == CENSUS_DATES[1]} == {
        ("b", CENSUS_DATES[1]): (10, 1)
    }
    rows = truth.uploads_monthly("pipeline_tag", month_limit=3, total_limit=3)
    masked, other = rows[date(2024, 1, 1), "fill-mask"], rows[date(2024, 1, 1), "none"]
    assert (masked.ever_count, masked.upload_count, masked.owner_count, masked.download_total) == (2, 1, 1, 10)
    assert (masked.owner_weighted_share, other.owner_weighted_share) == (0.5, 0.5)
    assert masked.without_bulk_count == 1
    assert truth.uploads_monthly("pipeline_tag", month_limit=2)[date(2024, 1, 1), "none"].without_bulk_count == 0
    assert set(truth.uploads_monthly("licence")) == {(date(2024, 1, 1), "none"), (date(2024, 1, 1), "multiple")}
    with pytest.raises(ValueError, match="order of time"):
        tell_truth([(CENSUS_DATES[1], first), (CENSUS_DATES[0], second)])


@pytest.mark.parametrize("dirty", [False, True])
def test_written_dumps_are_the_same_bytes_each_time(tmp_path: Path, dirty: bool) -> None:
    paths = write_dumps(tmp_path / "one", models=300, dirty=dirty)
    again = write_dumps(tmp_path / "two", models=300, dirty=dirty)
    assert [path.name for path in paths] == [
        "models_2024-04-30T120000Z.jsonl.gz",
        "models_2024-08-31T120000Z.jsonl.gz",
        "models_2024-11-30T120000Z.jsonl.gz",
    ]
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    world = make_world(models=300)
    assert gzip.decompress(paths[0].read_bytes()) == b"".join(world.dump_lines(CENSUS_DATES[0], dirty=dirty))
