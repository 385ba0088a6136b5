"""Parse works and retraction notices returned by Crossref, https://api.crossref.org."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from broadsheet.errors import SourceError
from broadsheet.http.reply import Reply
from broadsheet.model import Malformed, Notice, Paper
from broadsheet.rules.normalize import make_paper
from broadsheet.sources.csl_json import parse_items, plain_text
from broadsheet.sources.decoding import text_of

PAGE_NOTICES = 500

_MAX_WORKS = 100
_MAX_UPDATES = 50
_RETRACTED = frozenset({"retraction", "withdrawal", "removal"})
_CORRECTED = frozenset({"correction", "corrigendum", "erratum", "partial_retraction"})
_DATES = ("issued", "published", "published-online", "published-print", "posted")
_MAX_CITATIONS = 10**9
_FIRST_YEAR, _LATE = 1500, 99
# Publishers mark titles such as "RETRACTED ARTICLE: Kites" or "[Retracted] Kites".
_RETRACTED_TITLE = re.compile(
    r"\s*\[?(?:(?i:retracted)|WITHDRAWN|REMOVED)(?:\s+(?i:article|paper|chapter))?\s*[:\]]\s*"
)


@dataclass(frozen=True, slots=True)
class Work:
    """One work.

    Parameters
    ----------
    place : str
        List and position of the work, used in `Malformed.place`.
    paper : Paper
        The work.
    citations : int or None
        Number of works that cite it.
    """

    place: str
    paper: Paper
    citations: int | None


@dataclass(frozen=True, slots=True)
class Notices:
    """A page of retraction notices.

    Parameters
    ----------
    records : list of Paper or Malformed
        The retracted works, with the title of the notice. A notice can name several works.
    token : str or None
        Cursor of the next page.
    size : int
        Number of notices on the page.
    total : int or None
        Number of notices on all pages.
    """

    records: list[Paper | Malformed]
    token: str | None
    size: int
    total: int | None


def parse_works(reply: Reply, place: str) -> list[Work | Malformed]:
    """Parse a list of works.

    Parameters
    ----------
    reply : Reply
        Reply to a request for works.
    place : str
        Name of the list, used in `Malformed.place`.

    Raises
    ------
    SourceError
        If the reply is not a list of works.
    """
    items = _items(reply, _message(reply))
    return [
        _work(raw, f"{place} work {number}") for number, raw in enumerate(items[:_MAX_WORKS], 1)
    ]


def parse_work(reply: Reply, place: str) -> Work | Malformed:
    """Parse one work.

    Raises
    ------
    SourceError
        If the reply is not a work.
    """
    return _work(_message(reply), place)


def parse_notices(reply: Reply, place: str) -> Notices:
    """Parse a page of retraction notices.

    Parameters
    ----------
    reply : Reply
        Reply to a request for notices.
    place : str
        Name of the page, used in `Malformed.place`.

    Raises
    ------
    SourceError
        If the reply is not a list of notices.
    """
    message = _message(reply)
    items = _items(reply, message)[:PAGE_NOTICES]
    records: list[Paper | Malformed] = []
    for number, raw in enumerate(items, 1):
        try:
            records += _retracted(raw)
        except ValueError as error:
            records.append(Malformed(f"{place} notice {number}", str(error)))
    total = message.get("total-results")
    return Notices(
        records,
        text_of(message.get("next-cursor")) or None,
        len(items),
        total if type(total) is int else None,
    )


def _message(reply: Reply) -> dict[str, object]:
    payload = reply.json()
    message = payload.get("message") if isinstance(payload, dict) else None
    if not isinstance(message, dict):
        raise SourceError(f"{reply.address} returned no works: the next fetch retries it")
    return message


def _items(reply: Reply, message: dict[str, object]) -> list[object]:
    items = message.get("items")
    if not isinstance(items, list):
        raise SourceError(f"{reply.address} returned no list of works: the next fetch retries it")
    return items


def _work(raw: object, place: str) -> Work | Malformed:
    if not isinstance(raw, dict):
        return Malformed(place, "not a JSON object")
    # A Crossref work is a CSL-JSON item apart from its dates.
    item = raw | {"issued": {"date-parts": [_earliest(raw.get(key) for key in _DATES)]}}
    paper = next(iter(parse_items(item, place)))
    if isinstance(paper, Malformed):
        return Malformed(place, paper.reason)
    if paper.doi is None and paper.arxiv_id is None:
        return Malformed(place, "missing DOI")
    mark = _RETRACTED_TITLE.match(paper.title)
    unmarked = paper.title[mark.end() :] if mark else ""
    updates = _kinds(raw.get("updated-by"))
    count = raw.get("is-referenced-by-count")
    return Work(
        place,
        replace(
            paper,
            title=unmarked or paper.title,
            url=None,
            notice=Notice.RETRACTED if mark else _most_severe(updates),
        ),
        count if type(count) is int and 0 <= count <= _MAX_CITATIONS else None,
    )


def _earliest(values: Iterable[object]) -> list[int]:
    """Return the earliest date; a day sorts before its month, and a month before its year."""
    dates = [parts for value in values if (parts := _date_parts(value))]
    return min(dates, key=lambda parts: [*parts, _LATE, _LATE][:3], default=[])


def _date_parts(value: object) -> list[int]:
    spans = value.get("date-parts") if isinstance(value, dict) else None
    first = spans[0] if isinstance(spans, list) and spans else None
    parts = [n for n in first[:3] if type(n) is int] if isinstance(first, list) else []
    try:
        day = date(*[*parts, 1, 1][:3]) if parts else None
    except (ValueError, OverflowError):
        return []
    return parts if day and day.year >= _FIRST_YEAR else []


def _kinds(updates: object) -> set[str]:
    items = updates[:_MAX_UPDATES] if isinstance(updates, list) else []
    return {_kind(item) for item in items}


def _kind(update: object) -> str:
    kind = text_of(update.get("type")) if isinstance(update, dict) else None
    return (kind or "").lower().replace("-", "_").replace(" ", "_")


def _most_severe(kinds: set[str]) -> Notice | None:
    if kinds & _RETRACTED:
        return Notice.RETRACTED
    return Notice.CORRECTED if kinds & _CORRECTED else None


def _retracted(notice: object) -> list[Paper]:
    """Return a paper for each work that a notice retracts, with the title of the notice."""
    if not isinstance(notice, dict):
        raise ValueError("not a JSON object")
    updates = notice.get("update-to")
    dois = {
        text_of(update.get("DOI"))
        for update in (updates[:_MAX_UPDATES] if isinstance(updates, list) else ())
        if isinstance(update, dict) and _kind(update) in _RETRACTED
    }
    title = plain_text(text_of(notice.get("title")))
    papers = [
        make_paper(title=title, doi=doi, notice=Notice.RETRACTED)
        for doi in sorted(doi for doi in dois if doi)
    ]
    # The publisher and Retraction Watch can both name the same work.
    unique = dict.fromkeys(paper for paper in papers if paper.doi or paper.arxiv_id)
    if not unique:
        raise ValueError("missing DOI of the retracted work")
    return list(unique)
