"""The API of the hub's papers, as huggingface_hub and its command `hf papers` ask for it."""

from collections.abc import Callable, Coroutine, Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from broadsheet.library import Library
from broadsheet.model import Paper, Period, Span
from broadsheet.rules.query import paper_id_in
from broadsheet.web.addresses import ids_meant, paper_path, plain
from broadsheet.web.api.hub_schemas import (
    Attention,
    HubItem,
    HubPaperAlone,
    Listed,
    list_item,
    paper_alone,
)
from broadsheet.web.api.markdown import Standing, paper_markdown
from broadsheet.web.api.openapi import manual, refusal
from broadsheet.web.api.problem import PROBLEMS
from broadsheet.web.calendar import long_date
from broadsheet.web.dependencies import TheLibrary
from broadsheet.web.view_models import newest_readings, sentence

# An answer from further down takes seconds, and a date or month leads there at once.
DEEPEST = 10_000

_ARCHIVE = 5_000
_STRETCH = 100
_RISING_TOLD = 50
_EDITIONS_TOLD = 14
_EXAMPLES = {Span.DAY: "2026-02-20", Span.WEEK: "2026-W08", Span.MONTH: "2026-02"}


class Asked(BaseModel):
    """Which of the daily papers are wanted."""

    p: int = Field(0, ge=0, description="Page, from 0.")
    limit: int = Field(50, ge=1, le=100, description="Papers a page.")
    sort: Literal["publishedAt", "trending"] = "publishedAt"
    date: str | None = Field(None, description="A day: 2026-02-20.")
    week: str | None = Field(None, description="An ISO week: 2026-W08.")
    month: str | None = Field(None, description="A month: 2026-02.")
    submitter: str | None = Field(None, description="Who put them forward.")

    @property
    def trending(self) -> bool:
        """Whether the steepest rise comes first."""
        return self.sort == "trending"


def _refused(status: int, why: str) -> HTTPException:
    said = sentence(why)
    header = said.encode("ascii", "replace").decode()
    return HTTPException(status, said, {"X-Error-Message": header})


