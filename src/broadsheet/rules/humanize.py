"""How long ago something was, as people say it."""

from datetime import datetime


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago something was, or in how long it will be.

    Examples
    --------
    >>> noon = datetime(2026, 3, 11, 12)
    >>> ago(noon, noon.replace(hour=15)), ago(noon.replace(minute=20), noon)
    ('3 hours ago', 'in 20 minutes')
    """
    minutes = round((now - then).total_seconds() / 60)
    for size, noun in ((1440, "day"), (60, "hour"), (1, "minute")):
        if number := abs(minutes) // size:
            told = f"{number} {noun}{'s' if number > 1 else ''}"
            return f"{told} ago" if minutes > 0 else f"in {told}"
    return "just now"
