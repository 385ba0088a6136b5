"""Single papers by their ids, from arXiv's API (Atom)."""

import re
from collections.abc import Iterator, Sequence

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Malformed, Paper
from broadsheet.rules.identity import parse_arxiv_id
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.notice import notice_of
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.arxiv_xml import (
    ARXIV_RATE_LIMITS,
    Element,
    elements,
    name_of,
    read_xml,
    shown,
    text_in,
)
from broadsheet.sources.source import Argument, Batch, FetchRequest, Source

_ADDRESS = "https://export.arxiv.org/api/query"
# So many make an address of two thousand letters.
_IDS = 100
_ENTRIES = 10_000
_SHOWN_CHARS = 200
_VERSION = re.compile(r"v([0-9]{1,5})$")
_ERROR = re.compile(r"https?://(?:export\.)?arxiv\.org/api/errors\b")
_BAD_REQUEST = 400


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Ask for papers by id, a batch for each hundred of them.

    Parameters
    ----------
    client : Client
        Through which arXiv is asked.
    request : FetchRequest
        `argument` is one id or several with commas between, in any form; versions are let go, as
        arXiv tells of the newest.

    Raises
    ------
    SourceError
        Where no id is named, or the reply is broken or refuses.
    UnavailableError
        Where there is no reply.
    """
    named = [text.strip() for text in (request.argument or "").split(",") if text.strip()]
    if not named:
        raise SourceError("no arXiv id was named: write one, or several with commas between")
    ids = list(dict.fromkeys(found for text in named if (found := parse_arxiv_id(text))))
    strange = [text for text in named if parse_arxiv_id(text) is None]
    if strange:
        yield Batch([Malformed(text[:_SHOWN_CHARS], "it is no arXiv id") for text in strange])
    for first in range(0, len(ids), _IDS):
        some = ids[first : first + _IDS]
        question = {"id_list": ",".join(some), "max_results": str(len(some))}
        reply = client.get(_ADDRESS, question, allowed=(_BAD_REQUEST,))
        told = parse_entries(reply.body, reply.address)
        known = {paper.arxiv_id for paper in told if isinstance(paper, Paper)}
        missing = [Malformed(one, "arXiv does not know it") for one in some if one not in known]
        yield Batch([*told, *missing])


def parse_entries(body: bytes, place: str) -> list[Paper | Malformed]:
    """Read a reply of the API.

    Parameters
    ----------
    body : bytes
        The whole reply.
    place : str
        Where it came from.

    Raises
    ------
    SourceError
        Where it is something else, broken, or says what was wrong with the question.
    """
    return read_xml(body, place, lambda whole: _entries(whole, place))


def _entries(body: bytes, place: str) -> list[Paper | Malformed]:
    told: list[Paper | Malformed] = []
    for number, entry in enumerate(elements(body, place, ("feed",), ("entry",)), 1):
        if number > _ENTRIES:
            raise SourceError(f"{place} gave more than {_ENTRIES:,} entries in one reply")
        try:
            told.append(_paper(entry, place))
        except ValueError as error:
            told.append(Malformed(f"{place} entry {number}", str(error)))
    return told


def _paper(entry: Element, place: str) -> Paper:
    told: dict[str, str] = {}
    for child in entry:
        told.setdefault(name_of(child), text_in(child).strip())
    address, abstract, comment = told.get("id", ""), told.get("summary"), told.get("comment")
    if _ERROR.match(address) or (told.get("title") == "Error" and parse_arxiv_id(address) is None):
        said = shown(abstract or "no reason told")
        raise SourceError(f"{place} refuses ({said}): check the ids that were asked for")
    version = _VERSION.search(address)
    return make_paper(
        title=told.get("title"),
        abstract=abstract,
        authors=_authors(entry),
        categories=_categories(entry),
        published=told.get("published"),
        arxiv=address,
        # arXiv keeps several DOIs in one string.
        doi=next(iter(told.get("doi", "").split()), None),
        venue=told.get("journal_ref"),
        comment=comment,
        version=int(version[1]) if version else None,
        notice=notice_of(comment, abstract),
    )


def _authors(entry: Element) -> list[str]:
    parts = (part for child in entry if name_of(child) == "author" for part in child)
    return [text_in(part) for part in parts if name_of(part) == "name"]


def _categories(entry: Element) -> Sequence[str]:
    """List the categories, the primary one first."""
    kinds = ("primary_category", "category")
    found = [(kinds.index(name_of(child)), child) for child in entry if name_of(child) in kinds]
    return [child.get("term") or "" for _, child in sorted(found, key=lambda one: one[0])]


SOURCE = Source(
    "arxiv-atom",
    fetch,
    Schedule.IRREGULAR,
    rate_limits=ARXIV_RATE_LIMITS,
    argument=Argument.REQUIRED,
)
