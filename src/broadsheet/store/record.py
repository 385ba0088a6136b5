"""The kept form of what one source said of one paper."""

import zlib
from dataclasses import fields
from hashlib import blake2b

import orjson

from broadsheet.model import Notice, Paper

_FIELDS = tuple(field.name for field in fields(Paper))


def pack(paper: Paper) -> bytes:
    """Make the text of a record: JSON of what was told.

    What was not told is left out, so that a field that is added later changes no record.
    """
    told = ((name, getattr(paper, name)) for name in _FIELDS)
    return orjson.dumps({name: value for name, value in told if value})


def digest(source: str, text: bytes) -> int:
    """Name a record by what it says.

    Returns
    -------
    int
        64 signed bits of BLAKE2b; among a million records two differing ones share a digest with
        a chance of 3e-8.
    """
    told = blake2b(text, digest_size=8, person=source.encode()[:16])
    return int.from_bytes(told.digest(), "big", signed=True)


def title_hash(key: str) -> int:
    """Fold a normalised title to 64 signed bits, small enough for an index of millions."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def deflate(text: bytes) -> bytes:
    """Make a record small; the fastest level already halves an abstract."""
    return zlib.compress(text, 1)


def unpack(body: bytes) -> Paper:
    """Read a deflated record back."""
    told = orjson.loads(zlib.decompress(body))
    for name, value in told.items():
        if isinstance(value, list):
            told[name] = tuple(value)
    if notice := told.get("notice"):
        told["notice"] = Notice(notice)
    return Paper(**told)
