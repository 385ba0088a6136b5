"""Take readers on, by a mail they confirm, and let them go."""

from datetime import datetime, timedelta
from uuid import uuid4

from broadsheet.errors import NotFoundError
from broadsheet.model import Subscription, SubscriptionState
from broadsheet.rules.address import parse_address
from broadsheet.rules.token import Purpose, read
from broadsheet.store import deliveries, subscriptions
from broadsheet.store.database import Database

_CONFIRMATIONS_A_DAY = 3
_FORGET_UNCONFIRMED_AFTER = timedelta(days=30)


def subscribe(database: Database, email: str, library_id: str, host: str, now: datetime) -> None:
    """Make a confirmation mail due to an address that asks for the digest.

    Nothing tells whether the address was known: an address that is subscribed, or that was
    sent three confirmations within a day, gets no further one.

    Parameters
    ----------
    database : Database
        The library.
    email : str
        What the reader wrote.
    library_id, host : str
        What the mail's Message-ID ends with.
    now : datetime
        Aware UTC.

    Raises
    ------
    ValueError
        Where `email` is no address.
    """
    address = parse_address(email)
    with database.write() as connection:
        asked = subscriptions.ask(connection, address, now)
        if asked.state is not SubscriptionState.PENDING:
            return
        made = subscriptions.confirmations_since(connection, asked.id, now - timedelta(days=1))
        if made < _CONFIRMATIONS_A_DAY:
            message_id = f"<confirmation.{uuid4().hex}.{library_id}@{host}>"
            deliveries.enqueue_confirmation(connection, asked.id, message_id, now)


def peek(database: Database, secret: str, token: str, now: datetime) -> Subscription:
    """Read the subscription that a link from a mail belongs to, changing nothing.

    Parameters
    ----------
    database : Database
        The library.
    secret : str
        What the link was signed with.
    token : str
        From the link.
    now : datetime
        Aware UTC.

    Raises
    ------
    NotFoundError
        Where the link is wrong or too old.
    """
    with database.read() as connection:
        return subscriptions.subscription(connection, _owner(secret, token, now, *Purpose))


def confirm(database: Database, secret: str, token: str, now: datetime) -> Subscription:
    """Confirm the subscription that a link from a confirmation mail belongs to; as :func:`peek`."""
    owner = _owner(secret, token, now, Purpose.CONFIRM)
    with database.write() as connection:
        return subscriptions.confirm(connection, owner, now)


def unsubscribe(database: Database, secret: str, token: str, now: datetime) -> Subscription:
    """End the subscription that a link from a digest belongs to; as :func:`peek`."""
    owner = _owner(secret, token, now, Purpose.UNSUBSCRIBE)
    with database.write() as connection:
        return subscriptions.unsubscribe(connection, owner, now)


def forget_unconfirmed(database: Database, now: datetime) -> int:
    """Remove the addresses that have not confirmed for thirty days; gives how many."""
    with database.write() as connection:
        return subscriptions.forget_unconfirmed(connection, _FORGET_UNCONFIRMED_AFTER, now)


def _owner(secret: str, token: str, now: datetime, *purposes: Purpose) -> int:
    for purpose in purposes:
        owner = read(secret, purpose, token, now)
        if owner is not None:
            return owner
    raise NotFoundError("this link is not valid any more: subscribe again to get a new one")
