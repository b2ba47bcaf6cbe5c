"""The months that the study's figures are about, as ``YYYY-MM``."""

import calendar
from datetime import date


def months(first: str, last: str) -> tuple[str, ...]:
    """All calendar months from the first to the last, both included."""
    begin, end = (12 * int(month[:4]) + int(month[5:]) - 1 for month in (first, last))
    return tuple(f"{number // 12}-{number % 12 + 1:02d}" for number in range(begin, end + 1))


def first_day(month: str) -> date:
    """The first calendar day of a month."""
    return date(int(month[:4]), int(month[5:]), 1)


def last_day(month: str) -> date:
    """The last calendar day of a month."""
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, calendar.monthrange(year, number)[1])


#: topics of the forum; the last month is partial
FORUM = months("2020-07", "2023-06")
#: months whose number of topics is known from both of their ends
SHARES = months("2020-09", "2023-06")
#: creation cohorts whose cards were counted
CARDS = months("2019-12", "2023-05")
#: cohorts that two readings have whole: the earlier one was taken on 2022-10-01
RESTATED = months("2019-12", "2022-08")
#: columns of the Hub's table; 16 calendar months before 2019-05 are not among them
HUB = ("2017-09", "2018-11", "2019-01", "2019-02", *months("2019-05", "2023-06"))


def of_year(all_months: tuple[str, ...], year: str) -> tuple[str, ...]:
    """Those of the months that are in a year."""
    return tuple(month for month in all_months if month[:4] == year)
