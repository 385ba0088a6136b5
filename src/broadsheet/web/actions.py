"""Actions of readers: vote, subscribe, confirm, unsubscribe."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from broadsheet.rules.token import Purpose
from broadsheet.web.addresses import local_path, paper_path, plain
from broadsheet.web.dependencies import (
    NO_PAPER,
    SAME_ORIGIN,
    Context,
    client_network,
    enforce,
    find_paper,
    network_hash,
    new_reader,
    set_reader_cookie,
)
from broadsheet.web.rate_limiter import Limiters, RateLimiter
from broadsheet.web.view_models import sentence

# The address holds a token from a mail.
_NO_STORE = {"Cache-Control": "no-store"}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class ActionLimits:
    """The rate limits of actions, each per hour.

    Parameters
    ----------
    subscriptions : RateLimiter
        Subscription requests per network.
    new_readers : RateLimiter
        Votes without a reader's cookie, per network.
    network_votes : RateLimiter
        Votes per network, which many readers may share.
    reader_votes : RateLimiter
        Votes per reader.
    """

    subscriptions: RateLimiter
    new_readers: RateLimiter
    network_votes: RateLimiter
    reader_votes: RateLimiter

    @classmethod
    def of(cls, limiters: Limiters) -> Self:
        """Return the limits of a site."""
        return cls(
            subscriptions=limiters.hourly("subscriptions of a network", 10),
            new_readers=limiters.hourly("new readers of a network", 60),
            network_votes=limiters.hourly("votes of a network", 600),
            reader_votes=limiters.hourly("votes of a reader", 120),
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
    enforce(limits.network_votes, network, "votes from your network")
    if context.reader is None:
        enforce(limits.new_readers, network, "new readers from your network")
    else:
        enforce(limits.reader_votes, context.reader, "votes")
    reader = context.reader or new_reader()
    library.vote(paper.id, reader, on=on == "1", network=network_hash(context.request, library))
    response = RedirectResponse(local_path(back, paper_path(paper.id)), 303)
    set_reader_cookie(response, library, reader)
    return response


@router.post("/subscribe", dependencies=[SAME_ORIGIN])
def subscribe(context: Context, email: Annotated[str, Form()] = "") -> Response:
    """Request a confirmation mail; the response does not reveal whether an address is known."""
    enforce(
        _limits(context.request).subscriptions,
        client_network(context.request),
        "subscription requests from your network",
    )
    library, address = context.library, plain(email)
    try:
        library.subscriptions.subscribe(address)
    except ValueError as error:
        return context.render(
            "subscribe.html",
            status=422,
            email=address,
            problem=sentence(str(error)),
            canonical="/subscribe",
        )
    folder = f"No mail server is configured; the mail is stored in {library.settings.outbox}"
    return context.notice(
        "Confirm your subscription",
        f"A confirmation mail is sent to {address} unless that address is already subscribed. "
        "Open the link in the mail and confirm the subscription to receive the daily digest. "
        "Without confirmation, no further mail is sent.",
        *([f"{folder} as an .eml file."] if library.settings.smtp is None else []),
    )


@router.api_route("/confirm", methods=["GET", "HEAD"])
def ask_confirm(context: Context, token: str = "") -> Response:
    """Return the button that confirms a subscription."""
    email = context.library.subscriptions.peek(token, Purpose.CONFIRM).email
    return context.notice(
        "Confirm your subscription",
        f"Send the daily digest to {email}?",
        button="Confirm subscription",
        headers=_NO_STORE,
    )


@router.post("/confirm", dependencies=[SAME_ORIGIN])
def confirm(context: Context, token: str = "") -> Response:
    """Confirm a subscription."""
    email = context.library.subscriptions.confirm(token).email
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
