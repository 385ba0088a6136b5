"""Lenient decoding of bytes to text and JSON values."""

import json
import re

import orjson

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DECODED_AS_UTF8 = re.compile(r"[^\x00-\x7f\ufffd]")
# Matches one JSON escape at a time; a lone surrogate can be neither stored nor sent.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def decode(data: bytes) -> str:
    """Decode UTF-8 with or without byte order mark, UTF-16 with one, else Windows-1252.

    Invalid bytes become U+FFFD; nothing is raised.
    """
    if data.startswith(_UTF16_MARKS):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # A damaged UTF-8 file still contains valid multi-byte sequences. A Latin-1 file hardly
        # ever does, as its accented letters stand alone.
        text = data.decode("utf-8-sig", "replace")
        return text if _DECODED_AS_UTF8.search(text) else data.decode("cp1252", "replace")


def json_value(data: bytes) -> object:
    """Parse one JSON value.

    Raises
    ------
    ValueError
        If it is not JSON; the message is in lower case.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    # Slower, but accepts lone surrogates, NaN and bytes that are not UTF-8.
    try:
        value: object = json.loads(_ESCAPE.sub(_without_lone, decode(data)))
    except json.JSONDecodeError as error:
        reason = f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"
        raise ValueError(f"not JSON: {reason}") from None
    except (ValueError, RecursionError):
        raise ValueError("not valid JSON") from None
    return value


def _without_lone(escape: re.Match[str]) -> str:
    return "" if escape["lone"] else escape[0]
