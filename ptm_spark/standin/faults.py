"""Faults that a plan makes a stand-in commit: which requests they befall, in which order, how often."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ptm_spark.errors import UsageError

#: name -> its parameters with their defaults; the type of a default is the type that a plan must give
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"seconds": 1},
    "edge_429": {},
    "500": {},
    "502": {},
    "503": {},
    "504": {},
    "reset": {},
    "drip": {"seconds": 30.0, "bytes": 40},
    "stall": {"seconds": 30.0},
    "truncation": {},
    "wrong_length": {},
    "html": {},
    "object": {},
    "empty": {},
    "bomb": {"megabytes": 300},
    "redirect": {"to": "http://127.0.0.1:9/"},
    "private_redirect": {"to": "http://169.254.169.254/"},
    "file_redirect": {"to": "file:///etc/passwd"},
    "loop": {},
    "bad_utf8": {},
    "repeat_page": {},
    "cookie": {"cookie": "session=stand-in; Path=/"},
}
_TRIGGERS = ("every", "share", "at")
_EXAMPLE = '{"seed": 7, "rules": [{"fault": "429", "match": "/api/models", "every": 7}]}'


@dataclass
class Rule:
    """One fault and the requests that it befalls.

    ``match`` is a part of the path with its query, or a regular expression for one. Of the matching requests (counted
    from 1) it takes each ``every``-th, a ``share`` drawn by the seed, or those whose numbers are in ``at``; all of them
    if none of the three is given; at most ``times`` in all.
    """

    fault: str
    match: str = ""
    every: int | None = None
    share: float | None = None
    at: tuple[int, ...] | None = None
    times: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    seed: str = "0"
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        try:
            self._pattern: re.Pattern[str] | None = re.compile(self.match)
        except re.error:
            self._pattern = None

    def takes(self, path_qs: str) -> bool:
        """True if the fault befalls this request; counts it."""
        if self.match not in path_qs and not (self._pattern and self._pattern.search(path_qs)):
            return False
        self.seen += 1
        if self.every is not None:
            is_hit = self.seen % self.every == 0
        elif self.share is not None:
            is_hit = self._random.random() < self.share
        else:
            is_hit = self.at is None or self.seen in self.at
        if not is_hit or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


@dataclass
class FaultPlan:
    """Rules in order; of those that take a request the first is committed, and the others count it all the same."""

    rules: Sequence[Rule] = ()

    def choose(self, path_qs: str) -> Rule | None:
        """The rule that takes this request, if any."""
        taken = [rule for rule in self.rules if rule.takes(path_qs)]
        return taken[0] if taken else None


def read_plan(path: Path) -> FaultPlan:
    """The plan of a JSON file; UsageError that names the rule and what is wrong with it."""
    try:
        plan = orjson.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"fault plan {path}: {error.strerror}; give a JSON file such as {_EXAMPLE}") from None
    except ValueError as error:
        raise UsageError(f"fault plan {path}: no JSON ({error}); give something like {_EXAMPLE}") from None
    return make_plan(plan, name=f"fault plan {path}")


def make_plan(plan: Any, *, name: str = "fault plan") -> FaultPlan:
    """The plan of parsed JSON; UsageError, in which it is called ``name``, if it is none."""
    if not isinstance(plan, dict) or not isinstance(plan.get("rules"), list) or set(plan) - {"seed", "rules"}:
        raise UsageError(
            f"{name}: must hold rules and may hold a seed, and nothing else; write something like {_EXAMPLE}"
        )
    seed = plan.get("seed", 0)
    return FaultPlan([_rule(rule, f"{name}, rule {number}", f"faults {seed} {number}")
                      for number, rule in enumerate(plan["rules"], start=1)])  # fmt: skip


def _rule(rule: Any, name: str, seed: str) -> Rule:
    if not isinstance(rule, dict):
        raise UsageError(f'{name}: must be an object such as {{"fault": "503", "every": 7}}')
    fault = rule.get("fault")
    if not isinstance(fault, str) or fault not in FAULTS:
        raise UsageError(f"{name}: there is no fault {fault!r}; take one of {', '.join(FAULTS)}")
    allowed = {"fault", "match", "times", *_TRIGGERS, *FAULTS[fault]}
    for key in rule:
        if key not in allowed:
            raise UsageError(f"{name}: {fault} takes no {key!r}; it takes {', '.join(sorted(allowed))}")
    if sum(trigger in rule for trigger in _TRIGGERS) > 1:
        raise UsageError(f"{name}: give one of {', '.join(_TRIGGERS)}, not several")
    checks: dict[str, tuple[bool, str]] = {
        "match": (isinstance(rule.get("match", ""), str), "text"),
        "every": (_is_count(rule.get("every", 1)), "a whole number from 1"),
        "times": (_is_count(rule.get("times", 1)), "a whole number from 1"),
        "share": (_is_number(rule.get("share", 0)) and 0 <= rule.get("share", 0) <= 1, "a number from 0 to 1"),
        "at": (isinstance(rule.get("at", []), list) and all(map(_is_count, rule.get("at", []))),
               "a list of whole numbers from 1"),
    }  # fmt: skip
    for key, default in FAULTS[fault].items():
        value = rule.get(key, default)
        if isinstance(default, str):
            checks[key] = (isinstance(value, str) and "\n" not in value and "\r" not in value, "text of one line")
        elif isinstance(default, int):
            checks[key] = (_is_count(value), "a whole number from 1")
        else:
            checks[key] = (_is_number(value) and value >= 0, "a number from 0")
    for key, (is_good, kind) in checks.items():
        if not is_good:
            raise UsageError(f"{name}: {key} of {fault} is {rule[key]!r}; it must be {kind}")
    return Rule(
        fault,
        rule.get("match", ""),
        rule.get("every"),
        rule.get("share"),
        tuple(rule["at"]) if "at" in rule else None,
        rule.get("times"),
        {key: rule.get(key, default) for key, default in FAULTS[fault].items()},
        seed,
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