class _HubRoute(APIRoute):
    """Refuses what it cannot read as the hub does: with 400 and the reason in a header."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_or_refuse(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                name, missing = str(first["loc"][-1]), first["type"] == "missing"
                why = refusal(manual(request.app), self.path, name, missing=missing)
                raise _refused(400, why) from error

        return answer_or_refuse


router = APIRouter(
    tags=["As the Hugging Face Hub has it"],
    route_class=_HubRoute,
    responses={"default": PROBLEMS},
)


@router.get("/api/daily_papers", response_model_exclude_none=True)
def daily_papers(library: TheLibrary, asked: Annotated[Asked, Query()]) -> list[HubItem]:
    """List the papers of editions, the newest edition first, or what is rising."""
    start = asked.p * asked.limit
    if start >= DEEPEST:
        raise _refused(
            400, f"pages end at {DEEPEST:,} papers: name a date, a week or a month to go further"
        )
    return _items(library, islice(_wanted(library, asked), start, start + asked.limit))


@router.get("/api/papers/search", response_model_exclude_none=True)
def search(
    library: TheLibrary,
    q: Annotated[str, Query(max_length=250)],
    limit: Annotated[int, Query(ge=1, le=120)] = 120,
) -> list[HubItem]:
    """Find papers by word and by meaning; an id or address gives its paper."""
    query = plain(q)
    if not query:
        raise _refused(400, "'q' is empty: say what to search for")
    meant = paper_id_in(query)
    named = library.known([meant], 1) if meant else []
    found = named or [hit.paper for hit in library.search(query, n=limit).hits]
    return _items(library, map(Listed, found))


@router.get("/api/papers/{paper_id:path}", response_model_exclude_none=True)
def paper(library: TheLibrary, paper_id: str) -> HubPaperAlone:
    """Tell of one paper, whichever of its ids is asked for."""
    found = _meant(library, paper_id)
    return paper_alone(found, _attention(library, [found])[found.id])


@router.head("/papers/{paper_id:path}.md", include_in_schema=False)
@router.get("/papers/{paper_id:path}.md", response_class=Response)
def read(library: TheLibrary, paper_id: str) -> Response:
    """Write one paper as Markdown."""
    found = _meant(library, paper_id)
    text = paper_markdown(
        found,
        f"{library.settings.base_url.rstrip('/')}{paper_path(found.id)}",
        newest_readings(library.signals(found.id)),
        list(_standings(library, found)),
    )
    return Response(text, media_type="text/markdown; charset=utf-8")


def _wanted(library: Library, asked: Asked) -> Iterator[Listed]:
    """List what is wanted, as far as it is read, each paper once."""
    period = _period(asked)
    if period is not None:
        stretches = _printed(library, _editions_of(library, period))
        if asked.trending:
            every = [listed for stretch in stretches for listed in stretch]
            stretches = iter([sorted(every, key=lambda listed: -listed.score)])
    elif asked.trending:
        stretches = _rising(library)
    else:
        stretches = _printed(library, library.editions.periods(Span.DAY, _ARCHIVE))
    seen: set[str] = set()
    for stretch in stretches:
        for listed in _put_forward_by(library, asked.submitter, stretch):
            if listed.paper.id not in seen:
                seen.add(listed.paper.id)
                yield listed


def _period(asked: Asked) -> Period | None:
    named = {Span.DAY: asked.date, Span.WEEK: asked.week, Span.MONTH: asked.month}
    told = {span: text for span, text in named.items() if text is not None}
    if len(told) > 1:
        raise _refused(400, "'date', 'week' and 'month' were given together: name one of them")
    for span, text in told.items():
        try:
            return Period.parse(text, span)
        except ValueError:
            raise _refused(400, f"that is no {span}: write it like {_EXAMPLES[span]}") from None
    return None


def _editions_of(library: Library, period: Period) -> list[Period]:
    """Choose the edition of a period, or those of its days where it has none of its own."""
    if period in library.editions.periods(period.span, _ARCHIVE):
        return [period]
    days = library.editions.periods(Span.DAY, _ARCHIVE)
    return [day for day in days if Period.containing(day.first, period.span) == period]


def _printed(library: Library, periods: Iterable[Period]) -> Iterator[list[Listed]]:
    for period in periods:
        items = library.editions.read(period).items
        ids = [item.paper_id for item in items]
        papers = {one.id: one for one in library.known(ids, len(ids))}
        # A paper that has become part of another since goes by that one's id now.
        papers |= {
            item.paper_id: one
            for item in items
            if item.paper_id not in papers
            for one in library.known([item.paper_id], 1)
        }
        yield [
            Listed(papers[item.paper_id], period.first, item.score)
            for item in items
            if item.paper_id in papers
        ]


def _rising(library: Library) -> Iterator[list[Listed]]:
    after: str | None = None
    for _ in range(DEEPEST // _STRETCH):
        found = library.trending.list(_STRETCH, after)
        yield [Listed(trend.paper, score=trend.score) for trend in found.trends]
        after = found.after
        if after is None:
            return


def _put_forward_by(library: Library, name: str | None, stretch: list[Listed]) -> list[Listed]:
    if name is None:
        return stretch
    told = library.submissions([listed.paper.id for listed in stretch])
    return [one for one in stretch if one.paper.id in told and told[one.paper.id].by == name]


def _items(library: Library, listed: Iterable[Listed]) -> list[HubItem]:
    wanted = list(listed)
    attention = _attention(library, [one.paper for one in wanted])
    return [list_item(one, attention[one.paper.id]) for one in wanted]


def _attention(library: Library, papers: list[Paper]) -> dict[str, Attention]:
    ids = [one.id for one in papers]
    counts, votes, told = library.counts(ids), library.votes(ids), library.submissions(ids)
    return {one: Attention(counts.get(one, {}), votes.get(one, 0), told.get(one)) for one in ids}


def _meant(library: Library, text: str) -> Paper:
    for found in library.known(ids_meant(text), 1):
        return found
    raise _refused(404, "no paper of that name is in this library: search for its title")


def _standings(library: Library, found: Paper) -> Iterator[Standing]:
    for trend in library.trending.list(_RISING_TOLD).trends:
        if trend.paper.id == found.id:
            yield Standing(f"No. {trend.rank} of what is rising now", trend.reason)
    for period in library.editions.periods(Span.DAY, _EDITIONS_TOLD):
        for item in library.editions.read(period).items:
            if item.paper_id == found.id:
                yield Standing(f"No. {item.rank} on {long_date(period.first)}", item.reason)
