"""The study's published monthly tables, as arrays.

Two traps of the files are taken care of here: the Hub's has a row without a name, one named SUM and three columns of
summaries, none of which are counts of a type; and empty cells are months without an upload, not months unknown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ptm_spark.errors import UsageError
from ptm_spark.replication.csv_file import CsvFile, find_file, read_csv
from ptm_spark.replication.months import CARDS, FORUM, HUB, RESTATED

HUB_FILE = "Hub_Model_Types_Over_Time_Created.csv"
FORUM_FILE = "Forums_Model_Mentions_Over_Time.csv"
CARDS_FILE = "card_data_stats_months_created.csv"
#: not of the study's package: recovered from its chart, and joined with another study's reading of the same cohorts
TOPICS_FILE = "derived_forum_topics_by_category_cumulative.csv"
RESTATEMENT_FILE = "derived_card_cohort_revision_2022-10_vs_2023-mid.csv"
#: what cannot be computed without a file that may be absent
SERVES = {
    TOPICS_FILE: "correlations and sign counts on shares, shares of topics, and corrections by first differences",
    RESTATEMENT_FILE: "the restatement of the same cohorts between October 2022 and the middle of 2023",
}
_SUMMARIES = ("sum", "cumulative sum", "Cumulative ratio")
#: each category of the chart was read to within one topic
_CHART_ERROR = 1

Counts = npt.NDArray[np.int64]
Vector = npt.NDArray[np.float64]
Read = TypeVar("Read")


@dataclass(frozen=True)
class Monthly:
    """Counts of names (model types, names in topics) by month: ``counts`` has a row a name and a column a month."""

    place: Path
    names: tuple[str, ...]
    months: tuple[str, ...]
    counts: Counts

    def series(self, name: str, months: Sequence[str]) -> Vector:
        """One name's counts in these months, 0 where the table has no such month; UsageError for an unknown name."""
        if name not in self.names:
            raise UsageError(f"{self.place}: no row {name}, which the study speaks of; get the file again")
        known = dict(zip(self.months, self.counts[self.names.index(name)].tolist(), strict=True))
        return np.array([known.get(month, 0) for month in months], dtype=np.float64)

    def by_month(self, months: Sequence[str]) -> Vector:
        """Counts of all names together in these months."""
        known = dict(zip(self.months, self.counts.sum(axis=0).tolist(), strict=True))
        return np.array([known.get(month, 0) for month in months], dtype=np.float64)

    def totals(self, months: Sequence[str] | None = None) -> dict[str, int]:
        """Each name's count over all months, or over these."""
        wanted = self.months if months is None else months
        chosen = [number for number, month in enumerate(self.months) if month in wanted]
        return dict(zip(self.names, self.counts[:, chosen].sum(axis=1).tolist(), strict=True))


@dataclass(frozen=True)
class Ratios:
    """Models of each monthly cohort, and how many of them have a card."""

    months: tuple[str, ...]
    with_card: Counts
    models: Counts

    def pooled(self, months: Sequence[str]) -> tuple[int, int]:
        """Models with a card, and models, of these cohorts together."""
        chosen = [self.months.index(month) for month in months]
        return int(self.with_card[chosen].sum()), int(self.models[chosen].sum())

    def ratios(self, months: Sequence[str]) -> Vector:
        """The share with a card in each of these cohorts (0-1)."""
        chosen = [self.months.index(month) for month in months]
        return np.asarray(self.with_card[chosen] / self.models[chosen], dtype=np.float64)


@dataclass(frozen=True)
class StudyTables:
    """All that was published month by month. ``topics`` are all topics begun by a day; None where a file is absent."""

    hub: Monthly
    forum: Monthly
    cards: Ratios
    topics: tuple[tuple[date, ...], Vector] | None
    earlier: Ratios | None
    later: Ratios | None


