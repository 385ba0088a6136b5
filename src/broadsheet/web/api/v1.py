"""The newspaper's own API: what a program may read of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Security
from fastapi.security import HTTPBearer

from broadsheet.errors import NotFoundError
from broadsheet.library import Library
from broadsheet.model import Mode, Paper, Period, Sort, Span
from broadsheet.rules.identity import parse_any_id
from broadsheet.web.addresses import ids_meant, plain
from broadsheet.web.api import schemas, serializers
from broadsheet.web.api.paging import next_address, signals_after
from broadsheet.web.api.problem import PROBLEMS
from broadsheet.web.dependencies import TheLibrary
from broadsheet.web.view_models import QUERY_CHARS

# How deep an answer can be paged through.
MAX_RANK = 10_000
_ARCHIVE = 100_000

Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.", examples=[2])]
After = Annotated[
    str | None,
    Query(max_length=100, description="Where an earlier answer ended: what it gave as after."),
]
Category = Annotated[
    str | None,
    Query(max_length=100, description="Only papers of this category.", examples=["cs.LG"]),
]
PaperId = Annotated[
    str,
    Path(
        description="Any id the paper has, in any form: 2502.14802, arxiv:2502.14802, "
        "hep-th/9901001, 10.1000/kites, openalex:W2741809807, or the address of one of these.",
        examples=["arxiv:2502.14802"],
    ),
]


async def _takes_no_other(request: Request) -> None:
    # A name spelt wrong would else be passed over, and the answer be about something else.
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    for name in request.query_params:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise HTTPException(422, f"There is no parameter {plain(name)[:40]!r} here: {takes}.")


_token = HTTPBearer(
    auto_error=False, description="A read token; where the API is open, it is for more requests."
)
router = APIRouter(
    prefix="/api/v1",
    tags=["This newspaper's own"],
    dependencies=[Security(_token), Depends(_takes_no_other)],
    responses={"default": PROBLEMS},
)
# An empty way to prove who one is: it is left to the client.
_reads = partial(router.get, openapi_extra={"security": [{}]})


@_reads("/papers")
def papers(
    request: Request,
    library: TheLibrary,
    category: Category = None,
    limit: Limit = 50,
    after: After = None,
) -> schemas.Papers:
    """List the papers by date, the newest first."""
    base_url = library.settings.base_url
    with _given_out():
        found, last = library.newest(limit, after, category and plain(category))
    return schemas.Papers(
        papers=tuple(serializers.paper_of(one, base_url) for one in found),
        after=last,
        next=_next(request, base_url, last),
    )


@_reads("/papers/{paper_id:path}/signals")
def signals(
    request: Request,
    library: TheLibrary,
    paper_id: PaperId,
    limit: Limit = 50,
    after: After = None,
) -> schemas.Signals:
    """Read the attention that a paper got: dated observations, the oldest first."""
    found = _meant(library, paper_id)
    with _given_out():
        stretch, last = signals_after(library.signals(found.id), after, limit)
    return schemas.Signals(
        id=found.id,
        signals=tuple(serializers.observation_of(one) for one in stretch),
        after=last,
        next=_next(request, library.settings.base_url, last),
    )


@_reads("/papers/{paper_id:path}")
def paper(library: TheLibrary, paper_id: PaperId) -> schemas.WholePaper:
    """Read one paper, with its ids and the newest totals of attention."""
    found = _meant(library, paper_id)
    return serializers.whole_paper(
        found,
        library.settings.base_url,
        library.counts([found.id]).get(found.id, {}),
        library.submissions([found.id]).get(found.id),
    )


@_reads("/search")
def search(
    request: Request,
    library: TheLibrary,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=QUERY_CHARS,
            description="What to look for, in the query language of the search page.",
            examples=["sparse attention"],
        ),
    ],
    mode: Annotated[Mode, Query(description="Words, meaning, or both.")] = Mode.HYBRID,
    sort: Annotated[Sort, Query(description="The order within each tier.")] = Sort.RELEVANCE,
    limit: Limit = 50,
    after: Annotated[
        int, Query(ge=0, le=MAX_RANK, description="The rank that an earlier answer ended with.")
    ] = 0,
) -> schemas.Hits:
    """Find papers by word and by meaning: first those with every word, then the nearest."""
    base_url = library.settings.base_url
    query = plain(q)
    if not query:
        raise HTTPException(422, "The parameter 'q' holds nothing to look for: give some words.")
    found = library.search(query, n=limit, offset=after, mode=mode, sort=sort)
    reached = after + limit
    last = str(reached) if reached < found.total and reached <= MAX_RANK else None
    return schemas.Hits(
        query=found.query,
        total=found.total,
        matches=found.matches,
        tiers=found.tiers,
        note=found.note,
        meant=found.suggestion,
        hits=tuple(serializers.hit_of(one, base_url) for one in found.hits),
        after=last,
        next=_next(request, base_url, last),
    )


@_reads("/trending")
def trending(
    request: Request,
    library: TheLibrary,
    category: Category = None,
    limit: Limit = 50,
    after: After = None,
) -> schemas.Trends:
    """List the papers that rise, the steepest first, each with what it gained."""
    base_url = library.settings.base_url
    with _given_out():
        found = library.trending.list(limit, after, category and plain(category))
    return schemas.Trends(
        trends=tuple(serializers.trend_of(one, base_url) for one in found.trends),
        after=found.after,
        next=_next(request, base_url, found.after),
    )


@_reads("/editions")
def editions(
    request: Request,
    library: TheLibrary,
    span: Annotated[Span, Query(description="Those of days, of weeks or of months.")] = Span.DAY,
    limit: Limit = 50,
    after: After = None,
) -> schemas.Editions:
    """List the editions that were printed, the newest first."""
    base_url = library.settings.base_url
    with _given_out():
        before = None if after is None else Period.parse(after, span)
    older = [
        one for one in library.editions.periods(span, _ARCHIVE) if before is None or one < before
    ]
    last = str(older[limit - 1]) if len(older) > limit else None
    return schemas.Editions(
        editions=tuple(serializers.edition_name(one, base_url) for one in older[:limit]),
        after=last,
        next=_next(request, base_url, last),
    )


@_reads("/editions/{period}")
def edition(
    library: TheLibrary,
    period: Annotated[
        str,
        Path(
            description="A day, ISO week or month: 2026-02-20, 2026-W08 or 2026-02.",
            examples=["2026-02-20"],
        ),
    ],
    revision: Annotated[
        int | None,
        Query(ge=1, le=1_000_000, description="An earlier printing; else the newest is read."),
    ] = None,
) -> schemas.Edition:
    """Read an edition, each paper with the reason it is there."""
    wanted = _period(period)
    try:
        found = library.editions.read(wanted, revision)
    except NotFoundError:
        printing = f" has no printing {revision}" if revision else " was not printed"
        raise HTTPException(
            404, f"The edition of {wanted}{printing}: /api/v1/editions lists those there are."
        ) from None
    return serializers.edition_of(found, library.settings.base_url)


def _next(request: Request, base_url: str, after: str | None) -> str | None:
    if after is None:
        return None
    here = f"{base_url}{request.scope['path']}"
    return next_address(here, request.query_params.multi_items(), after)


@contextmanager
def _given_out() -> Iterator[None]:
    """Refuse an `after` that no earlier answer gave."""
    try:
        yield
    except (ValueError, OverflowError):
        raise HTTPException(
            422, "The parameter 'after' is where an earlier answer ended: give its 'after'."
        ) from None


def _meant(library: Library, text: str) -> Paper:
    meant = (*ids_meant(text), parse_any_id(plain(text)))
    found = library.known([one for one in meant if one], 1)
    if not found:
        raise HTTPException(
            404, "No paper of that id is in this library: look for its title with /api/v1/search."
        )
    return found[0]


def _period(text: str) -> Period:
    for span in Span:
        try:
            return Period.parse(text, span)
        except ValueError:
            continue
    raise HTTPException(
        404, "An edition is named by its day, week or month: 2026-02-20, 2026-W08 or 2026-02."
    )
