"""Parse arXiv's OAI-PMH pages in the formats arXivRaw, arXiv and Dublin Core.

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
from broadsheet.sources.decoding import day_of
from broadsheet.sources.xml import (
    Element,
    iter_elements,
    local_name,
    parse_xml,
    printable,
    text_content,
)

# arXiv returns at most 3,500 records per page.
_MAX_RECORDS = 20_000
_MAX_TOKEN_CHARS = 4_000
_PREFIX = re.compile(r"oai:arxiv\.org:", re.IGNORECASE)
_EMAIL_DATE = re.compile(r"\b([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4})\b")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_VERSION = re.compile(r"v([0-9]{1,5})")
_WITHDRAWN = "I"
_PARENTHESES = re.compile(r"\([^()]*\)")
_MAX_NESTING = 5
_NAME_SEPARATOR = re.compile(r", and |, ?| and |: ")
_COMMENT = "Comment:"
_SEVERITY = tuple(Notice)


class TokenRejectedError(SourceError):
    """The service does not accept the resumption token, usually because it has expired."""


@dataclass(frozen=True, slots=True)
class Page:
    """One reply to ListRecords.

    Parameters
    ----------
    records : sequence of Paper or Malformed
        In the order of the reply, without deleted records.
    days : mapping of date to int
        Number of papers by datestamp.
    token : str or None
        Resumption token of the next page; None on the last page.
    response_day : date or None
        UTC day on which the service created the reply. arXiv can return a cached reply for days.
    """

    records: Sequence[Paper | Malformed] = ()
    days: Mapping[date, int] = field(default_factory=dict)
    token: str | None = None
    response_day: date | None = None


def parse_page(body: bytes, place: str) -> Page:
    """Parse a reply to ListRecords.

    Parameters
    ----------
    body : bytes
        The whole reply.
    place : str
        Address of the reply, used in `Malformed.place` and in errors.

    Raises
    ------
    TokenRejectedError
        If the reply rejects the resumption token.
    SourceError
        If the reply is malformed, is not a reply to ListRecords, or contains another error than
        ``noRecordsMatch``.
    """
    return parse_xml(body, place, lambda xml: _page(xml, place))


def split_authors(text: str) -> list[str]:
    """Split arXiv's author text into names, without the affiliations in parentheses.

    Examples
    --------
    >>> split_authors("A. Windrow (1, 2), B. Farol and Kite Group: C. Lampe ((1) Hill, (2) Dale)")
    ['A. Windrow', 'B. Farol', 'Kite Group', 'C. Lampe']
    """
    names = text
    for _ in range(_MAX_NESTING):
        if "(" not in names:
            break
        names = _PARENTHESES.sub("", names)
    return [name.strip() for name in _NAME_SEPARATOR.split(" ".join(names.split())) if name.strip()]


@dataclass(slots=True)
class _PageState:
    records: list[Paper | Malformed] = field(default_factory=list)
    days: Counter[date] = field(default_factory=Counter)
    token: str | None = None
    response_day: date | None = None
    count: int = 0
    is_list: bool = False


def _page(body: bytes, place: str) -> Page:
    state = _PageState()
    names = ("record", "resumptionToken", "responseDate", "error")
    for element in iter_elements(body, place, ("OAI-PMH", "record"), names):
        name = local_name(element)
        if name == "record":
            _add_record(state, element, place)
        elif name == "resumptionToken":
            state.token = _token(text_content(element).strip(), place)
        elif name == "responseDate":
            state.response_day = _day(text_content(element))
        else:
            _check_error(element, place)
            state.is_list = True
    if not state.is_list:
        raise SourceError(
            f"{place} returned neither records nor an error: the next fetch retries it"
        )
    return Page(state.records, dict(state.days), state.token, state.response_day)


def _add_record(state: _PageState, element: Element, place: str) -> None:
    state.is_list = True
    state.count += 1
    header = next((child for child in element if local_name(child) == "header"), None)
    if header is not None and header.get("status") == "deleted":
        return
    fields = {} if header is None else {local_name(child): text_content(child) for child in header}
    identifier = fields.get("identifier", "").strip()
    if state.count > _MAX_RECORDS:
        raise SourceError(f"{place} returned more than {_MAX_RECORDS:,} records in one reply")
    try:
        paper = _paper(element, _PREFIX.sub("", identifier))
    except ValueError as error:
        name = printable(identifier) or f"record {state.count}"
        state.records.append(Malformed(f"{place} {name}", str(error)))
        return
    state.records.append(paper)
    if day := _day(fields.get("datestamp", "")):
        state.days[day] += 1


def _token(text: str, place: str) -> str | None:
    if len(text) > _MAX_TOKEN_CHARS:
        raise SourceError(
            f"{place} returned a resumption token of more than {_MAX_TOKEN_CHARS:,} characters"
        )
    return text or None


def _check_error(element: Element, place: str) -> None:
    code = printable(element.get("code") or "unknown error")
    if code == "noRecordsMatch":
        return
    text = printable(text_content(element))
    message = f"{place} returned an error ({code}{f': {text}' if text else ''})"
    if code == "badResumptionToken":
        raise TokenRejectedError(f"{message}: the next fetch retries it")
    raise SourceError(f"{message}: check the requested categories and days")


def _paper(record: Element, identifier: str) -> Paper:
    metadata = next((child for child in record if local_name(child) == "metadata"), None)
    inner = None if metadata is None else next(iter(metadata), None)
    if inner is None:
        raise ValueError("missing metadata")
    parse = _FORMATS.get(local_name(inner))
    if parse is None:
        raise ValueError("unsupported metadata format")
    return parse(inner, identifier)


def _raw_paper(metadata: Element, identifier: str) -> Paper:
    fields: dict[str, str] = {}
    versions: list[tuple[int, dict[str, str]]] = []
    for child in metadata:
        name = local_name(child)
        if name == "version":
            number = _VERSION.fullmatch(child.get("version") or "")
            if number:
                versions.append(
                    (int(number[1]), {local_name(part): text_content(part) for part in child})
                )
        else:
            fields.setdefault(name, text_content(child))
    version, newest = max(versions, key=lambda item: item[0], default=(None, {}))
    first = next((parts for number, parts in versions if number == 1), {})
    return _arxiv_paper(
        fields,
        identifier,
        split_authors(fields.get("authors", "")),
        _email_day(first.get("date", "")),
        version,
        Notice.WITHDRAWN if _WITHDRAWN in newest.get("source_type", "") else None,
    )


def _structured_paper(metadata: Element, identifier: str) -> Paper:
    fields: dict[str, str] = {}
    authors: list[str] = []
    for child in metadata:
        if local_name(child) == "authors":
            authors += [_full_name(author) for author in child]
        else:
            fields.setdefault(local_name(child), text_content(child))
    return _arxiv_paper(fields, identifier, authors, fields.get("created"))


def _arxiv_paper(
    fields: Mapping[str, str],
    identifier: str,
    authors: list[str],
    published: str | None,
    version: int | None = None,
    notice: Notice | None = None,
) -> Paper:
    comment, abstract = fields.get("comments"), fields.get("abstract")
    return make_paper(
        title=fields.get("title"),
        abstract=abstract,
        authors=authors,
        categories=fields.get("categories", "").split(),
        published=published,
        arxiv=fields.get("id") or identifier,
        # arXiv separates several DOIs with spaces.
        doi=next(iter(fields.get("doi", "").split()), None),
        venue=fields.get("journal-ref"),
        comment=comment,
        version=version,
        notice=_more_severe(notice, notice_of(comment, abstract)),
    )


def _dublin_core_paper(metadata: Element, identifier: str) -> Paper:
    fields: dict[str, list[str]] = {}
    for child in metadata:
        fields.setdefault(local_name(child), []).append(text_content(child).strip())
    descriptions = fields.get("description", [])
    comments = [text for text in descriptions if text.startswith(_COMMENT)]
    abstracts = [text for text in descriptions if not text.startswith(_COMMENT)]
    comment = comments[0].removeprefix(_COMMENT) if comments else next(iter(abstracts[1:]), None)
    abstract = next(iter(abstracts), None)
    identifiers = fields.get("identifier", [])
    return make_paper(
        title=next(iter(fields.get("title", [])), None),
        abstract=abstract,
        authors=fields.get("creator", []),
        categories=fields.get("subject", []),
        published=min(fields.get("date", []), default=None),
        arxiv=identifier,
        doi=next((text for text in identifiers if text.lower().startswith("doi:")), None),
        url=next((text for text in identifiers if text.lower().startswith("http")), None),
        venue=next((text for text in identifiers if not re.match("(?i)doi:|http", text)), None),
        comment=comment,
        notice=notice_of(comment, abstract),
    )


_FORMATS: dict[str, Callable[[Element, str], Paper]] = {
    "arXivRaw": _raw_paper,
    "arXiv": _structured_paper,
    "dc": _dublin_core_paper,
}


def _full_name(author: Element) -> str:
    parts = {local_name(part): text_content(part) for part in author}
    name = " ".join(parts.get(part, "") for part in ("forenames", "keyname", "suffix"))
    # arXiv lists the colon after a collaboration as a separate author.
    return name.strip(" :")


def _more_severe(notice: Notice | None, other: Notice | None) -> Notice | None:
    return max((item for item in (notice, other) if item), key=_SEVERITY.index, default=None)


def _email_day(text: str) -> str | None:
    found = _EMAIL_DATE.search(text)
    if found is None or found[2] not in _MONTHS:
        return None
    return f"{found[3]}-{_MONTHS.index(found[2]) + 1}-{found[1]}"


def _day(text: str) -> date | None:
    """Return the date part of an ISO 8601 time."""
    return day_of(text.strip()[:10])
