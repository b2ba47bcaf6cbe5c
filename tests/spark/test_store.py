"""The store keeps tables to their contracts, on both engines alike."""

from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import functions as F
from rows import OID, SEEN, model_row, models_frame

from ptm_spark.errors import ContractError
from ptm_spark.store import Store
from ptm_spark.tables.hub import MODEL_SNAPSHOTS, MODELS
from ptm_spark.tables.run import REJECTS

pytestmark = pytest.mark.spark


def snapshots(store: Store, crawl_id: str, *likes: int) -> Any:
    records = [
        {"repo_oid": f"{number:024x}", "crawl_id": crawl_id, "observed_at": SEEN, "downloads": None, "likes": count}
        for number, count in enumerate(likes)
    ]
    return store.rows_of(records, MODEL_SNAPSHOTS)


def rejects(store: Store, crawl_id: str, *seqs: int) -> Any:
    records = [
        {
            "crawl_id": crawl_id,
            "entity": "hub/models",
            "seq": seq,
            "stage": "landing",
            "reasons": ["a:b"],
            "sha256": "0",
        }
        for seq in seqs
    ]
    return store.rows_of(records, REJECTS)


def test_what_is_written_is_read_back_with_its_comments(store: Store) -> None:
    written = store.overwrite(MODELS, models_frame(store, model_row()))
    (row,) = store.read(MODELS).collect()
    assert (row.repo_oid, row.tags, row.created_at_basis) == (OID, ["transformers", "license:mit"], "hub")
    assert (written.version, written.rows) == (1, 1)
    stored = DeltaTable(store._path(MODELS)).schema().fields  # as every reader of the log finds them
    comments = {field.name: field.metadata.get("comment") for field in stored}
    assert comments == {field.name: field.comment for field in MODELS.fields}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop("likes"), "without likes"),
        (lambda frame: frame.withColumn("extra", F.lit(1)), "also has extra"),
        (lambda frame: frame.withColumn("likes", F.lit("3")), "likes is STRING, expected BIGINT"),
        (lambda frame: frame.withColumn("tags", F.array(F.lit(1))), "tags is ARRAY<INT>, expected ARRAY<STRING>"),
    ],
    ids=["missing", "further", "type", "nested type"],
)
def test_fault_31_a_frame_of_another_contract_is_refused_and_nothing_written(
    store: Store, change: Any, said: str
) -> None:
    with pytest.raises(ContractError, match=f"silver/models: .*{said}"):
        store.overwrite(MODELS, change(models_frame(store, model_row())))
    assert not store.exists(MODELS)


def test_a_table_of_another_contract_gives_way_to_a_rebuild_only(store: Store) -> None:
    store._spark.range(3).write.format("delta").save(store._path(MODEL_SNAPSHOTS))
    with pytest.raises(ContractError, match="run --rebuild"):
        store.append(MODEL_SNAPSHOTS, snapshots(store, "c1", 5))
    store.overwrite(MODEL_SNAPSHOTS, snapshots(store, "c1", 5), reshape=True)
    assert [row.likes for row in store.read(MODEL_SNAPSHOTS).collect()] == [5]


def test_a_crawl_replaces_its_own_rows_and_no_others(store: Store) -> None:
    store.replace_crawl(REJECTS, rejects(store, "c1", 1, 2), "c1")
    store.replace_crawl(REJECTS, rejects(store, "c2", 3), "c2")
    for _ in range(2):
        store.replace_crawl(REJECTS, rejects(store, "c1", 7), "c1")
    assert sorted((row.crawl_id, row.seq) for row in store.read(REJECTS).collect()) == [("c1", 7), ("c2", 3)]


def test_rows_of_another_crawl_are_refused(store: Store) -> None:
    with pytest.raises(ContractError, match="not of crawl c1"):
        store.replace_crawl(REJECTS, rejects(store, "c2", 1), "c1")


def test_taking_back_restores_content_and_is_done_once(store: Store) -> None:
    store.append(MODEL_SNAPSHOTS, snapshots(store, "c1", 5))
    store.append(MODEL_SNAPSHOTS, snapshots(store, "c2", 6, 7))
    assert store.restore(MODEL_SNAPSHOTS, 1)
    assert not store.restore(MODEL_SNAPSHOTS, 1)
    store.versions.clear()
    assert [row.likes for row in store.read(MODEL_SNAPSHOTS).collect()] == [5]


def test_every_version_stays_readable_however_many_follow(store: Store) -> None:
    for likes in range(12):
        store.overwrite(MODEL_SNAPSHOTS, snapshots(store, "c1", likes))
    for version in (1, 5, 9, 10, 12):
        store.versions[MODEL_SNAPSHOTS.path] = version
        assert [row.likes for row in store.read(MODEL_SNAPSHOTS).collect()] == [version - 1]


def test_a_run_reads_what_it_wrote_and_not_what_others_write_meanwhile(store: Store) -> None:
    store.overwrite(MODEL_SNAPSHOTS, snapshots(store, "c1", 5))
    store.of_lake(store._lake).overwrite(MODEL_SNAPSHOTS, snapshots(store, "c1", 99))
    assert [row.likes for row in store.read(MODEL_SNAPSHOTS).collect()] == [5]


def test_an_absent_table_reads_as_its_columns_without_rows(store: Store) -> None:
    assert store.read(MODELS).columns == list(MODELS.names)
    assert store.read(MODELS).count() == 0


def test_a_reader_sees_nothing_of_a_table_that_was_never_published(store: Store) -> None:
    store.overwrite(MODELS, models_frame(store, model_row()))
    reader = store.of_lake(store._lake)
    reader.is_strict = True
    assert reader.read(MODELS).count() == 0
    reader.versions = dict(store.versions)
    assert reader.read(MODELS).count() == 1
