"""The papers API of the Hugging Face Hub, as used by `huggingface_hub` and `hf papers`."""

import re
from collections.abc import Callable, Coroutine, Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from broadsheet.library import Library
from broadsheet.model import SAMPLE_LABEL, Paper, Period, Span
from broadsheet.rules.query import paper_id_in, parse
from broadsheet.web.addresses import NOT_EMPTY, paper_path, plain
from broadsheet.web.api.hub_schemas import (
    Absent,
    Attention,
    HubItem,
    HubPaperAlone,
    Listed,
    list_item,
    paper_alone,
)
from broadsheet.web.api.markdown import Standing, paper_markdown
from broadsheet.web.api.openapi import openapi_document, parameter_error
from broadsheet.web.api.problem import problems
from broadsheet.web.calendar import long_date
from broadsheet.web.convertors import API_PAPER_ID
from broadsheet.web.dependencies import NO_PAPER, TheLibrary, find_paper
from broadsheet.web.limits.search_slots import SEARCH_SLOT
from broadsheet.web.view_models import attention_totals, sentence, stand_in_note

# A deeper page takes seconds; a date or month reaches the same papers at once.
MAX_DEPTH = 10_000

_ARCHIVE = 5_000
_BATCH = 100
_TRENDING_SHOWN = 50
_EDITIONS_SHOWN = 14
_WEEK = r"^[1-9][0-9]{3}-W(0[1-9]|[1-4][0-9]|5[0-3])$"
_MONTH = r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"
_EXAMPLES = {Span.DAY: "2026-02-20", Span.WEEK: "2026-W08", Span.MONTH: "2026-02"}


class DailyPapersParams(BaseModel):
    """Query parameters of the daily papers; those that are given all apply."""

    p: int = Field(0, ge=0, description="Page number, from 0.")
    limit: int = Field(50, ge=1, le=100, description="Papers per page.")
    sort: Literal["publishedAt", "trending"] = Field("publishedAt", description="Sort order.")
    date: str | Absent = Field(
        None, description="A day: 2026-02-20.", json_schema_extra={"format": "date"}
    )
    week: str | Absent = Field(
        None, description="An ISO week: 2026-W08.", json_schema_extra={"pattern": _WEEK}
    )
    month: str | Absent = Field(
        None, description="A month: 2026-02.", json_schema_extra={"pattern": _MONTH}
    )
    submitter: str | Absent = Field(None, description="User name of the submitter.")

    @property
    def trending(self) -> bool:
        """Whether to sort by trending score."""
        return self.sort == "trending"


def _error(status: int, reason: str) -> HTTPException:
    detail = sentence(reason)
    header = detail.encode("ascii", "replace").decode()
    return HTTPException(status, detail, {"X-Error-Message": header})


