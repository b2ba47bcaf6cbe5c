"""Which Java engine spark would run on, and what is said where there is none that fits."""

from pathlib import Path

import pytest

from ptm_spark import session
from ptm_spark.errors import EnvironmentUnfitError


def make_java(home: Path, version: str) -> Path:
    (home / "bin").mkdir(parents=True)
    java = home / "bin" / "java"
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    (home / "release").write_text(f'IMPLEMENTOR="nobody"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "ENGINE_HOME", tmp_path / "of-set-up")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("JAVA_HOME", raising=False)


def test_without_java_the_message_names_three_ways_out() -> None:
    with pytest.raises(EnvironmentUnfitError, match=r"17 or 21, found none; set JAVA_HOME, run make setup.*embedded"):
        session.find_java()


@pytest.mark.parametrize("version", ["11.0.2", "25.0.1"])
def test_another_java_is_refused_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path / "other", version)))
    with pytest.raises(EnvironmentUnfitError, match=f"JAVA_HOME is version {version.partition('.')[0]}"):
        session.find_java()


def test_the_java_of_set_up_stands_in_for_one_that_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path / "other", "11.0.2")))
    fitting = make_java(tmp_path / "of-set-up" / "java", "21.0.8")
    assert session.find_java() == fitting


def test_without_jars_the_message_names_the_ways_out() -> None:
    with pytest.raises(EnvironmentUnfitError, match=r"Delta jars, none in .*make setup.*embedded"):
        session.find_jars()
