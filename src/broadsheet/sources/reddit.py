"""Fetch Reddit posts that link to papers, from the Atom feeds of subreddits."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.feed import MAX_FEED_BYTES, is_in_range, next_cursor, validators_of
from broadsheet.sources.feed_formats import Entry, parse_feed
from broadsheet.sources.paper_links import find_paper_ids
from broadsheet.sources.posts import thread_source
from broadsheet.sources.source import Argument, Batch, FetchRequest, Source

NAME = "reddit"

_SUBREDDITS = "MachineLearning"
_NAMES = re.compile(r"[A-Za-z0-9_]{2,50}(?:\+[A-Za-z0-9_]{2,50}){0,99}")
_MAX_FEED_POSTS = 100


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the newest 100 posts and return a signal for each link to a paper.

    The feed has no scores. The signal source of a post is ``reddit:`` and its id, observed at the
    time of the post, so that fetching a post again adds no observation.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `argument` is a list of subreddits such as ``MachineLearning+LocalLLaMA``; the default is
        ``MachineLearning``.

    Raises
    ------
    SourceError
        If Reddit is not available or does not return a feed.
    """
    names = request.argument or _SUBREDDITS
    if not _NAMES.fullmatch(names):
        raise SourceError(
            f"{names[:100]!r} is not a list of subreddits: write reddit:MachineLearning+LocalLLaMA"
        )
    reply = client.get(
        f"https://www.reddit.com/r/{names}/new/.rss",
        {"limit": str(_MAX_FEED_POSTS)},
        unless=validators_of(request, names),
        most_bytes=MAX_FEED_BYTES,
    )
    if reply.unchanged:
        return
    feed = parse_feed(reply.body, reply.address)
    posts = {
        _id_of(entry): entry
        for entry in feed.entries
        if isinstance(entry, Entry) and is_in_range(entry.moment, request)
    }
    yield Batch(
        records=[entry for entry in feed.entries if isinstance(entry, Malformed)],
        signals=_signals(posts, request.now),
        days=_days(posts.values(), request.now),
        cursor=next_cursor(reply, feed, request, names),
    )


def _id_of(post: Entry) -> str:
    return post.key or next(iter(post.links), post.place)


def _signals(posts: Mapping[str, Entry], now: datetime) -> list[Signal]:
    return [
        Signal(paper, Kind.POSTS, 1.0, min(post.moment or now, now), thread_source(NAME, post_id))
        for post_id, post in posts.items()
        for paper in find_paper_ids(*post.links, *post.texts)
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
