"""Shared by the parsers: decode files, read values of unknown type, skip malformed records."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import BinaryIO, TypeVar

from broadsheet.errors import SourceError
from broadsheet.http.decoding import decode
from broadsheet.model import Malformed, Paper

_MAX_BYTES = 64 << 20
_MAX_MOMENT_CHARS = 64
_MENTION = re.compile(r"\s*(?:arxiv preprint\s+)?arxiv:\s*([^\s,;]+)", re.IGNORECASE)

Raw = TypeVar("Raw")


def records(
    raw_records: Iterable[tuple[str, Raw]], parse: Callable[[Raw], Paper]
) -> Iterator[Paper | Malformed]:
    """Parse records, and yield a Malformed for each that cannot be parsed.

    Parameters
    ----------
    raw_records : iterable of (str, raw record)
        Each with its place, such as a line number.
    parse : callable
        Returns a paper, or raises ValueError with the reason in lower case.
    """
    for place, raw in raw_records:
        try:
            yield parse(raw)
        except ValueError as error:
            yield Malformed(place, str(error))


def read_text(stream: BinaryIO, place: str) -> str:
    r"""Read a whole file as text, with ``\n`` as line ending.

    Raises
    ------
    SourceError
        If it exceeds 64 MiB.
    """
    data = stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise SourceError(
            f"{place!r} exceeds {_MAX_BYTES >> 20} MiB, the limit of formats that are not parsed "
            "line by line: split it into smaller files"
        )
    return decode(data).replace("\r\n", "\n").replace("\r", "\n")


def text_of(value: object) -> str | None:
    """Return a string, the first string of a list, or None for any other value."""
    if isinstance(value, str):
        return value
    return next(iter(texts_of(value)), None)


def texts_of(value: object) -> list[str]:
    """Return the strings of a list, a string as a list of one, or an empty list."""
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def day_of(text: str | None) -> date | None:
    """Parse an ISO 8601 date; None if it is invalid."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def parse_moment(text: str | None) -> datetime | None:
    """Parse a time in ISO 8601 or in the format of email headers.

    Returns
    -------
    datetime or None
        Aware UTC; a time without a zone is UTC. None if the text is not a time.

    Examples
    --------
    >>> parse_moment("Thu, 24 Sep 2026 00:00:00 -0400").isoformat()
    '2026-09-24T04:00:00+00:00'
    """
    stripped = text.strip() if text else ""
    if not stripped or len(stripped) > _MAX_MOMENT_CHARS:
        return None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(stripped)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError, TypeError):
            continue
    return None


def arxiv_mention(*texts: str | None) -> str | None:
    """Return the arXiv id at the start of a journal or note, as in entries of preprints.

    Examples
    --------
    >>> arxiv_mention(None, "arXiv preprint arXiv:2502.00001, 2025")
    '2502.00001'
    """
    return next((found[1] for text in texts if text and (found := _MENTION.match(text))), None)
