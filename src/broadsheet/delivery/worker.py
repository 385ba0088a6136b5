"""Send due deliveries: claim, send, settle, one mail at a time."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock
from filelock import Timeout as LockTimeout

from broadsheet.delivery.composer import MessageComposer
from broadsheet.errors import MailError, NotFoundError, StoreError
from broadsheet.mail import Newsletter, Transport, open_transport
from broadsheet.model import Delivery, DeliveryState
from broadsheet.rules.delivery import state_after_failure
from broadsheet.store import deliveries
from broadsheet.store.database import Database

_log = logging.getLogger("broadsheet.delivery.worker")
_CLAIM_TIMEOUT = timedelta(minutes=10)
_LOCK_TIMEOUT_S = 60.0
# After this many transient failures in a row, the mail server is probably down.
_MAX_CONSECUTIVE_FAILURES = 3


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mails are addressed and where they are sent.

    Parameters
    ----------
    newsletter : Newsletter
        The sender.
    base_url : str or None
        Address of the pages, if it was set; None uses the one that the library remembers.
    smtp_url : str or None
        URL of the mail server, password included; None writes ``.eml`` files to `folder`.
    folder : Path
        Folder of those files.
    lock : Path
        Lock file: one process on this machine sends at a time.
    is_shared : bool
        Whether processes on other machines may use the same library.
    """

    newsletter: Newsletter
    base_url: str | None
    smtp_url: str | None
    folder: Path
    lock: Path
    is_shared: bool


@dataclass(slots=True)
class SendReport:
    """Result of one run of the worker.

    Parameters
    ----------
    sent, retrying, failed, unknown : int
        Deliveries by outcome. Unknown ones may have been sent, and are sent again only on
        request.
    error : str or None
        The last error.
    stopped_early : bool
        Whether the run ended after three transient failures in a row: the mail server is
        probably down.
    """

    sent: int = 0
    retrying: int = 0
    failed: int = 0
    unknown: int = 0
    error: str | None = None
    stopped_early: bool = False

    def count(self, state: DeliveryState) -> None:
        """Count one delivery under its new state."""
        match state:
            case DeliveryState.SENT:
                self.sent += 1
            case DeliveryState.DUE:
                self.retrying += 1
            case DeliveryState.FAILED:
                self.failed += 1
            case DeliveryState.UNKNOWN:
                self.unknown += 1
            case _:
                raise ValueError(f"a delivery cannot be settled as {state}")


@dataclass(frozen=True, slots=True)
class _Worker:
    database: Database
    transport: Transport
    composer: MessageComposer
    clock: Callable[[], datetime]
    report: SendReport


