"""Pages of editions: the front page, one edition, the archive."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response

from broadsheet.errors import NotFoundError
from broadsheet.library import Library
from broadsheet.model import Edition, EditionOutline, Period, Span
from broadsheet.web import archive, calendar, view_models
from broadsheet.web.convertors import PERIOD
from broadsheet.web.dependencies import Context, PageContext
from broadsheet.web.feeds.alternates import Alternate, feeds_at
from broadsheet.web.page_size import fitted

_ALL = 100_000
REVISIONS_SHOWN = 20
_REVISION_DIGITS = 6

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"], response_class=HTMLResponse)


@_page("/")
def front(context: Context) -> Response:
    """Return the newest daily edition."""
    try:
        edition = context.library.editions.read()
    except NotFoundError:
        return context.notice(
            "No edition yet",
            "The first edition is published at the configured hour, from the papers in the "
            "library. Until then, use the search.",
        )
    return _edition_page(context, edition, edition.revision)


@_page("/editions")
def archive_page(context: Context, before: str = "") -> Response:
    """Show the editions as a calendar, newest month first, some months on a page."""
    editions = context.library.editions
    months = archive.months_of(period for span in Span for period in editions.periods(span, _ALL))
    first = _first_month(before, months)
    shown = months[first : first + archive.MONTHS_SHOWN]
    newer, older = (
        months[max(0, first - archive.MONTHS_SHOWN) : first],
        months[first:][len(shown) :],
    )
    return context.render(
        "editions.html",
        months=[archive.month_grid(month, _outlines(context.library, month)) for month in shown],
        years=archive.years_of(months),
        is_newest=first == 0,
        newer=newer[0] if newer else None,
        older=older[0] if older else None,
        path_of=_archive_path,
        feeds=_feeds(Span.DAY),
        canonical=_archive_path(shown[0]) if first else "/editions",
    )


def _first_month(before: str, months: Sequence[Period]) -> int:
    """Return the place of the first month to show."""
    if not before:
        return 0
    try:
        end = calendar.parse_period(before).first
    except ValueError:
        raise HTTPException(404, "Invalid `before`; use a month, as in 2026-02.") from None
    return sum(month.first >= end for month in months)


def _archive_path(month: Period) -> str:
    return f"/editions?before={archive.before(month)}"


def _outlines(library: Library, month: Period) -> Iterator[EditionOutline]:
    for span in Span:
        # A week may begin in the month before.
        first = Period.containing(month.first, span).first
        yield from library.editions.outlines(span, first, month.last)


@_page(f"/editions/{PERIOD}")
def edition(context: Context, period: str, revision: str = "") -> Response:
    """Return the edition of a day, week or month; without `revision` the newest one."""
    try:
        wanted = calendar.parse_period(period)
    except ValueError:
        raise HTTPException(
            404,
            "Invalid edition address; use a day (2026-02-17), an ISO week (2026-W08) "
            "or a month (2026-02).",
        ) from None
    try:
        newest = context.library.editions.read(wanted)
    except NotFoundError:
        return _unpublished_page(context, wanted)
    if not revision:
        return _edition_page(context, newest, newest.revision)
    digits = revision.isascii() and revision.isdigit() and len(revision) <= _REVISION_DIGITS
    try:
        found = context.library.editions.read(wanted, int(revision) if digits else 0)
    except NotFoundError:
        raise HTTPException(
            404,
            f"This revision of the edition of {calendar.full_name(wanted)} does not exist; "
            f"the newest is revision {newest.revision}.",
        ) from None
    return _edition_page(context, found, newest.revision)


def _edition_page(context: PageContext, edition: Edition, newest: int) -> Response:
    period = edition.period
    older, newer = context.library.editions.neighbors(period)
    paper_ids = [item.paper_id for item in edition.items]
    return context.render(
        "edition.html",
        edition=edition,
        sample=view_models.sample_note(
            edition, fetches=bool(context.library.settings.source_names)
        ),
        parts=[
            replace(part, entries=tuple(fitted(part.entries)))
            for part in view_models.parts(edition, context.library.votes(paper_ids))
        ],
        newest=newest,
        revisions=range(max(1, newest - REVISIONS_SHOWN + 1), newest + 1),
        older=older,
        newer=newer,
        overlapping=context.library.editions.overlapping(period),
        feeds=_feeds(period.span),
        canonical=calendar.edition_path(period),
    )


def _unpublished_page(context: PageContext, period: Period) -> Response:
    older, newer = context.library.editions.neighbors(period)
    return context.render(
        "unpublished.html",
        status=404,
        period=period,
        absence=calendar.absence(period, context.library.today),
        overlapping=context.library.editions.overlapping(period),
        older=older,
        newer=newer,
    )


def _feeds(span: Span) -> tuple[Alternate, ...]:
    names = {Span.DAY: "Daily", Span.WEEK: "Weekly", Span.MONTH: "Monthly"}
    return feeds_at(calendar.feed_path(span), f"{names[span]} editions")
