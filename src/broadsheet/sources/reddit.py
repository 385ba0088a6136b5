"""Posts of Reddit that link to papers, from the Atom feed of the newest of some subreddits."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime

from broadsheet.errors import SourceError
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.sources.client import Client
from broadsheet.sources.feed import cursor_after, is_asked_for, validators_of
from broadsheet.sources.feed_formats import Entry, read_feed
from broadsheet.sources.mentions import papers_linked
from broadsheet.sources.source import Asked, Batch

NAME = "reddit"

_SUBREDDITS = "MachineLearning"
_NAMES = re.compile(r"[A-Za-z0-9_]{2,50}(?:\+[A-Za-z0-9_]{2,50}){0,99}")
_FEED_POSTS = 100


def fetch(client: Client, asked: Asked) -> Iterator[Batch]:
    """Count the posts among the newest hundred that link to a paper.

    The feed tells no points. A paper's signal is observed at the time of its newest post, so
    that it is the same one until there is another post.

    Parameters
    ----------
    client : Client
        Asks www.reddit.com.
    asked : Asked
        `what` names subreddits, ``MachineLearning+LocalLLaMA``; by default the first of these.

    Raises
    ------
    SourceError
        Where Reddit cannot be asked, or gives no feed.
    """
    names = asked.what or _SUBREDDITS
    if not _NAMES.fullmatch(names):
        raise SourceError(
            f"{names[:100]!r} names no subreddits: write them as MachineLearning+LocalLLaMA"
        )
    reply = client.get(
        f"https://www.reddit.com/r/{names}/new/.rss",
        {"limit": str(_FEED_POSTS)},
        unless=validators_of(asked, names),
    )
    if reply.unchanged:
        return
    feed = read_feed(reply.body, reply.address)
    posts = {n: one for n, one in enumerate(feed.entries) if isinstance(one, Entry)}
    known = {post.key or str(n): post for n, post in posts.items()}
    kept = [post for post in known.values() if is_asked_for(post.moment, asked)]
    yield Batch(
        told=[one for one in feed.entries if isinstance(one, Malformed)],
        signals=_signals(kept, asked.now),
        days=_days(kept, asked.now),
        cursor=cursor_after(reply, feed, asked, names),
    )


def _signals(posts: list[Entry], now: datetime) -> list[Signal]:
    times: dict[str, list[datetime]] = {}
    for post in posts:
        for paper in papers_linked(*post.links, *post.texts):
            times.setdefault(paper, []).append(min(post.moment or now, now))
    return [
        Signal(paper, Kind.POSTS, float(len(told)), max(told), NAME)
        for paper, told in times.items()
    ]


def _days(posts: list[Entry], now: datetime) -> dict[date, int]:
    return Counter(post.moment.date() for post in posts if post.moment and post.moment <= now)
