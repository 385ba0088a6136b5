"""Version 1 of the API."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import Field
from pydantic.fields import FieldInfo

from broadsheet.errors import NotFoundError
from broadsheet.library import Library
from broadsheet.model import Mode, Paper, Period, Sort, Span
from broadsheet.web.addresses import NOT_EMPTY, plain
from broadsheet.web.api import schemas, serializers
from broadsheet.web.api.hub_schemas import Absent
from broadsheet.web.api.paging import next_address, signals_after
from broadsheet.web.api.problem import problems
from broadsheet.web.calendar import parse_period
from broadsheet.web.convertors import API_PAPER_ID
from broadsheet.web.dependencies import TheLibrary, find_paper
from broadsheet.web.limits.search_slots import SEARCH_SLOT
from broadsheet.web.view_models import QUERY_CHARS, stand_in_note

# Last rank that pagination reaches.
MAX_RANK = 10_000
_ARCHIVE = 100_000

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_PAPERS_CURSOR = r"(-|[0-9]{4}(-[0-9]{2}){0,2})\.[0-9]{1,18}"
_SIGNALS_CURSOR = rf"{_DAY}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}\.[0-9]{{6}}Z\.[0-9]{{1,9}}"
_TRENDING_CURSOR = r"[0-9]{1,9}\.-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,3}\.[0-9]{1,18}"

_INVALID_CURSOR = "The parameter 'after' must be the 'after' of a previous page."

Limit = Annotated[int, Query(ge=1, le=500, description="Maximum number of items.", examples=[2])]
Category = Annotated[
    Annotated[str, Field(max_length=100)] | Absent,
    Query(description="Only papers in this category.", examples=["cs.LG"]),
]
PaperId = Annotated[
    str,
    Path(
        description="Any id of the paper, such as 2502.14802, arxiv:2502.14802, hep-th/9901001, "
        "10.1000/kites or openalex:W2741809807, or an address that contains one of these.",
        examples=["arxiv:2502.14802"],
    ),
]


def _cursor(pattern: str) -> FieldInfo:
    # Documents the pattern; an invalid cursor gets the error of `_valid_cursor`.
    field: FieldInfo = Query(
        max_length=100,
        description="Cursor: the `after` of the previous page.",
        json_schema_extra={"pattern": f"^{pattern}$"},
    )
    return field


async def _no_unknown_parameters(request: Request) -> None:
    # A misspelt parameter would be ignored, and the response would look valid.
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    for name in request.query_params:
        if name not in known:
            rest = f"known parameters are {', '.join(known)}" if known else "there are none"
            raise HTTPException(422, f"Unknown parameter {plain(name)[:40]!r}; {rest}.")


_token = HTTPBearer(
    auto_error=False, description="A read token; optional if the API is open, for a higher limit."
)
router = APIRouter(
    prefix="/api/v1",
    tags=["Version 1"],
    dependencies=[Security(_token), Depends(_no_unknown_parameters)],
    responses=problems(422),
)
# An empty security requirement makes the token optional.
_get = partial(router.get, openapi_extra={"security": [{}]})
_MISSING = problems(404, 422)


@_get("/papers")
def papers(
    request: Request,
    library: TheLibrary,
    category: Category = None,
    limit: Limit = 50,
    after: Annotated[str | Absent, _cursor(_PAPERS_CURSOR)] = None,
) -> schemas.Papers:
    """List papers by publication date, newest first."""
    base_url = library.settings.base_url
    with _valid_cursor():
        found, last = library.newest(limit, after, category and plain(category))
    return schemas.Papers(
        papers=tuple(serializers.paper_of(paper, base_url) for paper in found),
        after=last,
        next=_next(request, base_url, last),
    )


@_get("/papers/{paper_id:path}/signals", responses=_MISSING)
def signals(
    request: Request,
    library: TheLibrary,
    paper_id: PaperId,
    limit: Limit = 50,
    after: Annotated[str | Absent, _cursor(_SIGNALS_CURSOR)] = None,
) -> schemas.Signals:
    """List the attention observations of a paper, oldest first."""
    found = _find(library, paper_id)
    with _valid_cursor():
        page, last = signals_after(library.signals(found.id), after, limit)
    return schemas.Signals(
        id=found.id,
        signals=tuple(serializers.observation_of(signal) for signal in page),
        after=last,
        next=_next(request, library.settings.base_url, last),
    )


@_get(f"/papers/{API_PAPER_ID}", responses=_MISSING)
def paper(library: TheLibrary, paper_id: PaperId) -> schemas.WholePaper:
    """Return one paper with its ids and the current totals of attention."""
    found = _find(library, paper_id)
    return serializers.whole_paper(
        found,
        library.settings.base_url,
        library.counts([found.id]).get(found.id, {}),
        library.submissions([found.id]).get(found.id),
    )


@_get("/search", dependencies=[SEARCH_SLOT])
def search(
    request: Request,
    library: TheLibrary,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=QUERY_CHARS,
            description="Search query, in the query language of the search page.",
            examples=["sparse attention"],
            json_schema_extra={"pattern": NOT_EMPTY},
        ),
    ],
    mode: Annotated[Mode, Query(description="Search by words, by meaning, or both.")] = Mode.HYBRID,
    sort: Annotated[Sort, Query(description="Sort order within each tier.")] = Sort.RELEVANCE,
    limit: Limit = 50,
    after: Annotated[
        int, Query(ge=0, le=MAX_RANK, description="Last rank of the previous page.")
    ] = 0,
) -> schemas.Hits:
    """Search: first papers containing all words, then the closest in meaning."""
    base_url = library.settings.base_url
    query = plain(q)
    if not query:
        raise HTTPException(422, "The parameter 'q' is empty; it must contain a word.")
    found = library.search(query, n=limit, offset=after, mode=mode, sort=sort)
    reached = after + limit
    last = str(reached) if reached < found.total and reached <= MAX_RANK else None
    return schemas.Hits(
        query=found.query,
        total=found.total,
        matches=found.matches,
        neighbours=found.neighbours,
        tiers=found.tiers,
        note=found.note,
        meant=found.suggestion,
        hits=tuple(serializers.hit_of(hit, base_url) for hit in found.hits),
        after=last,
        next=_next(request, base_url, last),
    )


@_get("/trending")
def trending(
    request: Request,
    library: TheLibrary,
    category: Category = None,
    limit: Limit = 50,
    after: Annotated[str | Absent, _cursor(_TRENDING_CURSOR)] = None,
) -> schemas.Trends:
    """List the trending papers, the highest score first, each with its reason."""
    base_url = library.settings.base_url
    with _valid_cursor():
        found = library.trending_or_edition(limit, after, category and plain(category))
    return schemas.Trends(
        trends=tuple(serializers.trend_of(trend, base_url) for trend in found.trends),
        note=stand_in_note(found),
        after=found.after,
        next=_next(request, base_url, found.after),
    )


@_get("/editions")
def editions(
    request: Request,
    library: TheLibrary,
    span: Annotated[Span, Query(description="Daily, weekly or monthly editions.")] = Span.DAY,
    limit: Limit = 50,
    after: Annotated[str | Absent, _cursor(_DAY)] = None,
) -> schemas.Editions:
    """List the published editions, newest first."""
    base_url = library.settings.base_url
    if after is not None and not re.fullmatch(_DAY, after):
        raise HTTPException(422, _INVALID_CURSOR)
    periods = library.editions.periods(span, _ARCHIVE)
    older = [each for each in periods if after is None or each.first.isoformat() < after]
    last = older[limit - 1].first.isoformat() if len(older) > limit else None
    return schemas.Editions(
        editions=tuple(serializers.edition_name(each, base_url) for each in older[:limit]),
        after=last,
        next=_next(request, base_url, last),
    )


@_get("/editions/{period}", responses=_MISSING)
def edition(
    library: TheLibrary,
    period: Annotated[
        str,
        Path(
            description="A day, an ISO week or a month: 2026-02-20, 2026-W08 or 2026-02.",
            examples=["2026-02-20"],
        ),
    ],
    revision: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000)] | Absent,
        Query(description="Revision; by default the newest."),
    ] = None,
) -> schemas.Edition:
    """Return an edition, each paper with the reason for its rank."""
    wanted = _period(period)
    try:
        found = library.editions.read(wanted, revision)
    except NotFoundError:
        missing = f"has no revision {revision}" if revision else "is not published"
        raise HTTPException(
            404, f"The edition of {wanted} {missing}; /api/v1/editions lists all editions."
        ) from None
    return serializers.edition_of(found, library.settings.base_url)


def _next(request: Request, base_url: str, after: str | None) -> str | None:
    if after is None:
        return None
    address = f"{base_url}{request.scope['path']}"
    return next_address(address, request.query_params.multi_items(), after)


@contextmanager
def _valid_cursor() -> Iterator[None]:
    """Turn an invalid `after` into a response with status 422."""
    try:
        yield
    except (ValueError, OverflowError):
        raise HTTPException(422, _INVALID_CURSOR) from None


def _find(library: Library, text: str) -> Paper:
    found = find_paper(library, text)
    if found is None:
        raise HTTPException(
            404, "No paper in this library has this id; search for its title with /api/v1/search."
        )
    return found


def _period(text: str) -> Period:
    try:
        return parse_period(text)
    except ValueError:
        raise HTTPException(
            404, "An edition is a day, an ISO week or a month: 2026-02-20, 2026-W08 or 2026-02."
        ) from None
