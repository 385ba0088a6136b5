"""What the formats share: bytes to text, values of unknown type, one bad record passed over."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import BinaryIO, TypeVar

from broadsheet.errors import SourceError
from broadsheet.http.decoding import decode
from broadsheet.model import Malformed, Paper

_WHOLE_BYTES = 64 << 20
_MAX_MOMENT_CHARS = 64
_MENTION = re.compile(r"\s*(?:arxiv preprint\s+)?arxiv:\s*([^\s,;]+)", re.IGNORECASE)

Raw = TypeVar("Raw")


def records(
    told: Iterable[tuple[str, Raw]], read: Callable[[Raw], Paper]
) -> Iterator[Paper | Malformed]:
    """Read record by record, with a complaint in the place of each that cannot be read.

    Parameters
    ----------
    told : iterable of (str, raw record)
        Each record after the place where it stands.
    read : callable
        Makes a paper of a raw record, or raises ValueError with the reason in lower case.
    """
    for place, raw in told:
        try:
            yield read(raw)
        except ValueError as error:
            yield Malformed(place, str(error))


def read_text(stream: BinaryIO, place: str) -> str:
    r"""Read a whole file as text with ``\n`` at the end of its lines.

    Raises
    ------
    SourceError
        Where it holds more than 64 MiB.
    """
    data = stream.read(_WHOLE_BYTES + 1)
    if len(data) > _WHOLE_BYTES:
        limit = f"{_WHOLE_BYTES >> 20} MiB"
        raise SourceError(
            f"{place!r} holds more than {limit}, the most that is read of a format that does not "
            "stand line by line: split it into smaller files"
        )
    return decode(data).replace("\r\n", "\n").replace("\r", "\n")


def text_of(value: object) -> str | None:
    """Give the text of a value, the first of a list of texts, or None where it is neither."""
    if isinstance(value, str):
        return value
    return next(iter(texts_of(value)), None)


def texts_of(value: object) -> list[str]:
    """Give the texts of a list, a single text as a list of one."""
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def day_of(text: str | None) -> date | None:
    """Read a day as ISO 8601 writes it; None where it is none."""
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
    """Give the arXiv id that a text opens with, as journals and notes of preprints do.

    Examples
    --------
    >>> arxiv_mention(None, "arXiv preprint arXiv:2502.00001, 2025")
    '2502.00001'
    """
    return next((found[1] for text in texts if text and (found := _MENTION.match(text))), None)
