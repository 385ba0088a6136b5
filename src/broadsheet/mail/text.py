"""Format external text for mails: pure functions."""

import re
from collections.abc import Sequence
from datetime import date

from broadsheet.rules.tex import to_unicode

# Includes private-use characters, so that no paper contains `rendering.UNSUBSCRIBE_URL`, and
# the controls that change the text direction of everything after them.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff\s]+"
)
_BYLINE_AUTHORS = 3


def single_line(text: str) -> str:
    r"""Return a text on one line, with control characters replaced by spaces.

    Examples
    --------
    >>> single_line(" sparse\r\nBcc:\x00 attention ")
    'sparse Bcc: attention'
    """
    return _UNPRINTABLE.sub(" ", text).strip()


def truncate(text: str, limit: int) -> str:
    """Truncate a text to at most `limit` characters, at a space if one is in the second half.

    Examples
    --------
    >>> truncate("attention is all you need", 15)
    'attention is …'
    """
    if len(text) <= limit:
        return text
    window = text[: limit - 2]
    words = window.rpartition(" ")[0]
    start = words if len(words) > limit // 2 else window
    return f"{start.rstrip(' ,;:.')} …"


def byline(authors: Sequence[str]) -> str:
    """Return the first three authors and the number of the others.

    Examples
    --------
    >>> byline(["A. Noether", "B. Hopper", "C. Hamilton", "D. Shaw"])
    'A. Noether, B. Hopper, C. Hamilton and 1 more'
    """
    names = ", ".join(single_line(to_unicode(author)) for author in authors[:_BYLINE_AUTHORS])
    more = len(authors) - _BYLINE_AUTHORS
    return f"{names} and {more} more" if more > 0 else names


def format_day(day: date) -> str:
    """Format a day in full.

    Examples
    --------
    >>> format_day(date(2026, 11, 20))
    '20 November 2026'
    """
    return f"{day.day} {day:%B} {day.year}"


def format_date(published: str) -> str:
    """Format an ISO date of day, month or year precision; return other text unchanged.

    Examples
    --------
    >>> format_date("2026-11"), format_date("2026")
    ('November 2026', '2026')
    """
    parts = published.split("-")
    try:
        day = date.fromisoformat("-".join([*parts, "01", "01"][:3]))
    except ValueError:
        return single_line(published)
    return format_day(day).split(" ", maxsplit=3 - min(len(parts), 3))[-1]