class _HubRoute(APIRoute):
    """Reports invalid parameters as the hub does: status 400 and the reason in a header."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                name, is_missing = str(first["loc"][:2][-1]), first["type"] == "missing"
                document, path = openapi_document(request.app), request.scope["route"].path_format
                reason = parameter_error(document, path, name, is_missing=is_missing)
                raise _error(400, reason) from error

        return handle_or_explain


PaperId = Annotated[str, Path(description="Any id of the paper.", examples=["2502.14802"])]

router = APIRouter(
    tags=["Hugging Face Hub compatible"],
    route_class=_HubRoute,
    responses=problems(400),
)


@router.get("/api/daily_papers", response_model_exclude_none=True, responses=problems(400, 404))
def daily_papers(
    library: TheLibrary, params: Annotated[DailyPapersParams, Query()], response: Response
) -> list[HubItem]:
    """List the papers of editions, the newest edition first, or the trending papers.

    If no paper is trending, those of the newest edition are listed, and the header
    `Broadsheet-Note` says so; it also names a sample edition.
    """
    start = params.p * params.limit
    if start >= MAX_DEPTH:
        raise _error(
            404, f"pages end at {MAX_DEPTH:,} papers; use a date, week or month to go further"
        )
    notes: list[str] = []
    listed = _items(library, islice(_listed(library, params, notes), start, start + params.limit))
    if notes:
        response.headers["Broadsheet-Note"] = "; ".join(dict.fromkeys(notes))
    return listed


@router.get("/api/papers/search", response_model_exclude_none=True, dependencies=[SEARCH_SLOT])
def search(
    library: TheLibrary,
    q: Annotated[
        str,
        Query(
            max_length=250,
            description="Search query.",
            examples=["sparse attention"],
            json_schema_extra={"pattern": NOT_EMPTY},
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=120, description="Maximum number of papers.")] = 120,
) -> list[HubItem]:
    """Search by words and meaning; an id or address returns its paper."""
    query = plain(q)
    if not query:
        raise _error(400, "the parameter 'q' is empty")
    paper_id = paper_id_in(query)
    named = library.known([paper_id], 1) if paper_id else []
    parsed = parse(query, library.today)
    if parsed.is_cut:
        raise _error(400, str(parsed.note))
    found = named or [hit.paper for hit in library.search(parsed, n=limit).hits]
    return _items(library, map(Listed, found))


@router.get(
    f"/api/papers/{API_PAPER_ID}", response_model_exclude_none=True, responses=problems(400, 404)
)
def paper(library: TheLibrary, paper_id: PaperId) -> HubPaperAlone:
    """Return one paper by any of its ids."""
    found = _find(library, paper_id)
    return paper_alone(found, _attention(library, [found])[found.id])


@router.get(
    "/papers/{paper_id:path}.md",
    response_class=Response,
    responses={
        200: {"content": {"text/markdown": {"schema": {"type": "string"}}}},
        308: {"description": "The DOI of a paper ends in `.md`; this is the address of its page."},
        **problems(400, 404),
    },
)
def markdown(library: TheLibrary, paper_id: PaperId) -> Response:
    """Return one paper as Markdown."""
    found = find_paper(library, paper_id)
    if found is None:
        # A DOI may end in ".md"; the address of its page differs, but people type this one.
        named = _find(library, f"{paper_id}.md")
        return RedirectResponse(paper_path(named.id), 308)
    text = paper_markdown(
        found,
        f"{library.settings.base_url.rstrip('/')}{paper_path(found.id)}",
        attention_totals(library.signals(found.id)),
        list(_standings(library, found)),
    )
    return Response(text, media_type="text/markdown; charset=utf-8")


def _listed(library: Library, params: DailyPapersParams, notes: list[str]) -> Iterator[Listed]:
    """Yield the requested papers, each once; reads as many batches as are consumed.

    What a client should know of them is appended to `notes`.
    """
    periods = _periods(params)
    if periods:
        editions = [
            edition
            for edition in _editions_of(library, periods[0])
            if all(Period.containing(edition.first, each.span) == each for each in periods[1:])
        ]
        batches = _published(library, editions, notes)
        if params.trending:
            papers = [listed for batch in batches for listed in batch]
            batches = iter([sorted(papers, key=lambda listed: -listed.score)])
    elif params.trending:
        batches = _trending(library, notes)
    else:
        batches = _published(library, library.editions.periods(Span.DAY, _ARCHIVE), notes)
    seen: set[str] = set()
    for batch in batches:
        for listed in _submitted_by(library, params.submitter, batch):
            if listed.paper.id not in seen:
                seen.add(listed.paper.id)
                yield listed


def _periods(params: DailyPapersParams) -> list[Period]:
    """Parse the day, week and month that are given, in this order."""
    fields = {Span.DAY: params.date, Span.WEEK: params.week, Span.MONTH: params.month}
    return [_period(text, span) for span, text in fields.items() if text is not None]


def _period(text: str, span: Span) -> Period:
    try:
        return Period.parse(text, span)
    except ValueError:
        if re.search(_WEEK, text):
            raise _error(404, f"the year {text[:4]} has no week {text[-2:]}") from None
        raise _error(400, f"invalid {span}; the format is {_EXAMPLES[span]}") from None


def _editions_of(library: Library, period: Period) -> list[Period]:
    """Return the edition of a period, or the daily editions in it if there is none."""
    if period in library.editions.periods(period.span, _ARCHIVE):
        return [period]
    days = library.editions.periods(Span.DAY, _ARCHIVE)
    return [day for day in days if Period.containing(day.first, period.span) == period]


def _published(
    library: Library, periods: Iterable[Period], notes: list[str]
) -> Iterator[list[Listed]]:
    for period in periods:
        edition = library.editions.read(period)
        items = edition.items
        if edition.is_sample:
            notes.append(SAMPLE_LABEL)
        ids = [item.paper_id for item in items]
        papers = {paper.id: paper for paper in library.known(ids, len(ids))}
        # A paper that was merged into another since has that paper's id.
        papers |= {
            item.paper_id: paper
            for item in items
            if item.paper_id not in papers
            for paper in library.known([item.paper_id], 1)
        }
        yield [
            Listed(papers[item.paper_id], period.first, item.score)
            for item in items
            if item.paper_id in papers
        ]


def _trending(library: Library, notes: list[str]) -> Iterator[list[Listed]]:
    after: str | None = None
    for _ in range(MAX_DEPTH // _BATCH):
        found = library.trending_or_edition(_BATCH, after)
        if note := stand_in_note(found):
            notes.append(note)
        yield [Listed(trend.paper, score=trend.score) for trend in found.trends]
        after = found.after
        if after is None:
            return


def _submitted_by(library: Library, name: str | None, batch: list[Listed]) -> list[Listed]:
    if name is None:
        return batch
    submissions = library.submissions([listed.paper.id for listed in batch])
    return [
        listed
        for listed in batch
        if listed.paper.id in submissions and submissions[listed.paper.id].by == name
    ]


def _items(library: Library, listed: Iterable[Listed]) -> list[HubItem]:
    papers = list(listed)
    attention = _attention(library, [each.paper for each in papers])
    return [list_item(each, attention[each.paper.id]) for each in papers]


def _attention(library: Library, papers: list[Paper]) -> dict[str, Attention]:
    ids = [paper.id for paper in papers]
    counts, votes, submissions = library.counts(ids), library.votes(ids), library.submissions(ids)
    return {
        paper_id: Attention(
            counts.get(paper_id, {}), votes.get(paper_id, 0), submissions.get(paper_id)
        )
        for paper_id in ids
    }


def _find(library: Library, text: str) -> Paper:
    found = find_paper(library, text)
    if found is None:
        raise _error(404, NO_PAPER)
    return found


def _standings(library: Library, found: Paper) -> Iterator[Standing]:
    for trend in library.trending.list(_TRENDING_SHOWN).trends:
        if trend.paper.id == found.id:
            yield Standing(f"Rank {trend.rank} of the trending papers", trend.reason)
    for period in library.editions.periods(Span.DAY, _EDITIONS_SHOWN):
        for item in library.editions.read(period).items:
            if item.paper_id == found.id:
                yield Standing(
                    f"Rank {item.rank} in the edition of {long_date(period.first)}", item.reason
                )
