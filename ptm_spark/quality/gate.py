"""Judging measures with Great Expectations: one suite a subject, one small frame, no second look at the data."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Literal

from ptm_spark.quality.metrics import Measures
from ptm_spark.quality.rules import Rule


@dataclass(frozen=True)
class Verdict:
    """What the gate says of one rule: ``accepted`` is a failure that a person has accepted with the crawl."""

    subject: str
    rule: Rule
    verdict: Literal["passed", "failed", "accepted"]
    observed: float | None

    @property
    def stops(self) -> bool:
        return self.verdict == "failed" and self.rule.severity == "error"

    def __str__(self) -> str:
        observed = "undefined" if self.observed is None else f"{self.observed:.6g}"
        return f"{self.subject}: {self.rule.name} ({self.rule.meaning}; found {observed})"


def warm_up() -> None:
    """Import Great Expectations beside other work: it takes seconds, and the engine computes outside Python."""
    threading.Thread(target=_library, name="import-great-expectations", daemon=True).start()


@cache
def _library() -> ModuleType:
    import great_expectations

    return great_expectations


def judge(
    measures: Mapping[str, Measures], rules: Mapping[str, Sequence[Rule]], accepted: frozenset[str] = frozenset()
) -> list[Verdict]:
    """Verdicts on every subject's rules, in order.

    A rule whose measure is undefined (a ratio without a predecessor) passes; one whose measure is absent is a mistake
    of ours and fails. ``accepted`` names rules, as ``subject|rule``, that a person has waived for the crawls at hand.
    """
    gx = _library()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    source = context.data_sources.add_pandas("measures")
    verdicts = []
    for subject, expected in rules.items():
        if not expected:
            continue
        found = _outcomes(gx, context, source, subject, measures[subject], expected)
        for rule, passed in zip(expected, found, strict=True):
            waived = not passed and f"{subject}|{rule.name}" in accepted
            verdict: Literal["passed", "failed", "accepted"] = (
                "passed" if passed else "accepted" if waived else "failed"
            )
            verdicts.append(Verdict(subject, rule, verdict, measures[subject].get(rule.metric)))
    return verdicts


def _outcomes(
    gx: ModuleType, context: Any, source: Any, subject: str, values: Measures, rules: Sequence[Rule]
) -> list[bool]:
    import pandas as pd

    suite = gx.ExpectationSuite(
        name=subject,
        expectations=[
            gx.expectations.ExpectColumnValuesToBeBetween(
                column=rule.metric, min_value=rule.least, max_value=rule.most, meta={"rule": rule.name, "at": number}
            )
            for number, rule in enumerate(rules)
        ],
    )
    frame = pd.DataFrame([values], dtype="float64")
    batch = source.add_dataframe_asset(subject).add_batch_definition_whole_dataframe("whole")
    result = batch.get_batch(batch_parameters={"dataframe": frame}).validate(suite)
    by_number = {outcome.expectation_config.meta["at"]: bool(outcome.success) for outcome in result.results}
    return [by_number.get(number, False) for number in range(len(rules))]


def flatten(run_id: str, judged_at: object, verdicts: Sequence[Verdict]) -> list[dict[str, object]]:
    """Verdicts as rows of ops/dq_results."""
    return [
        {
            "run_id": run_id,
            "judged_at": judged_at,
            "subject": verdict.subject,
            "rule": verdict.rule.name,
            "severity": verdict.rule.severity,
            "verdict": verdict.verdict,
            "metric": verdict.rule.metric,
            "observed": verdict.observed,
            "expected": verdict.rule.meaning,
        }
        for verdict in verdicts
    ]
