"""What the formats share: bytes to text, values of unknown type, one bad record passed over."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import BinaryIO, TypeVar

import orjson

from broadsheet.errors import SourceError
from broadsheet.model import Malformed, Paper

_WHOLE_BYTES = 64 << 20
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_READ_AS_UTF8 = re.compile(r"[^\x00-\x7f\ufffd]")
# One escape of JSON after the other; half of a surrogate pair can be neither kept nor sent.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
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


def decode(data: bytes) -> str:
    """Decode UTF-8, with or without byte order mark, UTF-16 with one, or else Windows-1252.

    Bytes that are none of these become U+FFFD; nothing is raised.
    """
    if data.startswith(_UTF16_MARKS):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # A damaged UTF-8 file still holds letters that can be read as such; in a Latin-1 file
        # accents stand alone, and hardly ever make a valid sequence.
        text = data.decode("utf-8-sig", "replace")
        return text if _READ_AS_UTF8.search(text) else data.decode("cp1252", "replace")


def json_value(data: bytes) -> object:
    """Read one JSON value.

    Raises
    ------
    ValueError
        Where it is none, with the reason in lower case.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    # Slower and more lenient: lone surrogates, NaN and bytes that are not UTF-8 lose no paper.
    try:
        value: object = json.loads(_ESCAPE.sub(_without_half, decode(data)))
    except json.JSONDecodeError as error:
        reason = f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"
        raise ValueError(f"it is not JSON: {reason}") from None
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON that can be read") from None
    return value


def _without_half(escape: re.Match[str]) -> str:
    return "" if escape["half"] else escape[0]


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


def arxiv_mention(*texts: str | None) -> str | None:
    """Give the arXiv id that a text opens with, as journals and notes of preprints do.

    Examples
    --------
    >>> arxiv_mention(None, "arXiv preprint arXiv:2502.00001, 2025")
    '2502.00001'
    """
    return next((found[1] for text in texts if text and (found := _MENTION.match(text))), None)
