"""A claim: a figure published about the study's data, ours beside it, and what is left of it once it is corrected."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Status = Literal["reproduced", "constant", "disagrees"]
STATUSES: tuple[Status, ...] = ("reproduced", "constant", "disagrees")
#: who said a figure first
SOURCES = {
    "study": "Taraghi et al. 2024, arXiv 2401.13177, or its replication package (commit 56402bb)",
    "reading": "an earlier, separate computation from the tables of the study's replication package (commit 56402bb)",
    "liang": "Liang et al. 2024, arXiv 2402.05160, or its data (commit 6bcc76f)",
}
#: a comparison with a bound must not depend on the last bits of floats
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Published:
    """A row of ``published.csv``: what was said, by whom, and how near ours has to come.

    ``lacks`` names what the figure was counted from where that may be, or always is, out of reach.
    """

    claim: str
    question: str
    statement: str
    unit: str
    published: float
    published_text: str | None
    tolerance: float | None
    recipe: str | None
    lacks: str | None
    source: str


@dataclass(frozen=True)
class Correction:
    """What is left of a figure (``value``, None where nothing of its kind is) after ``by``, and ``why``."""

    by: str
    why: str
    value: float | None = None


@dataclass(frozen=True)
class Figure:
    """What we compute for a claim, from ``n`` of whatever it counts; ``value`` is None where it is undefined."""

    value: float | None
    n: int
    text: str | None = None
    correction: Correction | None = None


#: claim → our figure; claims whose input is out of reach are not in it
Figures = dict[str, Figure]


@dataclass(frozen=True)
class Claim:
    """A row of gold/replication; the contract describes the fields."""

    claim: str
    subject: str
    question: str
    statement: str
    unit: str
    published: float
    published_text: str | None
    ours: float | None
    ours_text: str | None
    tolerance: float | None
    status: Status
    corrected: float | None
    corrected_by: str | None
    why: str | None
    recipe: str | None
    n: int | None
    source: str


@cache
def published_claims() -> tuple[Published, ...]:
    """All published figures, in the order of ``published.csv``."""
    with files("ptm_spark.replication").joinpath("published.csv").open(encoding="utf-8") as file:
        return tuple(
            Published(
                claim=row["claim"],
                question=row["question"],
                statement=row["statement"],
                unit=row["unit"],
                published=float(row["published"]),
                published_text=row["published_text"] or None,
                tolerance=float(row["tolerance"]) if row["tolerance"] else None,
                recipe=row["recipe"] or None,
                lacks=row["lacks"] or None,
                source=SOURCES[row["source"]],
            )
            for row in csv.DictReader(file)
        )


def judge(said: Published, figures: Mapping[str, Figure]) -> Claim:
    """A published figure beside ours.

    ``reproduced`` where ours is within the tolerance, and the texts are the same; ``constant`` where ours cannot be
    computed for want of what it was counted from; else ``disagrees``, as where ours is undefined.
    """
    ours = figures.get(said.claim)
    status: Status = "disagrees"
    if ours is None and said.lacks:
        status = "constant"
    elif ours is not None and ours.value is not None:
        is_near = abs(ours.value - said.published) <= (said.tolerance or 0.0) + _ROUNDING
        status = "reproduced" if is_near and ours.text == said.published_text else "disagrees"
    correction = ours.correction if ours else None
    return Claim(
        claim=said.claim,
        subject=said.claim.partition(".")[0],
        question=said.question,
        statement=said.statement,
        unit=said.unit,
        published=said.published,
        published_text=said.published_text,
        ours=_plain(ours.value if ours else None),
        ours_text=ours.text if ours else None,
        tolerance=said.tolerance if ours else None,
        status=status,
        corrected=_plain(correction.value if correction else None),
        corrected_by=correction.by if correction else None,
        why=correction.why if correction else said.lacks if status == "constant" else None,
        recipe=said.recipe,
        n=int(ours.n) if ours else None,
        source=said.source,
    )


def _plain(value: float | None) -> float | None:
    """A float of Python's own, for engines take no other number for a DOUBLE."""
    return None if value is None else float(value)
