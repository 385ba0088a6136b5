"""arXiv metadata, one JSON object a line, in our own shape or that of arXiv's public snapshot."""

import re
from collections.abc import Iterator
from email.utils import parsedate
from typing import BinaryIO

from broadsheet.http.decoding import decode, json_value
from broadsheet.model import Malformed, Paper
from broadsheet.rules.identity import parse_arxiv_id
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.notice import notice_of
from broadsheet.sources.decoding import records, text_of, texts_of

NAME = "arxiv-dump"

_LINE_BYTES = 4 << 20
_CHUNK_BYTES = 1 << 16
_RECORD_HEAD = re.compile(r'\s*\{.*"(?:title|abstract|authors|categories)"\s*:', re.DOTALL)
_AFFILIATION = re.compile(r"\([^()]*\)")
_BETWEEN_NAMES = re.compile(", and |,| and ")
_FIRST_ARXIV_YEAR = 91


def recognises(head: bytes) -> bool:
    """Tell whether a file that begins with `head` is such a dump."""
    return _RECORD_HEAD.match(decode(head)) is not None


def parse(stream: BinaryIO, place: str) -> Iterator[Paper | Malformed]:
    """Read a dump line by line; memory does not grow with the file or with a line.

    Parameters
    ----------
    stream : BinaryIO
        The dump, of any length. A line of more than 4 MiB is passed over.
    place : str
        What the file is called.
    """
    return records(_lines(stream, place), _paper)


def _lines(stream: BinaryIO, place: str) -> Iterator[tuple[str, bytes]]:
    number = 0
    while line := stream.readline(_LINE_BYTES + 1):
        number += 1
        chunk = line
        while len(chunk) >= _CHUNK_BYTES and not chunk.endswith(b"\n"):
            chunk = stream.readline(_CHUNK_BYTES)
        if not line.isspace():
            yield f"{place} line {number}", line


def _paper(line: bytes) -> Paper:
    if len(line) > _LINE_BYTES:
        raise ValueError(f"it is longer than {_LINE_BYTES >> 20} MiB")
    raw = json_value(line)
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    told_id = text_of(raw.get("id"))
    abstract = text_of(raw.get("abstract"))
    comment = text_of(raw.get("comment")) or text_of(raw.get("comments"))
    return make_paper(
        title=text_of(raw.get("title")),
        abstract=abstract,
        authors=_authors(raw),
        categories=_categories(raw.get("categories")),
        published=text_of(raw.get("published")) or _submitted(raw) or _month_of(told_id),
        arxiv=told_id,
        # arXiv keeps several DOIs in one string.
        doi=next(iter((text_of(raw.get("doi")) or "").split()), None),
        venue=text_of(raw.get("journal-ref")),
        comment=comment,
        code_url=text_of(raw.get("code_url")),
        version=_versions(raw.get("versions")),
        notice=notice_of(comment, abstract),
    )


def _authors(raw: dict[str, object]) -> list[str]:
    """Read a list of names, or the snapshot's ``[family, given, suffix]`` lists or one string."""
    split = raw.get("authors_parsed")
    if isinstance(split, list):
        parts = [[*texts_of(name), "", "", ""] for name in split]
        return [f"{given} {family} {suffix}" for family, given, suffix, *_ in parts]
    told = raw.get("authors")
    if isinstance(told, str):
        return _BETWEEN_NAMES.split(" ".join(_AFFILIATION.sub("", told).split()))
    return texts_of(told)


def _versions(told: object) -> int | None:
    return len(told) if isinstance(told, list) else None


def _categories(told: object) -> list[str]:
    return told.split() if isinstance(told, str) else texts_of(told)


def _submitted(raw: dict[str, object]) -> str | None:
    """Read the day of the first version, told in the manner of mail headers."""
    versions = raw.get("versions")
    first = versions[0] if isinstance(versions, list) and versions else None
    created = text_of(first.get("created")) if isinstance(first, dict) else None
    day = parsedate(created)
    return f"{day[0]:04}-{day[1]:02}-{day[2]:02}" if day else None


def _month_of(told_id: str | None) -> str | None:
    """Read the month that an arXiv id carries; ``update_date`` may be decades later."""
    known = parse_arxiv_id(told_id) if told_id else None
    if known is None:
        return None
    digits = known.rpartition("/")[2]
    century = 19 if int(digits[:2]) >= _FIRST_ARXIV_YEAR else 20
    return f"{century}{digits[:2]}-{digits[2:4]}"
