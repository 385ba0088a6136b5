"""The hub's daily papers: what its readers picked, and how it is voted for since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Kind, Malformed, Paper, Signal, Submission
from broadsheet.rules.identity import parse_arxiv_id
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.decoding import day_of, records, text_of
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

NAME = "hf"

_LISTS = "https://huggingface.co/api/daily_papers"
_SEARCH = "https://huggingface.co/api/papers/search"
_FIRST_DAY = date(2023, 5, 4)
_ONE_DAY = timedelta(days=1)
# A list is voted for days after its own, and each signal counts what it has by then.
_AGAIN = timedelta(days=3)
_BY_DAY_DAYS, _BY_WEEK_DAYS = 7, 31
_PAGE_ITEMS = 100
_PAGES = 50
_NAME_CHARS = 100
# The hub's lists began in 2023; an earlier moment is a mistake.
_EARLIEST = datetime(2023, 1, 1, tzinfo=UTC)
_QUERY_CHARS = 250
_FOUND_ITEMS = 120
_MOST_COUNTED = 10**9


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a list.

    Parameters
    ----------
    record : Paper or Malformed
        The paper.
    signals : tuple of Signal
        Its upvotes and comments, and the stars of its code.
    day : date or None
        On which day's list the hub says that it stands.
    dated : date or None
        The day that the item itself carries; in lists of before 2025, that of the list.
    submission : Submission or None
        Who put it forward, where the list tells who and when.
    """

    record: Paper | Malformed
    signals: tuple[Signal, ...]
    day: date | None
    dated: date | None
    submission: Submission | None = None


