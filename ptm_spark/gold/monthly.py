"""Monthly tables in plain Python: a few thousand rows as series of whole months, for the statistics that gold holds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

Row = Mapping[str, Any]
Vector = npt.NDArray[np.float64]

#: name of a series, or of a row, that is over all values of a dimension or of a table that has none
ALL = "all"
#: creation times begin at the Hub's floor (2022-03-02T23:29:04Z), so this month is not wholly observed
FLOOR_MONTH = date(2022, 3, 1)
#: the value of a dimension that stands for unknown; statistics leave it out
UNKNOWN = "none"


@dataclass(frozen=True)
class Panel:
    """A column of a monthly table: for every value a number a month.

    ``months`` are calendar months without a gap. Vectors hold NaN where a month is not whole (``is_whole``), and where
    the table has NULL; 0 where it has no row for the value in a month that it knows.
    """

    months: tuple[date, ...]
    is_whole: npt.NDArray[np.bool_]
    series: Mapping[str, Vector]

    def of(self, value: str) -> Vector:
        """The series of a value; of one that the table does not have, 0 in every month of which it knows anything."""
        if value in self.series:
            return self.series[value]
        known = np.logical_or.reduce([~np.isnan(one) for one in self.series.values()], initial=False)
        return np.where(self.is_whole & known, 0.0, np.nan)

    def total(self, value: str) -> int:
        """Sum of the counts of a value over all whole months."""
        return int(np.nansum(self.of(value)))

    def totals(self) -> Vector:
        """Sum of the counts of all values, by month."""
        return sum(self.series.values(), start=np.where(self.is_whole, 0.0, np.nan))

    def shares(self) -> "Panel":
        """The counts as shares of the month's sum; NaN where that is 0."""
        totals = self.totals()
        whole = np.where(totals > 0, totals, np.nan)
        return Panel(self.months, self.is_whole, {value: one / whole for value, one in self.series.items()})

    def whole_months(self) -> list[date]:
        """Those that are whole."""
        return [month for month, is_whole in zip(self.months, self.is_whole, strict=True) if is_whole]

    def first_and_last(self) -> tuple[date | None, date | None]:
        """The first and the last whole month."""
        whole = np.flatnonzero(self.is_whole)
        return (self.months[whole[0]], self.months[whole[-1]]) if whole.size else (None, None)


def read_panel(rows: Iterable[Row], column: str, dimension: str | None = None) -> Panel:
    """A column as series by ``dimension``, or as the one series ``all`` of a table that has no dimension.

    Rows of unknown month, of partial months and of the unknown value are left out. Their order does not matter.
    """
    cells: dict[str, dict[date, float]] = defaultdict(dict)
    seen: set[date] = set()
    for row in rows:
        if is_missing(row["month"]) or row["is_partial"]:
            continue
        month = first_day(row["month"])
        seen.add(month)
        value = ALL if dimension is None else row[dimension]
        if not is_missing(value) and value != UNKNOWN:
            cells[str(value)][month] = np.nan if is_missing(row[column]) else float(row[column])
    months = tuple(months_between(min(seen), max(seen))) if seen else ()
    told = {month for one in cells.values() for month, number in one.items() if number == number}
    blank = {month: 0.0 if month in told else np.nan for month in months}
    series = {value: np.array([*(blank | cells[value]).values()]) for value in sorted(cells)}
    return Panel(months, np.array([month in seen for month in months], dtype=np.bool_), series)


def align(*panels: Panel) -> tuple[Panel, ...]:
    """The panels over the same months: from the first to the last that is whole in all; NaN where it is not in all."""
    whole = set.intersection(
        *({month for month, is_whole in zip(one.months, one.is_whole, strict=True) if is_whole} for one in panels)
    )
    months = tuple(months_between(min(whole), max(whole))) if whole else ()
    is_whole = np.array([month in whole for month in months], dtype=np.bool_)
    return tuple(Panel(months, is_whole, _cut(one, months, is_whole)) for one in panels)


def coverages(rows: Iterable[Row]) -> dict[date, float]:
    """The ``coverage`` of each month that has one, of a table in which it is the same in all rows of a month."""
    return {
        first_day(row["month"]): float(row["coverage"])
        for row in rows
        if not is_missing(row["month"]) and not is_missing(row["coverage"])
    }


def mean_coverage(of_months: Mapping[date, float], months: Iterable[date]) -> float | None:
    """Mean of what ``coverages`` gives over these months, as far as they have one."""
    known = [of_months[month] for month in months if month in of_months]
    return fmean(known) if known else None


def months_between(first: date, last: date) -> Iterator[date]:
    """The first days of all months from one to another, both included."""
    while first <= last:
        yield first
        first = date(first.year + first.month // 12, first.month % 12 + 1, 1)


def first_day(moment: date) -> date:
    """The first day of the month of a date, of whatever kind."""
    return date(moment.year, moment.month, 1)


def is_missing(value: object) -> bool:
    """Whether a cell is NULL, however it was collected: None, NaN or NaT."""
    return value is None or value != value


def _cut(panel: Panel, months: tuple[date, ...], is_whole: npt.NDArray[np.bool_]) -> dict[str, Vector]:
    if not months:
        return {value: np.empty(0) for value in panel.series}
    begin = panel.months.index(months[0])
    end = begin + len(months)
    return {value: np.where(is_whole, one[begin:end], np.nan) for value, one in panel.series.items()}
