"""Send what is due, with one sender at a time on this machine."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parseaddr

from filelock import FileLock
from filelock import Timeout as LockTimeout

from broadsheet.config import Settings
from broadsheet.deliver import Press, SendReport, deliver
from broadsheet.errors import MailError
from broadsheet.mail import Masthead, open_transport
from broadsheet.store.database import Database

_CLAIM_LEASE = timedelta(minutes=10)
_SEND_WAIT_S = 60.0


def send_due(
    database: Database,
    settings: Settings,
    secret: str,
    clock: Callable[[], datetime],
    on_sent: Callable[[], None],
) -> SendReport:
    """Send confirmations, digests, and what is to be tried again by now.

    Parameters
    ----------
    database : Database
        The library.
    settings : Settings
        How mails are signed and where they go.
    secret : str
        Signs the links in them.
    clock : callable
        Gives the time, aware UTC.
    on_sent : callable
        Told after each mail.

    Raises
    ------
    MailError
        Where another sender on this machine holds the outbox for a minute.
    """
    masthead = Masthead(
        title=settings.title,
        base_url=settings.base_url,
        sender=settings.sender,
        list_id=f"digest.{host_of(settings)}",
        unsubscribe_mailbox=settings.unsubscribe_mailbox,
    )
    press = Press(database, masthead, secret)
    lease = _CLAIM_LEASE if settings.database else timedelta()
    try:
        with (
            FileLock(settings.data / "outbox.lock", timeout=_SEND_WAIT_S),
            open_transport(settings.smtp_url, settings.outbox) as transport,
        ):
            return deliver(database, transport, press, lease, on_sent, clock)
    except LockTimeout as error:
        raise MailError(
            "another 'broadsheet send' or server is sending from this data folder: "
            "nothing was lost, wait for it to finish"
        ) from error


def host_of(settings: Settings) -> str:
    """Give the mail host that digests come from."""
    _, address = parseaddr(settings.sender)
    return address.rpartition("@")[2] or "localhost"
