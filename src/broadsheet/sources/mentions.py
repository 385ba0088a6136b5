"""What forums and feeds share: the papers that texts link to, days in spans, names of threads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError

from broadsheet.model import Malformed
from broadsheet.rules.identity import parse_any_id
from broadsheet.sources.source import Cursor, FetchRequest

# Every repetition is bounded, so that time is linear in the text; no letter before a host, as
# notarxiv.org is another one's.
_ARXIV_ID = r"(?:\d{4}\.\d{4,5}|[a-z][a-z-]{1,15}(?:\.[a-z]{2})?/\d{7})(?!\d)"
_ACL_ID = r"(?:\d{4}\.[a-z0-9]{1,20}(?:-[a-z0-9]{1,20})?\.\d{1,4}|[a-z]\d\d-\d{4})(?!\d)"
_LINK = re.compile(
    r"(?<![\w-])(?:arxiv\.org/(?:abs|pdf|html|format|src|ps)/|oai:arxiv\.org:|arxiv:\s?"
    r"|alphaxiv\.org/(?:abs|pdf|html|overview|audio)/|(?:huggingface|hf)\.co/papers/"
    rf"|10\.48550/arxiv\.)(?P<arxiv>{_ARXIV_ID})"
    r"|(?:(?<![\w-])doi(?:\.org/|:\s?)|/doi/(?:(?:abs|full|pdf|epdf|pdfdirect)/)?)"
    r"(?P<doi>10\.\d{4,9}(?:/|%2f)[\w!$%()*+,./:;=@~-]{1,300})"
    r"|(?<![\w-])(?:bio|med)rxiv\.org/content/(?P<preprint>10\.\d{4,9}/\d[\d.]{5,30})"
    rf"|(?<![\w-])(?:aclanthology\.org|aclweb\.org/anthology)/(?P<acl>{_ACL_ID})",
    re.IGNORECASE | re.ASCII,
)
# How HTML and some services write the one character that all these addresses hold.
_WRITTEN_SLASH = re.compile(r"&#(?:x2f|47);", re.IGNORECASE)
_AFTER_A_DOI = ".,;:!*_/"
_MOMENT_CHARS = 64
_UNTIL = "until"
_SHORT_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_DIGEST_BYTES = 10

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time that is asked for, and kept, as one.

    Parameters
    ----------
    start, end : datetime
        Aware UTC; the end is outside.
    cursor : mapping of str to str, or None
        What to keep once it was read; None leaves the cursor where it is.
    """

    start: datetime
    end: datetime
    cursor: Cursor | None


def papers_linked(*texts: str | None) -> tuple[str, ...]:
    """List the papers that texts or addresses link to.

    Parameters
    ----------
    texts : str or None
        Plain text, HTML or addresses.

    Returns
    -------
    tuple of str
        ``arxiv:…``, ``doi:…`` and ``acl:…`` in the order of the texts, none twice.

    Examples
    --------
    >>> papers_linked("See https://huggingface.co/papers/2502.14802, doi:10.1000/X1.")
    ('arxiv:2502.14802', 'doi:10.1000/x1')
    """
    found: dict[str, None] = {}
    for text in texts:
        if text:
            for link in _LINK.finditer(_WRITTEN_SLASH.sub("/", text)):
                if told := _id(link):
                    found.setdefault(told)
    return tuple(found)


def _id(link: re.Match[str]) -> str | None:
    if link["doi"]:
        return parse_any_id(_without_rest(unquote(link["doi"])))
    return parse_any_id(link["arxiv"] or link["acl"] or link["preprint"].rstrip("."))


def _without_rest(doi: str) -> str:
    """Cut what belongs to the sentence around a DOI and not to it."""
    doi = doi.rstrip(_AFTER_A_DOI)
    while doi.endswith(")") and doi.count(")") > doi.count("("):
        doi = doi[:-1].rstrip(_AFTER_A_DOI)
    return doi


def parse_moment(text: str | None) -> datetime | None:
    """Read a moment as ISO 8601 or mail headers write it.

    Returns
    -------
    datetime or None
        Aware UTC; without a zone it is taken for UTC. None where it cannot be read.

    Examples
    --------
    >>> parse_moment("Thu, 24 Sep 2026 00:00:00 -0400").isoformat()
    '2026-09-24T04:00:00+00:00'
    """
    told = text.strip() if text else ""
    if not told or len(told) > _MOMENT_CHARS:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(told)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError, TypeError):
            continue
    return None


def spans(
    request: FetchRequest, again: timedelta, longest: timedelta, first: date
) -> Iterator[Span]:
    """Divide what is asked of a forum into spans, the oldest first.

    Parameters
    ----------
    request : FetchRequest
        Without `since` the days of `again` are read again, as posts there still gain, and all
        since the cursor.
    again : timedelta
        How far back that is; whole days, so that each is counted in full.
    longest : timedelta
        The most that is asked for as one, longer than `again` by a day or more.
    first : date
        The first day of the forum.
    """
    reached = parse_moment(request.cursor.get(_UNTIL))
    start = _midnight(max(request.since or _first_day(request, again, reached), first))
    last = request.now.replace(microsecond=0)
    if request.until and request.until < last.date():
        last = _midnight(request.until + timedelta(days=1))
    recent = _midnight((request.now - again).date())
    while start < last:
        # What is read again is kept as one, so that none of it counts twice after a killed run.
        end = min(start + longest, last, recent if start < recent else last)
        # Moved only where nothing is left out between what was read before and this.
        moves = reached is None or start <= reached < end
        reached = end if moves else reached
        yield Span(start, end, {_UNTIL: end.isoformat()} if moves else None)
        start = end


def _first_day(request: FetchRequest, again: timedelta, reached: datetime | None) -> date:
    oldest = request.now - again
    return (min(oldest, reached) if reached else oldest).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def read_post(shape: type[Shape], raw: object, place: str) -> Shape | Malformed:
    """Read a post of a known shape, or complain of it."""
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        return Malformed(place, f"{field}: {first['msg'].lower()}" if field else "it is no object")


def thread_source(name: str, thread: str) -> str:
    """Name the series of one thread, so that what it gained is told apart from other threads.

    Parameters
    ----------
    name : str
        Of the forum.
    thread : str
        What the forum knows the thread by; a digest stands for what is long, or no plain id.

    Examples
    --------
    >>> thread_source("hn", "12684980")
    'hn:12684980'
    """
    if not _SHORT_ID.fullmatch(thread):
        thread = blake2b(thread.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{name}:{thread}"
