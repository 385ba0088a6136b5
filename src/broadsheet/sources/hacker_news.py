"""Stories of Hacker News that link to papers, through the search that Algolia runs for it."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from broadsheet.errors import SourceError
from broadsheet.model import Kind, Malformed
from broadsheet.sources.client import Client
from broadsheet.sources.mentions import Span, Sums, add_sums, papers_linked, read_post, spans
from broadsheet.sources.source import Asked, Batch

NAME = "hn"

_ADDRESS = "https://hn.algolia.com/api/v1/search_by_date"
_PAGE_HITS = 200
# The service gives no more than a thousand hits of one question; a week brings a hundred.
_PAGES = 5
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
    pages: int = Field(alias="nbPages", ge=0)


def fetch(client: Client, asked: Asked) -> Iterator[Batch]:
    """Read points and comments of the stories that link to arXiv.

    Without `asked.since` the last four days are read again, as stories still gain, and all since
    the cursor. A paper has the sums of its stories in the run. A week is kept whole or not at
    all, as sums of half of it would be too small.

    Parameters
    ----------
    client : Client
        Asks hn.algolia.com.
    asked : Asked
        `since` and `until` are honoured by the time of the stories.

    Raises
    ------
    SourceError
        Where the search cannot be asked, or gives something else or no end.
    """
    run: Sums = Counter()
    for span in spans(asked, _AGAIN, _LONGEST, _FIRST_DAY):
        yield _batch(_stories(client, span), span, run)


def _stories(client: Client, span: Span) -> dict[str, _Hit | Malformed]:
    """Read all pages of a span; a story that moved to the next page meanwhile stands once."""
    told: dict[str, _Hit | Malformed] = {}
    for number in range(_PAGES):
        page = client.get(_ADDRESS, _question(span, number)).read(_Page)
        for n, raw in enumerate(page.hits[:_PAGE_HITS], 1):
            place = f"{NAME} {span.start:%Y-%m-%d} page {number + 1} hit {n}"
            hit = read_post(_Hit, raw, place)
            told.setdefault(hit.place if isinstance(hit, Malformed) else hit.id, hit)
        if not page.hits or number + 1 >= page.pages:
            return told
    raise SourceError(
        f"{_ADDRESS} gave more than {_PAGES * _PAGE_HITS} stories from {span.start:%Y-%m-%d} on, "
        "the most that it tells of at once: ask for fewer days"
    )


def _question(span: Span, number: int) -> dict[str, str]:
    start_s, end_s = int(span.start.timestamp()), int(span.end.timestamp())
    return {
        "tags": "story",
        "query": "arxiv.org",
        "restrictSearchableAttributes": "url",
        "numericFilters": f"created_at_i>={start_s},created_at_i<{end_s}",
        "hitsPerPage": str(_PAGE_HITS),
        "page": str(number),
    }


def _batch(stories: dict[str, _Hit | Malformed], span: Span, run: Sums) -> Batch:
    sums: Sums = Counter()
    days: Counter[date] = Counter()
    for hit in stories.values():
        if isinstance(hit, Malformed):
            continue
        at = datetime.fromtimestamp(hit.created_s, UTC)
        if not span.start <= at < span.end:
            continue
        days[at.date()] += 1
        for paper in papers_linked(hit.url)[:1]:
            for kind, value in ((Kind.POINTS, hit.points), (Kind.COMMENTS, hit.comments)):
                if value is not None:
                    sums[paper, kind] += value
    return Batch(
        told=[hit for hit in stories.values() if isinstance(hit, Malformed)],
        signals=add_sums(run, sums, span.end, NAME),
        days=days,
        cursor=span.cursor,
    )
