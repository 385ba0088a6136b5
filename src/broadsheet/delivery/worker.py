"""Send what is due, one sender at a time on this machine."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock
from filelock import Timeout as LockTimeout

from broadsheet.delivery.deliver import DigestComposer, SendReport, deliver
from broadsheet.errors import MailError
from broadsheet.mail import Masthead, open_transport
from broadsheet.store.database import Database

_CLAIM_LEASE = timedelta(minutes=10)
_SEND_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mails are addressed and where they are sent.

    Parameters
    ----------
    masthead : Masthead
        Name and addresses of the newspaper.
    smtp_url : str or None
        Mail server, password included; None writes ``.eml`` files to `folder`.
    folder : Path
        Where those files are written.
    lock : Path
        File that one sender on this machine locks.
    is_shared : bool
        Whether senders on other machines may use the same library.
    """

    masthead: Masthead
    smtp_url: str | None
    folder: Path
    lock: Path
    is_shared: bool


def send_due(
    database: Database,
    mail: MailSettings,
    secret: str,
    clock: Callable[[], datetime],
    on_sent: Callable[[], None] = lambda: None,
) -> SendReport:
    """Send every delivery that is due.

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

    Raises
    ------
    MailError
        If another sender on this machine holds the lock for a minute.
    """
    composer = DigestComposer(database, mail.masthead, secret)
    lease = _CLAIM_LEASE if mail.is_shared else timedelta()
    try:
        with (
            FileLock(mail.lock, timeout=_SEND_WAIT_S),
            open_transport(mail.smtp_url, mail.folder) as transport,
        ):
            return deliver(database, transport, composer, lease, on_sent, clock)
    except LockTimeout as error:
        raise MailError(
            "another 'broadsheet send' or server is sending from this data folder: "
            "nothing was lost, wait for it to finish"
        ) from error
