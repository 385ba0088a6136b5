"""Dates of papers: of day, month or year precision."""

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