@dataclass(frozen=True, slots=True)
class _List:
    """One of the hub's lists, and which of its days are wanted."""

    by: str
    name: str
    first: date
    last: date


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read the lists of days, or what is found for a query.

    Without `since`, the lists from the cursor's day on, the oldest first; those of today and of
    the three days before it are read each time, as their votes grow. More than a week is read by
    weeks, and more than a month by months.

    Parameters
    ----------
    client : Client
        Asks ``huggingface.co``.
    request : FetchRequest
        Where `argument` is given, it is a query, cut after 250 characters.

    Yields
    ------
    Batch
        For each page one. A cursor never goes back, nor past days that were left out.

    Raises
    ------
    SourceError
        Where the hub gives something else than a list, or pages without end.
    """
    query = (request.argument or "").strip()[:_QUERY_CHARS]
    if query:
        params = {"q": query, "limit": str(_FOUND_ITEMS)}
        told = client.get(_SEARCH, params).json()
        yield _batch(read_list(told, f"{NAME} search", request.now), {}, None)
        return
    known = _day(request.cursor.get("day"), request.now)
    first, last = _window(request, known)
    counted: set[tuple[date, str]] = set()
    for wanted in _lists(first, last):
        for batch in _pages(client, request, wanted, counted):
            moves = _moves(request, known, first, wanted, batch.cursor)
            yield batch if moves else replace(batch, cursor=None)


def read_list(told: object, place: str, now: datetime) -> list[Entry]:
    """Read the items of a list, in any of the shapes that the hub gave it over the years.

    Parameters
    ----------
    told : object
        JSON.
    place : str
        What the list is called.
    now : datetime
        When it was read, aware UTC.

    Raises
    ------
    SourceError
        Where it is no list.
    """
    if not isinstance(told, list):
        raise SourceError(
            f"{place} is no list of papers: it is tried again at the next fetch; if that goes on, "
            "the hub has changed its replies"
        )
    items: list[object] = told
    papers = records(((f"{place} item {n}", item) for n, item in enumerate(items, 1)), _paper)
    return [_entry(item, paper, now) for item, paper in zip(items, papers, strict=True)]


def _window(request: FetchRequest, known: date | None) -> tuple[date, date]:
    today = request.now.date()
    last = min(request.until or today, today)
    first = request.since or min(known or last, today - _AGAIN)
    return max(first, _FIRST_DAY), last


def _moves(
    request: FetchRequest, known: date | None, first: date, wanted: _List, cursor: Cursor | None
) -> bool:
    if known is None:
        return request.until is None
    after = _day((cursor or {}).get("day"), request.now)
    # A list that is only read again knows nothing of the page at which the cursor stands.
    return after is not None and first <= known <= min(after, wanted.last)


def _lists(first: date, last: date) -> Iterator[_List]:
    days = (last - first).days + 1
    while first <= last:
        if days <= _BY_DAY_DAYS:
            by, name, end = "date", first.isoformat(), first
        elif days <= _BY_WEEK_DAYS:
            year, week, weekday = first.isocalendar()
            by, name, end = "week", f"{year}-W{week:02}", first + _ONE_DAY * (7 - weekday)
        else:
            by, name = "month", f"{first:%Y-%m}"
            end = (first.replace(day=28) + 4 * _ONE_DAY).replace(day=1) - _ONE_DAY
        yield _List(by, name, first, min(end, last))
        first = end + _ONE_DAY


def _pages(
    client: Client, request: FetchRequest, wanted: _List, counted: set[tuple[date, str]]
) -> Iterator[Batch]:
    after = min(wanted.last + _ONE_DAY, request.now.date())
    seen: set[str] = set()
    begun = _page_to_go_on_with(request, wanted)
    for page in range(begun, _PAGES):
        params = {wanted.by: wanted.name, "p": str(page), "limit": str(_PAGE_ITEMS)}
        told = client.get(_LISTS, params).json()
        entries = read_list(told, f"{NAME} {wanted.name} page {page + 1}", request.now)
        ids = {entry.record.id for entry in entries if isinstance(entry.record, Paper)}
        if entries and page > begun and ids <= seen:
            raise SourceError(
                f"{_LISTS} repeats page {page} of {wanted.name} as the next: it is tried again at "
                "the next fetch"
            )
        seen |= ids
        more = len(entries) >= _PAGE_ITEMS
        here = {"day": wanted.first.isoformat(), "list": wanted.name, "page": str(page + 1)}
        cursor = here if more else {"day": after.isoformat()}
        kept = _wanted_of(entries, wanted)
        yield _batch(kept, _by_day(kept, wanted, counted), cursor)
        if not more:
            return
    raise SourceError(
        f"{_LISTS} has more than {_PAGES} pages for {wanted.name}, the most that is read of one "
        "list: ask for fewer days"
    )


def _page_to_go_on_with(request: FetchRequest, wanted: _List) -> int:
    page = request.cursor.get("page", "")
    begun = request.since is None and request.cursor.get("list") == wanted.name
    told = int(page) if begun and page.isdecimal() and len(page) <= 3 else 0
    return told if told < _PAGES else 0


def _wanted_of(entries: list[Entry], wanted: _List) -> list[Entry]:
    """Leave out what a list of many days holds of other days than the wanted ones."""
    if wanted.by == "date":
        # Another day than the one asked for stays: a list that is frozen tells itself by it.
        return entries
    return [one for one in entries if not one.day or wanted.first <= one.day <= wanted.last]


def _by_day(entries: list[Entry], wanted: _List, counted: set[tuple[date, str]]) -> dict[date, int]:
    """Count papers by day, each once in a run: pages shift by votes, and lists may repeat."""
    days: dict[date, int] = {}
    for entry in entries:
        day = entry.day or (wanted.first if wanted.by == "date" else _within(entry.dated, wanted))
        if day is None or not isinstance(entry.record, Paper):
            continue
        if (day, entry.record.id) not in counted:
            counted.add((day, entry.record.id))
            days[day] = days.get(day, 0) + 1
    return days


def _within(day: date | None, wanted: _List) -> date | None:
    return day if day and wanted.first <= day <= wanted.last else None


def _batch(entries: list[Entry], days: Mapping[date, int], cursor: Cursor | None) -> Batch:
    return Batch(
        records=[entry.record for entry in entries],
        signals=[signal for entry in entries for signal in entry.signals],
        submissions=[entry.submission for entry in entries if entry.submission],
        days=days,
        cursor=cursor,
    )


def _paper(raw: object) -> Paper:
    item, paper = _parts(raw)
    told_id = text_of(paper.get("id"))
    if told_id is None or parse_arxiv_id(told_id) is None:
        raise ValueError("it has no arXiv id")
    authors = paper.get("authors")
    return make_paper(
        title=text_of(paper.get("title")) or text_of(item.get("title")),
        abstract=text_of(paper.get("summary")) or text_of(item.get("summary")),
        authors=[_name(author) for author in authors] if isinstance(authors, list) else (),
        published=text_of(paper.get("publishedAt")),
        arxiv=told_id,
        code_url=text_of(paper.get("githubRepo")),
        summary=text_of(paper.get("ai_summary")),
    )


def _entry(raw: object, told: Paper | Malformed, now: datetime) -> Entry:
    if isinstance(told, Malformed):
        return Entry(told, (), None, None)
    item, paper = _parts(raw)
    counts = {
        Kind.UPVOTES: paper.get("upvotes"),
        Kind.COMMENTS: item.get("numComments"),
        Kind.STARS: paper.get("githubStars"),
    }
    signals = tuple(
        Signal(told.id, kind, float(value), now, NAME)
        for kind, value in counts.items()
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_COUNTED
    )
    listed = text_of(paper.get("submittedOnDailyAt"))
    dated = _day(text_of(item.get("publishedAt")), now)
    by = paper.get("submittedOnDailyBy") or item.get("submittedBy")
    submission = _submission(told.id, by, listed, now)
    return Entry(told, signals, _day(listed, now), dated, submission)


def _submission(
    paper_id: str, told_by: object, told_at: str | None, now: datetime
) -> Submission | None:
    by = text_of(told_by.get("name")) if isinstance(told_by, dict) else None
    by = (by or "")[:_NAME_CHARS]
    try:
        at = datetime.fromisoformat(told_at or "")
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return Submission(paper_id, by, at, NAME) if by and _EARLIEST <= at <= now else None


def _parts(raw: object) -> tuple[dict[str, object], dict[str, object]]:
    """Part what the list says from what the paper says of itself."""
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    paper = raw.get("paper")
    if not isinstance(paper, dict):
        raise ValueError("it holds no paper")
    return raw, paper


def _name(author: object) -> str:
    if not isinstance(author, dict) or author.get("hidden") is True:
        return ""
    return text_of(author.get("name")) or ""


def _day(text: str | None, now: datetime) -> date | None:
    """Read the day a moment begins with; None where there is none, or it is yet to come."""
    day = day_of((text or "")[:10])
    return day if day and day <= now.date() else None


SOURCE = Source(
    NAME,
    fetch,
    Schedule.WEEKDAYS,
    interval=timedelta(hours=3),
    rate_limits={"huggingface.co": 0.5},
    argument=Argument.OPTIONAL,
    blocks_edition=True,
)
