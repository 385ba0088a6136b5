"""Dates of papers: of day, month or year precision."""

from calendar import monthrange
from datetime import date


def first_day(published: str) -> date:
    """Return the first day that a date covers.

    Examples
    --------
    >>> first_day("2025-02")
    datetime.date(2025, 2, 1)
    """
    parts = [int(part) for part in published.split("-")]
    return date(*[*parts, 1, 1][:3])


def last_day(published: str | None) -> date | None:
    """Return the last day that a date covers; None without a date.

    Examples
    --------
    >>> last_day("2024-02"), last_day("2024")
    (datetime.date(2024, 2, 29), datetime.date(2024, 12, 31))
    """
    if published is None:
        return None
    parts = [int(part) for part in published.split("-")]
    year, month = [*parts, 12][:2]
    return date(year, month, parts[2] if parts[2:] else monthrange(year, month)[1])