def load_tables(folder: Path) -> StudyTables:
    """Read the tables in a folder; UsageError where one is missing or is not what the study published."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give the one with the study's tables (docs/replication.md)")
    missing = [name for name in (HUB_FILE, FORUM_FILE, CARDS_FILE) if find_file(folder, name) is None]
    if missing:
        raise UsageError(f"{folder}: without {', '.join(missing)}; docs/replication.md says where to get them")
    restated = _if_there(folder, RESTATEMENT_FILE, _read_restatement)
    return StudyTables(
        hub=_read_hub(folder),
        forum=_read_forum(folder),
        cards=_read_cards(folder),
        topics=_if_there(folder, TOPICS_FILE, _read_topics),
        earlier=restated and restated[0],
        later=restated and restated[1],
    )


def absent_files(folder: Path) -> dict[str, str]:
    """Optional files that are not there, and what they would serve."""
    return {name: serves for name, serves in SERVES.items() if find_file(folder, name) is None}


def _if_there(folder: Path, name: str, read: Callable[[CsvFile], Read]) -> Read | None:
    place = find_file(folder, name)
    return None if place is None else read(read_csv(place))


def _open(folder: Path, name: str) -> CsvFile:
    return read_csv(find_file(folder, name) or folder / name)


def _read_hub(folder: Path) -> Monthly:
    file = _open(folder, HUB_FILE)
    file.need_header(("", *HUB, *_SUMMARIES))
    types = [row for row in file.rows if row[0].strip() not in ("", "nan", "SUM")]
    sums = [row for row in file.rows if row[0].strip() == "SUM"]
    found = _monthly(file, [(row[0], row[1 : -len(_SUMMARIES)]) for row in types], HUB)
    if len(sums) != 1:
        raise file.wrong(f"{len(sums)} rows SUM", "one")
    for month, total, said in zip(HUB, found.counts.sum(axis=0), sums[0][1:], strict=False):
        if int(total) != file.count(said, "SUM", month):
            raise file.wrong(f"column {month} adds up to {total}", f"{said}, as its row SUM says")
    return found


def _read_forum(folder: Path) -> Monthly:
    file = _open(folder, FORUM_FILE)
    file.need_header(("", *(f"{month}-01" for month in FORUM)))
    return _monthly(file, [(row[0], row[1:]) for row in file.rows], FORUM)


def _monthly(file: CsvFile, rows: Sequence[tuple[str, tuple[str, ...]]], months: tuple[str, ...]) -> Monthly:
    names = tuple(name for name, _ in rows)
    if "" in names or len(set(names)) < len(names):
        twice = next((name for name in names if names.count(name) > 1), "")
        raise file.wrong(f"row {twice!r} is there twice or has no name", "one row a name")
    counts = [
        [file.count(cell, name, month) for month, cell in zip(months, cells, strict=True)] for name, cells in rows
    ]
    return Monthly(file.place, names, months, np.array(counts, dtype=np.int64))


def _read_cards(folder: Path) -> Ratios:
    file = _open(folder, CARDS_FILE)
    file.need_header(("", "month_year", "has_card", "count", "card_ratio"))
    found = _ratios(file, CARDS, [(row[1], row[2], row[3]) for row in file.rows])
    for row, ratio in zip(file.rows, found.ratios(CARDS), strict=True):
        if abs(file.number(row[4], row[1], "card_ratio") - ratio) > 1e-6:
            raise file.wrong(f"row {row[1]} says card_ratio {row[4]}", f"has_card / count = {ratio:.10f}")
    return found


def _ratios(file: CsvFile, months: tuple[str, ...], rows: Sequence[tuple[str, str, str]]) -> Ratios:
    found = tuple(month for month, _, _ in rows)
    if found != months:
        odd = next((month for month in found if month not in months), f"{len(found)} rows")
        raise file.wrong(f"its months are {found[0]} to {found[-1]} ({odd})", f"each from {months[0]} to {months[-1]}")
    counts = np.array(
        [
            [file.count(cell, month, name) for name, cell in (("cards", few), ("models", all_))]
            for month, few, all_ in rows
        ],
        dtype=np.int64,
    )
    for month, (few, all_) in zip(months, counts.tolist(), strict=True):
        if few > all_ or not all_:
            raise file.wrong(f"row {month} has {few} of {all_} models with a card", "no more than there are models")
    return Ratios(months, counts[:, 0], counts[:, 1])


def _read_topics(file: CsvFile) -> tuple[tuple[date, ...], Vector]:
    if file.header[0] != "date" or file.header[-1] != "TOTAL":
        raise file.wrong(f"its columns are {file.header[0]} to {file.header[-1]}", "date, categories, TOTAL")
    days = tuple(file.day(row[0]) for row in file.rows)
    totals = [file.count(row[-1], row[0], "TOTAL") for row in file.rows]
    if list(days) != sorted(set(days)) or totals != sorted(totals):
        raise file.wrong("days or totals go back", "dates in order, and totals that only rise")
    if days[0] > date(2020, 8, 31) or days[-1] < date(2023, 6, 30):
        raise file.wrong(f"it spans {days[0]} to {days[-1]}", "2020-08-31 to 2023-06-30 inside it")
    for row, total in zip(file.rows, totals, strict=True):
        parts = sum(file.count(cell, row[0], name) for name, cell in zip(file.header[1:-1], row[1:-1], strict=True))
        if abs(parts - total) > _CHART_ERROR * (len(row) - 2):
            raise file.wrong(f"row {row[0]} adds up to {parts}", f"about {total}, as its TOTAL says")
    return days, np.array(totals, dtype=np.float64)


def _read_restatement(file: CsvFile) -> tuple[Ratios, Ratios]:
    expected = ("m", "l_card", "l_n", "t_card", "t_n", "t_ratio", "delta_card", "delta_n")
    file.need_header(expected)
    for row in file.rows:
        before, later, change = (
            [file.number(cell, row[0], name) for cell, name in zip(cells, names, strict=True)]
            for cells, names in ((row[1:3], expected[1:3]), (row[3:5], expected[3:5]), (row[6:8], expected[6:8]))
        )
        if change != [after - first for first, after in zip(before, later, strict=True)]:
            raise file.wrong(f"row {row[0]} has changes {row[6]}, {row[7]}", "its later counts less its earlier ones")
    both = (*RESTATED, "2022-09")
    return (
        _ratios(file, both, [(row[0], row[1], row[2]) for row in file.rows]),
        _ratios(file, both, [(row[0], row[3], row[4]) for row in file.rows]),
    )
