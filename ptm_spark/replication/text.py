"""The claims as a table to read in a terminal: a line each, and a line with how many there are of each status."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from ptm_spark.replication.claim import STATUSES, Claim

_MARKS = {"reproduced": "reproduced", "constant": "constant", "disagrees": "DISAGREES"}
_HEADER = f"{'claim':<44}{'published':>20}{'ours':>20}  {'status':<12}{'corrected':>11}  corrected by"


def as_text(claims: Sequence[Claim]) -> str:
    """All claims in their order, with a heading for each subject."""
    lines = [_HEADER]
    for (subject, question), group in groupby(claims, key=lambda claim: (claim.subject, claim.question)):
        lines += ["", f"{subject} ({question})", *map(_line, group)]
    counted = count_statuses(claims)
    lines += [
        "",
        f"{len(claims)} claims: {counted['reproduced']} reproduced, {counted['disagrees']} disagree, "
        f"{counted['constant']} constant (published, what they were counted from is absent)",
    ]
    return "\n".join(lines) + "\n"


def count_statuses(claims: Sequence[Claim]) -> dict[str, int]:
    """How many claims have each status, 0 included."""
    counted = Counter(claim.status for claim in claims)
    return {status: counted[status] for status in STATUSES}


def _line(claim: Claim) -> str:
    published, ours = _cell(claim.published, claim.published_text, claim), _cell(claim.ours, claim.ours_text, claim)
    line = f"{claim.claim:<44}{published:>20}{ours:>20}  {_MARKS[claim.status]:<12}"
    return f"{line}{_number(claim.corrected, claim):>11}  {claim.corrected_by or ''}".rstrip()


def _cell(value: float | None, text: str | None, claim: Claim) -> str:
    beside = text and (f"{text[:9]}…" if len(text) > 9 else text)
    return _number(value, claim) + (f" ({beside})" if beside else "")


def _number(value: float | None, claim: Claim) -> str:
    if value is None:
        return "-"
    if claim.unit == "count":
        return f"{value:,.0f}"
    text = f"{value:,.2f}" if claim.unit == "%" else f"{value:.4g}"
    return f"{text} %" if claim.unit == "%" else text
