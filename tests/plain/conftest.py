"""What the tests without an engine share: a lake a test, its landing, and one invented Hub."""

from pathlib import Path

import pytest

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing
from ptm_spark.standin.truth import Truth
from ptm_spark.standin.world import CENSUS_DATES, World, make_world


@pytest.fixture
def lake(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "lake")


@pytest.fixture
def landing(lake: Folder) -> Landing:
    return Landing(lake)


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(seed=7, models=6000)


@pytest.fixture(scope="session")
def truth(world: World) -> Truth:
    return world.truth(CENSUS_DATES)
