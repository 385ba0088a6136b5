"""Fetch a feed of papers at any address."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.reply import Reply
from broadsheet.model import Malformed, Paper
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.decoding import records
from broadsheet.sources.feed_formats import Entry, Feed, parse_feed
from broadsheet.sources.paper_links import find_paper_ids
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

NAME = "feed"
MAX_FEED_BYTES = 8 << 20

_FIRST_ARXIV_YEAR = 91


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the papers of a feed.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `argument` is the address. `since` and `until` apply to the dates of the entries.

    Raises
    ------
    SourceError
        If there is no address or the reply is not a feed.
    """
    if not request.argument:
        raise SourceError("missing address of the feed: write feed:https://example.org/rss")
    unless = validators_of(request, request.argument)
    reply = client.get(request.argument, unless=unless, most_bytes=MAX_FEED_BYTES)
    if reply.unchanged:
        return
    feed = parse_feed(reply.body, reply.address)
    selected = [
        entry
        for entry in feed.entries
        if isinstance(entry, Entry) and is_in_range(entry.moment or feed.moment, request)
    ]
    days = Counter(at.date() for entry in selected if (at := entry.moment or feed.moment))
    placed = ((entry.place, entry) for entry in selected)
    yield Batch(
        records=[
            *(entry for entry in feed.entries if isinstance(entry, Malformed)),
            *records(placed, lambda entry: _paper(entry, request.now)),
        ],
        days={day: count for day, count in days.items() if day <= request.now.date()},
        cursor=next_cursor(reply, feed, request, request.argument),
    )


def validators_of(request: FetchRequest, argument: str) -> Cursor | None:
    """Return the HTTP validators of the last reply, or None if the feed is fetched in full."""
    return (
        request.cursor if request.since is None and request.cursor.get("what") == argument else None
    )


def next_cursor(reply: Reply, feed: Feed, request: FetchRequest, argument: str) -> Cursor | None:
    """Return the cursor after a feed, or None if some entries were left out or truncated."""
    if not feed.is_complete or request.since or request.until:
        return None
    return {"what": argument, **reply.validators}


def is_in_range(moment: datetime | None, request: FetchRequest) -> bool:
    """Return whether a time is between `since` and `until`; True if the time is unknown."""
    if moment is None:
        return True
    day = moment.date()
    return (request.since or day) <= day <= (request.until or day)


def _paper(entry: Entry, now: datetime) -> Paper:
    found = find_paper_ids(*entry.links)
    return make_paper(
        title=entry.title,
        abstract=entry.summary,
        authors=entry.authors,
        categories=entry.categories,
        published=_published(entry.moment, found, now),
        url=next((link for link in entry.links if link.lower().startswith("http")), None),
        venue=entry.venue,
        ids=found,
    )


def _published(moment: datetime | None, found: tuple[str, ...], now: datetime) -> str | None:
    """Return the date of the entry, or the month of the arXiv id if that differs."""
    day = moment.date().isoformat() if moment and moment.date() <= now.date() else None
    arxiv = next((paper_id for paper_id in found if paper_id.startswith("arxiv:")), None)
    if arxiv is None:
        return day
    digits = re.split("[:/]", arxiv)[-1]
    century = 19 if int(digits[:2]) >= _FIRST_ARXIV_YEAR else 20
    month = f"{century}{digits[:2]}-{digits[2:4]}"
    return day if day and day.startswith(month) else month


SOURCE = Source(
    NAME,
    fetch,
    Schedule.IRREGULAR,
    interval=timedelta(hours=3),
    argument=Argument.REQUIRED,
)