def send_due(
    database: Database,
    mail: MailSettings,
    secret: str,
    clock: Callable[[], datetime],
    *,
    on_sent: Callable[[], None] = lambda: None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> SendReport:
    """Send every delivery that is due.

    Each delivery is claimed and committed before it is sent, and settled after. After a crash in
    between, the next run settles the delivery as sent if the transport confirms it, and else as
    unknown, so no mail is sent twice.

    Parameters
    ----------
    database : Database
        The library.
    mail : MailSettings
        How mails are addressed and where they are sent.
    secret : str
        Signs the links in them.
    clock : callable
        Returns the current time, aware UTC.
    on_sent : callable, optional
        Called after each mail.
    is_stopping : callable, optional
        Called before each mail; the run ends when it returns True.

    Returns
    -------
    SendReport
        Counts of this run. If nothing is due, no lock is taken and no connection is opened.

    Raises
    ------
    MailError
        If another process on this machine holds the lock for 60 seconds.
    """
    report = SendReport()
    claim_timeout = _CLAIM_TIMEOUT if mail.is_shared else timedelta()
    with database.read() as connection:
        if not deliveries.has_work(connection, clock(), clock() - claim_timeout):
            return report
    try:
        with (
            FileLock(mail.lock, timeout=_LOCK_TIMEOUT_S),
            open_transport(mail.smtp_url, mail.folder) as transport,
        ):
            composer = MessageComposer(database, mail.newsletter, secret)
            worker = _Worker(database, transport, composer, clock, report)
            _settle_expired_claims(worker, clock() - claim_timeout)
            _send_all(worker, on_sent, is_stopping)
    except LockTimeout as error:
        raise MailError(
            f"another process is sending mail from this data folder (lock {str(mail.lock)!r}): "
            "no mail is lost; wait until it has finished"
        ) from error
    return report


def _send_all(
    worker: _Worker, on_sent: Callable[[], None], is_stopping: Callable[[], bool]
) -> None:
    failures = 0
    while not is_stopping():
        with worker.database.write() as connection:
            delivery = deliveries.claim_next(connection, worker.clock())
        if delivery is None:
            return
        try:
            _send(worker, delivery)
        except MailError as error:
            _settle_failure(worker, delivery, error)
            failures = 0 if error.permanent else failures + 1
        else:
            _settle(worker, delivery, DeliveryState.SENT)
            worker.report.count(DeliveryState.SENT)
            failures = 0
            on_sent()
        if failures == _MAX_CONSECUTIVE_FAILURES:
            worker.report.stopped_early = True
            return


def _send(worker: _Worker, delivery: Delivery) -> None:
    """Compose and send one message; whatever it fails with, the mails behind it are sent.

    Raises
    ------
    MailError
        Permanent if the message cannot be composed, transient if the database cannot be read,
        in doubt if the transport fails with an error that it does not declare.
    """
    try:
        message = worker.composer.compose(delivery, worker.clock())
    except StoreError as error:
        raise MailError(f"the message cannot be composed yet: {error}") from error
    except Exception as error:
        if not isinstance(error, NotFoundError | ValueError):
            # The same edition may fail for every subscriber: one traceback is enough.
            first = worker.report.failed == 0
            _log.error("the message of delivery %d cannot be composed", delivery.id, exc_info=first)
        reason = str(error) or type(error).__name__
        raise MailError(f"the message cannot be composed: {reason}", permanent=True) from error
    try:
        worker.transport.send(
            message,
            sender=worker.composer.newsletter.sender_address,
            to=delivery.email,
            message_id=delivery.message_id,
        )
    except MailError:
        raise
    except Exception as error:
        _log.exception("delivery %d failed while it was sent", delivery.id)
        reason = f"{type(error).__name__}: {error}"
        raise MailError(f"the message may have been sent: {reason}", in_doubt=True) from error


def _settle_failure(worker: _Worker, delivery: Delivery, error: MailError) -> None:
    state, retry_at = state_after_failure(
        delivery.attempts, permanent=error.permanent, in_doubt=error.in_doubt, now=worker.clock()
    )
    _settle(worker, delivery, state, error=str(error), retry_at=retry_at)
    worker.report.error = str(error)
    worker.report.count(state)


def _settle_expired_claims(worker: _Worker, claimed_before: datetime) -> None:
    with worker.database.write() as connection:
        expired = deliveries.expired_claims(connection, claimed_before, worker.clock())
    for delivery in expired:
        was_sent = worker.transport.was_sent(delivery.message_id)
        if was_sent is None:
            state = DeliveryState.UNKNOWN
        else:
            state = DeliveryState.SENT if was_sent else DeliveryState.DUE
        _settle(
            worker,
            delivery,
            state,
            error="the process stopped after it claimed this delivery and before it settled it",
            retry_at=worker.clock() if state is DeliveryState.DUE else None,
        )
        # This run sends what is due again, and counts it then.
        if state is not DeliveryState.DUE:
            worker.report.count(state)


def _settle(
    worker: _Worker,
    delivery: Delivery,
    state: DeliveryState,
    *,
    error: str | None = None,
    retry_at: datetime | None = None,
) -> None:
    now = worker.clock()
    with worker.database.write() as connection:
        deliveries.settle(connection, delivery.id, state, now, error=error, due_at=retry_at)
