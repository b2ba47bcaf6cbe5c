"""Settings: defaults, a file over them, single values over both, and a clear word about every mistake."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ptm_spark.config import Settings, conf_file, load
from ptm_spark.errors import UsageError

DEFAULTS: dict[str, dict[str, Any]] = tomllib.loads(conf_file("base.toml").read_text(encoding="utf-8"))


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold() -> None:
    assert load().model_dump() == DEFAULTS


def test_a_file_overrides_only_what_it_names(tmp_path: Path) -> None:
    settings = load(settings_file(tmp_path, "[gold]\nbulk_month_uploads = 7\n"))
    assert settings.gold.bulk_month_uploads == 7
    assert settings.gold.bulk_total_uploads == DEFAULTS["gold"]["bulk_total_uploads"]


def test_an_assignment_overrides_the_file(tmp_path: Path) -> None:
    file = settings_file(tmp_path, "[gold]\nbulk_month_uploads = 7\n")
    assert load(file, ["gold.bulk_month_uploads=9"]).gold.bulk_month_uploads == 9


def test_the_last_of_two_assignments_holds() -> None:
    assert load(None, ["gate.min_census_ratio=0.1", "gate.min_census_ratio=0.2"]).gate.min_census_ratio == 0.2


def test_loading_twice_does_not_carry_a_value_over() -> None:
    load(None, ["gold.bulk_month_uploads=9"])
    assert load().gold.bulk_month_uploads == DEFAULTS["gold"]["bulk_month_uploads"]


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().gold.bulk_month_uploads = 1


def test_base_toml_and_the_settings_name_the_same_keys() -> None:
    named = {section: set(field.annotation.model_fields) for section, field in Settings.model_fields.items()}  # type: ignore[union-attr]
    assert {section: set(keys) for section, keys in DEFAULTS.items()} == named


@pytest.mark.parametrize("name", ["local.toml", "cluster.toml"])
def test_the_files_that_come_along_load(name: str) -> None:
    file = Path(str(conf_file(name)))
    assert load(file).engine.name == {"local.toml": "embedded", "cluster.toml": "spark"}[name]


@pytest.mark.parametrize(
    ("assignment", "named", "nearest"),
    [
        ("engin.name=spark", "[engin]", "engine"),
        ("gate.max_reject_shares=0.1", "gate.max_reject_shares", "max_reject_share"),
        ("gold.bulk_moth_uploads=3", "gold.bulk_moth_uploads", "bulk_month_uploads"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(assignment: str, named: str, nearest: str) -> None:
    with pytest.raises(UsageError) as refused:
        load(None, [assignment])
    assert named in str(refused.value)
    assert f"did you mean {nearest}?" in str(refused.value)


def test_a_name_like_no_other_is_refused_without_a_guess() -> None:
    with pytest.raises(UsageError, match=r"unknown section \[zzz\];"):
        load(None, ["zzz.name=1"])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[gold]\nbulk = 1\n", "gold.bulk"),
        ("[silver]\nx = 1\n", "[silver]"),
        ("gold = 3\n", "[gold]"),
    ],
)
def test_a_file_with_an_unknown_or_misplaced_name_is_refused_and_named(tmp_path: Path, text: str, named: str) -> None:
    file = settings_file(tmp_path, text)
    with pytest.raises(UsageError) as refused:
        load(file)
    assert named in str(refused.value)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    "assignment",
    [
        "gold.bulk_month_uploads=many",
        "gold.bulk_month_uploads=1.5",
        "gold.bulk_month_uploads=0",
        "gold.bulk_month_uploads=",
        "gold.bulk_month_uploads=[1]",
        "gate.max_reject_share=1.01",
        "gate.max_reject_share=-0.1",
        "gate.max_reject_share=nan",
        "gate.max_reject_share=inf",
        "landing.max_depth=65",
        "engine.name=flink",
        "engine.remote=5",
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_setting_and_what_was_found(assignment: str) -> None:
    key, _, value = assignment.partition("=")
    with pytest.raises(UsageError) as refused:
        load(None, [assignment])
    assert f"setting {key}" in str(refused.value)
    assert f"found {value}" in str(refused.value).replace("'", "")


@pytest.mark.parametrize("assignment", ["gate.max_reject_share=true", "gate.min_alive_ratio=false"])
def test_a_truth_value_is_no_number(assignment: str) -> None:
    """Read as 1 or 0 it would switch a rule of the gate off."""
    with pytest.raises(UsageError, match=assignment.partition("=")[0]):
        load(None, [assignment])


@pytest.mark.parametrize("assignment", ["gold", "gold=1", "bulk_month_uploads=1", ".x=1", "gold.=1", "=1", ""])
def test_an_assignment_of_another_form_is_refused_with_an_example(assignment: str) -> None:
    with pytest.raises(UsageError, match=r"expected section\.key=value, such as"):
        load(None, [assignment])


@pytest.mark.parametrize(
    "value", ["sc://host:15002", "2024-07-11", "12:30:00", "2024-07-11T12:00:00Z", "a = b", "two words", ""]
)
def test_words_addresses_and_dates_are_values_as_they_stand(value: str) -> None:
    assert load(None, [f"engine.remote={value}"]).engine.remote == value


def test_a_quoted_value_is_taken_without_its_quotes() -> None:
    assert load(None, ['engine.remote="sc://host:1"']).engine.remote == "sc://host:1"


@pytest.mark.parametrize("content", [b"[gold\n", b"gold: 3\n", b"\xff\xfe[\x00g\x00", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_is_refused_and_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"broken\.toml: not TOML"):
        load(file)


def test_a_missing_file_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.toml: No such file"):
        load(tmp_path / "absent.toml")


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Is a directory"):
        load(tmp_path)
