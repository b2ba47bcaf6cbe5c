"""Is this environment fit? Findings without starting an engine."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from ptm_spark import __version__
from ptm_spark.errors import PtmError
from ptm_spark.folder import Folder
from ptm_spark.session import check_packages, find_jars, find_java, java_version

#: less free disk than this is worth a word: a census of three million models lands in about 300 MB
_LITTLE_DISK = 5_000_000_000


@dataclass(frozen=True)
class Finding:
    """One line: ``bad`` stops every command, ``lack`` only engine spark."""

    state: Literal["ok", "lack", "bad"]
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.state:<5} {self.subject:<18} {self.text}"


def examine(lake: Folder) -> Iterator[Finding]:
    """Findings about Python, packages, Java, Delta jars, the lake and the disk."""
    yield Finding("ok", "ptm_spark", f"{__version__}, Python {platform.python_version()} at {sys.prefix}")
    for package in ("pysail", "pyspark", "delta-spark", "deltalake", "great-expectations"):
        try:
            yield Finding("ok", package, version(package))
        except PackageNotFoundError:
            yield Finding("bad", package, "not installed; run make setup")
    try:
        check_packages()
    except PtmError as error:
        yield Finding("bad", "packages", str(error))
    try:
        home = find_java()
        yield Finding("ok", "java", f"{java_version(home)} at {home}")
    except PtmError as error:
        yield Finding("lack", "java", str(error))
    try:
        yield Finding("ok", "delta jars", ", ".join(jar.name for jar in find_jars()))
    except PtmError as error:
        yield Finding("lack", "delta jars", str(error))
    driver, worker = sys.executable, os.environ.get("PYSPARK_PYTHON", sys.executable)
    if os.path.realpath(driver) == os.path.realpath(shutil.which(worker) or worker):
        yield Finding("ok", "worker python", worker)
    else:
        yield Finding("lack", "worker python", f"PYSPARK_PYTHON is {worker}, the driver is {driver}; make them one")
    if not lake.is_local:
        yield Finding("ok", "lake", lake.url)
        return
    yield Finding("ok", "lake", f"{lake.url} ({'there' if lake.exists() else 'not there yet, made when first used'})")
    place = lake.path
    while not os.path.exists(place):  # noqa: PTH110  # the nearest folder there is
        place = os.path.dirname(place)  # noqa: PTH120
    free = shutil.disk_usage(place).free
    writable = os.access(place, os.W_OK)
    if not writable:
        yield Finding("bad", "disk", f"{place} is not writable; choose another --lake or mend its rights")
    elif free < _LITTLE_DISK:
        yield Finding("bad", "disk", f"{free / 1e9:.1f} GB free at {place}, {_LITTLE_DISK / 1e9:.0f} GB are wanted")
    else:
        yield Finding("ok", "disk", f"{free / 1e9:.0f} GB free at {place}")
