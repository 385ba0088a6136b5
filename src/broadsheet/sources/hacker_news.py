"""Stories of Hacker News that link to papers, through the search that Algolia runs for it."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.mentions import Span, papers_linked, read_post, spans, thread_source
from broadsheet.sources.source import Batch, FetchRequest, Source

NAME = "hn"

_ADDRESS = "https://hn.algolia.com/api/v1/search_by_date"
# The service gives no more than a thousand hits of one question; a week brings a hundred.
_MOST_HITS = 1_000
_REPLY_BYTES = 16 << 20
_QUESTIONS = 100
_AGAIN, _LONGEST = timedelta(days=4), timedelta(days=7)
_FIRST_DAY = date(2007, 2, 19)
_LAST_SECOND = 4_000_000_000
_MOST = 1_000_000_000


class _Hit(BaseModel):
    model_config = ConfigDict(strict=True)

    id: str = Field(alias="objectID")
    created_s: int = Field(alias="created_at_i", ge=0, le=_LAST_SECOND)
    url: str | None = None
    points: int | None = Field(None, le=_MOST, ge=-_MOST)
    comments: int | None = Field(None, alias="num_comments", le=_MOST, ge=0)


class _Page(BaseModel):
    model_config = ConfigDict(strict=True)

    hits: list[object]
    found: int = Field(0, alias="nbHits", ge=0)


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read points and comments of the stories that link to arXiv.

    Without `request.since` the last four days are read again, as stories still gain, and all since
    the cursor. Each story has a series of its own, ``hn:`` and its id. A week is kept whole or
    not at all, so that none of its stories counts twice.

    Parameters
    ----------
    client : Client
        Asks hn.algolia.com.
    request : FetchRequest
        `since` and `until` are honoured by the time of the stories.

    Raises
    ------
    SourceError
        Where the search cannot be asked, or gives something else or no end.
    """
    for span in spans(request, _AGAIN, _LONGEST, _FIRST_DAY):
        yield _batch(list(_stories(client, span)), span, request.now)


def _stories(client: Client, span: Span) -> Iterator[_Hit | Malformed]:
    """Read a span; a part of which not all is told at once is asked for in halves."""
    waiting = [(int(span.start.timestamp()), int(span.end.timestamp()))]
    for _ in range(_QUESTIONS):
        start_s, end_s = waiting.pop()
        question = _question(start_s, end_s)
        page = client.get(_ADDRESS, question, most_bytes=_REPLY_BYTES).read(_Page)
        untold = page.found - len(page.hits)
        if untold > 0 and end_s - start_s > 1:
            middle_s = (start_s + end_s) // 2
            waiting += [(middle_s, end_s), (start_s, middle_s)]
            continue
        place = f"{NAME} from {datetime.fromtimestamp(start_s, UTC):%Y-%m-%d %H:%M:%S}"
        for n, raw in enumerate(page.hits[:_MOST_HITS], 1):
            yield read_post(_Hit, raw, f"{place} hit {n}")
        if untold > 0:
            yield Malformed(place, f"{untold} more stories are of this second, and not told")
        if not waiting:
            return
    raise SourceError(
        f"{_ADDRESS} came to no end of the stories from {span.start:%Y-%m-%d} on in {_QUESTIONS} "
        "questions: it is tried again at the next fetch"
    )


def _question(start_s: int, end_s: int) -> dict[str, str]:
    return {
        "tags": "story",
        "query": "arxiv.org",
        "restrictSearchableAttributes": "url",
        "numericFilters": f"created_at_i>={start_s},created_at_i<{end_s}",
        "hitsPerPage": str(_MOST_HITS),
    }


def _batch(told: list[_Hit | Malformed], span: Span, now: datetime) -> Batch:
    stories = {hit.id: hit for hit in told if isinstance(hit, _Hit)}
    signals: list[Signal] = []
    days: Counter[date] = Counter()
    for hit in stories.values():
        at = datetime.fromtimestamp(hit.created_s, UTC)
        if not span.start <= at < span.end:
            continue
        days[at.date()] += 1
        for paper in papers_linked(hit.url)[:1]:
            source = thread_source(NAME, hit.id)
            for kind, value in ((Kind.POINTS, hit.points), (Kind.COMMENTS, hit.comments)):
                if value is not None:
                    signals.append(Signal(paper, kind, float(value), now, source))
    return Batch(
        records=[hit for hit in told if isinstance(hit, Malformed)],
        signals=signals,
        days=days,
        cursor=span.cursor,
    )


SOURCE = Source(
    NAME,
    fetch,
    Schedule.DAILY,
    interval=timedelta(hours=3),
    rate_limits={"algolia.com": 0.4},
)
