"""Posts of Reddit that link to papers, from the Atom feed of the newest of some subreddits."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.feed import FEED_BYTES, cursor_after, is_asked_for, validators_of
from broadsheet.sources.feed_formats import Entry, parse_feed
from broadsheet.sources.mentions import papers_linked, thread_source
from broadsheet.sources.source import Argument, Batch, FetchRequest, Source

NAME = "reddit"

_SUBREDDITS = "MachineLearning"
_NAMES = re.compile(r"[A-Za-z0-9_]{2,50}(?:\+[A-Za-z0-9_]{2,50}){0,99}")
_FEED_POSTS = 100


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read which of the newest hundred posts link to a paper.

    The feed tells no points. Each post has a series of its own, ``reddit:`` and its id, observed
    at the time of the post, so that to read it again brings nothing new.

    Parameters
    ----------
    client : Client
        Asks www.reddit.com.
    request : FetchRequest
        `argument` names subreddits, ``MachineLearning+LocalLLaMA``; by default the first of these.

    Raises
    ------
    SourceError
        Where Reddit cannot be asked, or gives no feed.
    """
    names = request.argument or _SUBREDDITS
    if not _NAMES.fullmatch(names):
        raise SourceError(
            f"{names[:100]!r} names no subreddits: write them as MachineLearning+LocalLLaMA"
        )
    reply = client.get(
        f"https://www.reddit.com/r/{names}/new/.rss",
        {"limit": str(_FEED_POSTS)},
        unless=validators_of(request, names),
        most_bytes=FEED_BYTES,
    )
    if reply.unchanged:
        return
    feed = parse_feed(reply.body, reply.address)
    posts = {
        _id_of(one): one
        for one in feed.entries
        if isinstance(one, Entry) and is_asked_for(one.moment, request)
    }
    yield Batch(
        records=[one for one in feed.entries if isinstance(one, Malformed)],
        signals=_signals(posts, request.now),
        days=_days(posts.values(), request.now),
        cursor=cursor_after(reply, feed, request, names),
    )


def _id_of(post: Entry) -> str:
    return post.key or next(iter(post.links), post.place)


def _signals(posts: Mapping[str, Entry], now: datetime) -> list[Signal]:
    return [
        Signal(paper, Kind.POSTS, 1.0, min(post.moment or now, now), thread_source(NAME, post_id))
        for post_id, post in posts.items()
        for paper in papers_linked(*post.links, *post.texts)
    ]


def _days(posts: Iterable[Entry], now: datetime) -> dict[date, int]:
    return Counter(post.moment.date() for post in posts if post.moment and post.moment <= now)


SOURCE = Source(
    NAME,
    fetch,
    Schedule.DAILY,
    interval=timedelta(hours=3),
    rate_limits={"reddit.com": 6.5},
    argument=Argument.OPTIONAL,
)
