"""Parse RIS, the tagged format of reference managers, with rispy."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO

import rispy

from broadsheet.http.decoding import decode
from broadsheet.model import Malformed, Paper
from broadsheet.rules.normalize import make_paper, title_from
from broadsheet.sources.decoding import arxiv_mention, read_text, records, text_of, texts_of

NAME = "ris"

_RECORD_HEAD = re.compile(r"^TY  -", re.MULTILINE)
_END = "ER  - "
_MENTIONS = ("note", "accession_number", "journal_name")
_YEAR_CHARS = 4


def recognises(head: bytes) -> bool:
    """Return whether a file that starts with `head` is RIS."""
    return _RECORD_HEAD.search(decode(head)) is not None


def parse(stream: BinaryIO, place: str) -> Iterator[Paper | Malformed]:
    """Parse the records of a file.

    Parameters
    ----------
    stream : BinaryIO
        The file, at most 64 MiB.
    place : str
        File name, used in `Malformed.place`.
    """
    return records(_split(read_text(stream, place), place), _paper)


def _split(text: str, place: str) -> Iterator[tuple[str, str]]:
    """Split a file before each ``TY``: rispy joins a record without an end to the next one."""
    starts = [found.start() for found in _RECORD_HEAD.finditer(text)]
    line, counted = 1, 0
    for start, end in pairwise([*starts, len(text)]):
        line += text.count("\n", counted, start)
        counted = start
        yield f"{place} line {line}", text[start:end]


def _paper(record: str) -> Paper:
    try:
        raw = rispy.loads(f"{record}\n{_END}", delimiter_tags_mapping={})[0]
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError("malformed RIS record") from error
    abstract = _first(raw, "abstract", "notes_abstract")
    addresses = texts_of(raw.get("urls"))
    return make_paper(
        title=_first(raw, "title", "primary_title") or title_from(abstract),
        abstract=abstract,
        authors=[_given_name_first(name) for name in _names(raw)],
        categories=texts_of(raw.get("keywords")),
        published=_date(raw),
        arxiv=arxiv_mention(*[text_of(raw.get(key)) for key in _MENTIONS]),
        doi=_first(raw, "doi"),
        url=next((url for url in addresses if url.startswith("http")), None),
        venue=_first(raw, "journal_name", "secondary_title", "alternate_title3"),
    )


def _first(raw: dict[str, object], *keys: str) -> str | None:
    return next((text for key in keys if (text := text_of(raw.get(key)))), None)


def _names(raw: dict[str, object]) -> list[str]:
    return texts_of(raw.get("authors")) or texts_of(raw.get("first_authors"))


def _given_name_first(name: str) -> str:
    """Convert ``family, given, suffix`` to ``given family suffix``."""
    family, given, suffix, *_ = [*name.split(","), "", ""]
    return f"{given} {family} {suffix}"


def _date(raw: dict[str, object]) -> str | None:
    """Return the most precise date of the tags, each ``year/month/day/other``."""
    texts = [text_of(raw.get(key)) or "" for key in ("date", "year", "publication_year")]
    dates = ["-".join(filter(None, text.split("/")[:3])) for text in texts]
    return max((day for day in dates if day[:_YEAR_CHARS].isdecimal()), key=len, default=None)
