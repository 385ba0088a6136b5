"""The outbox: claim, send, settle, one mail at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from broadsheet.errors import MailError
from broadsheet.mail import (
    Masthead,
    Rendered,
    Transport,
    compose,
    render_confirmation,
    render_digest,
)
from broadsheet.model import Delivery, DeliveryKind, DeliveryState, Period
from broadsheet.rules.delivery import after_failure
from broadsheet.rules.token import Purpose, sign
from broadsheet.store.database import Database
from broadsheet.store.deliveries import abandoned, claim_next, settle
from broadsheet.store.editions import edition

# A mail server that fails so often in a row is down, not displeased with one reader.
_FAILURES_IN_A_ROW = 3


@dataclass(slots=True)
class SendReport:
    """What one run over the outbox did.

    Parameters
    ----------
    sent : int
        Mails handed over.
    delayed : int
        Mails that will be tried again by themselves.
    failed : int
        Mails given up.
    unknown : int
        Mails that may or may not have been sent; sent again only on request.
    error : str or None
        The last thing that went wrong.
    """

    sent: int = 0
    delayed: int = 0
    failed: int = 0
    unknown: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DigestComposer:
    """Makes the message of a delivery; what is the same for all readers is made once.

    Parameters
    ----------
    database : Database
        Where the editions are.
    masthead : Masthead
        Name and addresses of the newspaper.
    secret : str
        Signs the links.
    """

    database: Database
    masthead: Masthead
    secret: str
    _rendered: dict[date, Rendered] = field(default_factory=dict)

    def message(self, delivery: Delivery, now: datetime) -> bytes:
        """Compose the mail of a delivery."""
        unsubscribe_url = None
        if delivery.kind is DeliveryKind.CONFIRMATION or delivery.edition_date is None:
            token = sign(self.secret, Purpose.CONFIRM, delivery.subscription_id, now)
            address = self.masthead.page(f"/confirm?token={token}")
            rendered = render_confirmation(self.masthead, address)
        else:
            token = sign(self.secret, Purpose.UNSUBSCRIBE, delivery.subscription_id, now)
            unsubscribe_url = self.masthead.page(f"/unsubscribe?token={token}")
            rendered = self._digest(delivery.edition_date)
        return compose(
            rendered,
            masthead=self.masthead,
            to=delivery.email,
            message_id=delivery.message_id,
            date=now,
            unsubscribe_url=unsubscribe_url,
        )

    def _digest(self, day: date) -> Rendered:
        if day not in self._rendered:
            with self.database.read() as connection:
                self._rendered[day] = render_digest(edition(connection, Period(day)), self.masthead)
        return self._rendered[day]


def deliver(
    database: Database,
    transport: Transport,
    composer: DigestComposer,
    lease: timedelta,
    on_sent: Callable[[], None] = lambda: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> SendReport:
    """Send all that is due.

    A delivery is claimed, and the claim committed, before it is sent, and settled after it; a
    crash in between leaves it claimed, and the next run learns from the transport whether it was
    sent, or else settles it as unknown. So no reader gets the same mail twice.

    Parameters
    ----------
    database : Database
        The library with the outbox.
    transport : Transport
        Where mails go; open.
    composer : DigestComposer
        Makes the messages.
    lease : timedelta
        How long a claim of another sender is left alone; zero where there can be no other.
    on_sent : callable, optional
        Told after each mail.
    clock : callable, optional
        Gives the time, aware UTC.

    Returns
    -------
    SendReport
        What became of them. Stops early where the mail server is out of reach.
    """
    report = SendReport()
    _settle_abandoned(database, transport, clock() - lease, clock(), report)
    failures = 0
    while failures < _FAILURES_IN_A_ROW:
        with database.write() as connection:
            delivery = claim_next(connection, clock())
        if delivery is None:
            break
        try:
            message = composer.message(delivery, clock())
            transport.send(
                message,
                sender=composer.masthead.sender_address,
                to=delivery.email,
                message_id=delivery.message_id,
            )
        except MailError as error:
            _settle_failure(database, delivery, error, clock(), report)
            failures = 0 if error.permanent else failures + 1
            continue
        with database.write() as connection:
            settle(connection, delivery.id, DeliveryState.SENT, clock())
        failures = 0
        report.sent += 1
        on_sent()
    return report


def _settle_failure(
    database: Database, delivery: Delivery, error: MailError, now: datetime, report: SendReport
) -> None:
    state, due_at = after_failure(
        delivery.attempts + 1, permanent=error.permanent, in_doubt=error.in_doubt, now=now
    )
    with database.write() as connection:
        settle(connection, delivery.id, state, now, error=str(error), due_at=due_at)
    report.error = str(error)
    _count(report, state)


def _settle_abandoned(
    database: Database,
    transport: Transport,
    claimed_before: datetime,
    now: datetime,
    report: SendReport,
) -> None:
    with database.read() as connection:
        left = abandoned(connection, claimed_before)
    for delivery in left:
        sent = transport.was_sent(delivery.message_id)
        if sent is None:
            state = DeliveryState.UNKNOWN
        else:
            state = DeliveryState.SENT if sent else DeliveryState.DUE
        with database.write() as connection:
            settle(
                connection,
                delivery.id,
                state,
                now,
                error="the sender stopped before it knew whether this was sent",
                due_at=now if state is DeliveryState.DUE else None,
            )
        if state is not DeliveryState.DUE:
            _count(report, state)


def _count(report: SendReport, state: DeliveryState) -> None:
    match state:
        case DeliveryState.SENT:
            report.sent += 1
        case DeliveryState.FAILED:
            report.failed += 1
        case DeliveryState.UNKNOWN:
            report.unknown += 1
        case _:
            report.delayed += 1
