"""Time differences in words."""

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
