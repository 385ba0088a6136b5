"""A page of trending papers, saved from a browser as plain text.

Title and abstract stand on lines in turn, below a header in which the page offers its mail.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from broadsheet.http.decoding import decode
from broadsheet.model import Malformed, Paper
from broadsheet.rules.normalize import make_paper
from broadsheet.sources.decoding import read_text, records

NAME = "saved-page"

_OFFER = "Get trending papers in your email inbox"
_BUTTON = "Subscribe"
_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_FURNITURE = re.compile(
    rf"new|{_OFFER}.{{0,40}}|{_BUTTON}|by ?\S{{0,40}} and the research community"
    rf"|(?:{_MONTH})[a-z]*\.? \d{{1,2}}(?:, \d{{4}})?"
)
# Measured on 662 papers of three pages: titles up to 145 characters, abstracts from 519.
_LONG_CHARS = 300

_Line = tuple[int, str]


def recognises(head: bytes) -> bool:
    """Tell whether a file that begins with `head` is such a page."""
    return any(line.strip().startswith(_OFFER) for line in decode(head).splitlines())


def parse(stream: BinaryIO, place: str) -> Iterator[Paper | Malformed]:
    """Read the papers of a page.

    The date that a page shows is its own and not that of its papers, which have none.

    Parameters
    ----------
    stream : BinaryIO
        The page, at most 64 MiB.
    place : str
        What the file is called.
    """
    lines = _without_furniture(read_text(stream, place))
    return records(_in_turn(lines, place), lambda pair: make_paper(title=pair[0], abstract=pair[1]))


def _without_furniture(text: str) -> Iterator[_Line]:
    """Keep the lines that tell of papers; the button may stick to the first of them."""
    button_seen = offer_seen = False
    for number, line in enumerate(text.split("\n"), 1):
        told = line.strip("\ufeff \t\xa0")
        if not offer_seen:
            offer_seen = told.startswith(_OFFER)
        elif told == _BUTTON:
            button_seen = True
        elif told and not _FURNITURE.fullmatch(told):
            yield number, told if button_seen else told.removeprefix(_BUTTON)
            button_seen = True


def _in_turn(lines: Iterator[_Line], place: str) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """Pair titles with abstracts, also where an abstract is missing or has two paragraphs."""
    waiting = deque(lines)
    while waiting:
        number, title = waiting.popleft()
        paragraphs = []
        if waiting and not _is_title(waiting):
            paragraphs.append(waiting.popleft()[1])
        while waiting and len(waiting[0][1]) > _LONG_CHARS:
            paragraphs.append(waiting.popleft()[1])
        yield f"{place} line {number}", (title, " ".join(paragraphs) or None)


def _is_title(waiting: deque[_Line]) -> bool:
    """Tell a title from a short abstract by the long line that follows a title."""
    followed_by_long = len(waiting) > 1 and len(waiting[1][1]) > _LONG_CHARS
    return followed_by_long and len(waiting[0][1]) <= _LONG_CHARS
