"""How days, weeks and months are written, and which lie beside which: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from broadsheet.model import Period, Span

FORMS = {Span.DAY: "2025-02-20", Span.WEEK: "2025-W08", Span.MONTH: "2025-02"}
_FOLDERS = {Span.DAY: "date", Span.WEEK: "week", Span.MONTH: "month"}
_WEEKEND = (6, 7)


def edition_path(period: Period) -> str:
    """Give the path of an edition's page.

    Examples
    --------
    >>> edition_path(Period(date(2026, 2, 16), Span.WEEK))
    '/papers/week/2026-W08'
    """
    return f"{span_path(period.span)}/{period}"


def span_path(span: Span) -> str:
    """Give the path that all editions of a span lie under.

    Examples
    --------
    >>> span_path(Span.DAY)
    '/papers/date'
    """
    return f"/papers/{_FOLDERS[span]}"


def told(period: Period) -> str:
    """Write a period as a masthead does.

    Examples
    --------
    >>> told(Period(date(2026, 2, 20)))
    'Friday, 20 February 2026'
    >>> told(Period(date(2026, 2, 16), Span.WEEK))
    'Week 8, 16 to 22 February 2026'
    >>> told(Period(date(2026, 2, 1), Span.MONTH))
    'February 2026'
    """
    if period.span is Span.WEEK:
        return f"{_week(period)}, {stretch(period.first, period.last)}"
    return long_date(period.first) if period.span is Span.DAY else named(period)


def named(period: Period) -> str:
    """Name a period in a few words.

    Examples
    --------
    >>> named(Period(date(2026, 2, 20))), named(Period(date(2026, 2, 16), Span.WEEK))
    ('20 February 2026', 'Week 8 of 2026')
    """
    if period.span is Span.WEEK:
        return f"{_week(period)} of {period.first.isocalendar().year}"
    return short_date(str(period))


def briefly(period: Period) -> str:
    """Name a period where the month is told beside it.

    Examples
    --------
    >>> briefly(Period(date(2026, 2, 20))), briefly(Period(date(2026, 2, 16), Span.WEEK))
    ('Fri 20', 'Week 8')
    """
    if period.span is Span.WEEK:
        return _week(period)
    return f"{period.first:%a} {period.first.day}" if period.span is Span.DAY else named(period)


def absence(period: Period, today: date) -> str:
    """Say why a period has no edition.

    Examples
    --------
    >>> absence(Period(date(2026, 2, 21)), date(2026, 3, 1))
    'That was a Saturday, and nothing new came that day.'
    """
    if period.first > today:
        return "It is still to come."
    if period.last >= today:
        return "Nothing has been printed for it yet."
    if period.span is not Span.DAY:
        return f"Nothing was printed for that {period.span}."
    if period.first.isoweekday() in _WEEKEND:
        return f"That was a {period.first:%A}, and nothing new came that day."
    return "Nothing was printed that day."


def _week(period: Period) -> str:
    return f"Week {period.first.isocalendar().week}"


def stretch(first: date, last: date) -> str:
    """Write two days and what lies between them.

    Examples
    --------
    >>> stretch(date(2026, 2, 16), date(2026, 2, 22))
    '16 to 22 February 2026'
    >>> stretch(date(2025, 12, 29), date(2026, 1, 4))
    '29 December 2025 to 4 January 2026'
    """
    begun = short_date(first.isoformat()).split(" ")
    ended = short_date(last.isoformat()).split(" ")
    while len(begun) > 1 and begun[-1] == ended[len(begun) - 1]:
        begun.pop()
    return f"{' '.join(begun)} to {' '.join(ended)}"


def long_date(day: date) -> str:
    """Write a day as a masthead does.

    Examples
    --------
    >>> long_date(date(2025, 2, 20))
    'Thursday, 20 February 2025'
    """
    return f"{day:%A}, {short_date(day.isoformat())}"


def iso_date(published: str) -> str | None:
    """Let an ISO date of day, month or year precision through, and nothing else.

    Examples
    --------
    >>> iso_date("2025-02"), iso_date("in press")
    ('2025-02', None)
    """
    try:
        date.fromisoformat(f"{published}-01-01"[: len("2025-01-01")])
    except ValueError:
        return None
    return published if len(published) in (4, 7, 10) else None


def short_date(published: str) -> str:
    """Write an ISO date of day, month or year precision; what is none stays as it is.

    Examples
    --------
    >>> short_date("2025-02-20"), short_date("2025-02"), short_date("2025")
    ('20 February 2025', 'February 2025', '2025')
    """
    if iso_date(published) is None:
        return published
    year, month, day = f"{published}-01-01".split("-")[:3]
    month_name = f"{date(int(year), int(month), int(day)):%B}"
    return {4: year, 7: f"{month_name} {year}"}.get(
        len(published), f"{int(day)} {month_name} {year}"
    )


def asked_for(text: str, span: Span) -> Period:
    """Read the period that stands in an address.

    Raises
    ------
    ValueError
        Where it is none, or reaches past the last year that can be counted.
    """
    period = Period.parse(text, span)
    try:
        _ = period.last
    except OverflowError as error:
        raise ValueError(f"{text!r} has no end") from error
    return period


@dataclass(frozen=True, slots=True)
class Leaf:
    """A month of the archive.

    Parameters
    ----------
    month : Period
        Which.
    printed : bool
        Whether the month itself has an edition.
    weeks : tuple of Period
        The weeks that begin in it and have one, newest first.
    days : tuple of Period
        Its days that have one, newest first.
    """

    month: Period
    printed: bool
    weeks: tuple[Period, ...]
    days: tuple[Period, ...]


def archive(
    days: Sequence[Period], weeks: Sequence[Period], months: Sequence[Period]
) -> list[Leaf]:
    """Part all that was printed by month, newest first."""
    every = sorted((*days, *weeks, *months), key=lambda one: one.first, reverse=True)
    return [
        Leaf(
            month,
            month in (lying := list(of)),
            tuple(one for one in lying if one.span is Span.WEEK),
            tuple(one for one in lying if one.span is Span.DAY),
        )
        for month, of in groupby(every, lambda one: Period.containing(one.first, Span.MONTH))
    ]
