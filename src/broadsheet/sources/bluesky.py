"""Posts of Bluesky that link to papers, through its public search."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.decoding import text_of
from broadsheet.sources.mentions import (
    Span,
    papers_linked,
    parse_moment,
    read_post,
    spans,
    thread_source,
)
from broadsheet.sources.source import Batch, FetchRequest, Source

NAME = "bluesky"

# public.api.bsky.app, which other questions go to, refuses many networks.
_ADDRESS = "https://api.bsky.app/xrpc/app.bsky.feed.searchPosts"
_REFUSALS = (401, 403)
_PAGE_POSTS = 100
_PAGE_BYTES = 8 << 20
# Three days of several thousand posts.
_PAGES = 500
_INSTANT = timedelta(milliseconds=1)
_AGAIN, _LONGEST = timedelta(days=2), timedelta(days=3)
_FIRST_DAY = date(2023, 1, 1)
_MOST = 1_000_000_000
# A post holds 300 characters, and so a handful of links.
_POST_PAPERS = 20
_RECORD_VALUES = 1_000


class _Post(BaseModel):
    model_config = ConfigDict(strict=True)

    uri: str
    record: dict[str, object]
    indexed: str | None = Field(None, alias="indexedAt")
    likes: int = Field(0, alias="likeCount", ge=0, le=_MOST)
    replies: int = Field(0, alias="replyCount", ge=0, le=_MOST)


class _Page(BaseModel):
    model_config = ConfigDict(strict=True)

    posts: list[object]


@dataclass(frozen=True, slots=True)
class _Told:
    """What is kept of a post while the other pages of a span are read."""

    source: str
    at: datetime | None
    papers: tuple[str, ...]
    likes: int
    replies: int


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read the posts that link to a paper on arXiv, their likes and their replies.

    Without `request.since` the last two days are read again, as posts still gain, and all since
    the cursor. Each post has a series of its own, ``bluesky:`` and a digest of its address. Three
    days are kept whole or not at all, so that none of their posts counts twice.

    Parameters
    ----------
    client : Client
        Asks api.bsky.app.
    request : FetchRequest
        `since` and `until` are honoured by the time of the posts.

    Raises
    ------
    SourceError
        Where the search cannot be asked, refuses, or gives something else or no end.
    """
    for span in spans(request, _AGAIN, _LONGEST, _FIRST_DAY):
        yield _batch(list(_posts(client, span)), span, request.now)


def _posts(client: Client, span: Span) -> Iterator[_Told | Malformed]:
    """Read a span from its end to its start, as without a session nobody is given a cursor.

    Each page reaches to the oldest post of the one before and gives it again, as others may be of
    the same instant.
    """
    until = span.end
    for number in range(1, _PAGES + 1):
        raws = _page(client, span.start, until)
        place = f"{NAME} {span.start:%Y-%m-%d} page {number}"
        told = [_told(raw, f"{place} post {n}") for n, raw in enumerate(raws[:_PAGE_POSTS], 1)]
        yield from told
        times = [one.at for one in told if isinstance(one, _Told) and one.at]
        oldest = min((at for at in times if span.start <= at < until), default=None)
        if oldest is None:
            return
        if (following := _instant(oldest) + _INSTANT) < until:
            until = following
            continue
        # All that came is of the last instant asked for.
        if len(raws) < _PAGE_POSTS:
            return
        if max(times) >= until:
            raise SourceError(
                f"{_ADDRESS} repeats a page without end: it is tried again at the next fetch"
            )
        yield Malformed(place, f"more than {_PAGE_POSTS} posts are of one instant, and not told")
        until -= _INSTANT
    raise SourceError(
        f"{_ADDRESS} gave more than {_PAGES} pages of posts from {span.start:%Y-%m-%d} on, the "
        "most that is read at once: it is tried again at the next fetch"
    )


def _page(client: Client, since: datetime, until: datetime) -> list[object]:
    question = {
        "q": "arxiv.org",
        "sort": "latest",
        "since": _written(since),
        "until": _written(until),
        "limit": str(_PAGE_POSTS),
    }
    reply = client.get(_ADDRESS, question, allowed=_REFUSALS, most_bytes=_PAGE_BYTES)
    if reply.status in _REFUSALS:
        raise SourceError(
            f"{_ADDRESS} refuses (status {reply.status}): Bluesky lets only signed-in programs "
            "search now, and the other sources go on without it"
        )
    return reply.read(_Page).posts


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _instant(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _told(raw: object, place: str) -> _Told | Malformed:
    post = read_post(_Post, raw, place)
    if isinstance(post, Malformed):
        return post
    papers = papers_linked(*_texts(post.record))[:_POST_PAPERS]
    return _Told(thread_source(NAME, post.uri), _posted_at(post), papers, post.likes, post.replies)


def _batch(told: list[_Told | Malformed], span: Span, now: datetime) -> Batch:
    posts = {post.source: post for post in told if isinstance(post, _Told)}
    signals: list[Signal] = []
    days: Counter[date] = Counter()
    for post in posts.values():
        if post.at is None or not span.start <= post.at < span.end:
            continue
        days[post.at.date()] += 1
        for paper in post.papers:
            signals.append(Signal(paper, Kind.POSTS, 1.0, post.at, post.source))
            for kind, value in ((Kind.LIKES, post.likes), (Kind.COMMENTS, post.replies)):
                if value:
                    signals.append(Signal(paper, kind, float(value), now, post.source))
    return Batch(
        records=[one for one in told if isinstance(one, Malformed)],
        signals=signals,
        days=days,
        cursor=span.cursor,
    )


def _posted_at(post: _Post) -> datetime | None:
    """Give the time that the search goes by: who posts may write any, also of tomorrow."""
    told = (parse_moment(text_of(post.record.get("createdAt"))), parse_moment(post.indexed))
    return min((at for at in told if at), default=None)


def _texts(record: dict[str, object]) -> Iterator[str]:
    """Find the texts anywhere in a record: links stand in the text, in facets and in cards."""
    waiting: list[object] = [record]
    for _ in range(_RECORD_VALUES):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(reversed(value.values()))
        elif isinstance(value, list):
            waiting.extend(reversed(value))


SOURCE = Source(
    NAME,
    fetch,
    Schedule.DAILY,
    interval=timedelta(hours=3),
    rate_limits={"bsky.app": 0.2},
)
