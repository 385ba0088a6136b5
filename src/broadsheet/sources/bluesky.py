"""Fetch Bluesky posts that link to papers, from the public search.

https://docs.bsky.app/docs/api/app-bsky-feed-search-posts
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.decoding import parse_moment, text_of
from broadsheet.sources.paper_links import find_paper_ids
from broadsheet.sources.posts import TimeWindow, parse_post, thread_source, time_windows
from broadsheet.sources.source import Batch, FetchRequest, Source

NAME = "bluesky"

# public.api.bsky.app, the documented host, rejects requests from many networks.
_ADDRESS = "https://api.bsky.app/xrpc/app.bsky.feed.searchPosts"
_REJECTED = (401, 403)
_PAGE_POSTS = 100
_PAGE_BYTES = 8 << 20
# Enough for three days of several thousand posts each.
_MAX_PAGES = 500
_MILLISECOND = timedelta(milliseconds=1)
_LOOKBACK, _MAX_WINDOW = timedelta(days=2), timedelta(days=3)
_FIRST_DAY = date(2023, 1, 1)
_MAX_COUNT = 1_000_000_000
# A post has at most 300 characters and therefore few links.
_MAX_POST_PAPERS = 20
_MAX_RECORD_VALUES = 1_000


class _Post(BaseModel):
    model_config = ConfigDict(strict=True)

    uri: str
    record: dict[str, object]
    indexed: str | None = Field(None, alias="indexedAt")
    likes: int = Field(0, alias="likeCount", ge=0, le=_MAX_COUNT)
    replies: int = Field(0, alias="replyCount", ge=0, le=_MAX_COUNT)


class _Page(BaseModel):
    model_config = ConfigDict(strict=True)

    posts: list[object]


@dataclass(frozen=True, slots=True)
class _LinkedPost:
    """The time, papers and counts of one post."""

    source: str
    at: datetime | None
    papers: tuple[str, ...]
    likes: int
    replies: int


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the posts that link to a paper on arXiv, with their likes and replies.

    Without `request.since` the last two days, whose counts still change, are fetched again, and
    all days since the cursor. The signal source of a post is ``bluesky:`` and a digest of its URI.
    A batch has at most three days, so that a day is stored either completely or not at all.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `since` and `until` apply to the time of the post.

    Raises
    ------
    SourceError
        If the search is not available or the reply is malformed, or the pages do not end.
    """
    for window in time_windows(request, _LOOKBACK, _MAX_WINDOW, _FIRST_DAY):
        yield _batch(list(_posts(client, window)), window, request.now)


def _posts(client: Client, window: TimeWindow) -> Iterator[_LinkedPost | Malformed]:
    """Fetch the posts of a window, newest first.

    The API returns cursors only to signed-in clients. Each request therefore ends at the oldest
    post of the page before, which is returned again, as other posts can have the same time.
    """
    until = window.end
    for number in range(1, _MAX_PAGES + 1):
        raws = _page(client, window.start, until)
        place = f"{NAME} {window.start:%Y-%m-%d} page {number}"
        posts = [
            _linked_post(raw, f"{place} post {n}") for n, raw in enumerate(raws[:_PAGE_POSTS], 1)
        ]
        yield from posts
        times = [post.at for post in posts if isinstance(post, _LinkedPost) and post.at]
        oldest = min((at for at in times if window.start <= at < until), default=None)
        if oldest is None:
            return
        if (following := _to_millisecond(oldest) + _MILLISECOND) < until:
            until = following
            continue
        # All posts of the page are of the last millisecond.
        if len(raws) < _PAGE_POSTS:
            return
        if max(times) >= until:
            raise SourceError(
                f"{_ADDRESS} returns the same page repeatedly: the next fetch retries it"
            )
        yield Malformed(
            place, f"more than {_PAGE_POSTS} posts in one millisecond; the rest is skipped"
        )
        until -= _MILLISECOND
    raise SourceError(
        f"{_ADDRESS} returned more than {_MAX_PAGES} pages of posts since "
        f"{window.start:%Y-%m-%d}, the limit: the next fetch retries them"
    )


def _page(client: Client, since: datetime, until: datetime) -> list[object]:
    params = {
        "q": "arxiv.org",
        "sort": "latest",
        "since": _format_time(since),
        "until": _format_time(until),
        "limit": str(_PAGE_POSTS),
    }
    reply = client.get(_ADDRESS, params, allowed=_REJECTED, most_bytes=_PAGE_BYTES)
    if reply.status in _REJECTED:
        raise SourceError(
            f"{_ADDRESS} rejected the request (status {reply.status}): if the error persists, "
            "remove bluesky from the setting 'sources', because its search requires a sign-in"
        )
    return reply.read(_Page).posts


def _format_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _to_millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _linked_post(raw: object, place: str) -> _LinkedPost | Malformed:
    post = parse_post(_Post, raw, place)
    if isinstance(post, Malformed):
        return post
    papers = find_paper_ids(*_texts(post.record))[:_MAX_POST_PAPERS]
    return _LinkedPost(
        thread_source(NAME, post.uri), _posted_at(post), papers, post.likes, post.replies
    )


def _batch(records: list[_LinkedPost | Malformed], window: TimeWindow, now: datetime) -> Batch:
    posts = {post.source: post for post in records if isinstance(post, _LinkedPost)}
    signals: list[Signal] = []
    days: Counter[date] = Counter()
    for post in posts.values():
        if post.at is None or not window.start <= post.at < window.end:
            continue
        days[post.at.date()] += 1
        for paper in post.papers:
            signals.append(Signal(paper, Kind.POSTS, 1.0, post.at, post.source))
            for kind, value in ((Kind.LIKES, post.likes), (Kind.COMMENTS, post.replies)):
                if value:
                    signals.append(Signal(paper, kind, float(value), now, post.source))
    return Batch(
        records=[record for record in records if isinstance(record, Malformed)],
        signals=signals,
        days=days,
        cursor=window.cursor,
    )


def _posted_at(post: _Post) -> datetime | None:
    """Return the time that the search filters by; `createdAt` is set by the author's client."""
    times = (parse_moment(text_of(post.record.get("createdAt"))), parse_moment(post.indexed))
    return min((at for at in times if at), default=None)


def _texts(record: dict[str, object]) -> Iterator[str]:
    """Yield all texts of a record; links are in its text, its facets and its cards."""
    pending: list[object] = [record]
    for _ in range(_MAX_RECORD_VALUES):
        if not pending:
            return
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            pending.extend(reversed(value.values()))
        elif isinstance(value, list):
            pending.extend(reversed(value))


SOURCE = Source(
    NAME,
    fetch,
    Schedule.DAILY,
    interval=timedelta(hours=3),
    rate_limits={"bsky.app": 0.2},
)
