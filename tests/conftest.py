"""One session an engine for the whole run; a lake a test."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ptm_spark.config import load
from ptm_spark.errors import EnvironmentUnfitError
from ptm_spark.folder import Folder
from ptm_spark.session import find_jars, find_java, open_session
from ptm_spark.store import Store

ENGINES = ("embedded", "spark")
#: a small JVM session: C1 only, few partitions, expressions interpreted; twice as quick on tests' few rows. The tests
#: of whole commands run with the settings of conf/, on generated code.
_SMALL_SPARK = {
    "spark.master": "local[2]",
    # it lives through hundreds of tests: with the default of 1 GB it spends its last ones collecting garbage
    "spark.driver.memory": "4g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}


def lack_of_spark() -> str:
    """Why engine spark cannot run here; empty where it can."""
    try:
        find_java()
        find_jars()
    except EnvironmentUnfitError as error:
        return str(error)
    return ""


def _engine_of(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    values = callspec.params.values() if callspec else ()
    return next((value for value in values if isinstance(value, str) and value in ENGINES), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests on real data; skip tests of engine spark where it cannot run, saying why: a failure where it must.

    Tests marked ``one_engine`` run on the embedded one only: on both, each family of tables is built by others.
    """
    once = [item for item in items if "one_engine" in item.keywords and _engine_of(item) == "spark"]
    config.hook.pytest_deselected(items=once)
    items[:] = [item for item in items if item not in once]
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real_data)
    lack = lack_of_spark()
    if not lack:
        return
    if os.environ.get("PTM_REQUIRE_SPARK") == "1":
        pytest.exit(f"PTM_REQUIRE_SPARK=1, but {lack}", returncode=2)
    for item in items:
        if _engine_of(item) == "spark":
            item.add_marker(pytest.mark.skip(reason=f"engine spark cannot run here: {lack}"))


@pytest.fixture(scope="session")
def spark_address() -> Iterator[str]:
    """A Spark Connect server of Apache Spark with Delta, small and quick to start.

    Both engines must live in one test process, and a classic session cannot stand beside a remote one; that
    spark-submit's classic session does the same is shown by the whole runs.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    jars = ",".join(str(jar) for jar in find_jars())
    settings = _SMALL_SPARK | {"spark.jars": jars, "spark.connect.grpc.binding.port": str(port)}
    confs = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
    server = subprocess.Popen(
        [
            *(shutil.which("spark-submit", path=str(Path(sys.executable).parent)) or "spark-submit", *confs),
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"),
        ],
        # its scripts look for python3 on the path
        env=os.environ
        | {"JAVA_HOME": str(find_java()), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.2)
    yield f"sc://127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn: both must give the same."""
    return str(request.param)


@pytest.fixture(scope="session")
def opened() -> dict[str, object]:
    """Sessions opened so far, by engine."""
    return {}


@pytest.fixture
def store(engine: str, opened: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    """An empty lake on the engine at hand."""
    if engine not in opened:
        address = request.getfixturevalue("spark_address") if engine == "spark" else ""
        opened[engine] = open_session(load(assignments=[f"engine.name={engine}", f"engine.remote={address}"]).engine)
    return Store(opened[engine], engine, Folder(tmp_path / "lake"), "test-run")  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real dumps that PTM_REAL_DATA names; skips where there is none."""
    place = os.environ.get("PTM_REAL_DATA", "")
    if not place or not Path(place).is_dir():
        pytest.skip("PTM_REAL_DATA names no folder of real dumps")
    return Path(place)
