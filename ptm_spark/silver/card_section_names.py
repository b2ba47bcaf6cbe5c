"""Which section of a model card a heading names, by the wordings in conf/card_sections.csv."""

import csv
import re
from functools import cache, lru_cache
from typing import NamedTuple

from ptm_spark.config import conf_file

_BRACKETS = re.compile(r"\[[^\]]{0,40}\]|\([^)]{0,80}\)")
_NUMBER = re.compile(r"^(?:[0-9]{1,2}|[ivx]{1,4})(?:\.[0-9]{1,2})*[.):]\s+")
_OTHER_SIGNS = re.compile(r"[^\w&\s-]+")


class SectionName(NamedTuple):
    """A canonical section, and the card templates that word it so (``hub``, ``trainer``)."""

    section: str
    templates: frozenset[str]


@cache
def _wordings() -> dict[str, dict[str, SectionName]]:
    """Names by wording, by the way a heading has to match it: ``exact``, ``begins`` (whole words) or ``stem``."""
    known: dict[str, dict[str, SectionName]] = {"exact": {}, "begins": {}, "stem": {}}
    with conf_file("card_sections.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            templates = frozenset(filter(None, row["template"].split("|")))
            known[row["match"]][row["wording"]] = SectionName(row["section"], templates)
    return known


@lru_cache(maxsize=16384)
def section_named(heading: str) -> SectionName | None:
    """The section that a heading names; None for one that names none, such as the model's own name.

    Case, numbering, emoji, punctuation and what stands in brackets do not count. A heading is compared in full, then
    by its first words, the longest wording first, then by how its first word begins.
    """
    plain = " ".join(_OTHER_SIGNS.sub(" ", _NUMBER.sub("", _BRACKETS.sub(" ", heading.lower()).strip())).split())
    known = _wordings()
    if (name := known["exact"].get(plain)) is not None:
        return name
    words = plain.split(" ")
    for count in range(min(len(words), 6), 0, -1):
        if (name := known["begins"].get(" ".join(words[:count]))) is not None:
            return name
    return next((name for wording, name in known["stem"].items() if plain.startswith(wording)), None)
