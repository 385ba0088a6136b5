"""How texts from outside read in a mail: pure, without clock or template."""

import re
from collections.abc import Sequence
from datetime import date

# Private-use characters are taken out too, so that no paper can hold `rendering.UNSUBSCRIBE`;
# so are the marks that turn the direction of everything after them.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff\s]+"
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d\"“(])")
_AUTHORS_NAMED = 3
_EXCERPT_SENTENCES = 2
_EXCERPT_CHARS = 420


def plain(text: str) -> str:
    r"""Put a text on one line, without characters that no header or page wants.

    Examples
    --------
    >>> plain(" sparse\r\nBcc:\x00 attention ")
    'sparse Bcc: attention'
    """
    return _UNPRINTABLE.sub(" ", text).strip()


def shortened(text: str, limit: int) -> str:
    """Cut a text to at most `limit` characters, at a word where one ends late enough.

    Examples
    --------
    >>> shortened("attention is all you need", 15)
    'attention is …'
    """
    if len(text) <= limit:
        return text
    window = text[: limit - 2]
    words = window.rpartition(" ")[0]
    kept = words if len(words) > limit // 2 else window
    return f"{kept.rstrip(' ,;:.')} …"


def excerpt(abstract: str) -> str:
    """Take the first two sentences of an abstract, cut where they are long.

    Examples
    --------
    >>> excerpt("We ask. We answer. We conclude.")
    'We ask. We answer.'
    """
    sentences = _SENTENCE_END.split(plain(abstract), maxsplit=_EXCERPT_SENTENCES)
    return shortened(" ".join(sentences[:_EXCERPT_SENTENCES]), _EXCERPT_CHARS)


def byline(authors: Sequence[str]) -> str:
    """Name the first three authors and count the others.

    Examples
    --------
    >>> byline(["A. Noether", "B. Hopper", "C. Hamilton", "D. Shaw"])
    'A. Noether, B. Hopper, C. Hamilton and 1 more'
    """
    named = ", ".join(plain(author) for author in authors[:_AUTHORS_NAMED])
    more = len(authors) - _AUTHORS_NAMED
    return f"{named} and {more} more" if more > 0 else named


def long_day(day: date) -> str:
    """Write a day in full.

    Examples
    --------
    >>> long_day(date(2026, 11, 20))
    '20 November 2026'
    """
    return f"{day.day} {day:%B} {day.year}"


def spoken_date(published: str) -> str:
    """Write an ISO date of day, month or year precision; what is none stays as it is.

    Examples
    --------
    >>> spoken_date("2026-11"), spoken_date("2026")
    ('November 2026', '2026')
    """
    parts = published.split("-")
    try:
        day = date.fromisoformat("-".join([*parts, "01", "01"][:3]))
    except ValueError:
        return plain(published)
    return long_day(day).split(" ", maxsplit=3 - min(len(parts), 3))[-1]
