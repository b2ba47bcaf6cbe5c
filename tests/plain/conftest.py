"""What the tests without an engine share: a lake a test, and its landing."""

from pathlib import Path

import pytest

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing


@pytest.fixture
def lake(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "lake")


@pytest.fixture
def landing(lake: Folder) -> Landing:
    return Landing(lake)
