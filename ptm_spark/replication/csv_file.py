"""One CSV of the study, read strictly: what does not fit is said with its place, and nothing is guessed."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ptm_spark.errors import UsageError

#: where the study's replication package keeps its tables, so that a copy of it can be named as it is
PLACES = ("", "Mined Data/Discussion Forums", "Mined Data/Model Hub")


@dataclass(frozen=True)
class CsvFile:
    """A header and rows of as many cells; ``place`` is what errors call it."""

    place: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def wrong(self, what: str, expected: str) -> UsageError:
        """The error that says what is wrong with the file, what was expected, and what to do."""
        return UsageError(f"{self.place}: {what}, expected {expected}; get the file again (docs/replication.md)")

    def need_header(self, expected: Sequence[str]) -> None:
        """UsageError where the columns are not exactly these."""
        for number, name in enumerate(expected):
            if number >= len(self.header) or self.header[number] != name:
                found = self.header[number] if number < len(self.header) else "no more columns"
                raise self.wrong(f"column {number + 1} is {found!r}", repr(name))
        if len(self.header) > len(expected):
            raise self.wrong(f"column {len(expected) + 1} is {self.header[len(expected)]!r}", "no more columns")

    def count(self, cell: str, row: str, column: str) -> int:
        """A count such as ``12`` or ``12.0``; nothing and NaN are 0. UsageError for anything else."""
        if not cell.strip():
            return 0
        value = self.number(cell, row, column)
        if math.isnan(value):
            return 0
        if value < 0 or not value.is_integer():
            raise self.wrong(f"row {row}, column {column} is {cell!r}", "a count")
        return int(value)

    def number(self, cell: str, row: str, column: str) -> float:
        """A finite number, or NaN where that is written; UsageError for anything else."""
        try:
            value = float(cell)
        except ValueError:
            value = math.inf
        if math.isinf(value):
            raise self.wrong(f"row {row}, column {column} is {cell!r}", "a number")
        return value

    def day(self, cell: str) -> date:
        """A date such as ``2023-07-09``; UsageError for anything else."""
        try:
            return date.fromisoformat(cell)
        except ValueError:
            raise self.wrong(f"there is a row {cell!r}", "a date such as 2023-07-09") from None


def find_file(folder: Path, name: str) -> Path | None:
    """Where a file lies: in the folder itself, or where the package keeps it; None where it is absent."""
    places = (folder / place / name for place in PLACES)
    return next((place for place in places if place.is_file()), None)


def read_csv(place: Path) -> CsvFile:
    """The whole file; UsageError where it is no CSV in UTF-8, empty, or has a row of another length."""
    try:
        with place.open(encoding="utf-8-sig", newline="") as file:
            lines = [tuple(cells) for cells in csv.reader(file, strict=True) if cells]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CsvFile(place, (), ()).wrong(f"not readable ({error})", "CSV in UTF-8") from None
    if len(lines) < 2:
        raise CsvFile(place, (), ()).wrong(f"{len(lines)} rows", "a header and rows")
    found = CsvFile(place, lines[0], tuple(lines[1:]))
    for row in found.rows:
        if len(row) != len(found.header):
            raise found.wrong(f"row {row[0]!r} has {len(row)} cells", f"{len(found.header)}, as the header")
    return found
