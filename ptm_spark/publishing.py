"""What of the lake is public, what a run has prepared, and which crawls a person must decide about.

Three small JSON files, each replaced in one step. They are read without an engine.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from ptm_spark.errors import PtmError, UsageError
from ptm_spark.folder import Folder
from ptm_spark.landing import Manifest, first_flaw, utc_text

PUBLISHED = "_published.json"
STAGED = "_staged.json"
DECISIONS = "_crawls.json"

Status = Literal["built", "checked"]


@dataclass(frozen=True)
class State:
    """A set of table versions that belong together, and what went into them.

    ``crawls`` maps each crawl taken in to its fingerprint, ``tables`` each table (``silver/models``) to the Delta
    version to read, ``rows`` each table to its row count, ``measures`` each subject to what the gate measured of it.
    ``is_rebuild``: made from landing alone, not upon what was published. ``gold_settings``: those that gold was built
    with, the section gold of settings.
    """

    run_id: str
    as_of: str = ""
    engine: str = ""
    tool_version: str = ""
    normaliser: int = 0
    published_at: str = ""
    status: Status = "built"
    crawls: dict[str, str] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    is_rebuild: bool = False
    gold_settings: dict[str, int] = field(default_factory=dict)
    new_crawls: tuple[str, ...] = ()
    measures: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def unchanged_in(self, other: "State") -> list[str]:
        """Tables measured here that another state has at the same version."""
        return [path for path in self.measures if path in self.tables and self.tables[path] == other.tables.get(path)]


@dataclass(frozen=True)
class Decision:
    """A crawl that failed its gate: ``held`` until a person says ``accepted`` or ``rejected``."""

    state: Literal["held", "accepted", "rejected"]
    reason: str
    rules: tuple[str, ...]
    run_id: str
    at: str


_STATE = TypeAdapter(State)
_DECISIONS = TypeAdapter(dict[str, Decision])
Content = TypeVar("Content")


class Publishing:
    """The public face of a lake."""

    def __init__(self, lake: Folder) -> None:
        self._lake = lake

    def published(self) -> State | None:
        """The state that readers follow, or None before the first publication."""
        return self._read(PUBLISHED, _STATE)

    def known_marks(self) -> dict[str, str]:
        """Fingerprints of the crawls that readers see."""
        state = self.published()
        return state.crawls if state else {}

    def staged(self) -> State | None:
        """The state an unfinished run has prepared, or None."""
        return self._read(STAGED, _STATE)

    def stage(self, state: State) -> None:
        self._lake.write(STAGED, json.dumps(asdict(state), indent=1).encode())

    def publish(self, state: State) -> State:
        """Move the pointer: from now on readers that follow it see these versions, all at once."""
        published = replace(state, published_at=utc_text(datetime.now(UTC)))
        self._lake.write(PUBLISHED, json.dumps(asdict(published), indent=1).encode())
        self.discard_staged()
        return published

    def discard_staged(self) -> None:
        if self._lake.exists(STAGED):
            (self._lake / STAGED).remove()

    def decisions(self) -> dict[str, Decision]:
        """Crawl → what is decided about it; crawls never held are not in it."""
        return self._read(DECISIONS, _DECISIONS) or {}

    def hold(self, crawls: tuple[str, ...], *, reason: str, rules: tuple[str, ...], run_id: str) -> None:
        """Leave crawls out of later runs until somebody decides."""
        now = utc_text(datetime.now(UTC))
        known = self.decisions()
        # rules that were waived before stay waived once the crawl is accepted again
        all_rules = {crawl: (*known[crawl].rules, *rules) if crawl in known else rules for crawl in crawls}
        held = {
            crawl: Decision("held", reason, tuple(dict.fromkeys(all_rules[crawl])), run_id, now) for crawl in crawls
        }
        self._write_decisions(known | held)

    def decide(self, crawl: str, state: Literal["accepted", "rejected"], reason: str) -> None:
        """A person's word on a held crawl; UsageError where the crawl is not held."""
        decisions = self.decisions()
        held = [name for name, decision in decisions.items() if decision.state == "held"]
        matches = [name for name in held if name == crawl or name.rpartition("/")[2] == crawl]
        if len(matches) != 1:
            raise UsageError(f"crawl {crawl}: not held; held are: {', '.join(held) or 'none'}")
        if not reason.strip():
            raise UsageError("--reason is empty; say in a few words why, for those who read ops later")
        now = utc_text(datetime.now(UTC))
        decided = replace(decisions[matches[0]], state=state, reason=reason, at=now)
        self._write_decisions(decisions | {matches[0]: decided})

    def _write_decisions(self, decisions: dict[str, Decision]) -> None:
        content = {crawl: asdict(decision) for crawl, decision in sorted(decisions.items())}
        self._lake.write(DECISIONS, json.dumps(content, indent=1, ensure_ascii=False).encode())

    def _read(self, name: str, reader: TypeAdapter[Content]) -> Content | None:
        try:
            return reader.validate_json(self._lake.read(name))
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise PtmError(
                f"{self._lake.url}/{name}: not what this version writes ({first_flaw(error)}); "
                "restore it from a backup, or delete it and run again"
            ) from None


def facts_of_run(state: State | None, crawls: Iterable[Manifest], decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """A published run in plain values: moment, crawls taken in, tables, and crawls that wait for a decision."""
    state = state or State(run_id="")
    taken = sorted(crawls, key=lambda crawl: crawl.observed_at)
    names = ("run_id", "published_at", "as_of", "engine", "tool_version")
    return {name: getattr(state, name) for name in names} | {
        "crawls": [vars(crawl) | {"path": crawl.path} for crawl in taken],
        "tables": [{"path": path, "version": at, "rows": state.rows.get(path)} for path, at in state.tables.items()],
        "held": [{"crawl": name, "reason": one.reason} for name, one in decisions.items() if one.state == "held"],
    }
