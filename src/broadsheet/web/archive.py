"""The archive as a calendar: months of weeks of days, with the editions of each. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from broadsheet.model import EditionOutline, Period, Span

# Months on one page.
MONTHS_SHOWN = 3
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a month.

    Parameters
    ----------
    date : date
        The day.
    edition : EditionOutline or None
        Its edition; None if there is none.
    """

    date: date
    edition: EditionOutline | None


@dataclass(frozen=True, slots=True)
class Week:
    """The days of one week that belong to a month.

    Parameters
    ----------
    period : Period
        The whole week.
    edition : EditionOutline or None
        The edition of the whole week; None if there is none.
    days : tuple of Day
        One to seven days.
    """

    period: Period
    edition: EditionOutline | None
    days: tuple[Day, ...]

    @property
    def is_empty(self) -> bool:
        """Whether neither the week nor any of these days has an edition."""
        return self.edition is None and not any(day.edition for day in self.days)


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the archive.

    Parameters
    ----------
    period : Period
        The month.
    edition : EditionOutline or None
        The edition of the month; None if there is none.
    weeks : tuple of Week
        The weeks that have an edition, or days with one, in order of time.
    """

    period: Period
    edition: EditionOutline | None
    weeks: tuple[Week, ...]


@dataclass(frozen=True, slots=True)
class Year:
    """The months of one year that have an edition.

    Parameters
    ----------
    number : int
        The year.
    months : tuple of Period
        Newest first.
    """

    number: int
    months: tuple[Period, ...]


def months_of(periods: Iterable[Period]) -> list[Period]:
    """List the months in which editions begin, newest first."""
    return sorted({Period.containing(one.first, Span.MONTH) for one in periods}, reverse=True)


def years_of(months: Sequence[Period]) -> list[Year]:
    """Group months by year; both newest first."""
    return [
        Year(number, tuple(of_year))
        for number, of_year in groupby(months, lambda month: month.first.year)
    ]


def before(month: Period) -> Period:
    """Return the month after another: the value of `before` with which a page begins with it."""
    return Period(month.after, Span.MONTH)


def month_grid(month: Period, editions: Iterable[EditionOutline]) -> Month:
    """Arrange the editions of a month, and of the weeks that share a day with it."""
    found = {outline.period: outline for outline in editions}
    weeks = (
        Week(
            period,
            found.get(period),
            tuple(Day(day, found.get(Period(day))) for day in _days(period, month)),
        )
        for period in _weeks(month)
    )
    return Month(month, found.get(month), tuple(week for week in weeks if not week.is_empty))


def _weeks(month: Period) -> Iterator[Period]:
    week = Period.containing(month.first, Span.WEEK)
    while week.first < month.after:
        yield week
        week = Period(week.after, Span.WEEK)


def _days(week: Period, month: Period) -> Iterator[date]:
    """List the days of a week that belong to a month."""
    for place in range(_WEEK_DAYS):
        day = week.first + timedelta(days=place)
        if month.first <= day < month.after:
            yield day
