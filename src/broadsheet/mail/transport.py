"""Where messages go: a folder, or a mail server."""

from pathlib import Path
from ssl import SSLContext
from types import TracebackType
from typing import Protocol, Self

from broadsheet.mail.outbox import OutboxTransport
from broadsheet.mail.server import parse_server
from broadsheet.mail.smtp import SmtpTransport


class Transport(Protocol):
    """Hands messages over one at a time, inside ``with``, from one thread."""

    def __enter__(self) -> Self:
        """Begin; nothing is connected yet."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close what is open; never raises on a connection that is already lost."""

    def send(self, message: bytes, *, sender: str, to: str, message_id: str) -> None:
        """Hand one message over.

        Parameters
        ----------
        message : bytes
            As :func:`broadsheet.mail.compose` writes it.
        sender, to : str
            Bare addresses of the envelope.
        message_id : str
            Its Message-ID header.

        Raises
        ------
        MailError
            ``permanent`` where the server refused this message for good, ``in_doubt`` where it
            may have been taken; where neither, it was not sent and may be tried again.
        """

    def was_sent(self, message_id: str) -> bool | None:
        """Tell whether a message was handed over earlier; None where that cannot be known."""


def open_transport(
    url: str | None,
    outbox: Path,
    timeout_s: float = 30.0,
    *,
    tls: SSLContext | None = None,
) -> Transport:
    """Choose the transport that a mail URL names.

    Parameters
    ----------
    url : str or None
        ``smtp://[user:password@]host[:port]``, where STARTTLS is used if offered and insisted
        on with ``?tls=required``, or ``smtps://…``; user and password percent-encoded. None
        for files in `outbox`.
    outbox : Path
        Folder for the files, made when the first one is written.
    timeout_s : float
        How long each step of a talk with the server may take.
    tls : ssl.SSLContext or None
        Whom to trust; None for what the system trusts.

    Raises
    ------
    ConfigError
        If `url` is not of this form.
    """
    if url is None:
        return OutboxTransport(outbox)
    return SmtpTransport(parse_server(url), timeout_s=timeout_s, tls=tls)
