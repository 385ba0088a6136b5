"""Fetch the Hugging Face daily papers with their upvotes, comments and submitters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Paper
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.hf_items import NAME, Entry, parse_day, parse_list
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

_LISTS = "https://huggingface.co/api/daily_papers"
_SEARCH = "https://huggingface.co/api/papers/search"
_FIRST_DAY = date(2023, 5, 4)
_ONE_DAY = timedelta(days=1)
# Upvotes of a list still change on the days after it.
_LOOKBACK = timedelta(days=3)
_BY_DAY_DAYS, _BY_WEEK_DAYS = 7, 31
_PAGE_ITEMS = 100
_MAX_PAGES = 50
_MAX_QUERY_CHARS = 250
_MAX_SEARCH_ITEMS = 120


@dataclass(frozen=True, slots=True)
class _List:
    """A list of a day, week or month, and the range of its days to fetch."""

    by: str
    name: str
    first: date
    last: date


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the daily lists, or the results of a search.

    Without `since`, the lists from the cursor's day on are fetched, oldest first. The lists of
    today and the three days before are fetched in each run, because their upvotes change. More
    than 7 days are fetched as weekly lists and more than 31 as monthly lists.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `argument` is a search query, truncated to 250 characters.

    Yields
    ------
    Batch
        One per page. The cursor never moves back, or over days that were left out.

    Raises
    ------
    SourceError
        If a reply is not a list, or the pages do not end.
    """
    query = (request.argument or "").strip()[:_MAX_QUERY_CHARS]
    if query:
        params = {"q": query, "limit": str(_MAX_SEARCH_ITEMS)}
        payload = client.get(_SEARCH, params).json()
        yield _batch(parse_list(payload, f"{NAME} search", request.now), {}, None)
        return
    cursor_day = parse_day(request.cursor.get("day"), request.now)
    first, last = _window(request, cursor_day)
    counted: set[tuple[date, str]] = set()
    for listing in _lists(first, last):
        for batch in _pages(client, request, listing, counted):
            moves = _moves_cursor(request, cursor_day, first, listing, batch.cursor)
            yield batch if moves else replace(batch, cursor=None)


def _window(request: FetchRequest, cursor_day: date | None) -> tuple[date, date]:
    today = request.now.date()
    last = min(request.until or today, today)
    first = request.since or min(cursor_day or last, today - _LOOKBACK)
    return max(first, _FIRST_DAY), last


def _moves_cursor(
    request: FetchRequest,
    cursor_day: date | None,
    first: date,
    listing: _List,
    cursor: Cursor | None,
) -> bool:
    if cursor_day is None:
        return request.until is None
    after = parse_day((cursor or {}).get("day"), request.now)
    # A list that is fetched again does not change the page in the cursor.
    return after is not None and first <= cursor_day <= min(after, listing.last)


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
    client: Client, request: FetchRequest, listing: _List, counted: set[tuple[date, str]]
) -> Iterator[Batch]:
    after = min(listing.last + _ONE_DAY, request.now.date())
    seen: set[str] = set()
    first_page = _resume_page(request, listing)
    for page in range(first_page, _MAX_PAGES):
        params = {listing.by: listing.name, "p": str(page), "limit": str(_PAGE_ITEMS)}
        payload = client.get(_LISTS, params).json()
        entries = parse_list(payload, f"{NAME} {listing.name} page {page + 1}", request.now)
        ids = {entry.record.id for entry in entries if isinstance(entry.record, Paper)}
        if entries and page > first_page and ids <= seen:
            raise SourceError(
                f"{_LISTS} returned page {page} of {listing.name} twice: the next fetch retries it"
            )
        seen |= ids
        has_more = len(entries) >= _PAGE_ITEMS
        next_page = {"day": listing.first.isoformat(), "list": listing.name, "page": str(page + 1)}
        cursor = next_page if has_more else {"day": after.isoformat()}
        selected = _in_range(entries, listing)
        yield _batch(selected, _count_by_day(selected, listing, counted), cursor)
        if not has_more:
            return
    raise SourceError(
        f"{_LISTS} returned more than {_MAX_PAGES} pages for {listing.name}, the limit: request "
        "fewer days"
    )


def _resume_page(request: FetchRequest, listing: _List) -> int:
    page = request.cursor.get("page", "")
    is_resumed = request.since is None and request.cursor.get("list") == listing.name
    number = int(page) if is_resumed and page.isdecimal() and len(page) <= 3 else 0
    return number if number < _MAX_PAGES else 0


def _in_range(entries: list[Entry], listing: _List) -> list[Entry]:
    """Return the entries of a weekly or monthly list that are within its requested days."""
    if listing.by == "date":
        # Entries of another day stay: they show that the hub returned an old list.
        return entries
    return [e for e in entries if not e.day or listing.first <= e.day <= listing.last]


def _count_by_day(
    entries: list[Entry], listing: _List, counted: set[tuple[date, str]]
) -> dict[date, int]:
    """Count papers by day, each once per run: votes move papers between pages."""
    days: dict[date, int] = {}
    for entry in entries:
        day = entry.day or (
            listing.first if listing.by == "date" else _within(entry.item_day, listing)
        )
        if day is None or not isinstance(entry.record, Paper):
            continue
        if (day, entry.record.id) not in counted:
            counted.add((day, entry.record.id))
            days[day] = days.get(day, 0) + 1
    return days


def _within(day: date | None, listing: _List) -> date | None:
    return day if day and listing.first <= day <= listing.last else None


def _batch(entries: list[Entry], days: Mapping[date, int], cursor: Cursor | None) -> Batch:
    return Batch(
        records=[entry.record for entry in entries],
        signals=[signal for entry in entries for signal in entry.signals],
        submissions=[entry.submission for entry in entries if entry.submission],
        days=days,
        cursor=cursor,
    )


SOURCE = Source(
    NAME,
    fetch,
    Schedule.WEEKDAYS,
    interval=timedelta(hours=3),
    rate_limits={"huggingface.co": 0.5},
    argument=Argument.OPTIONAL,
    blocks_edition=True,
)
