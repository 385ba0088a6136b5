"""New and revised preprints of bioRxiv and medRxiv, day by day."""

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
# The servers keep the time of New York and enter some preprints a day late.
_AGAIN = timedelta(days=2)
_DAY = timedelta(days=1)
_PAGES_A_DAY = 500
_PAGE_RECORDS = 1_000
_NUMBER_DIGITS = 9
_STATUS_CHARS = 100
_NO_POSTS = "no posts"
_DATED_DOI = re.compile(r"10\.\d{4,9}/(\d{4})\.(\d\d)\.(\d\d)\.\d+")
_IN_TITLE = re.compile(r"\s*(withdrawn|retracted)(?:\s+article)?\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Preprint:
    """A version of a preprint.

    Parameters
    ----------
    paper : Paper
        The preprint.
    category : str
        In lower case; empty where it was not told.
    day : date or None
        The day on which this version was put up.
    """

    paper: Paper
    category: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Page:
    """One reply.

    Parameters
    ----------
    records : list of Preprint or Malformed
        In the order of the reply.
    size : int
        How many records it held.
    total : int
        How many there are of what was asked for.
    """

    records: list[Preprint | Malformed]
    size: int
    total: int


def fetch(client: Client, request: FetchRequest, server: str) -> Iterator[Batch]:
    """Read the preprints of the last two days, and of all days since the cursor.

    Parameters
    ----------
    client : Client
        Asks ``api.biorxiv.org``.
    request : FetchRequest
        `argument` is a category such as ``cell biology``; `since` and `until` are honoured by the
        day on which a version was put up.
    server : str
        ``biorxiv`` or ``medrxiv``.

    Yields
    ------
    Batch
        One for each reply.

    Raises
    ------
    SourceError
        Where something else than preprints comes, or no end of them.
    """
    today = request.now.date()
    before = day_of(request.cursor.get("day"))
    if before and before > today:
        before = None
    day = max(request.since or before or today - _AGAIN, _FIRST_DAYS[server])
    last = min(request.until or today, today)
    # The cursor moves only where nothing is left out between what was read before and this.
    moves = last == today and (before is None or day <= before)
    offset = _offset(request) if day == before else 0
    while day <= last:
        for page, following in _pages(client, request, server, day, offset):
            cursor = _cursor(day, following, request)
            yield _batch(page, request, cursor if moves else None)
        day, offset = day + _DAY, 0


def _offset(request: FetchRequest) -> int:
    """Tell how much of the first day had been read when a run was cut short this very day.

    On another day a list may have grown at its head, so that the place is worth nothing.
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
    return {"day": (today - _AGAIN).isoformat()}


def _pages(
    client: Client, request: FetchRequest, server: str, day: date, offset: int
) -> Iterator[tuple[Page, int | None]]:
    """Read a day, each page with the place of the next, None after the last."""
    category = (
        {"category": _category(request.argument).replace(" ", "_")} if request.argument else None
    )
    previous: Page | None = None
    for _ in range(_PAGES_A_DAY):
        reply = client.get(f"{_ADDRESS}/{server}/{day}/{day}/{offset}/json", category)
        page = read_page(reply, f"{server} {day}, after {offset}")
        if page.size and previous and _same(page, previous):
            raise SourceError(f"{reply.address} gave the page before once more")
        offset += page.size
        if offset >= page.total:
            yield page, None
            return
        if not page.size:
            raise SourceError(
                f"{reply.address} gave only {offset} of {page.total} preprints: it is tried again "
                "later"
            )
        yield page, offset
        previous = page
    raise SourceError(f"{_ADDRESS} gave more than {_PAGES_A_DAY} pages of {day}")


def _same(one: Page, other: Page) -> bool:
    papers = [
        [told.paper for told in page.records if isinstance(told, Preprint)] for page in (one, other)
    ]
    return bool(papers[0]) and papers[0] == papers[1]


def _batch(page: Page, request: FetchRequest, cursor: Cursor | None) -> Batch:
    wanted = _category(request.argument) if request.argument else None
    kept = [
        one
        for one in page.records
        if isinstance(one, Malformed) or wanted is None or one.category == wanted
    ]
    days = [one.day for one in kept if isinstance(one, Preprint)]
    return Batch(
        records=[one.paper if isinstance(one, Preprint) else one for one in kept],
        days=Counter(day for day in days if day and day <= request.now.date()),
        cursor=cursor,
    )


def read_page(reply: Reply, place: str) -> Page:
    """Read a page of preprints.

    Parameters
    ----------
    reply : Reply
        To a question for a day.
    place : str
        What the page is called.

    Raises
    ------
    SourceError
        Where it is none.
    """
    whole = reply.json()
    told = whole if isinstance(whole, dict) else {}
    messages, records = told.get("messages"), told.get("collection")
    head = messages[0] if isinstance(messages, list) and messages else None
    message = head if isinstance(head, dict) else {}
    status = text_of(message.get("status")) or ""
    if _NO_POSTS in status.lower() and not records:
        return Page([], 0, 0)
    total = _number(message.get("total"))
    if status != "ok" or total is None or not isinstance(records, list):
        raise SourceError(
            f"{reply.address} gave no list of preprints (its status is "
            f"{status[:_STATUS_CHARS]!r}): it is tried again later"
        )
    read: list[Preprint | Malformed] = []
    for number, raw in enumerate(records[:_PAGE_RECORDS], 1):
        try:
            read.append(_preprint(raw))
        except ValueError as error:
            read.append(Malformed(f"{place}, number {number}", str(error)))
    return Page(read, len(read), total)


def _preprint(raw: object) -> Preprint:
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    day = day_of(text_of(raw.get("date")))
    category = _category(text_of(raw.get("category")) or "")
    return Preprint(_paper(raw, category, day), category, day)


def _paper(raw: dict[str, object], category: str, day: date | None) -> Paper:
    told_doi = text_of(raw.get("doi")) or ""
    version = _number(raw.get("version"))
    title = plain_text(text_of(raw.get("title"))) or ""
    heading = _IN_TITLE.match(title)
    journal = parse_doi(text_of(raw.get("published")) or "")
    made = make_paper(
        title=title[heading.end() :] or title if heading else title,
        abstract=plain_text(text_of(raw.get("abstract"))),
        authors=_authors(text_of(raw.get("authors")) or ""),
        categories=[category],
        published=_first_put_up(told_doi, version, day),
        doi=told_doi,
        comment=f"published as {journal}" if journal else None,
        version=version,
        notice=_notice(text_of(raw.get("type")) or "", heading[1] if heading else ""),
    )
    if made.doi is None:
        raise ValueError("it has no DOI")
    return made


def _authors(told: str) -> list[str]:
    # A group has no given name, and is written "Kite Consortium, .".
    return [name.strip().removesuffix(", .") for name in told.split(";")]


def _first_put_up(told_doi: str, version: int | None, day: date | None) -> str | None:
    """Date the first version: a revision tells its own day only, but the DOI tells the first."""
    if day and (version or 1) == 1:
        return day.isoformat()
    found = _DATED_DOI.fullmatch(told_doi.strip())
    return "-".join(found.groups()) if found else None


def _notice(*words: str) -> Notice | None:
    told = " ".join(words).lower()
    if "retract" in told:
        return Notice.RETRACTED
    return Notice.WITHDRAWN if "withdraw" in told else None


def _category(text: str) -> str:
    return " ".join(text.replace("_", " ").lower().split())


def _number(value: object) -> int | None:
    """Read a count, which is written now as a number and now as text."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= _NUMBER_DIGITS:
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
