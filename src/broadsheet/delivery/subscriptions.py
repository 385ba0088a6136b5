"""Subscriptions of one library: subscribe, confirm, unsubscribe, list."""

from collections.abc import Callable, Iterator
from datetime import datetime

from broadsheet.delivery import subscribe
from broadsheet.model import Subscription
from broadsheet.store import subscriptions
from broadsheet.store.database import Database


class Subscriptions:
    """The subscriptions of a library.

    Parameters
    ----------
    database : Database
        The library.
    secret : str
        Signs the links in mails.
    library_id, host : str
        What a mail's Message-ID ends with.
    clock : callable
        Gives the time, aware UTC.
    """

    def __init__(
        self,
        database: Database,
        secret: str,
        library_id: str,
        host: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._secret = secret
        self._library_id = library_id
        self._host = host
        self._clock = clock

    def subscribe(self, email: str) -> None:
        """Make a confirmation mail due; see :func:`broadsheet.delivery.subscribe.subscribe`."""
        subscribe.subscribe(self._database, email, self._library_id, self._host, self._clock())

    def peek(self, token: str) -> Subscription:
        """Read the subscription that a link from a mail belongs to, changing nothing."""
        return subscribe.peek(self._database, self._secret, token, self._clock())

    def confirm(self, token: str) -> Subscription:
        """Confirm the subscription that a link from a confirmation mail belongs to."""
        return subscribe.confirm(self._database, self._secret, token, self._clock())

    def unsubscribe(self, token: str) -> Subscription:
        """End the subscription that a link from a digest belongs to."""
        return subscribe.unsubscribe(self._database, self._secret, token, self._clock())

    def all(self) -> Iterator[Subscription]:
        """Read every subscription."""
        with self._database.read() as connection:
            yield from subscriptions.all_subscriptions(connection)

    def forget_unconfirmed(self) -> int:
        """Remove the addresses that have not confirmed for thirty days; gives how many."""
        return subscribe.forget_unconfirmed(self._database, self._clock())
