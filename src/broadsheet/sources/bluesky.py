"""Posts of Bluesky that link to papers, through its public search."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from broadsheet.errors import SourceError
from broadsheet.model import Kind, Malformed
from broadsheet.sources.client import Client
from broadsheet.sources.mentions import (
    Span,
    Sums,
    add_sums,
    moment_of,
    papers_linked,
    read_post,
    spans,
)
from broadsheet.sources.source import Asked, Batch
from broadsheet.sources.wire import text_of

NAME = "bluesky"

_ADDRESS = "https://public.api.bsky.app/xrpc/app.bsky.feed.searchPosts"
_PAGE_POSTS = 100
_PAGES = 200
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
    cursor: str | None = None


def fetch(client: Client, asked: Asked) -> Iterator[Batch]:
    """Count the posts that link to a paper on arXiv, their likes and their replies.

    Without `asked.since` the last two days are read again, as posts still gain, and all since
    the cursor. A paper has the sums of its posts in the run. Three days are kept whole or not at
    all, as sums of half of them would be too small.

    Parameters
    ----------
    client : Client
        Asks public.api.bsky.app.
    asked : Asked
        `since` and `until` are honoured by the time of the posts.

    Raises
    ------
    SourceError
        Where the search cannot be asked, refuses, or gives something else or no end.
    """
    run: Sums = Counter()
    for span in spans(asked, _AGAIN, _LONGEST, _FIRST_DAY):
        yield _batch(_posts(client, span), span, run)


def _posts(client: Client, span: Span) -> dict[str, _Post | Malformed]:
    """Read all pages of a span; a post that moved to the next page meanwhile stands once."""
    told: dict[str, _Post | Malformed] = {}
    cursors: set[str] = set()
    cursor: str | None = None
    for number in range(_PAGES):
        page = client.get(_ADDRESS, _question(span, cursor)).read(_Page)
        for n, raw in enumerate(page.posts[:_PAGE_POSTS], 1):
            place = f"{NAME} {span.start:%Y-%m-%d} page {number + 1} post {n}"
            post = read_post(_Post, raw, place)
            told.setdefault(post.place if isinstance(post, Malformed) else post.uri, post)
        cursor = page.cursor
        if not page.posts or not cursor:
            return told
        if cursor in cursors:
            raise SourceError(
                f"{_ADDRESS} repeats a page without end: it is tried again at the next fetch"
            )
        cursors.add(cursor)
    raise SourceError(
        f"{_ADDRESS} gave more than {_PAGES} pages of posts from {span.start:%Y-%m-%d} on, the "
        "most that is read at once: it is tried again at the next fetch"
    )


def _question(span: Span, cursor: str | None) -> dict[str, str]:
    return {
        "q": "arxiv.org",
        "sort": "latest",
        "since": f"{span.start:%Y-%m-%dT%H:%M:%SZ}",
        "until": f"{span.end:%Y-%m-%dT%H:%M:%SZ}",
        "limit": str(_PAGE_POSTS),
        **({"cursor": cursor} if cursor else {}),
    }


def _batch(posts: dict[str, _Post | Malformed], span: Span, run: Sums) -> Batch:
    sums: Sums = Counter()
    days: Counter[date] = Counter()
    for post in posts.values():
        if isinstance(post, Malformed):
            continue
        at = _posted_at(post)
        if at is None or not span.start <= at < span.end:
            continue
        days[at.date()] += 1
        for paper in papers_linked(*_texts(post.record))[:_POST_PAPERS]:
            sums[paper, Kind.POSTS] += 1
            sums[paper, Kind.LIKES] += post.likes
            sums[paper, Kind.COMMENTS] += post.replies
    return Batch(
        told=[post for post in posts.values() if isinstance(post, Malformed)],
        signals=add_sums(run, sums, span.end, NAME),
        days=days,
        cursor=span.cursor,
    )


def _posted_at(post: _Post) -> datetime | None:
    """Give the time that the search goes by: who posts may write any, also of tomorrow."""
    told = (moment_of(text_of(post.record.get("createdAt"))), moment_of(post.indexed))
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
