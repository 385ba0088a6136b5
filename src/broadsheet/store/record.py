"""Encode a source's record of a paper as compressed JSON, and decode it."""

import zlib
from dataclasses import fields
from hashlib import blake2b

import orjson

from broadsheet.model import Notice, Paper

_FIELDS = tuple(field.name for field in fields(Paper))


def encode_record(paper: Paper) -> bytes:
    """Encode a record as JSON, without compression.

    Empty fields are omitted, so that adding a field to :class:`Paper` changes no digest.
    """
    values = ((name, getattr(paper, name)) for name in _FIELDS)
    return orjson.dumps({name: value for name, value in values if value})


def record_digest(source: str, text: bytes) -> int:
    """Compute the digest that identifies a record of a source.

    Returns
    -------
    int
        64 bits of BLAKE2b, signed. The probability that two of a million records collide is 3e-8.
    """
    digest = blake2b(text, digest_size=8, person=source.encode()[:16])
    return int.from_bytes(digest.digest(), "big", signed=True)


def title_hash(key: str) -> int:
    """Compute a signed 64-bit hash of a normalised title, for a small index."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def compress(text: bytes) -> bytes:
    """Compress an encoded record; level 1 of zlib already halves an abstract."""
    return zlib.compress(text, 1)


def decode_record(body: bytes) -> Paper:
    """Decode a compressed record."""
    values = orjson.loads(zlib.decompress(body))
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    if notice := values.get("notice"):
        values["notice"] = Notice(notice)
    return Paper(**values)
