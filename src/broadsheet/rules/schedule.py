"""On which days a source is expected to bring something."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_EASTERN = ZoneInfo("America/New_York")
# https://info.arxiv.org/help/availability.html: announced at 20:00, in the feeds from midnight on.
_FEEDS_BUILT = time(0, 30)
_SATURDAY = 5
_MONDAY, _THURSDAY = 0, 3


class Schedule(StrEnum):
    """When news comes."""

    ARXIV = "arxiv"
    """Days that follow an announcement: Monday to Friday, Eastern time, but for holidays."""

    WEEKDAYS = "weekdays"
    DAILY = "daily"
    PER_QUERY = "per query"
    """As many records as papers were looked up, on days with a run."""

    IRREGULAR = "irregular"
    """Nothing is expected on any day."""


def expected(schedule: Schedule, day: date) -> bool:
    """Tell whether a day without any news would be a gap.

    Examples
    --------
    >>> [expected(Schedule.ARXIV, date(2026, 11, day)) for day in (20, 21, 22, 23, 27)]
    [True, False, False, True, False]
    """
    if schedule is Schedule.ARXIV:
        # What is announced in the evening stands in the next day's feed.
        return day.weekday() < _SATURDAY and not arxiv_may_rest(day - timedelta(days=1))
    if schedule is Schedule.WEEKDAYS:
        return day.weekday() < _SATURDAY
    return schedule is Schedule.DAILY


def newest_due(schedule: Schedule, now: datetime) -> date:
    """Give the newest day whose news should have come by now, expected or not.

    Parameters
    ----------
    schedule : Schedule
        The source's.
    now : datetime
        Aware UTC.
    """
    if schedule is Schedule.ARXIV:
        eastern = now.astimezone(_EASTERN)
        today = eastern.date()
        return today if eastern.time() >= _FEEDS_BUILT else today - timedelta(days=1)
    # A day in progress may still bring more.
    return now.date() if schedule is Schedule.PER_QUERY else now.date() - timedelta(days=1)


def arxiv_may_rest(evening: date) -> bool:
    """Tell whether arXiv may skip the announcement of an evening.

    It lists its holidays each year; they are those of the United States that Cornell keeps, and
    some days around New Year. A day that brings papers all the same is no fault.

    Examples
    --------
    >>> arxiv_may_rest(date(2023, 11, 23)), arxiv_may_rest(date(2023, 11, 22))
    (True, False)
    """
    year = evening.year
    fixed = {(1, 1), (6, 19), (7, 4), (12, 24), (12, 25)} | {(12, n) for n in range(26, 32)}
    moving = {
        _nth(year, 1, _MONDAY, 3),
        _last_monday_of_may(year),
        _nth(year, 9, _MONDAY, 1),
        _nth(year, 11, _THURSDAY, 4),
    }
    return (evening.month, evening.day) in fixed or evening in moving


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())
