"""The kept form of what one source said of one paper."""

import zlib
from hashlib import blake2b

import orjson

from broadsheet.model import Paper


def pack(paper: Paper) -> bytes:
    """Make the text of a record: JSON of every field."""
    return orjson.dumps(paper)


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
    fields = orjson.loads(zlib.decompress(body))
    fields["authors"] = tuple(fields["authors"])
    fields["categories"] = tuple(fields["categories"])
    return Paper(**fields)
