"""Fetch Hacker News stories that link to papers, from https://hn.algolia.com/api."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.paper_links import find_paper_ids
from broadsheet.sources.posts import TimeWindow, parse_post, thread_source, time_windows
from broadsheet.sources.source import Batch, FetchRequest, Source

NAME = "hn"

_ADDRESS = "https://hn.algolia.com/api/v1/search_by_date"
# The API returns at most 1,000 hits per query; a week has about 100.
_MAX_HITS = 1_000
_MAX_REPLY_BYTES = 16 << 20
_MAX_REQUESTS = 100
_LOOKBACK, _MAX_WINDOW = timedelta(days=4), timedelta(days=7)
_FIRST_DAY = date(2007, 2, 19)
_LAST_SECOND = 4_000_000_000
_MAX_COUNT = 1_000_000_000


class _Hit(BaseModel):
    model_config = ConfigDict(strict=True)

    id: str = Field(alias="objectID")
    created_s: int = Field(alias="created_at_i", ge=0, le=_LAST_SECOND)
    url: str | None = None
    points: int | None = Field(None, le=_MAX_COUNT, ge=-_MAX_COUNT)
    comments: int | None = Field(None, alias="num_comments", le=_MAX_COUNT, ge=0)


class _Page(BaseModel):
    model_config = ConfigDict(strict=True)

    hits: list[object]
    found: int = Field(0, alias="nbHits", ge=0)


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the points and comments of stories that link to arXiv.

    Without `request.since` the last four days, whose counts still change, are fetched again, and
    all days since the cursor. The signal source of a story is ``hn:`` and its id. A batch has at
    most seven days, so that a day is stored either completely or not at all.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `since` and `until` apply to the time of the story.

    Raises
    ------
    SourceError
        If the search is not available or the reply is malformed, or the stories do not end.
    """
    for window in time_windows(request, _LOOKBACK, _MAX_WINDOW, _FIRST_DAY):
        yield _batch(list(_stories(client, window)), window, request.now)


def _stories(client: Client, window: TimeWindow) -> Iterator[_Hit | Malformed]:
    """Fetch the stories of a window, halving each range with more hits than one reply holds."""
    pending = [(int(window.start.timestamp()), int(window.end.timestamp()))]
    for _ in range(_MAX_REQUESTS):
        start_s, end_s = pending.pop()
        params = _params(start_s, end_s)
        page = client.get(_ADDRESS, params, most_bytes=_MAX_REPLY_BYTES).read(_Page)
        missing = page.found - len(page.hits)
        if missing > 0 and end_s - start_s > 1:
            middle_s = (start_s + end_s) // 2
            pending += [(middle_s, end_s), (start_s, middle_s)]
            continue
        place = f"{NAME} from {datetime.fromtimestamp(start_s, UTC):%Y-%m-%d %H:%M:%S}"
        for n, raw in enumerate(page.hits[:_MAX_HITS], 1):
            yield parse_post(_Hit, raw, f"{place} hit {n}")
        if missing > 0:
            yield Malformed(place, f"{missing} more stories in this second; skipped")
        if not pending:
            return
    raise SourceError(
        f"{_ADDRESS} needs more than {_MAX_REQUESTS} requests for the stories from "
        f"{window.start:%Y-%m-%d} on, the limit: the next fetch retries them"
    )


def _params(start_s: int, end_s: int) -> dict[str, str]:
    return {
        "tags": "story",
        "query": "arxiv.org",
        "restrictSearchableAttributes": "url",
        "numericFilters": f"created_at_i>={start_s},created_at_i<{end_s}",
        "hitsPerPage": str(_MAX_HITS),
    }


def _batch(records: list[_Hit | Malformed], window: TimeWindow, now: datetime) -> Batch:
    stories = {hit.id: hit for hit in records if isinstance(hit, _Hit)}
    signals: list[Signal] = []
    days: Counter[date] = Counter()
    for hit in stories.values():
        at = datetime.fromtimestamp(hit.created_s, UTC)
        if not window.start <= at < window.end:
            continue
        days[at.date()] += 1
        for paper in find_paper_ids(hit.url)[:1]:
            source = thread_source(NAME, hit.id)
            for kind, value in ((Kind.POINTS, hit.points), (Kind.COMMENTS, hit.comments)):
                if value is not None:
                    signals.append(Signal(paper, kind, float(value), now, source))
    return Batch(
        records=[record for record in records if isinstance(record, Malformed)],
        signals=signals,
        days=days,
        cursor=window.cursor,
    )


SOURCE = Source(
    NAME,
    fetch,
    Schedule.DAILY,
    interval=timedelta(hours=3),
    rate_limits={"algolia.com": 0.4},
)
