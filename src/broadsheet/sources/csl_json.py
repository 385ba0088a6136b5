"""Parse CSL-JSON, the citation items that Zotero, Pandoc and Crossref write."""

import re
from collections.abc import Iterator
from html import unescape
from typing import BinaryIO

import nh3

from broadsheet.errors import SourceError
from broadsheet.http.decoding import decode, json_value
from broadsheet.model import Malformed, Paper
from broadsheet.rules.normalize import make_paper, title_from
from broadsheet.sources.decoding import arxiv_mention, read_text, records, text_of

NAME = "csl-json"

_ITEM_HEAD = re.compile(
    r'\s*[\[{](?=.*"title"\s*:).*"(?:type|author|issued|container-title|DOI)"\s*:', re.DOTALL
)
_BLOCK_END = re.compile(r"</(?:jats:)?(?:title|p|sec|div)>", re.IGNORECASE)
_HEADING = "Abstract "
# The time of the HTML parser is quadratic in the nesting depth.
_MAX_MARKUP_CHARS = 40_000


def recognises(head: bytes) -> bool:
    """Return whether a file that starts with `head` is CSL-JSON."""
    return _ITEM_HEAD.match(decode(head)) is not None


def parse(stream: BinaryIO, place: str) -> Iterator[Paper | Malformed]:
    """Parse the items of a file: a list of items or one item.

    Parameters
    ----------
    stream : BinaryIO
        The file, at most 64 MiB.
    place : str
        File name, used in `Malformed.place`.

    Raises
    ------
    SourceError
        If the file is not JSON.
    """
    try:
        payload = json_value(read_text(stream, place).encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise SourceError(
            f"{place!r} is not valid CSL-JSON ({error}): correct the file and retry"
        ) from error
    return parse_items(payload, place)


def parse_items(payload: object, place: str) -> Iterator[Paper | Malformed]:
    """Parse a list of items or one item."""
    items: list[object] = payload if isinstance(payload, list) else [payload]
    return records(((f"{place} item {n}", item) for n, item in enumerate(items, 1)), _paper)


def _paper(raw: object) -> Paper:
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    abstract = plain_text(text_of(raw.get("abstract")))
    authors = raw.get("author")
    return make_paper(
        title=plain_text(text_of(raw.get("title"))) or title_from(abstract),
        abstract=abstract,
        authors=[_name(author) for author in authors] if isinstance(authors, list) else (),
        categories=re.split("[,;]", text_of(raw.get("keyword")) or ""),
        published=_date(raw.get("issued")),
        arxiv=arxiv_mention(text_of(raw.get("number")), text_of(raw.get("container-title"))),
        doi=text_of(raw.get("DOI")),
        url=text_of(raw.get("URL")),
        venue=plain_text(text_of(raw.get("container-title"))),
    )


def plain_text(text: str | None) -> str | None:
    """Remove JATS and HTML tags; return text without tags unchanged."""
    if text is None or "</" not in text:
        return text
    stripped = nh3.clean(_BLOCK_END.sub(r" \g<0>", text[:_MAX_MARKUP_CHARS]), tags=set())
    return unescape(stripped).strip().removeprefix(_HEADING)


def _name(author: object) -> str:
    if not isinstance(author, dict):
        return ""
    if literal := text_of(author.get("literal")) or text_of(author.get("name")):
        return literal
    keys = ("given", "non-dropping-particle", "dropping-particle", "family", "suffix")
    return " ".join(text_of(author.get(key)) or "" for key in keys)


def _date(issued: object) -> str | None:
    if not isinstance(issued, dict):
        return text_of(issued)
    spans = issued.get("date-parts")
    parts = spans[0] if isinstance(spans, list) and spans else None
    if not isinstance(parts, list):
        return text_of(issued.get("raw")) or text_of(issued.get("literal"))
    return "-".join(str(part) for part in parts[:3] if part is not None)
