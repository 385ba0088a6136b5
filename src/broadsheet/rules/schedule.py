"""Days on which a source is expected to publish records."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_EASTERN = ZoneInfo("America/New_York")
# https://info.arxiv.org/help/availability.html: announced at 20:00, in the feeds from midnight on.
_FEEDS_BUILT = time(0, 30)
_SATURDAY = 5
_MONDAY, _THURSDAY = 0, 3


class Schedule(StrEnum):
    """When a source publishes."""

    ARXIV = "arxiv"
    """Days after an announcement: Monday to Friday, Eastern time, except holidays."""

    WEEKDAYS = "weekdays"
    DAILY = "daily"
    PER_QUERY = "per query"
    """On days with a run, in proportion to the papers that were looked up."""

    IRREGULAR = "irregular"
    """No records are expected on any day."""


def is_expected(schedule: Schedule, day: date) -> bool:
    """Return whether a day without records is a gap.

    Examples
    --------
    >>> [is_expected(Schedule.ARXIV, date(2026, 11, day)) for day in (20, 21, 22, 23, 27)]
    [True, False, False, True, False]
    """
    if schedule is Schedule.ARXIV:
        # Papers announced in the evening are in the feed of the next day.
        return day.weekday() < _SATURDAY and not is_arxiv_holiday(day - timedelta(days=1))
    if schedule is Schedule.WEEKDAYS:
        return day.weekday() < _SATURDAY
    return schedule is Schedule.DAILY


def newest_due_day(schedule: Schedule, now: datetime) -> date:
    """Return the newest day whose records are complete by `now`, expected or not.

    Parameters
    ----------
    schedule : Schedule
        Of the source.
    now : datetime
        Aware UTC.
    """
    if schedule is Schedule.ARXIV:
        eastern = now.astimezone(_EASTERN)
        today = eastern.date()
        return today if eastern.time() >= _FEEDS_BUILT else today - timedelta(days=1)
    # A day in progress is incomplete.
    return now.date() if schedule is Schedule.PER_QUERY else now.date() - timedelta(days=1)


def is_arxiv_holiday(evening: date) -> bool:
    """Return whether arXiv may skip the announcement of an evening.

    arXiv publishes its holidays each year. They are the United States holidays that Cornell
    observes, and some days around New Year. Papers on such a day are not an error.

    Examples
    --------
    >>> is_arxiv_holiday(date(2023, 11, 23)), is_arxiv_holiday(date(2023, 11, 22))
    (True, False)
    """
    year = evening.year
    fixed = {(1, 1), (6, 19), (7, 4), (12, 24), (12, 25)} | {(12, n) for n in range(26, 32)}
    floating = {
        _nth(year, 1, _MONDAY, 3),
        _last_monday_of_may(year),
        _nth(year, 9, _MONDAY, 1),
        _nth(year, 11, _THURSDAY, 4),
    }
    return (evening.month, evening.day) in fixed or evening in floating


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())
