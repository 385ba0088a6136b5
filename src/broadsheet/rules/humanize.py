"""Time differences and counts in words."""

from datetime import datetime


def ago(then: datetime, now: datetime) -> str:
    """Return the difference of two moments in words, in the largest unit that fits.

    Examples
    --------
    >>> noon = datetime(2026, 3, 11, 12)
    >>> ago(noon, noon.replace(hour=15)), ago(noon.replace(minute=20), noon)
    ('3 hours ago', 'in 20 minutes')
    """
    minutes = round((now - then).total_seconds() / 60)
    for unit_minutes, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if number := abs(minutes) // unit_minutes:
            length = f"{number} {unit}{'s' if number > 1 else ''}"
            return f"{length} ago" if minutes > 0 else f"in {length}"
    return "just now"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "paper"), counted(1740, "paper")
    ('1 paper', '1,740 papers')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
