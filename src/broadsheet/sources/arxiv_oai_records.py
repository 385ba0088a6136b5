"""A page of arXiv's OAI-PMH: its records in any of three formats, its days and its token.

https://www.openarchives.org/OAI/openarchivesprotocol.html, https://info.arxiv.org/help/oa
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from broadsheet.errors import SourceError
from broadsheet.model import Malformed, Notice, Paper
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.notice import notice_of
from broadsheet.sources.arxiv_xml import Element, elements, name_of, read_xml, shown, text_in
from broadsheet.sources.decoding import day_of

# arXiv puts 3,500 on a page at most.
_RECORDS = 20_000
_TOKEN_CHARS = 4_000
_PREFIX = re.compile(r"oai:arxiv\.org:", re.IGNORECASE)
_MAIL_DATE = re.compile(r"\b([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4})\b")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_VERSION = re.compile(r"v([0-9]{1,5})")
_WITHDRAWN = "I"
_ASIDE = re.compile(r"\([^()]*\)")
_ASIDES_DEEP = 5
_BETWEEN_NAMES = re.compile(r", and |, ?| and |: ")
_REMARK = "Comment:"
_GRAVITY = tuple(Notice)


class TokenRefusedError(SourceError):
    """A resumption token that is not known, or not any more."""


@dataclass(frozen=True, slots=True)
class Page:
    """One reply of a harvest.

    Parameters
    ----------
    records : sequence of Paper or Malformed
        Without those that were deleted.
    days : mapping of date to int
        How many of the papers carry which datestamp.
    token : str or None
        What to ask for the next page with; None on the last.
    response_day : date or None
        When the reply was made, in UTC; arXiv may give it out again for days.
    """

    records: Sequence[Paper | Malformed] = ()
    days: Mapping[date, int] = field(default_factory=dict)
    token: str | None = None
    response_day: date | None = None


def read_page(body: bytes, place: str) -> Page:
    """Read a reply to ListRecords, of arXivRaw, arXiv or Dublin Core records.

    Parameters
    ----------
    body : bytes
        The whole reply.
    place : str
        Where it came from.

    Raises
    ------
    TokenRefusedError
        Where the token it was asked with is refused.
    SourceError
        Where it is something else, broken, or tells of another error than that nothing matches.
    """
    return read_xml(body, place, lambda whole: _page(whole, place))


def author_names(told: str) -> list[str]:
    """Split the authors as arXiv keeps them, and drop the affiliations in parentheses.

    Examples
    --------
    >>> author_names("A. Windrow (1, 2), B. Farol and Kite Group: C. Lampe ((1) Hill, (2) Dale)")
    ['A. Windrow', 'B. Farol', 'Kite Group', 'C. Lampe']
    """
    names = told
    for _ in range(_ASIDES_DEEP):
        if "(" not in names:
            break
        names = _ASIDE.sub("", names)
    return [name.strip() for name in _BETWEEN_NAMES.split(" ".join(names.split())) if name.strip()]


@dataclass(slots=True)
class _Reading:
    records: list[Paper | Malformed] = field(default_factory=list)
    days: Counter[date] = field(default_factory=Counter)
    token: str | None = None
    response_day: date | None = None
    count: int = 0
    is_answer: bool = False


def _page(body: bytes, place: str) -> Page:
    reading = _Reading()
    names = ("record", "resumptionToken", "responseDate", "error")
    for element in elements(body, place, ("OAI-PMH", "record"), names):
        name = name_of(element)
        if name == "record":
            _take(reading, element, place)
        elif name == "resumptionToken":
            reading.token = _token(text_in(element).strip(), place)
        elif name == "responseDate":
            reading.response_day = _day(text_in(element))
        else:
            _complain(element, place)
            reading.is_answer = True
    if not reading.is_answer:
        raise SourceError(
            f"{place} gave neither records nor an error: it is tried again at the next fetch"
        )
    return Page(reading.records, dict(reading.days), reading.token, reading.response_day)


def _take(reading: _Reading, element: Element, place: str) -> None:
    reading.is_answer = True
    reading.count += 1
    header = next((child for child in element if name_of(child) == "header"), None)
    if header is not None and header.get("status") == "deleted":
        return
    stamps = {} if header is None else {name_of(child): text_in(child) for child in header}
    identifier = stamps.get("identifier", "").strip()
    if reading.count > _RECORDS:
        raise SourceError(f"{place} gave more than {_RECORDS:,} records in one reply")
    try:
        paper = _paper(element, _PREFIX.sub("", identifier))
    except ValueError as error:
        which = shown(identifier) or f"record {reading.count}"
        reading.records.append(Malformed(f"{place} {which}", str(error)))
        return
    reading.records.append(paper)
    if day := _day(stamps.get("datestamp", "")):
        reading.days[day] += 1


def _token(text: str, place: str) -> str | None:
    if len(text) > _TOKEN_CHARS:
        raise SourceError(f"{place} gave a resumption token of more than {_TOKEN_CHARS:,} letters")
    return text or None


def _complain(element: Element, place: str) -> None:
    code = shown(element.get("code") or "unknown error")
    if code == "noRecordsMatch":
        return
    said = shown(text_in(element))
    message = f"{place} refuses ({code}{f': {said}' if said else ''})"
    if code == "badResumptionToken":
        raise TokenRefusedError(f"{message}: it is tried again at the next fetch")
    raise SourceError(f"{message}: check the categories and days that were asked for")


def _paper(record: Element, identifier: str) -> Paper:
    metadata = next((child for child in record if name_of(child) == "metadata"), None)
    inner = None if metadata is None else next(iter(metadata), None)
    if inner is None:
        raise ValueError("it has no metadata")
    read = _FORMATS.get(name_of(inner))
    if read is None:
        raise ValueError("its metadata are of a format that is not known")
    return read(inner, identifier)


def _raw_paper(metadata: Element, identifier: str) -> Paper:
    told: dict[str, str] = {}
    versions: list[tuple[int, dict[str, str]]] = []
    for child in metadata:
        name = name_of(child)
        if name == "version":
            number = _VERSION.fullmatch(child.get("version") or "")
            if number:
                versions.append((int(number[1]), {name_of(one): text_in(one) for one in child}))
        else:
            told.setdefault(name, text_in(child))
    version, newest = max(versions, key=lambda one: one[0], default=(None, {}))
    first = next((one for number, one in versions if number == 1), {})
    return _arxiv_paper(
        told,
        identifier,
        author_names(told.get("authors", "")),
        _mail_day(first.get("date", "")),
        version,
        Notice.WITHDRAWN if _WITHDRAWN in newest.get("source_type", "") else None,
    )


def _formatted_paper(metadata: Element, identifier: str) -> Paper:
    told: dict[str, str] = {}
    authors: list[str] = []
    for child in metadata:
        if name_of(child) == "authors":
            authors += [_full_name(author) for author in child]
        else:
            told.setdefault(name_of(child), text_in(child))
    return _arxiv_paper(told, identifier, authors, told.get("created"))


def _arxiv_paper(
    told: Mapping[str, str],
    identifier: str,
    authors: list[str],
    published: str | None,
    version: int | None = None,
    marked: Notice | None = None,
) -> Paper:
    comment, abstract = told.get("comments"), told.get("abstract")
    return make_paper(
        title=told.get("title"),
        abstract=abstract,
        authors=authors,
        categories=told.get("categories", "").split(),
        published=published,
        arxiv=told.get("id") or identifier,
        # arXiv keeps several DOIs in one string.
        doi=next(iter(told.get("doi", "").split()), None),
        venue=told.get("journal-ref"),
        comment=comment,
        version=version,
        notice=_graver(marked, notice_of(comment, abstract)),
    )


def _dublin_core_paper(metadata: Element, identifier: str) -> Paper:
    told: dict[str, list[str]] = {}
    for child in metadata:
        told.setdefault(name_of(child), []).append(text_in(child).strip())
    descriptions = told.get("description", [])
    remarks = [text for text in descriptions if text.startswith(_REMARK)]
    abstracts = [text for text in descriptions if not text.startswith(_REMARK)]
    comment = remarks[0].removeprefix(_REMARK) if remarks else next(iter(abstracts[1:]), None)
    abstract = next(iter(abstracts), None)
    named = told.get("identifier", [])
    return make_paper(
        title=next(iter(told.get("title", [])), None),
        abstract=abstract,
        authors=told.get("creator", []),
        categories=told.get("subject", []),
        published=min(told.get("date", []), default=None),
        arxiv=identifier,
        doi=next((text for text in named if text.lower().startswith("doi:")), None),
        url=next((text for text in named if text.lower().startswith("http")), None),
        venue=next((text for text in named if not re.match("(?i)doi:|http", text)), None),
        comment=comment,
        notice=notice_of(comment, abstract),
    )


_FORMATS: dict[str, Callable[[Element, str], Paper]] = {
    "arXivRaw": _raw_paper,
    "arXiv": _formatted_paper,
    "dc": _dublin_core_paper,
}


def _full_name(author: Element) -> str:
    told = {name_of(part): text_in(part) for part in author}
    name = " ".join(told.get(part, "") for part in ("forenames", "keyname", "suffix"))
    # A colon after a collaboration is told as an author of its own.
    return name.strip(" :")


def _graver(one: Notice | None, other: Notice | None) -> Notice | None:
    return max((told for told in (one, other) if told), key=_GRAVITY.index, default=None)


def _mail_day(text: str) -> str | None:
    found = _MAIL_DATE.search(text)
    if found is None or found[2] not in _MONTHS:
        return None
    return f"{found[3]}-{_MONTHS.index(found[2]) + 1}-{found[1]}"


def _day(text: str) -> date | None:
    """Read the day a moment begins with."""
    return day_of(text.strip()[:10])
