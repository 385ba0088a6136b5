"""Actions of readers: vote, subscribe, confirm, unsubscribe."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import anyio
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from broadsheet.errors import NotFoundError
from broadsheet.library import Library
from broadsheet.rules.address import parse_address
from broadsheet.rules.query import paper_id_in
from broadsheet.rules.signup import LONGEST_WAIT
from broadsheet.rules.token import Purpose
from broadsheet.web.addresses import local_path, paper_path, plain
from broadsheet.web.dependencies import (
    NO_PAPER,
    SAME_ORIGIN,
    Context,
    PageContext,
    client_network,
    client_site,
    enforce,
    find_paper,
    network_hash,
    new_reader,
    set_reader_cookie,
)
from broadsheet.web.limits.rate_limiter import Limiters, RateLimiter
from broadsheet.web.limits.signup import Signup, SignupLimits, Step, puzzle
from broadsheet.web.view_models import sentence

RESPONSE_S = 0.25
# The address holds a token from a mail.
_NO_STORE = {"Cache-Control": "no-store"}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class ActionLimits:
    """The rate limits of actions, each per hour unless it says otherwise.

    Parameters
    ----------
    subscriptions : RateLimiter
        Subscription requests per network, invalid ones included.
    signups : SignupLimits
        Counters that decide what a valid subscription request needs.
    new_readers : RateLimiter
        Votes without a reader's cookie, per network.
    network_votes : RateLimiter
        Votes per site, which many readers may share.
    reader_votes : RateLimiter
        Votes per reader.
    network_requests : RateLimiter
        Requests of papers per site.
    all_requests : RateLimiter
        Requests of papers of all networks together.
    """

    subscriptions: RateLimiter
    signups: SignupLimits
    new_readers: RateLimiter
    network_votes: RateLimiter
    reader_votes: RateLimiter
    network_requests: RateLimiter
    all_requests: RateLimiter

    @classmethod
    def of(cls, limiters: Limiters) -> Self:
        """Return the limits of a site."""
        return cls(
            subscriptions=limiters.hourly("subscriptions of a network", 60),
            signups=SignupLimits.of(limiters.of_signups),
            new_readers=limiters.hourly("new readers of a network", 60),
            network_votes=limiters.hourly("votes of a network", 600),
            reader_votes=limiters.hourly("votes of a reader", 120),
            network_requests=limiters.hourly("papers requested by a network", 10),
            all_requests=limiters.hourly("papers requested", 60),
        )


@router.post("/papers/{paper_id:path}/vote", dependencies=[SAME_ORIGIN])
def vote(
    context: Context,
    paper_id: str,
    on: Annotated[Literal["0", "1"], Form()],
    back: Annotated[str, Form()] = "",
) -> Response:
    """Set or withdraw a vote, then redirect to the page it was cast on."""
    library, limits = context.library, _limits(context.request)
    paper = find_paper(library, paper_id)
    if paper is None:
        raise HTTPException(404, NO_PAPER)
    network = client_network(context.request)
    enforce(limits.network_votes, client_site(context.request), "votes from your network")
    if context.reader is None:
        enforce(limits.new_readers, network, "new readers from your network")
    else:
        enforce(limits.reader_votes, context.reader, "votes")
    reader = context.reader or new_reader()
    library.vote(paper.id, reader, on=on == "1", network=network_hash(context.request, library))
    response = RedirectResponse(local_path(back, paper_path(paper.id)), 303)
    set_reader_cookie(response, library, reader)
    return response


@router.post("/requests", dependencies=[SAME_ORIGIN])
def request_paper(context: Context, paper: Annotated[str, Form()]) -> Response:
    """Request that a paper of an arXiv id or DOI is fetched with the next run of the sources.

    The limits keep strangers from spending the site's requests to arXiv and Crossref.
    """
    library, limits = context.library, _limits(context.request)
    paper_id = paper_id_in(plain(paper))
    if paper_id is not None and library.has_paper(paper_id):
        return RedirectResponse(paper_path(paper_id), 303)
    if paper_id is None or not library.settings.source_names:
        raise HTTPException(422, "Only an arXiv id or a DOI can be requested, if sources are on.")
    enforce(limits.network_requests, client_site(context.request), "papers requested")
    enforce(limits.all_requests, "all", "papers requested")
    if not library.request_paper(paper_id):
        raise HTTPException(429, "Too many papers are requested; try again in a minute.")
    return context.notice(
        "Paper requested",
        f"{paper_id.partition(':')[2]} is fetched within a few minutes, if its source has it. "
        "Search for it again then.",
    )


@router.post("/subscribe", dependencies=[SAME_ORIGIN])
async def subscribe(
    context: Context,
    email: Annotated[str, Form()] = "",
    challenge: Annotated[str, Form()] = "",
    solution: Annotated[str, Form()] = "",
    wait: Annotated[str, Form()] = "",
) -> Response:
    """Request a confirmation mail.

    Neither the response nor its time reveals whether an address is known: every response takes
    at least :data:`RESPONSE_S`, which is longer than the database takes.
    """
    respond_at = anyio.current_time() + RESPONSE_S
    network = client_network(context.request)
    signup = Signup(plain(email), network, challenge, solution, waits=wait == "1")
    response = await run_in_threadpool(_subscribe, context, signup)
    await anyio.sleep_until(respond_at)
    return response


def _subscribe(context: PageContext, signup: Signup) -> Response:
    library, limits = context.library, _limits(context.request)
    enforce(limits.subscriptions, signup.network, "subscription requests from your network")
    try:
        signup = replace(signup, address=parse_address(signup.address))
    except ValueError as error:
        return _subscribe_form(context, 422, str(error), signup.address)
    size = library.subscriptions.ever_created()
    step = limits.signups.next_step(signup, library.secret, size, library.now)
    if step is Step.PROVE:
        return _proof_form(context, signup.address)
    waits = step is Step.WAIT
    is_refused = step is Step.REFUSE
    if not is_refused and limits.signups.is_mailbox_open(signup.address):
        is_refused = not library.subscriptions.subscribe(signup.address, waits=waits)
    if is_refused:
        raise HTTPException(
            429,
            "Too many confirmation mails wait to be sent; subscribe again tomorrow.",
            {"Retry-After": str(int(LONGEST_WAIT.total_seconds()))},
        )
    return _subscribed(context, signup.address, waits=waits)


def _subscribe_form(context: PageContext, status: int, problem: str, email: str = "") -> Response:
    return context.render(
        "subscribe.html",
        status=status,
        email=email,
        problem=sentence(problem),
        canonical="/subscribe",
    )


def _proof_form(context: PageContext, address: str) -> Response:
    return context.render(
        "proof.html",
        status=429,
        email=address,
        puzzle=puzzle(context.library.secret, address, context.library.now),
    )


def _subscribed(context: PageContext, address: str, *, waits: bool) -> Response:
    when = "within six hours" if waits else "now"
    return context.notice(
        "Confirm your subscription",
        f"A confirmation mail is sent to {address} {when}, unless that address is already "
        "subscribed or was sent three of them today. Open the link in the mail and confirm the "
        "subscription to receive the daily digest. Without confirmation, no further mail is sent.",
        *_mail_notes(context.library),
    )


def _mail_notes(library: Library) -> list[str]:
    """Return why the mail does not arrive yet, without what only the operator should know."""
    if library.settings.smtp is None:
        return [
            "No mail server is configured: the mail is stored as a file and not sent. The operator "
            "of this site finds it with `broadsheet doctor`."
        ]
    if library.outbox.refusal():
        return [
            "This site sends no mail until its operator has set its public address; the "
            "confirmation mail follows then."
        ]
    return []


@router.api_route("/confirm", methods=["GET", "HEAD"])
def ask_confirm(context: Context, token: str = "") -> Response:
    """Return the button that confirms a subscription."""
    try:
        email = context.library.subscriptions.peek(token, Purpose.CONFIRM).email
    except NotFoundError as error:
        return _subscribe_form(context, 404, str(error))
    return context.notice(
        "Confirm your subscription",
        f"Send the daily digest to {email}?",
        button="Confirm subscription",
        headers=_NO_STORE,
    )


@router.post("/confirm", dependencies=[SAME_ORIGIN])
def confirm(context: Context, token: str = "") -> Response:
    """Confirm a subscription."""
    try:
        email = context.library.subscriptions.confirm(token).email
    except NotFoundError as error:
        return _subscribe_form(context, 404, str(error))
    return context.notice(
        "You are subscribed",
        f"The daily digest is sent to {email}. Every mail contains a link to unsubscribe.",
        headers=_NO_STORE,
    )


@router.api_route("/unsubscribe", methods=["GET", "HEAD"])
def ask_unsubscribe(context: Context, token: str = "") -> Response:
    """Return the button that ends a subscription.

    No page names the address: these links never expire, and mails are passed on.
    """
    context.library.subscriptions.peek(token, Purpose.UNSUBSCRIBE)
    return context.notice(
        "Unsubscribe",
        "Stop sending the daily digest to the address that this link was mailed to?",
        button="Unsubscribe",
        headers=_NO_STORE,
    )


@router.post("/unsubscribe")
def unsubscribe(context: Context, token: str = "") -> Response:
    """End a subscription, by the button or by a mail client's one-click request (RFC 8058).

    Accepts any origin, any body and repeated requests: the token is the authorization, and a
    mail client sends neither cookie nor Origin.
    """
    context.library.subscriptions.unsubscribe(token)
    return context.notice(
        "You are unsubscribed",
        "No more mail is sent to the address that this link was mailed to.",
        headers=_NO_STORE,
    )


def _limits(request: Request) -> ActionLimits:
    limits: ActionLimits = request.app.state.limits
    return limits
