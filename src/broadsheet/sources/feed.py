"""Any feed of papers, at any address."""

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
from broadsheet.sources.mentions import papers_linked
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

NAME = "feed"
FEED_BYTES = 8 << 20

_FIRST_ARXIV_YEAR = 91


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read the papers of a feed.

    Parameters
    ----------
    client : Client
        Asks the feed's host.
    request : FetchRequest
        `argument` is the address. `since` and `until` go by the dates of the entries.

    Raises
    ------
    SourceError
        Where there is no address, or no feed at it.
    """
    if not request.argument:
        raise SourceError("a feed needs its address: write it as feed:https://example.org/rss")
    unless = validators_of(request, request.argument)
    reply = client.get(request.argument, unless=unless, most_bytes=FEED_BYTES)
    if reply.unchanged:
        return
    feed = parse_feed(reply.body, reply.address)
    kept = [
        one
        for one in feed.entries
        if isinstance(one, Entry) and is_asked_for(one.moment or feed.moment, request)
    ]
    days = Counter(at.date() for one in kept if (at := one.moment or feed.moment))
    yield Batch(
        records=[
            *(one for one in feed.entries if isinstance(one, Malformed)),
            *records(((one.place, one) for one in kept), lambda one: _paper(one, request.now)),
        ],
        days={day: count for day, count in days.items() if day <= request.now.date()},
        cursor=cursor_after(reply, feed, request, request.argument),
    )


def validators_of(request: FetchRequest, argument: str) -> Cursor | None:
    """Give what to send along so that an unchanged feed is not sent again."""
    return (
        request.cursor if request.since is None and request.cursor.get("what") == argument else None
    )


def cursor_after(reply: Reply, feed: Feed, request: FetchRequest, argument: str) -> Cursor | None:
    """Give the cursor after a feed: None where some of it was left out and is to come again."""
    if not feed.is_complete or request.since or request.until:
        return None
    return {"what": argument, **reply.validators}


def is_asked_for(moment: datetime | None, request: FetchRequest) -> bool:
    """Tell whether an entry is of the days asked for; one without a date may be."""
    if moment is None:
        return True
    day = moment.date()
    return (request.since or day) <= day <= (request.until or day)


def _paper(entry: Entry, now: datetime) -> Paper:
    found = papers_linked(*entry.links)
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
    """Date a paper by its entry, unless its arXiv id tells that it is of another month."""
    day = moment.date().isoformat() if moment and moment.date() <= now.date() else None
    arxiv = next((one for one in found if one.startswith("arxiv:")), None)
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
