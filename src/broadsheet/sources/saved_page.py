"""Parse a page of trending papers that was saved from a browser as plain text.

Titles and abstracts alternate line by line below a header with a subscription form.
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

_FORM_HEADING = "Get trending papers in your email inbox"
_BUTTON = "Subscribe"
_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_PAGE_TEXT = re.compile(
    rf"new|{_FORM_HEADING}.{{0,40}}|{_BUTTON}|by ?\S{{0,40}} and the research community"
    rf"|(?:{_MONTH})[a-z]*\.? \d{{1,2}}(?:, \d{{4}})?"
)
# Measured on 662 papers of three pages: titles up to 145 characters, abstracts from 519.
_LONG_CHARS = 300

_Line = tuple[int, str]


def recognises(head: bytes) -> bool:
    """Return whether a file that starts with `head` is a saved page."""
    return any(line.strip().startswith(_FORM_HEADING) for line in decode(head).splitlines())


def parse(stream: BinaryIO, place: str) -> Iterator[Paper | Malformed]:
    """Parse the papers of a page.

    The papers have no date: the date on the page is that of the page.

    Parameters
    ----------
    stream : BinaryIO
        The page, at most 64 MiB.
    place : str
        File name, used in `Malformed.place`.
    """
    lines = _content_lines(read_text(stream, place))
    return records(_pairs(lines, place), lambda pair: make_paper(title=pair[0], abstract=pair[1]))


def _content_lines(text: str) -> Iterator[_Line]:
    """Yield the titles and abstracts; the first line can start with the button's label."""
    button_seen = heading_seen = False
    for number, line in enumerate(text.split("\n"), 1):
        content = line.strip("\ufeff \t\xa0")
        if not heading_seen:
            heading_seen = content.startswith(_FORM_HEADING)
        elif content == _BUTTON:
            button_seen = True
        elif content and not _PAGE_TEXT.fullmatch(content):
            yield number, content if button_seen else content.removeprefix(_BUTTON)
            button_seen = True


def _pairs(lines: Iterator[_Line], place: str) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """Pair titles with abstracts, which can be missing or have several paragraphs."""
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
    """Return whether the next line is a title, that is a short line before a long one."""
    followed_by_long = len(waiting) > 1 and len(waiting[1][1]) > _LONG_CHARS
    return followed_by_long and len(waiting[0][1]) <= _LONG_CHARS
