"""Gaps: days of a source with no or too few records, compared with its usual count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from statistics import median

from broadsheet.model import Gap
from broadsheet.rules.schedule import Schedule, is_expected

# Number of past days that are checked at each run, so that records that arrive late close a gap.
CHECKED_DAYS = 14
# A day with less than this share of the expected count is a gap. Of 451 weekdays of the hub's own
# lists 16 are below it (28 below 0.4, 9 below 0.25); each costs one more request an hour later.
MIN_SHARE = 1 / 3
# Smaller expected counts vary too much to be checked.
_MIN_EXPECTED = 5
_SAME_WEEKDAYS, _RECENT_DAYS, _MIN_DAYS = 8, 20, 3


@dataclass(frozen=True, slots=True)
class DayCount:
    """Number of records of one day.

    Parameters
    ----------
    records : int
        Records, or results of look-ups.
    queried : int or None
        Number of papers looked up, for a source with schedule ``PER_QUERY``.
    """

    records: int
    queried: int | None = None


def expected_count(day: date, counts: Mapping[date, DayCount], schedule: Schedule) -> float | None:
    """Estimate the number of records of a day from the days before it.

    Parameters
    ----------
    day : date
        The day.
    counts : mapping of date to DayCount
        Of any days, gaps included: the median ignores them.
    schedule : Schedule
        Of the source.

    Returns
    -------
    float or None
        The median of the last eight such weekdays, else of the last twenty scheduled days; None
        if fewer than three are known. For ``PER_QUERY`` the median share of papers found, times
        the number looked up.
    """
    before = sorted((one for one in counts if one < day), reverse=True)
    if schedule is Schedule.PER_QUERY:
        queried = counts[day].queried if day in counts else None
        shares = [
            counts[one].records / number
            for one in before[:_RECENT_DAYS]
            if (number := counts[one].queried)
        ]
        return median(shares) * queried if queried and len(shares) >= _MIN_DAYS else None
    scheduled = [one for one in before if is_expected(schedule, one)]
    same = [one for one in scheduled if one.weekday() == day.weekday()][:_SAME_WEEKDAYS]
    sample = same if len(same) >= _MIN_DAYS else scheduled[:_RECENT_DAYS]
    if len(sample) < _MIN_DAYS:
        return None
    return median(counts[one].records for one in sample)


def gap_reason(
    day: date, counts: Mapping[date, DayCount], schedule: Schedule, error: str | None = None
) -> str | None:
    """Return why a day is a gap, or None if it is complete.

    Parameters
    ----------
    day : date
        At most the newest due day.
    counts : mapping of date to DayCount
        Counts of this and of other days.
    schedule : Schedule
        Of the source.
    error : str or None
        Error of the source's last run.

    Examples
    --------
    >>> days = {date(2026, 3, n): DayCount(100) for n in range(2, 14)}
    >>> gap_reason(date(2026, 3, 16), days, Schedule.DAILY)
    'no records, and none newer than 2026-03-13'
    >>> gap_reason(date(2026, 3, 16), days | {date(2026, 3, 16): DayCount(31)}, Schedule.DAILY)
    'only 31 records, expected about 100'
    """
    count = counts.get(day, DayCount(0))
    if schedule is Schedule.PER_QUERY:
        if not count.queried or count.queried < _MIN_EXPECTED:
            return None
    elif not is_expected(schedule, day):
        return None
    expected = expected_count(day, counts, schedule)
    if expected is not None and expected < _MIN_EXPECTED:
        return None
    if not count.records:
        return _no_records(day, counts, count, error)
    if expected is None or count.records >= MIN_SHARE * expected:
        return None
    noun = "papers found" if schedule is Schedule.PER_QUERY else "records"
    return f"only {count.records} {noun}, expected about {round(expected)}"


def _no_records(
    day: date, counts: Mapping[date, DayCount], count: DayCount, error: str | None
) -> str:
    if error:
        return f"no records: {error}"
    if count.queried:
        return f"none of {count.queried} papers was found"
    newest = max(
        (one for one, other in counts.items() if one < day and other.records), default=None
    )
    return f"no records, and none newer than {newest}" if newest else "no records"


def checked_days(first: date, newest: date) -> list[date]:
    """List the days to check: the last `CHECKED_DAYS`, but none before the first known day."""
    start = max(first, newest - timedelta(days=CHECKED_DAYS - 1))
    return [start + timedelta(days=n) for n in range((newest - start).days + 1)]


def incomplete_note(gaps: Sequence[Gap], late: Sequence[str] = ()) -> str | None:
    """Return the note of an edition that is published while records are missing.

    Parameters
    ----------
    gaps : sequence of Gap
        Open gaps on or shortly before the edition's day.
    late : sequence of str
        Names of sources that were fetched before, but not in the last day.

    Examples
    --------
    >>> incomplete_note([])
    >>> incomplete_note([], ["hf"])
    'Incomplete: hf was not fetched for a day. Missing papers appear in a later edition.'
    >>> incomplete_note([Gap("arxiv", date(2026, 3, 16), "no records", found_at=None)])
    'Incomplete: arxiv is missing 16 March. Missing papers appear in a later edition.'
    """
    if not gaps and not late:
        return None
    days: dict[str, list[str]] = {}
    for gap in gaps:
        days.setdefault(gap.source.partition(":")[0], []).append(f"{gap.day.day} {gap.day:%B}")
    parts = [f"{name} is missing {', '.join(missing)}" for name, missing in days.items()]
    parts += [f"{name} was not fetched for a day" for name in late if name not in days]
    return f"Incomplete: {'; '.join(parts)}. Missing papers appear in a later edition."


@dataclass(frozen=True, slots=True)
class GapSpan:
    """Consecutive gaps of one source with the same reason.

    Parameters
    ----------
    source : str
        Name of the source.
    first, last : date
        First and last day.
    days : int
        Number of gaps; days between them that are not scheduled do not count.
    reason : str
        As in :class:`Gap`.
    """

    source: str
    first: date
    last: date
    days: int
    reason: str

    def __str__(self) -> str:
        """Return the source, the days and the reason."""
        if self.days == 1:
            return f"{self.source} has a gap on {self.first}: {self.reason}"
        span = f"on {self.days} days from {self.first} to {self.last}"
        return f"{self.source} has gaps {span}: {self.reason}"


def gap_spans(gaps: Sequence[Gap]) -> list[GapSpan]:
    """Group consecutive gaps with the same source and reason.

    Examples
    --------
    >>> gaps = [Gap("hf", date(2026, 3, n), "no records", found_at=None) for n in (9, 10, 11)]
    >>> print(*gap_spans(gaps))
    hf has gaps on 3 days from 2026-03-09 to 2026-03-11: no records
    """
    spans = []
    for (source, reason), group in groupby(gaps, key=lambda gap: (gap.source, gap.reason)):
        days = [gap.day for gap in group]
        spans.append(GapSpan(source, days[0], days[-1], len(days), reason))
    return spans
