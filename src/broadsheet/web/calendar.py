"""Names and addresses of days, weeks and months: pure."""

from datetime import date
from functools import lru_cache

from broadsheet.model import Period, Span

# Papers of a page share few dates.
_DATES_KEPT = 4_096


def edition_path(period: Period) -> str:
    """Return the path of an edition's page.

    Examples
    --------
    >>> edition_path(Period(date(2026, 2, 16), Span.WEEK))
    '/editions/2026-W08'
    """
    return f"/editions/{period}"


def feed_path(span: Span) -> str:
    """Return the path of the feed of a span's editions, without its extension.

    Examples
    --------
    >>> feed_path(Span.DAY)
    '/editions/day'
    """
    return f"/editions/{span}"


def full_name(period: Period) -> str:
    """Return the full name of a period.

    Examples
    --------
    >>> full_name(Period(date(2026, 2, 20)))
    'Friday, 20 February 2026'
    >>> full_name(Period(date(2026, 2, 16), Span.WEEK))
    'Week 8, 16 to 22 February 2026'
    >>> full_name(Period(date(2026, 2, 1), Span.MONTH))
    'February 2026'
    """
    if period.span is Span.WEEK:
        return f"{_week(period)}, {date_range(period.first, period.last)}"
    return long_date(period.first) if period.span is Span.DAY else short_name(period)


def short_name(period: Period) -> str:
    """Return the short name of a period.

    Examples
    --------
    >>> short_name(Period(date(2026, 2, 20))), short_name(Period(date(2026, 2, 16), Span.WEEK))
    ('20 February 2026', 'Week 8 of 2026')
    """
    if period.span is Span.WEEK:
        return f"{_week(period)} of {period.first.isocalendar().year}"
    return short_date(str(period))


def label(period: Period) -> str:
    """Return the label of a period in a list that already names the month.

    Examples
    --------
    >>> label(Period(date(2026, 2, 20))), label(Period(date(2026, 2, 16), Span.WEEK))
    ('Fri 20', 'Week 8')
    """
    if period.span is Span.WEEK:
        return _week(period)
    return (
        f"{period.first:%a} {period.first.day}" if period.span is Span.DAY else short_name(period)
    )


def absence(period: Period, today: date) -> str:
    """Return the reason why a period has no edition.

    Examples
    --------
    >>> absence(Period(date(2026, 2, 21)), date(2026, 3, 1))
    'No edition was published on this Saturday.'
    """
    if period.first > today:
        return f"This {period.span} is in the future."
    if period.last >= today:
        return f"The edition of this {period.span} is not published yet."
    if period.span is Span.DAY:
        return f"No edition was published on this {period.first:%A}."
    return f"No edition was published for this {period.span}."


def _week(period: Period) -> str:
    return f"Week {period.first.isocalendar().week}"


def date_range(first: date, last: date) -> str:
    """Return a range of days in words; the parts that both days share appear once.

    Examples
    --------
    >>> date_range(date(2026, 2, 16), date(2026, 2, 22))
    '16 to 22 February 2026'
    >>> date_range(date(2025, 12, 29), date(2026, 1, 4))
    '29 December 2025 to 4 January 2026'
    """
    start = short_date(first.isoformat()).split(" ")
    end = short_date(last.isoformat()).split(" ")
    while len(start) > 1 and start[-1] == end[len(start) - 1]:
        start.pop()
    return f"{' '.join(start)} to {' '.join(end)}"


def long_date(day: date) -> str:
    """Return a day with its weekday.

    Examples
    --------
    >>> long_date(date(2025, 2, 20))
    'Thursday, 20 February 2025'
    """
    return f"{day:%A}, {short_date(day.isoformat())}"


@lru_cache(_DATES_KEPT)
def iso_date(published: str) -> str | None:
    """Return an ISO date of day, month or year precision unchanged, and None for any other text.

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


@lru_cache(_DATES_KEPT)
def short_date(published: str) -> str:
    """Return an ISO date of any precision in words; return any other text unchanged.

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


def parse_period(text: str) -> Period:
    """Parse a day, an ISO week or a month.

    Raises
    ------
    ValueError
        If `text` is none of them, or the period ends after the last day of the calendar.

    Examples
    --------
    >>> parse_period("2026-W08").span, parse_period("2026-02").span
    (<Span.WEEK: 'week'>, <Span.MONTH: 'month'>)
    """
    for span in Span:
        try:
            period = Period.parse(text, span)
            _ = period.last
        except (ValueError, OverflowError):
            continue
        return period
    raise ValueError(f"invalid period: {text!r}; use 2026-02-17, 2026-W08 or 2026-02")
