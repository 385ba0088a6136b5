"""Fetch papers by id from arXiv's API (Atom), https://info.arxiv.org/help/api/user-manual.html."""

import re
from collections.abc import Iterator, Sequence

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Malformed, Paper
from broadsheet.rules.identity import parse_arxiv_id
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.notice import notice_of
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.arxiv_oai import ARXIV_RATE_LIMITS
from broadsheet.sources.source import Argument, Batch, FetchRequest, Source
from broadsheet.sources.xml import (
    Element,
    iter_elements,
    local_name,
    parse_xml,
    printable,
    text_content,
)

_ADDRESS = "https://export.arxiv.org/api/query"
# 100 ids make a URL of 2,000 characters.
_IDS_PER_REQUEST = 100
_MAX_ENTRIES = 10_000
_MAX_CHARS = 200
_VERSION = re.compile(r"v([0-9]{1,5})$")
_ERROR = re.compile(r"https?://(?:export\.)?arxiv\.org/api/errors\b")
_BAD_REQUEST = 400


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch papers by id, 100 per batch.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `argument` is one arXiv id, or several separated by commas. Versions are ignored: arXiv
        returns the newest.

    Raises
    ------
    SourceError
        If no id is given, or the reply is malformed or contains an error.
    UnavailableError
        If arXiv does not reply.
    """
    texts = [text.strip() for text in (request.argument or "").split(",") if text.strip()]
    if not texts:
        raise SourceError(
            "missing arXiv id: write arxiv-atom:2502.14802, or several ids with commas"
        )
    ids = list(dict.fromkeys(found for text in texts if (found := parse_arxiv_id(text))))
    invalid = [text for text in texts if parse_arxiv_id(text) is None]
    if invalid:
        yield Batch([Malformed(text[:_MAX_CHARS], "not an arXiv id") for text in invalid])
    for first in range(0, len(ids), _IDS_PER_REQUEST):
        batch_ids = ids[first : first + _IDS_PER_REQUEST]
        params = {"id_list": ",".join(batch_ids), "max_results": str(len(batch_ids))}
        reply = client.get(_ADDRESS, params, allowed=(_BAD_REQUEST,))
        records = parse_entries(reply.body, reply.address)
        known = {paper.arxiv_id for paper in records if isinstance(paper, Paper)}
        missing = [Malformed(i, "not found on arXiv") for i in batch_ids if i not in known]
        yield Batch([*records, *missing])


def parse_entries(body: bytes, place: str) -> list[Paper | Malformed]:
    """Parse a reply of the API.

    Parameters
    ----------
    body : bytes
        The whole reply.
    place : str
        Address of the reply, used in `Malformed.place` and in errors.

    Raises
    ------
    SourceError
        If the reply is malformed, is not an Atom feed, or contains an error.
    """
    return parse_xml(body, place, lambda xml: _entries(xml, place))


def _entries(body: bytes, place: str) -> list[Paper | Malformed]:
    records: list[Paper | Malformed] = []
    for number, entry in enumerate(iter_elements(body, place, ("feed",), ("entry",)), 1):
        if number > _MAX_ENTRIES:
            raise SourceError(f"{place} returned more than {_MAX_ENTRIES:,} entries in one reply")
        try:
            records.append(_paper(entry, place))
        except ValueError as error:
            records.append(Malformed(f"{place} entry {number}", str(error)))
    return records


def _paper(entry: Element, place: str) -> Paper:
    fields: dict[str, str] = {}
    for child in entry:
        fields.setdefault(local_name(child), text_content(child).strip())
    address, abstract, comment = fields.get("id", ""), fields.get("summary"), fields.get("comment")
    is_error = fields.get("title") == "Error" and parse_arxiv_id(address) is None
    if is_error or _ERROR.match(address):
        reason = printable(abstract or "unknown reason")
        raise SourceError(f"{place} returned an error ({reason}): check the requested ids")
    version = _VERSION.search(address)
    return make_paper(
        title=fields.get("title"),
        abstract=abstract,
        authors=_authors(entry),
        categories=_categories(entry),
        published=fields.get("published"),
        arxiv=address,
        # arXiv separates several DOIs with spaces.
        doi=next(iter(fields.get("doi", "").split()), None),
        venue=fields.get("journal_ref"),
        comment=comment,
        version=int(version[1]) if version else None,
        notice=notice_of(comment, abstract),
    )


def _authors(entry: Element) -> list[str]:
    parts = (part for child in entry if local_name(child) == "author" for part in child)
    return [text_content(part) for part in parts if local_name(part) == "name"]


def _categories(entry: Element) -> Sequence[str]:
    """Return the categories, the primary category first."""
    kinds = ("primary_category", "category")
    found = [
        (kinds.index(local_name(child)), child) for child in entry if local_name(child) in kinds
    ]
    return [child.get("term") or "" for _, child in sorted(found, key=lambda item: item[0])]


SOURCE = Source(
    "arxiv-atom",
    fetch,
    Schedule.IRREGULAR,
    rate_limits=ARXIV_RATE_LIMITS,
    argument=Argument.REQUIRED,
)
