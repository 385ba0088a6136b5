"""Compose the message of each delivery."""

from datetime import date, datetime

from broadsheet.errors import DamagedError, NotFoundError, StoreError
from broadsheet.mail import (
    Newsletter,
    RenderedMail,
    compose,
    render_confirmation,
    render_digest,
)
from broadsheet.model import Delivery, DeliveryKind, Edition, Period
from broadsheet.rules.token import CONFIRM_FOR, Purpose, sign
from broadsheet.store.database import Database
from broadsheet.store.editions import edition


class MessageComposer:
    """Composes messages; renders each edition revision once.

    Parameters
    ----------
    database : Database
        The library with the editions.
    newsletter : Newsletter
        The sender.
    secret : str
        Signs the links.
    """

    def __init__(self, database: Database, newsletter: Newsletter, secret: str) -> None:
        self.newsletter = newsletter
        self._database = database
        self._secret = secret
        self._digests: dict[tuple[date, int | None], RenderedMail] = {}

    def compose(self, delivery: Delivery, now: datetime) -> bytes:
        """Return the message of a delivery, dated `now` (aware UTC).

        Raises
        ------
        NotFoundError
            If the edition revision of a digest does not exist.
        ValueError
            If a digest names no edition, or its edition cannot be read.
        """
        unsubscribe_url = None
        if delivery.kind is DeliveryKind.CONFIRMATION:
            url = self._signed_url("/confirm", Purpose.CONFIRM, delivery, now)
            rendered = render_confirmation(self.newsletter, url, CONFIRM_FOR)
        elif delivery.edition_date is None:
            raise ValueError(f"delivery {delivery.id} is a digest without an edition")
        else:
            unsubscribe_url = self._signed_url("/unsubscribe", Purpose.UNSUBSCRIBE, delivery, now)
            rendered = self._digest(delivery.edition_date, delivery.edition_revision)
        return compose(
            rendered,
            newsletter=self.newsletter,
            to=delivery.email,
            message_id=delivery.message_id,
            date=now,
            unsubscribe_url=unsubscribe_url,
        )

    def _signed_url(self, path: str, purpose: Purpose, delivery: Delivery, now: datetime) -> str:
        token = sign(self._secret, purpose, delivery.subscription_id, delivery.email, now)
        return self.newsletter.url(f"{path}?token={token}")

    def _digest(self, day: date, revision: int | None) -> RenderedMail:
        if (day, revision) not in self._digests:
            frozen = self._edition(day, revision)
            self._digests[day, revision] = render_digest(frozen, self.newsletter)
        return self._digests[day, revision]

    def _edition(self, day: date, revision: int | None) -> Edition:
        try:
            with self._database.read() as connection:
                return edition(connection, Period(day), revision)
        except NotFoundError:
            raise
        except Exception as error:
            # Not the fault of this edition: the library is busy or cannot be reached.
            if isinstance(error, StoreError) and not isinstance(error, DamagedError):
                raise
            # Text that was changed by hand raises errors of many classes.
            raise ValueError(
                f"revision {revision} of the edition of {day} cannot be read: {error}"
            ) from error
