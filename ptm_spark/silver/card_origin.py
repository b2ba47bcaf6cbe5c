"""Which tool wrote a card, and what of its template was left as it came, by the patterns in conf/card_origins.csv."""

import csv
from collections.abc import Collection
from functools import cache

from ptm_spark.config import conf_file

#: a card with so many headings worded as in the Hub's template was made from it
LEAST_TEMPLATE_HEADINGS = 6
#: tools say at the beginning or the end of a card that they wrote it
MOST_CHARS_APART = 1_500
#: which template the cards of a tool are made from, where that leaves things to fill in
TEMPLATE_OF = {"trainer": "trainer", "keras": "trainer", "hub_template": "hub", "peft": "hub"}


@cache
def _patterns(kind: str) -> tuple[tuple[str, str], ...]:
    """(pattern, generator) of one kind: ``text``, ``tag``, ``placeholder`` or ``instruction``, in order of weight."""
    with conf_file("card_origins.csv").open(encoding="utf-8") as file:
        return tuple((row["pattern"], row["generator"]) for row in csv.DictReader(file) if row["kind"] == kind)


def generator_of(text: str, tags: Collection[str]) -> str | None:
    """The tool that wrote a card; None where a person did, for all one can see. Phrases of the text weigh more."""
    if len(text) > 2 * MOST_CHARS_APART:
        text = f"{text[:MOST_CHARS_APART]}\n{text[-MOST_CHARS_APART:]}"
    for pattern, generator in _patterns("text"):
        if pattern in text:
            return generator
    return next((generator for pattern, generator in _patterns("tag") if pattern in tags), None)


def count_placeholders(text: str) -> int:
    """How many places of a text were left to be filled in."""
    return sum([text.count(pattern) for pattern, _ in _patterns("placeholder")])


def is_unfilled(text: str) -> bool:
    """Whether a section's text (a paragraph or list item a line) has placeholders and nothing else.

    Labels, which end in a colon, and the sentences that the template itself brings along are nothing.
    """
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    found = [count_placeholders(line) > 0 for line in lines]
    return any(found) and all(
        is_placeholder or line.endswith(":") or any(pattern in line for pattern, _ in _patterns("instruction"))
        for line, is_placeholder in zip(lines, found, strict=True)
    )
