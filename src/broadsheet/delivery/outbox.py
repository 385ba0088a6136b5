"""The outbox of a library: enqueue digests, send due mails."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from broadsheet.delivery.worker import MailSettings, SendReport, send_due
from broadsheet.errors import MailError
from broadsheet.model import Edition, Period
from broadsheet.rules.public_address import mail_refusal
from broadsheet.store import deliveries, metadata
from broadsheet.store.database import Database
from broadsheet.store.editions import edition

_ADDRESS = "base_url"


class Outbox:
    """The deliveries of a library.

    Parameters
    ----------
    database : Database
        The library.
    mail : MailSettings
        How mails are addressed and where they are sent.
    secret : str
        Signs the links in them.
    library_id : str
        Part of each Message-ID.
    clock : callable
        Returns the current time, aware UTC.
    """

    def __init__(
        self,
        database: Database,
        mail: MailSettings,
        secret: str,
        library_id: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._mail = mail
        self._secret = secret
        self._library_id = library_id
        self._clock = clock

    def remember_address(self, base_url: str) -> None:
        """Store the address that the server was started with, for mails of other processes."""
        with self._database.write() as connection:
            if metadata.get_value(connection, _ADDRESS) != base_url:
                metadata.put_value(connection, _ADDRESS, base_url)

    def address(self) -> str | None:
        """Return the address that links in mails lead to; None if it is not known.

        It is that of the settings, or else the one that the server was last started with.
        """
        if self._mail.base_url is not None:
            return self._mail.base_url
        with self._database.read() as connection:
            return metadata.get_value(connection, _ADDRESS)

    def refusal(self) -> str | None:
        """Return why no mail can be sent by SMTP; None if it can, or if mails are files."""
        return None if self._mail.smtp_url is None else mail_refusal(self.address())

    def enqueue_edition(self, connection: Connection, published: Edition) -> int:
        """Enqueue this revision for each confirmed subscription that has no digest of its day.

        Parameters
        ----------
        connection : sqlalchemy.Connection
            The transaction that publishes the edition.
        published : Edition
            A day's edition.

        Returns
        -------
        int
            Number of digests enqueued.
        """
        return deliveries.enqueue_digests(
            connection,
            published,
            self._library_id,
            self._mail.newsletter.domain,
            self._clock(),
        )

    def enqueue(self, day: date) -> int:
        """Enqueue the newest revision of a day; return the number of digests enqueued.

        Raises
        ------
        NotFoundError
            If that day has no edition.
        """
        with self._database.write() as connection:
            return self.enqueue_edition(connection, edition(connection, Period(day)))

    def send(
        self, day: date | None = None, on_sent: Callable[[], None] = lambda: None
    ) -> SendReport:
        """Enqueue a day's edition, by default the newest, and send everything that is due.

        Parameters
        ----------
        day : date or None
            The edition's day.
        on_sent : callable, optional
            Called after each mail.

        Raises
        ------
        NotFoundError
            If that day has no edition.
        MailError
            As :meth:`send_due` raises it; then nothing is enqueued.
        """
        self._check_address()
        with self._database.read() as connection:
            newest = edition(connection, Period(day) if day else None)
        self.enqueue(newest.date)
        return self.send_due(on_sent)

    def send_due(
        self,
        on_sent: Callable[[], None] = lambda: None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> SendReport:
        """Send every delivery that is due; see :func:`broadsheet.delivery.worker.send_due`.

        Raises
        ------
        MailError
            If links in mails sent by SMTP would lead nowhere; see :meth:`refusal`.
        """
        self._check_address()
        newsletter = self._mail.newsletter
        address = self.address() or newsletter.base_url
        return send_due(
            self._database,
            replace(self._mail, newsletter=replace(newsletter, base_url=address)),
            self._secret,
            self._clock,
            on_sent=on_sent,
            is_stopping=is_stopping,
        )

    def _check_address(self) -> None:
        if refusal := self.refusal():
            raise MailError(refusal)

    def retry_unknown(self) -> int:
        """Make unknown deliveries due again, return how many; recipients may get them twice."""
        with self._database.write() as connection:
            return deliveries.retry_unknown(connection, self._clock())
