"""Dates as papers bear them: of a day, a month or a year."""

from datetime import date


def first_day(published: str) -> date:
    """Read a date of any precision as the first day it covers.

    Examples
    --------
    >>> first_day("2025-02")
    datetime.date(2025, 2, 1)
    """
    parts = [int(part) for part in published.split("-")]
    return date(*[*parts, 1, 1][:3])
