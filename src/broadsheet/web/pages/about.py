"""Pages about the site: ranking, status, subscription form, health check."""

from functools import partial
from hmac import compare_digest

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from broadsheet.model.health import Status
from broadsheet.rules.fusion import FEEDBACK_PAPERS, LEXICAL_SHARE, SENTENCE_WORDS
from broadsheet.rules.health import problems
from broadsheet.rules.reranking import DEPTH
from broadsheet.web.dependencies import Context, TheLibrary
from broadsheet.web.formula import constants
from broadsheet.web.health import HealthMonitor
from broadsheet.web.metrics import CONTENT_TYPE, Metrics
from broadsheet.web.status_table import status_groups

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
    """Report the state of the sources, editions, mails and the index."""
    library = context.library
    health, settings, now = library.health(), library.settings, library.now
    return context.render(
        "status.html",
        problems=problems(health, now),
        groups=status_groups(health, settings.publish_at, settings.timezone, now),
        now=now,
        canonical="/status",
    )


@router.api_route("/metrics", methods=["GET", "HEAD"])
async def metrics(request: Request, library: TheLibrary) -> Response:
    """Report counts and times in the text format of Prometheus, to the holder of the token.

    Without the setting ``metrics_token`` there is no such page.
    """
    counted: Metrics | None = request.app.state.metrics
    token = library.settings.metrics_token
    if counted is None or token is None:
        raise HTTPException(404)
    sent = request.headers.get("authorization", "")
    if not compare_digest(sent.encode(), f"Bearer {token.get_secret_value()}".encode()):
        reason = "This page requires the token of the setting metrics_token."
        raise HTTPException(401, reason, {"WWW-Authenticate": "Bearer"})
    monitor: HealthMonitor = request.app.state.health
    report = await monitor.report()
    text = counted.exposition(report.health, report.status, library.now)
    return Response(text, media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz(request: Request, strict: bool = False) -> JSONResponse:
    """Report the health of the library as JSON, for monitoring.

    The status is 503 if pages cannot be served; with `strict` also if anything else is wrong.
    """
    monitor: HealthMonitor = request.app.state.health
    report = await monitor.report()
    served = (Status.OK,) if strict else (Status.OK, Status.DEGRADED)
    headers = {"Cache-Control": "no-store"}
    if report.status in served:
        return JSONResponse(report.document, headers=headers)
    return JSONResponse(report.document, 503, headers=headers | {"Retry-After": "10"})
