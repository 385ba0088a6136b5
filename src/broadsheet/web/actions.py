"""What a reader may do: vote, subscribe, confirm, unsubscribe."""

import math
import time
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from broadsheet.web.addresses import own_path, paper_path, plain
from broadsheet.web.dependencies import (
    FROM_OUR_PAGES,
    TheLibrary,
    ThePrinter,
    TheReader,
    client_address,
    network_of,
    new_reader,
    remember,
)
from broadsheet.web.guard import RateLimit
from broadsheet.web.view_models import sentence

SUBSCRIPTIONS_AN_HOUR = 10
NEW_READERS_AN_HOUR = 60

# A link from a mail is in the address.
_SECRET = {"Cache-Control": "no-store"}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.post("/papers/{paper_id:path}/vote", dependencies=[FROM_OUR_PAGES])
def vote(
    request: Request,
    library: TheLibrary,
    reader: TheReader,
    paper_id: str,
    on: Annotated[Literal["0", "1"], Form()],
    back: Annotated[str, Form()] = "",
) -> Response:
    """Set or take back a vote, and lead back to where it was cast."""
    paper = library.paper(plain(paper_id))
    if reader is None:
        _take_turn(request, request.app.state.new_readers)
    voter = reader or new_reader()
    library.vote(paper.id, voter, on=on == "1", network=network_of(request, library))
    response = RedirectResponse(own_path(back, paper_path(paper.id)), 303)
    remember(response, library, voter)
    return response


@router.post("/subscribe", dependencies=[FROM_OUR_PAGES])
def subscribe(
    request: Request, library: TheLibrary, printer: ThePrinter, email: Annotated[str, Form()] = ""
) -> Response:
    """Ask an address whether it wants the digest; the answer never tells whether it is known."""
    _take_turn(request, request.app.state.subscribing)
    address = plain(email)
    try:
        library.subscriptions.subscribe(address)
    except ValueError as problem:
        return printer.page(
            request,
            "subscribe.html",
            status=422,
            email=address,
            problem=sentence(str(problem)),
            canonical="/subscribe",
        )
    where = f"This newspaper has no mail server yet: the mail lies in {library.settings.outbox}"
    return printer.notice(
        request,
        "A confirmation mail is on its way",
        f"It goes to {address}, unless that is subscribed already. Press the button it leads to "
        "and the next edition comes to you; do nothing and you will not hear from us again.",
        *([f"{where} as an .eml file."] if library.settings.smtp is None else []),
    )


@router.api_route("/confirm", methods=["GET", "HEAD"])
def ask_confirm(
    request: Request, library: TheLibrary, printer: ThePrinter, token: str = ""
) -> Response:
    """Show the button that confirms a subscription."""
    email = library.subscriptions.peek(token).email
    return printer.notice(
        request,
        "One more click",
        f"Shall the daily edition go to {email}?",
        button="Yes, send it every day",
        headers=_SECRET,
    )


@router.post("/confirm", dependencies=[FROM_OUR_PAGES])
def confirm(
    request: Request, library: TheLibrary, printer: ThePrinter, token: str = ""
) -> Response:
    """Confirm a subscription."""
    email = library.subscriptions.confirm(token).email
    return printer.notice(
        request,
        "You are subscribed",
        f"The daily edition goes to {email} from now on. "
        "Every mail carries a link that ends it with one click.",
        headers=_SECRET,
    )


@router.api_route("/unsubscribe", methods=["GET", "HEAD"])
def ask_unsubscribe(
    request: Request, library: TheLibrary, printer: ThePrinter, token: str = ""
) -> Response:
    """Show the button that ends a subscription."""
    email = library.subscriptions.peek(token).email
    return printer.notice(
        request,
        "Leaving so soon?",
        f"This ends the daily mail to {email}.",
        button="Unsubscribe",
        headers=_SECRET,
    )


@router.post("/unsubscribe")
def unsubscribe(
    request: Request, library: TheLibrary, printer: ThePrinter, token: str = ""
) -> Response:
    """End a subscription, by the button or by a mail program's one click (RFC 8058).

    Taken from anywhere, any number of times, whatever the body holds: the token is what allows
    it, and a mail program has neither cookie nor Origin.
    """
    email = library.subscriptions.unsubscribe(token).email
    return printer.notice(
        request,
        "You are unsubscribed",
        f"No more mail goes to {email}. The newspaper stays open to read here.",
        headers=_SECRET,
    )


def _take_turn(request: Request, limit: RateLimit) -> None:
    wait_s = limit.wait_s(client_address(request), time.monotonic())
    if wait_s:
        raise HTTPException(429, headers={"Retry-After": str(math.ceil(wait_s))})
