"""Which of a source's days came empty, thin or stale, against what is usual of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from statistics import median

from broadsheet.model import Gap
from broadsheet.rules.schedule import Schedule, expected

# How far back days are judged again, so that a late filling is noticed.
JUDGED_DAYS = 14
# Below this share of the usual a day counts as thin. Of 451 weekdays of the hub's own lists 16 are
# (28 below 0.4, 9 below a quarter); each of these costs an hour and one more request.
THIN_SHARE = 1 / 3
# Smaller numbers than this vary too much to be judged.
_FEWEST_USUAL = 5
_SAME_WEEKDAYS, _ANY_DAYS, _FEWEST_DAYS = 8, 20, 3


@dataclass(frozen=True, slots=True)
class DayCount:
    """What came of one day.

    Parameters
    ----------
    records : int
        Records, or answers.
    wanted : int or None
        How many papers were asked about, for a source that is asked about papers.
    """

    records: int
    wanted: int | None = None


def usual(day: date, counts: Mapping[date, DayCount], schedule: Schedule) -> float | None:
    """Estimate how many records a day brings, from the days before it.

    Parameters
    ----------
    day : date
        The day in question.
    counts : mapping of date to DayCount
        Of any days; empty and thin ones need not be taken out, as medians are taken.
    schedule : Schedule
        The source's.

    Returns
    -------
    float or None
        The median of the last eight such weekdays, else of the last twenty days on which
        something is expected; None where fewer than three are known. For a source that is asked
        about papers the usual share of answers times the papers asked about.
    """
    before = sorted((one for one in counts if one < day), reverse=True)
    if schedule is Schedule.PER_QUERY:
        wanted = counts[day].wanted if day in counts else None
        shares = [
            counts[one].records / told for one in before[:_ANY_DAYS] if (told := counts[one].wanted)
        ]
        return median(shares) * wanted if wanted and len(shares) >= _FEWEST_DAYS else None
    due = [one for one in before if expected(schedule, one)]
    same = [one for one in due if one.weekday() == day.weekday()][:_SAME_WEEKDAYS]
    taken = same if len(same) >= _FEWEST_DAYS else due[:_ANY_DAYS]
    if len(taken) < _FEWEST_DAYS:
        return None
    return median(counts[one].records for one in taken)


def fault(
    day: date, counts: Mapping[date, DayCount], schedule: Schedule, error: str | None = None
) -> str | None:
    """Tell what is wrong with a day.

    Parameters
    ----------
    day : date
        A day whose news should have come.
    counts : mapping of date to DayCount
        What came of this and of other days.
    schedule : Schedule
        The source's.
    error : str or None
        Why the source failed the last time it was asked.

    Returns
    -------
    str or None
        What was seen, for a person; None where the day is as it should be.

    Examples
    --------
    >>> days = {date(2026, 3, n): DayCount(100) for n in range(2, 14)}
    >>> fault(date(2026, 3, 16), days, Schedule.DAILY)
    'nothing came, and nothing newer than 2026-03-13'
    >>> fault(date(2026, 3, 16), days | {date(2026, 3, 16): DayCount(31)}, Schedule.DAILY)
    'only 31 of the usual 100 records came'
    """
    came = counts.get(day, DayCount(0))
    if schedule is Schedule.PER_QUERY:
        if not came.wanted or came.wanted < _FEWEST_USUAL:
            return None
    elif not expected(schedule, day):
        return None
    level = usual(day, counts, schedule)
    if level is not None and level < _FEWEST_USUAL:
        return None
    if not came.records:
        return _nothing(day, counts, came, error)
    if level is None or came.records >= THIN_SHARE * level:
        return None
    noun = "answers" if schedule is Schedule.PER_QUERY else "records"
    return f"only {came.records} of the usual {round(level)} {noun} came"


def _nothing(
    day: date, counts: Mapping[date, DayCount], came: DayCount, error: str | None
) -> str | None:
    if error:
        return f"nothing came: {error}"
    if came.wanted:
        return f"none of {came.wanted} papers asked about was known"
    newest = max(
        (one for one, count in counts.items() if one < day and count.records), default=None
    )
    return f"nothing came, and nothing newer than {newest}" if newest else "nothing came"


def judged_days(first: date, newest: date) -> list[date]:
    """List the days to judge: from the first known one, or as far back as days are judged."""
    start = max(first, newest - timedelta(days=JUDGED_DAYS - 1))
    return [start + timedelta(days=n) for n in range((newest - start).days + 1)]


def missing(gaps: Sequence[Gap], late: Sequence[str] = ()) -> str | None:
    """Say what an edition lacks that is made while days are missing.

    Parameters
    ----------
    gaps : sequence of Gap
        Open ones of days near the edition's.
    late : sequence of str
        Names of sources that were fetched before, but not lately.

    Examples
    --------
    >>> missing([])
    >>> missing([], ["hf"])
    'Made while hf had not been fetched for a day; what is missing follows in a later edition.'
    >>> missing([Gap("arxiv", date(2026, 3, 16), "nothing came", found_at=None)])
    'Made while arxiv had not brought 16 March; what is missing follows in a later edition.'
    """
    if not gaps and not late:
        return None
    told: dict[str, list[str]] = {}
    for gap in gaps:
        told.setdefault(gap.source.partition(":")[0], []).append(f"{gap.day.day} {gap.day:%B}")
    named = [f"{name} had not brought {', '.join(days)}" for name, days in told.items()]
    named += [f"{name} had not been fetched for a day" for name in late if name not in told]
    return f"Made while {'; '.join(named)}; what is missing follows in a later edition."


@dataclass(frozen=True, slots=True)
class Stretch:
    """Gaps of one source that follow each other for the same reason.

    Parameters
    ----------
    source : str
        Its name.
    first, last : date
        The first and the last day.
    days : int
        How many are missing; week-ends between them may not be.
    why : str
        What was seen.
    """

    source: str
    first: date
    last: date
    days: int
    why: str

    def __str__(self) -> str:
        """Say which days are missing of which source, and why."""
        if self.days == 1:
            return f"{self.source} has a gap on {self.first}: {self.why}"
        when = f"on {self.days} days from {self.first} to {self.last}"
        return f"{self.source} has gaps {when}: {self.why}"


def stretches(gaps: Sequence[Gap]) -> list[Stretch]:
    """Take together the gaps that follow each other for the same reason.

    Examples
    --------
    >>> gaps = [Gap("hf", date(2026, 3, n), "nothing came", found_at=None) for n in (9, 10, 11)]
    >>> print(*stretches(gaps))
    hf has gaps on 3 days from 2026-03-09 to 2026-03-11: nothing came
    """
    told = []
    for (source, why), group in groupby(gaps, key=lambda gap: (gap.source, gap.why)):
        days = [gap.day for gap in group]
        told.append(Stretch(source, days[0], days[-1], len(days), why))
    return told
