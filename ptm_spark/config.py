"""Settings: ``conf/base.toml`` holds every one with its default; a file and single values may override it."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, time
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ptm_spark.errors import UsageError


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class EngineSettings(_Section):
    name: Literal["embedded", "spark"]
    remote: str
    spark_conf: str


class LandingSettings(_Section):
    part_bytes: int = Field(ge=1_000)
    max_record_bytes: int = Field(ge=1_000)
    max_depth: int = Field(ge=1, le=64)
    reject_text_chars: int = Field(ge=0)


class PrivacySettings(_Section):
    user_key: str


class GateSettings(_Section):
    max_reject_share: float = Field(ge=0, le=1)
    min_census_ratio: float = Field(ge=0, le=1)
    min_alive_ratio: float = Field(ge=0, le=1)
    max_flaw_share: float = Field(ge=0, le=1)
    max_unknown_month_share: float = Field(ge=0, le=1)


class GoldSettings(_Section):
    bulk_month_uploads: int = Field(ge=1)
    bulk_total_uploads: int = Field(ge=1)


class CrawlSettings(_Section):
    contact: str
    hub_per_second: float = Field(gt=0)
    forum_per_second: float = Field(gt=0)
    pace_this_machine: bool
    reserve_share: float = Field(ge=0, lt=1)
    connections: int = Field(ge=1, le=64)
    shards: int = Field(ge=1, le=64)
    attempts: int = Field(ge=1)
    timeout_seconds: float = Field(gt=0)
    max_body_bytes: int = Field(ge=1_000)
    max_card_bytes: int = Field(ge=1_000)
    page_size: int = Field(ge=1, le=1000)
    again_days: float = Field(gt=0)
    overlap_hours: float = Field(ge=0)
    redirect_hosts: list[str]
    hub_expand: list[str]


class Settings(_Section):
    """All settings; what each means stands in ``conf/base.toml``."""

    engine: EngineSettings
    landing: LandingSettings
    privacy: PrivacySettings
    gate: GateSettings
    gold: GoldSettings
    crawl: CrawlSettings


def conf_file(name: str) -> Traversable:
    """A file of ``conf/``: beside the package in a checkout or a zip, inside it when installed."""
    package = files("ptm_spark")
    inside = package / "conf" / name
    if inside.is_file():
        return inside
    # Traversable names no parent, but the two kinds met here (a folder, a zip) both have one
    return package.parent / "conf" / name  # type: ignore[attr-defined, no-any-return]


def load(file: Path | None = None, assignments: Iterable[str] = ()) -> Settings:
    """Settings from the defaults, then ``file`` (TOML), then ``section.key=value`` texts.

    Raises UsageError for a missing or broken file, an unknown key, or a value that does not fit.
    """
    merged: dict[str, Any] = tomllib.loads(conf_file("base.toml").read_text(encoding="utf-8"))
    known = {section: set(keys) for section, keys in merged.items()}
    if file is not None:
        _merge(merged, _read(file), known, str(file))
    for assignment in assignments:
        _merge(merged, _parse_assignment(assignment), known, "--set")
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"setting {where}: {first['msg']}, found {first['input']!r}; see conf/base.toml") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"settings file {file}: {error.strerror}; give --conf an existing TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"settings file {file}: not TOML ({error}); see conf/base.toml for the form") from None


def _parse_assignment(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    section, dot, name = key.strip().partition(".")
    if not (equals and dot and section and name):
        raise UsageError(f"--set {text}: expected section.key=value, such as gold.bulk_month_uploads=50")
    try:
        parsed = tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()  # a bare word is text; quotes are for shells that keep them
    if isinstance(parsed, date | time):
        parsed = value.strip()  # moments are kept as text, as in the file
    return {section: {name: parsed}}


def _merge(into: dict[str, Any], new: Mapping[str, Any], known: Mapping[str, set[str]], origin: str) -> None:
    for section, values in new.items():
        if section not in known:
            raise UsageError(f"{origin}: unknown section [{section}]{_nearest(section, known)}; see conf/base.toml")
        if not isinstance(values, Mapping):
            raise UsageError(f"{origin}: [{section}] must be a table of settings, found {values!r}; see conf/base.toml")
        for name, value in values.items():
            if name not in known[section]:
                near = _nearest(name, known[section])
                raise UsageError(f"{origin}: unknown setting {section}.{name}{near}; see conf/base.toml")
            into[section][name] = value


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""
