"""One table is published without a run: readers see it, and neither they nor an unfinished run lose anything."""

from dataclasses import replace

import pytest

from ptm_spark.folder import Folder
from ptm_spark.intake import NORMALISER
from ptm_spark.publishing import Publishing, State
from ptm_spark.replication.pointer import publish_table

OF_RUN = State(
    run_id="r1",
    as_of="2024-07-11T12:00:00Z",
    engine="embedded",
    normaliser=1,
    crawls={"hub/models/c1": "abc"},
    tables={"silver/models": 3},
    rows={"silver/models": 10},
)


@pytest.fixture
def publishing(lake: Folder) -> Publishing:
    return Publishing(lake)


def publish(publishing: Publishing, version: int = 1) -> State:
    return publish_table(publishing, "gold/replication", version=version, rows=247, run_id="r2", engine="embedded")


def test_on_a_new_lake_it_is_the_first_thing_that_readers_see(publishing: Publishing) -> None:
    published = publish(publishing)
    assert publishing.published() == published
    assert (published.tables, published.rows) == ({"gold/replication": 1}, {"gold/replication": 247})
    assert (published.run_id, published.crawls, published.normaliser) == ("r2", {}, NORMALISER)


def test_what_a_run_has_published_stays(publishing: Publishing) -> None:
    publishing.publish(OF_RUN)
    published = publish(publishing)
    assert replace(published, published_at="") == replace(
        OF_RUN,
        tables={"silver/models": 3, "gold/replication": 1},
        rows={"silver/models": 10, "gold/replication": 247},
    )


def test_what_a_run_has_prepared_stays_and_knows_the_new_version(publishing: Publishing) -> None:
    prepared = replace(OF_RUN, tables={"silver/models": 4, "gold/replication": 1}, status="checked")
    publishing.stage(prepared)
    publish(publishing, version=2)
    staged = publishing.staged()
    assert staged == replace(
        prepared,
        tables={"silver/models": 4, "gold/replication": 2},
        rows={"silver/models": 10, "gold/replication": 247},
    )
    published = publishing.published()
    assert published is not None and published.tables == {"gold/replication": 2}
