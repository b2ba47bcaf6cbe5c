"""The only place that opens a Spark session, and the only one that knows which engine runs it."""

import importlib
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ptm_spark.config import EngineSettings, conf_file
from ptm_spark.errors import EnvironmentUnfitError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EngineName = Literal["embedded", "spark"]

JAVA_VERSIONS = (17, 21)
#: where set-up leaves what engine spark needs beside Python packages
ENGINE_HOME = Path(sys.prefix) / "share" / "ptm_spark"
#: the embedded engine's server: a second one in a process would end the first, so there is one, and it is kept
_server = None


def engine_of(settings: EngineSettings) -> EngineName:
    """The engine that will run: under spark-submit always Apache Spark, whatever the settings say."""
    return "spark" if "PYSPARK_GATEWAY_PORT" in os.environ else settings.name


def open_session(settings: EngineSettings) -> "SparkSession":
    """A session of the engine the settings name; EnvironmentUnfitError where the machine cannot run it."""
    check_packages()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = _open_spark(settings) if engine_of(settings) == "spark" else _open_embedded()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


def is_embedded_running() -> bool:
    """Whether this process has the embedded engine's server."""
    return _server is not None


def check_packages() -> None:
    """EnvironmentUnfitError for versions known to hang or to change data."""
    if not version("pyspark").startswith("4.1."):
        raise EnvironmentUnfitError(f"pyspark {version('pyspark')} is installed, expected 4.1.x; run make setup")
    if int(version("pandas").partition(".")[0]) != 2:
        raise EnvironmentUnfitError(f"pandas {version('pandas')} is installed, expected 2.x; run make setup")


def find_java() -> Path:
    """Home of a Java that Spark 4.1 runs on: JAVA_HOME, the one on PATH, or the one set-up installed."""
    on_path = shutil.which("java")
    candidates = {
        "JAVA_HOME": Path(os.environ["JAVA_HOME"]) if os.environ.get("JAVA_HOME") else None,
        "java on PATH": Path(on_path).resolve().parent.parent if on_path else None,
        "java of set-up": ENGINE_HOME / "java",
    }
    seen = []
    for origin, home in candidates.items():
        if home is None or not (home / "bin" / "java").exists():
            continue
        found = java_version(home)
        if found in JAVA_VERSIONS:
            return home
        seen.append(f"{origin} is version {found or 'unknown'}")
    raise EnvironmentUnfitError(
        f"engine spark needs Java 17 or 21, found {', '.join(seen) or 'none'}; "
        "set JAVA_HOME, run make setup (it installs one), or use --engine embedded"
    )


def java_version(home: Path) -> int | None:
    """Major version of the Java at ``home``, from its release file; None where it cannot be told."""
    try:
        lines = (home / "release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition("=")
        if name == "JAVA_VERSION":
            return int(value.strip('"').partition(".")[0])
    return None


def find_jars() -> list[Path]:
    """The Delta jars that set-up resolved; EnvironmentUnfitError where there are none."""
    jars = sorted((ENGINE_HOME / "jars").glob("*.jar"))
    if not jars:
        raise EnvironmentUnfitError(
            f"engine spark needs the Delta jars, none in {ENGINE_HOME / 'jars'}; run make setup, "
            "name them as spark.jars in --set engine.spark_conf=FILE, or use --engine embedded"
        )
    return jars


def _open_embedded() -> "SparkSession":
    global _server
    os.environ.setdefault("RUST_LOG", "error")
    os.environ.setdefault("MIMALLOC_PURGE_DELAY", "-1")  # a job ends soon: giving memory back costs more than it brings
    if _server is None:
        from pysail.spark import SparkConnectServer

        _server = SparkConnectServer("127.0.0.1", 0)
        _server.start(background=True)
    host, port = _server.listening_address
    return _connect(f"sc://{host}:{port}")


def _connect(address: str) -> "SparkSession":
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.client.retries import DefaultPolicy

    builder: Any = SparkSession.builder
    session: SparkSession = builder.remote(address).create()  # never one that talks to another server
    # the default waits ten silent minutes for a server that is gone
    session.client.set_retry_policies([DefaultPolicy(max_retries=3, max_backoff=2000)])  # type: ignore[operator]
    return session


def _open_spark(settings: EngineSettings) -> "SparkSession":
    if settings.remote:
        return _connect(settings.remote)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # spark-submit has said all this already
        conf = _spark_conf(settings.spark_conf)
        os.environ["JAVA_HOME"] = str(find_java())
        if not {"spark.jars", "spark.jars.packages"} & conf.keys():
            conf["spark.jars"] = ",".join(str(jar) for jar in find_jars())
        for key, value in conf.items():
            builder = builder.config(key, value)
    builder = builder.config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    builder = builder.config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    builder = builder.config("spark.sql.session.timeZone", "UTC")
    session = builder.getOrCreate()
    try:
        importlib.import_module("delta")
        session.range(0).write.format("delta")
    except ImportError:
        raise EnvironmentUnfitError("delta-spark is not installed; run make setup") from None
    return session


def _spark_conf(file: str) -> dict[str, str]:
    """Lines of ``key value``, as spark-submit reads them."""
    try:
        text = (
            Path(file).read_text(encoding="utf-8")
            if file
            else conf_file("spark-local.conf").read_text(encoding="utf-8")
        )
    except OSError as error:
        raise UsageError(f"engine.spark_conf {file}: {error.strerror}; give an existing file") from None
    pairs = (line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {key: value.strip() for key, value in pairs}
