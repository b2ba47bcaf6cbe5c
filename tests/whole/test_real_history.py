"""Real exports and listings as history: what is known of them must come out to the digit.

Sources: fourteen exports of a curated list of models, 19–22 August 2026; a census of February 2022; the listing of July
2024. The figures are counts over these files.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dumps import land, land_all
from histories import fold

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing, Manifest
from ptm_spark.silver.as_of import models_as_of, versions_as_of
from ptm_spark.store import Store
from ptm_spark.tables.hub import MODEL_IDS, MODEL_SNAPSHOTS, MODEL_VERSIONS, MODELS

pytestmark = [pytest.mark.whole, pytest.mark.parametrize("engine", ["embedded"], indirect=True)]


def exports(real_data: Path) -> list[tuple[Path, datetime]]:
    """The change files with their moments, in order."""
    place = real_data / "hub" / "snapshots_2026-08"
    moments = [datetime.fromisoformat(entry["time"]) for entry in json.loads((place / "MANIFEST.json").read_bytes())]
    return list(zip(sorted(place.glob("change_*")), moments, strict=True))


def states(real_data: Path) -> Iterator[dict[str, Any]]:
    """What each export holds, by path, from its change operations."""
    state: dict[str, Any] = {}
    for file, _ in exports(real_data):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            change = json.loads(line)
            if change["op"] == "delete":
                del state[change["path"]]
            else:
                state[change["path"]] = change["doc"]
        yield dict(state)


def land_exports(landing: Landing, real_data: Path) -> list[Manifest]:
    return [
        land(landing, file, format="dated-export", scope="curated", observed_at=moment)[0]
        for file, moment in exports(real_data)
    ]


def utc(value: datetime | None) -> datetime | None:
    return value and value.replace(tzinfo=UTC)


def told(doc: dict[str, Any]) -> tuple[Any, ...]:
    """A record of an export as the tables have it; of floor models no creation time is known."""
    created = doc["created_at"]
    return (
        None if created.startswith("2022-03-02T23:29:0") else datetime.fromisoformat(created),
        datetime.fromisoformat(doc["updated_at"]),
        doc["library"],
        doc["pipeline_tag"],
        sorted(set(doc["tags"])),
        "yes" if doc["gated"] else "no",
        sorted({language.lower() for language in doc["languages"]}),
        "flagged" if doc["removed"] else None,
        doc["downloads_30d"],
        doc["likes"],
    )


def known(store: Store, moment: datetime) -> dict[str, tuple[Any, ...]]:
    """The models that were listed at a moment, as the tables tell it."""
    versions = versions_as_of(store.read(MODEL_VERSIONS), moment)
    snapshots = store.read(MODEL_SNAPSHOTS).where(
        f"observed_at <= timestamp '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
    )
    rows = models_as_of(versions, snapshots).where("removal IS NULL OR removal = 'flagged'").collect()
    names = ("library_name", "pipeline_tag", "tags", "gated", "languages", "removal", "downloads", "likes")
    return {
        row.model_id: (utc(row.created_at), utc(row.last_modified_at), *(row[name] for name in names)) for row in rows
    }


def test_fourteen_exports_are_reproduced_row_by_row(store: Store, real_data: Path, tmp_path: Path) -> None:
    crawls = land_exports(Landing(Folder(tmp_path / "lake")), real_data)
    fold(store, crawls[:1])
    before = dict(store.versions)
    fold(store, crawls[1:2], earlier=crawls[:1])
    assert store.versions == before  # the second export is the first one again
    fold(store, crawls[2:5], earlier=crawls[:2])
    fold(store, crawls[5:], earlier=crawls[:5])

    for (_, moment), state in zip(exports(real_data), states(real_data), strict=True):
        assert known(store, moment) == {doc["id"]: told(doc) for doc in state.values()}

    models = store.read(MODELS)
    final_file = real_data / "hub" / "snapshots_2026-08" / "snapshot_final.jsonl.gz"
    final = [json.loads(line) for line in gzip.decompress(final_file.read_bytes()).splitlines()]
    listed = models.where("removal IS NULL OR removal = 'flagged'")
    assert {row.model_id for row in listed.collect()} == {doc["id"] for doc in final}
    assert {row.removal: row["count"] for row in models.groupBy("removal").count().collect()} == {
        None: 15_904 - 748,
        "flagged": 748,
        "gone_or_private": 6,
        "recreated": 582,
    }
    versions = store.read(MODEL_VERSIONS)
    third = crawls[3].observed_at.replace("T", " ").rstrip("Z")
    vanished = versions.where(f"removal = 'gone_or_private' AND valid_from = timestamp '{third}'")
    assert (vanished.count(), vanished.where("valid_to IS NOT NULL").count()) == (55, 49)
    # of the 126 names whose flag is taken back most were re-created meanwhile
    ended = versions.where("removal = 'flagged' AND valid_to IS NOT NULL").selectExpr(
        "repo_oid AS flagged", "model_id", "valid_to"
    )
    begun = versions.where("removal IS NULL").selectExpr("repo_oid AS back", "model_id", "valid_from AS valid_to")
    taken_back = ended.join(begun, on=["model_id", "valid_to"])
    assert (taken_back.count(), taken_back.where("flagged = back").count()) == (126, 20)
    assert models.where("removal = 'recreated'").select("model_id").distinct().count() == 344


def test_names_of_an_old_census_that_live_on_are_linked_but_for_re_creations(
    store: Store, real_data: Path, tmp_path: Path
) -> None:
    landing = Landing(Folder(tmp_path / "lake"))
    census = land_all(
        landing, real_data / "hub" / "models_with_readme_2022-02.jsonl.gz", format="census-2022",
        observed_at=datetime(2022, 2, 21, tzinfo=UTC),
    )[0][0]  # fmt: skip
    listing, _, _ = land(
        landing, real_data / "hub" / "models_listing_2024-07-11.jsonl.gz", observed_at=datetime(2024, 7, 11, tzinfo=UTC)
    )
    exported, _, _ = land(
        landing, *(file for file, _ in exports(real_data)), format="dated-export", scope="curated",
        observed_at=exports(real_data)[-1][1],
    )  # fmt: skip
    fold(store, [census, listing, exported])
    ids = store.read(MODEL_IDS).where(f"crawl_id = '{census.crawl_id}'")
    assert ids.where("basis = 'existed_before'").count() == 27_123 - 47
    alive = store.read(MODELS).where("removal IS NULL AND NOT startswith(repo_oid, 'n')")
    assert ids.where("basis IS NULL").join(alive, on="model_id").count() == 47

    outside = store.read(MODELS).where("NOT array_contains(seen_in, 'curated')")
    assert outside.where(f"removed_at > timestamp '{listing.observed_at.rstrip('Z')}'").count() == 0
    assert outside.where("array_contains(seen_in, 'hub') AND removal IS NULL").count() == 760_000 - 36
