"""Fetch new and revised preprints of bioRxiv and medRxiv, https://api.biorxiv.org."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.reply import Reply
from broadsheet.model import Malformed, Notice, Paper
from broadsheet.rules.identity import parse_doi
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.csl_json import plain_text
from broadsheet.sources.decoding import day_of, text_of
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

_ADDRESS = "https://api.biorxiv.org/details"
_FIRST_DAYS = {"biorxiv": date(2013, 11, 1), "medrxiv": date(2019, 6, 1)}
# The servers use New York time and add some preprints a day late.
_LOOKBACK = timedelta(days=2)
_DAY = timedelta(days=1)
_MAX_PAGES_PER_DAY = 500
_MAX_PAGE_RECORDS = 1_000
_MAX_DIGITS = 9
_MAX_STATUS_CHARS = 100
_NO_POSTS = "no posts"
_DATED_DOI = re.compile(r"10\.\d{4,9}/(\d{4})\.(\d\d)\.(\d\d)\.\d+")
_TITLE_NOTICE = re.compile(r"\s*(withdrawn|retracted)(?:\s+article)?\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Preprint:
    """One version of a preprint.

    Parameters
    ----------
    paper : Paper
        The preprint.
    category : str
        In lower case; empty if missing.
    day : date or None
        Day on which this version was posted.
    """

    paper: Paper
    category: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of preprints.

    Parameters
    ----------
    records : list of Preprint or Malformed
        In the order of the reply.
    size : int
        Number of records on the page.
    total : int
        Number of records of the requested day.
    """

    records: list[Preprint | Malformed]
    size: int
    total: int


def fetch(client: Client, request: FetchRequest, server: str) -> Iterator[Batch]:
    """Fetch the preprints of the last two days and of all days since the cursor.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `argument` is a category such as ``cell biology``. `since` and `until` apply to the day on
        which a version was posted.
    server : str
        ``biorxiv`` or ``medrxiv``.

    Yields
    ------
    Batch
        One per reply.

    Raises
    ------
    SourceError
        If a reply is not a list of preprints, or the pages do not end.
    """
    today = request.now.date()
    before = day_of(request.cursor.get("day"))
    if before and before > today:
        before = None
    day = max(request.since or before or today - _LOOKBACK, _FIRST_DAYS[server])
    last = min(request.until or today, today)
    # The cursor moves only if no days are left out between it and this run.
    moves = last == today and (before is None or day <= before)
    offset = _offset(request) if day == before else 0
    while day <= last:
        for page, following in _pages(client, request, server, day, offset):
            cursor = _cursor(day, following, request)
            yield _batch(page, request, cursor if moves else None)
        day, offset = day + _DAY, 0


def _offset(request: FetchRequest) -> int:
    """Return the offset at which an interrupted run of the same day stopped, else 0.

    The offset is valid only on the day of that run, because records can be inserted later.
    """
    same = request.since is None and request.cursor.get("on") == request.now.date().isoformat()
    return (_number(request.cursor.get("at")) or 0) if same else 0


def _cursor(day: date, following: int | None, request: FetchRequest) -> Cursor:
    today = request.now.date()
    on = today.isoformat()
    if following is not None:
        return {"day": day.isoformat(), "at": str(following), "on": on}
    if day < today:
        return {"day": (day + _DAY).isoformat(), "at": "0", "on": on}
    return {"day": (today - _LOOKBACK).isoformat()}


def _pages(
    client: Client, request: FetchRequest, server: str, day: date, offset: int
) -> Iterator[tuple[Page, int | None]]:
    """Yield the pages of a day, each with the offset of the next page, or None after the last."""
    category = (
        {"category": _category(request.argument).replace(" ", "_")} if request.argument else None
    )
    previous: Page | None = None
    for _ in range(_MAX_PAGES_PER_DAY):
        reply = client.get(f"{_ADDRESS}/{server}/{day}/{day}/{offset}/json", category)
        page = parse_page(reply, f"{server} {day} offset {offset}")
        if page.size and previous and _has_same_papers(page, previous):
            raise SourceError(
                f"{reply.address} returned the same page twice: the next fetch retries it"
            )
        offset += page.size
        if offset >= page.total:
            yield page, None
            return
        if not page.size:
            raise SourceError(
                f"{reply.address} returned only {offset} of {page.total} preprints: the next fetch "
                "retries it"
            )
        yield page, offset
        previous = page
    raise SourceError(
        f"{_ADDRESS} returned more than {_MAX_PAGES_PER_DAY} pages for {day}, the limit"
    )


