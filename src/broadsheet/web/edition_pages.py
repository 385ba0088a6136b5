"""The pages of the newspaper itself: what is printed, what was, and what is rising."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from broadsheet.errors import NotFoundError
from broadsheet.library import Library
from broadsheet.model import Edition, Period, Span
from broadsheet.web import calendar, view_models
from broadsheet.web.addresses import plain
from broadsheet.web.dependencies import TheLibrary, ThePrinter, TheReader, votes_on
from broadsheet.web.feeds.alternates import Alternate, feeds_at
from broadsheet.web.templating import Printer

# Thirteen years of days.
ARCHIVE = 5_000
TRENDS = 50
CATEGORY_CHARS = 100
PRINTINGS_SHOWN = 20
_PRINTING_DIGITS = 6

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"], response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, with all that it takes to answer it."""

    request: Request
    library: Library
    printer: Printer
    reader: str | None


async def _asked(
    request: Request, library: TheLibrary, printer: ThePrinter, reader: TheReader
) -> _Asked:
    return _Asked(request, library, printer, reader)


_TheAsked = Annotated[_Asked, Depends(_asked)]


@_page("/")
def front(asked: _TheAsked) -> Response:
    """Show the newest edition of a day."""
    try:
        edition = asked.library.editions.read()
    except NotFoundError:
        return asked.printer.notice(
            asked.request,
            "The first edition is still to be printed",
            "It is made from the papers in the library at the hour the editor has set. "
            "Until then everything can be searched.",
        )
    return _edition(asked, edition, edition.revision)


@_page("/papers/date/{day}")
def dated(asked: _TheAsked, day: str, printing: str = "") -> Response:
    """Show the edition of one day."""
    return _printed(asked, Span.DAY, day, printing)


@_page("/papers/week/{week}")
def weekly(asked: _TheAsked, week: str, printing: str = "") -> Response:
    """Show the edition of one week."""
    return _printed(asked, Span.WEEK, week, printing)


@_page("/papers/month/{month}")
def monthly(asked: _TheAsked, month: str, printing: str = "") -> Response:
    """Show the edition of one month."""
    return _printed(asked, Span.MONTH, month, printing)


@_page("/papers/trending")
def trending(asked: _TheAsked, category: str = "", after: str = "") -> Response:
    """Show what is rising now, in one category or in all."""
    wanted = plain(category)[:CATEGORY_CHARS]
    try:
        found = asked.library.trending.list(TRENDS, after or None, wanted or None)
    except (ValueError, OverflowError):
        raise HTTPException(
            400, "The list cannot go on from there: please begin at its top, /papers/trending."
        ) from None
    papers = [trend.paper for trend in found.trends]
    votes, voted = votes_on(asked.library, asked.reader, [paper.id for paper in papers])
    return asked.printer.page(
        asked.request,
        "trending.html",
        category=wanted,
        goes_on=bool(after),
        entries=[
            view_models.trend_entry(
                trend, votes=votes.get(trend.paper.id, 0), voted=trend.paper.id in voted
            )
            for trend in found.trends
        ],
        categories=[(name, _trending_path(name)) for name in view_models.categories_of(papers)],
        top=_trending_path(wanted),
        more=_trending_path(wanted, found.after) if found.after else None,
        feeds=feeds_at(
            "/papers/trending", f"Rising in {wanted}" if wanted else "Rising", category=wanted
        ),
        canonical=_trending_path(wanted, after),
    )


@_page("/editions")
def editions(asked: _TheAsked) -> Response:
    """List all editions by month."""
    days, weeks, months = (asked.library.editions.periods(span, ARCHIVE) for span in Span)
    return asked.printer.page(
        asked.request,
        "editions.html",
        leaves=calendar.archive(days, weeks, months),
        feeds=_feeds(Span.DAY),
        canonical="/editions",
    )


def _printed(asked: _Asked, span: Span, text: str, printing: str) -> Response:
    """Answer with what was printed of a period, or with what was printed near it."""
    try:
        period = calendar.asked_for(text, span)
    except ValueError:
        raise HTTPException(404, f"A {span} is written like {calendar.FORMS[span]} here.") from None
    try:
        newest = asked.library.editions.read(period)
    except NotFoundError:
        return _unprinted(asked, period)
    if not printing:
        return _edition(asked, newest, newest.revision)
    digits = printing.isascii() and printing.isdigit() and len(printing) <= _PRINTING_DIGITS
    try:
        edition = asked.library.editions.read(period, int(printing) if digits else 0)
    except NotFoundError:
        raise HTTPException(
            404,
            f"There is no such printing of {calendar.told(period)}: "
            f"the newest is printing {newest.revision}.",
        ) from None
    return _edition(asked, edition, newest.revision)


def _edition(asked: _Asked, edition: Edition, newest: int) -> Response:
    period = edition.period
    older, newer = asked.library.editions.neighbors(period)
    paper_ids = [item.paper_id for item in edition.items]
    return asked.printer.page(
        asked.request,
        "edition.html",
        edition=edition,
        parts=view_models.parts(edition, *votes_on(asked.library, asked.reader, paper_ids)),
        newest=newest,
        printings=range(max(1, newest - PRINTINGS_SHOWN + 1), newest + 1),
        older=older,
        newer=newer,
        kin=asked.library.editions.overlapping(period),
        feeds=_feeds(period.span),
        canonical=calendar.edition_path(period),
    )


def _unprinted(asked: _Asked, period: Period) -> Response:
    older, newer = asked.library.editions.neighbors(period)
    return asked.printer.page(
        asked.request,
        "unprinted.html",
        status=404,
        period=period,
        absence=calendar.absence(period, asked.library.today),
        older=older,
        newer=newer,
    )


def _feeds(span: Span) -> tuple[Alternate, ...]:
    return feeds_at(calendar.span_path(span), f"The editions, {span} by {span}")


def _trending_path(category: str, after: str = "") -> str:
    asked = {key: said for key, said in (("category", category), ("after", after)) if said}
    query = f"?{urlencode(asked, errors='replace')}" if asked else ""
    return f"/papers/trending{query}"
