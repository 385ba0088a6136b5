"""Pages about the site: ranking, source status, subscription form, health check."""

from functools import partial

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response

from broadsheet.model import DeliveryState
from broadsheet.rules.fusion import FEEDBACK_PAPERS, LEXICAL_SHARE, SENTENCE_WORDS
from broadsheet.rules.gaps import gap_spans
from broadsheet.rules.reranking import DEPTH
from broadsheet.web.dependencies import Context, TheLibrary
from broadsheet.web.formula import constants

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"], response_class=HTMLResponse)


@_page("/subscribe")
def subscribe(context: Context) -> Response:
    """Return the subscription form."""
    return context.render("subscribe.html", email="", problem=None, canonical="/subscribe")


@_page("/about/ranking")
def ranking(context: Context) -> Response:
    """Explain how search results, trending papers and editions are ranked."""
    return context.render(
        "ranking.html",
        canonical="/about/ranking",
        words_percent=round(100 * LEXICAL_SHARE),
        sentence_words=SENTENCE_WORDS,
        feedback_papers=FEEDBACK_PAPERS,
        depth=DEPTH,
        reranking=context.library.reranker.available,
        trending=constants(),
    )


@_page("/status")
def status(context: Context) -> Response:
    """Report the state of each source and the days that are missing."""
    states = context.library.sources.states()
    return context.render(
        "status.html",
        states=states,
        missing=[days for state in states for days in gap_spans(state.gaps)],
        now=context.library.now,
        canonical="/status",
    )


@router.get("/healthz")
def healthz(library: TheLibrary) -> JSONResponse:
    """Report the health of the library as JSON, for monitoring."""
    health = library.health()
    return JSONResponse(
        {
            "status": "ok",
            "papers": health.papers,
            "behind": health.behind,
            "edition": health.edition.isoformat() if health.edition else None,
            "gaps": [
                {"source": gap.source, "day": gap.day.isoformat(), "why": gap.reason}
                for state in health.sources
                for gap in state.gaps
            ],
            "due": health.deliveries.get(DeliveryState.DUE, 0),
        },
        headers={"Cache-Control": "no-store"},
    )
