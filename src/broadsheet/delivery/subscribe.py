"""Subscribe addresses with confirmation, and unsubscribe them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection

from broadsheet.errors import NotFoundError
from broadsheet.model import Subscription, SubscriptionState
from broadsheet.rules.address import parse_address
from broadsheet.rules.signup import MAILS_A_DAY_TO_A_MAILBOX, waits_until
from broadsheet.rules.token import Grant, Purpose, is_mailed_to, verify
from broadsheet.store import deliveries, subscriptions
from broadsheet.store.database import Database

_DELETE_UNCONFIRMED_AFTER = timedelta(days=30)
_INVALID = {
    Purpose.CONFIRM: "this link is invalid or has expired: subscribe again to receive a new one",
    Purpose.UNSUBSCRIBE: "this link is invalid: open the link in the newest mail",
}


class Subscriptions:
    """The subscriptions of a library.

    Parameters
    ----------
    database : Database
        The library.
    secret : str
        Signs the links in mails.
    library_id, domain : str
        Right-hand side of each Message-ID.
    clock : callable
        Returns the current time, aware UTC.
    """

    def __init__(
        self,
        database: Database,
        secret: str,
        library_id: str,
        domain: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._secret = secret
        self._library_id = library_id
        self._domain = domain
        self._clock = clock

    def subscribe(self, email: str, *, waits: bool = False) -> bool:
        """Enqueue a confirmation mail; sends nothing itself.

        The result does not reveal whether the address is known: a confirmed address, and one
        that was sent three confirmations within 24 hours, gets no further mail.

        Parameters
        ----------
        email : str
            The address, as a reader entered it.
        waits : bool
            Whether the mail waits in the queue of :func:`broadsheet.rules.signup.waits_until`.

        Returns
        -------
        bool
            False if that queue is full, whatever the address is.

        Raises
        ------
        ValueError
            If `email` is not an email address.
        """
        address = parse_address(email)
        now = self._clock()
        with self._database.write() as connection:
            due_at: datetime | None = now
            if waits:
                due_at = waits_until(deliveries.last_waiting(connection), now)
            if due_at is None:
                return False
            subscription = subscriptions.create_or_renew(connection, address, now)
            if subscription.state is not SubscriptionState.PENDING:
                return True
            day_ago = now - timedelta(days=1)
            recent = deliveries.confirmations_since(connection, subscription.id, day_ago)
            if recent < MAILS_A_DAY_TO_A_MAILBOX:
                message_id = f"<confirmation.{uuid4().hex}.{self._library_id}@{self._domain}>"
                deliveries.enqueue_confirmation(
                    connection, subscription.id, message_id, due_at, waits=waits
                )
            return True

    def ever_created(self) -> int:
        """Return an upper bound of the number of subscriptions, in constant time."""
        with self._database.read() as connection:
            return subscriptions.ever_created(connection)

    def peek(self, token: str, purpose: Purpose) -> Subscription:
        """Return the subscription of a token; changes nothing.

        Raises
        ------
        NotFoundError
            As :meth:`confirm` and :meth:`unsubscribe` raise it.
        """
        grant = self._grant(token, purpose)
        with self._database.read() as connection:
            return self._granted(connection, grant, purpose)

    def confirm(self, token: str) -> Subscription:
        """Confirm the subscription of a token; repeating it changes nothing.

        Raises
        ------
        NotFoundError
            If the token is invalid, has expired or was not mailed to the subscription's address,
            or the address has unsubscribed since.
        """
        grant = self._grant(token, Purpose.CONFIRM)
        with self._database.write() as connection:
            granted = self._granted(connection, grant, Purpose.CONFIRM)
            return subscriptions.confirm(connection, granted.id, self._clock())

    def unsubscribe(self, token: str) -> Subscription:
        """End the subscription of a token; repeating it changes nothing.

        Raises
        ------
        NotFoundError
            If the token is invalid or was not mailed to the subscription's address.
        """
        grant = self._grant(token, Purpose.UNSUBSCRIBE)
        with self._database.write() as connection:
            granted = self._granted(connection, grant, Purpose.UNSUBSCRIBE)
            return subscriptions.unsubscribe(connection, granted.id, self._clock())

    def all(self) -> Iterator[Subscription]:
        """List every subscription in the order of creation."""
        with self._database.read() as connection:
            yield from subscriptions.all_subscriptions(connection)

    def delete_unconfirmed(self) -> int:
        """Delete addresses that were not confirmed within 30 days; return how many."""
        with self._database.write() as connection:
            return subscriptions.delete_unconfirmed(
                connection, _DELETE_UNCONFIRMED_AFTER, self._clock()
            )

    def _grant(self, token: str, purpose: Purpose) -> Grant:
        grant = verify(self._secret, purpose, token, self._clock())
        if grant is None:
            raise NotFoundError(_INVALID[purpose])
        return grant

    def _granted(self, connection: Connection, grant: Grant, purpose: Purpose) -> Subscription:
        found = subscriptions.find(connection, grant.subscription_id)
        if found is None or not self._is_owner(grant, found):
            raise NotFoundError(_INVALID[purpose])
        if purpose is Purpose.CONFIRM and found.state is SubscriptionState.UNSUBSCRIBED:
            raise NotFoundError(
                "this address has unsubscribed: subscribe again to receive a new confirmation mail"
            )
        return found

    def _is_owner(self, grant: Grant, subscription: Subscription) -> bool:
        if grant.address_hash is None:
            # Earlier versions mailed links to unsubscribe to confirmed addresses only, and those
            # were never deleted: the id belongs to the address that the link was mailed to.
            return subscription.confirmed_at is not None
        return is_mailed_to(self._secret, grant, subscription.email)
