"""Bytes to text and JSON values, leniently."""

import json
import re

import orjson

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_READ_AS_UTF8 = re.compile(r"[^\x00-\x7f\ufffd]")
# One escape of JSON after the other; half of a surrogate pair can be neither kept nor sent.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


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