def _has_same_papers(page: Page, other: Page) -> bool:
    papers = _papers_of(page)
    return bool(papers) and papers == _papers_of(other)


def _papers_of(page: Page) -> list[Paper]:
    return [record.paper for record in page.records if isinstance(record, Preprint)]


def _batch(page: Page, request: FetchRequest, cursor: Cursor | None) -> Batch:
    category = _category(request.argument) if request.argument else None
    selected = [
        record
        for record in page.records
        if isinstance(record, Malformed) or category is None or record.category == category
    ]
    days = [record.day for record in selected if isinstance(record, Preprint)]
    return Batch(
        records=[r.paper if isinstance(r, Preprint) else r for r in selected],
        days=Counter(day for day in days if day and day <= request.now.date()),
        cursor=cursor,
    )


def parse_page(reply: Reply, place: str) -> Page:
    """Parse a page of preprints.

    Parameters
    ----------
    reply : Reply
        Reply to a request for one day.
    place : str
        Name of the page, used in `Malformed.place`.

    Raises
    ------
    SourceError
        If the reply is not a list of preprints.
    """
    value = reply.json()
    payload = value if isinstance(value, dict) else {}
    messages, records = payload.get("messages"), payload.get("collection")
    head = messages[0] if isinstance(messages, list) and messages else None
    message = head if isinstance(head, dict) else {}
    status = text_of(message.get("status")) or ""
    if _NO_POSTS in status.lower() and not records:
        return Page([], 0, 0)
    total = _number(message.get("total"))
    if status != "ok" or total is None or not isinstance(records, list):
        raise SourceError(
            f"{reply.address} returned no list of preprints (status "
            f"{status[:_MAX_STATUS_CHARS]!r}): the next fetch retries it"
        )
    parsed: list[Preprint | Malformed] = []
    for number, raw in enumerate(records[:_MAX_PAGE_RECORDS], 1):
        try:
            parsed.append(_preprint(raw))
        except ValueError as error:
            parsed.append(Malformed(f"{place} record {number}", str(error)))
    return Page(parsed, len(parsed), total)


def _preprint(raw: object) -> Preprint:
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    day = day_of(text_of(raw.get("date")))
    category = _category(text_of(raw.get("category")) or "")
    return Preprint(_paper(raw, category, day), category, day)


def _paper(raw: dict[str, object], category: str, day: date | None) -> Paper:
    doi = text_of(raw.get("doi")) or ""
    version = _number(raw.get("version"))
    title = plain_text(text_of(raw.get("title"))) or ""
    heading = _TITLE_NOTICE.match(title)
    journal = parse_doi(text_of(raw.get("published")) or "")
    paper = make_paper(
        title=title[heading.end() :] or title if heading else title,
        abstract=plain_text(text_of(raw.get("abstract"))),
        authors=_authors(text_of(raw.get("authors")) or ""),
        categories=[category],
        published=_first_posted(doi, version, day),
        doi=doi,
        comment=f"published as {journal}" if journal else None,
        version=version,
        notice=_notice(text_of(raw.get("type")) or "", heading[1] if heading else ""),
    )
    if paper.doi is None:
        raise ValueError("missing DOI")
    return paper


def _authors(text: str) -> list[str]:
    # A group has no given name, so the API writes "Kite Consortium, .".
    return [name.strip().removesuffix(", .") for name in text.split(";")]


def _first_posted(doi: str, version: int | None, day: date | None) -> str | None:
    """Return the date of the first version, which for a revision is encoded in the DOI."""
    if day and (version or 1) == 1:
        return day.isoformat()
    found = _DATED_DOI.fullmatch(doi.strip())
    return "-".join(found.groups()) if found else None


def _notice(*words: str) -> Notice | None:
    text = " ".join(words).lower()
    if "retract" in text:
        return Notice.RETRACTED
    return Notice.WITHDRAWN if "withdraw" in text else None


def _category(text: str) -> str:
    return " ".join(text.replace("_", " ").lower().split())


def _number(value: object) -> int | None:
    """Return a count that the API writes as a number or as text."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= _MAX_DIGITS:
        return int(value)
    return value if type(value) is int and value >= 0 else None


SOURCES = tuple(
    Source(
        server,
        partial(fetch, server=server),
        Schedule.DAILY,
        rate_limits={"biorxiv.org": 1.0},
        argument=Argument.OPTIONAL,
        blocks_edition=True,
    )
    for server in _FIRST_DAYS
)
