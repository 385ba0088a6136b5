"""Works and notices as Crossref tells of them."""

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

_WORKS = 100
_UPDATES = 50
_RETRACTED = frozenset({"retraction", "withdrawal", "removal"})
_CORRECTED = frozenset({"correction", "corrigendum", "erratum", "partial_retraction"})
_DATES = ("issued", "published", "published-online", "published-print", "posted")
_MOST_CITATIONS = 10**9
_FIRST_YEAR, _LATE = 1500, 99
# How publishers mark a title in place: "RETRACTED ARTICLE: Kites", "[Retracted] Kites".
_MARKED = re.compile(
    r"\s*\[?(?:(?i:retracted)|WITHDRAWN|REMOVED)(?:\s+(?i:article|paper|chapter))?\s*[:\]]\s*"
)


@dataclass(frozen=True, slots=True)
class Work:
    """A work as Crossref tells of it.

    Parameters
    ----------
    place : str
        Where it stood.
    paper : Paper
        The work.
    citations : int or None
        How many works cite it.
    """

    place: str
    paper: Paper
    citations: int | None


@dataclass(frozen=True, slots=True)
class Notices:
    """A page of notices.

    Parameters
    ----------
    records : list of Paper or Malformed
        The works that notices were given of, each marked with it and under its title; several
        of one notice stand one after another.
    token : str or None
        What brings the next page.
    size : int
        How many notices it held.
    total : int or None
        How many there are on all pages.
    """

    records: list[Paper | Malformed]
    token: str | None
    size: int
    total: int | None


def read_works(reply: Reply, place: str) -> list[Work | Malformed]:
    """Read a list of works.

    Parameters
    ----------
    reply : Reply
        To a question for works.
    place : str
        What the list is called.

    Raises
    ------
    SourceError
        Where it is none.
    """
    items = _items(reply, _message(reply))
    return [_work(raw, f"{place} work {number}") for number, raw in enumerate(items[:_WORKS], 1)]


def read_work(reply: Reply, place: str) -> Work | Malformed:
    """Read a single work.

    Raises
    ------
    SourceError
        Where the reply is something else.
    """
    return _work(_message(reply), place)


def read_notices(reply: Reply, place: str) -> Notices:
    """Read a page of notices.

    Parameters
    ----------
    reply : Reply
        To a question for notices.
    place : str
        What the page is called.

    Raises
    ------
    SourceError
        Where it is none.
    """
    message = _message(reply)
    items = _items(reply, message)[:PAGE_NOTICES]
    told: list[Paper | Malformed] = []
    for number, raw in enumerate(items, 1):
        try:
            told += _retracted(raw)
        except ValueError as error:
            told.append(Malformed(f"{place} notice {number}", str(error)))
    total = message.get("total-results")
    return Notices(
        told,
        text_of(message.get("next-cursor")) or None,
        len(items),
        total if type(total) is int else None,
    )


def _message(reply: Reply) -> dict[str, object]:
    whole = reply.json()
    message = whole.get("message") if isinstance(whole, dict) else None
    if not isinstance(message, dict):
        raise SourceError(f"{reply.address} gave no works: it is tried again later")
    return message


def _items(reply: Reply, message: dict[str, object]) -> list[object]:
    items = message.get("items")
    if not isinstance(items, list):
        raise SourceError(f"{reply.address} gave no list of works: it is tried again later")
    return items


def _work(raw: object, place: str) -> Work | Malformed:
    if not isinstance(raw, dict):
        return Malformed(place, "not a JSON object")
    # Crossref writes works nearly as citation processors read them.
    dated = raw | {"issued": {"date-parts": [_earliest(raw.get(key) for key in _DATES)]}}
    paper = next(iter(parse_items(dated, place)))
    if isinstance(paper, Malformed):
        return Malformed(place, paper.reason)
    if paper.doi is None and paper.arxiv_id is None:
        return Malformed(place, "it has no DOI")
    mark = _MARKED.match(paper.title)
    unmarked = paper.title[mark.end() :] if mark else ""
    updates = _kinds(raw.get("updated-by"))
    count = raw.get("is-referenced-by-count")
    return Work(
        place,
        replace(
            paper,
            title=unmarked or paper.title,
            url=None,
            notice=Notice.RETRACTED if mark else _gravest(updates),
        ),
        count if type(count) is int and 0 <= count <= _MOST_CITATIONS else None,
    )


def _earliest(told: Iterable[object]) -> list[int]:
    """Choose the earliest of some dates; a day goes before its month, and that before its year."""
    dates = [parts for one in told if (parts := _date_parts(one))]
    return min(dates, key=lambda parts: [*parts, _LATE, _LATE][:3], default=[])


def _date_parts(told: object) -> list[int]:
    spans = told.get("date-parts") if isinstance(told, dict) else None
    first = spans[0] if isinstance(spans, list) and spans else None
    parts = [n for n in first[:3] if type(n) is int] if isinstance(first, list) else []
    try:
        day = date(*[*parts, 1, 1][:3]) if parts else None
    except (ValueError, OverflowError):
        return []
    return parts if day and day.year >= _FIRST_YEAR else []


def _kinds(updates: object) -> set[str]:
    told = updates[:_UPDATES] if isinstance(updates, list) else []
    return {_kind(one) for one in told}


def _kind(update: object) -> str:
    told = text_of(update.get("type")) if isinstance(update, dict) else None
    return (told or "").lower().replace("-", "_").replace(" ", "_")


def _gravest(kinds: set[str]) -> Notice | None:
    if kinds & _RETRACTED:
        return Notice.RETRACTED
    return Notice.CORRECTED if kinds & _CORRECTED else None


def _retracted(notice: object) -> list[Paper]:
    """Make a record of each work that a notice retracts, under the title of the notice."""
    if not isinstance(notice, dict):
        raise ValueError("not a JSON object")
    updates = notice.get("update-to")
    dois = {
        text_of(one.get("DOI"))
        for one in (updates[:_UPDATES] if isinstance(updates, list) else ())
        if isinstance(one, dict) and _kind(one) in _RETRACTED
    }
    title = plain_text(text_of(notice.get("title")))
    papers = [
        make_paper(title=title, doi=doi, notice=Notice.RETRACTED)
        for doi in sorted(doi for doi in dois if doi)
    ]
    # Publisher and Retraction Watch may name the same work.
    named = dict.fromkeys(paper for paper in papers if paper.doi or paper.arxiv_id)
    if not named:
        raise ValueError("it does not say which work is retracted")
    return list(named)
