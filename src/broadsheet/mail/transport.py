"""The transport protocol, and the choice between a mail server and a folder."""

from pathlib import Path
from ssl import SSLContext
from types import TracebackType
from typing import Protocol, Self

from broadsheet.mail.eml_folder import EmlFolderTransport
from broadsheet.mail.smtp import SmtpTransport
from broadsheet.mail.smtp_url import parse_smtp_url


class Transport(Protocol):
    """Sends messages one at a time, inside ``with``, from one thread."""

    def __enter__(self) -> Self:
        """Return the transport; connects to nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close open connections; never raises, even if a connection is already lost."""

    def send(self, message: bytes, *, sender: str, to: str, message_id: str) -> None:
        """Send one message to one recipient, once.

        Parameters
        ----------
        message : bytes
            As :func:`broadsheet.mail.compose` returns it.
        sender, to : str
            Addresses of the envelope, without names.
        message_id : str
            The Message-ID header of `message`.

        Raises
        ------
        MailError
            ``permanent`` if the message is rejected and a retry cannot succeed; ``in_doubt`` if
            it may have been accepted. Otherwise it was not sent and may be retried.
        """

    def was_sent(self, message_id: str) -> bool | None:
        """Return whether a message was sent earlier, or None if this cannot be determined."""


def check_server(url: str, timeout_s: float = 5.0, *, tls: SSLContext | None = None) -> str:
    """Connect to a mail server and log in, without sending a message.

    Parameters
    ----------
    url, timeout_s, tls
        As in :func:`open_transport`.

    Returns
    -------
    str
        Host and port of the server.

    Raises
    ------
    ConfigError
        If `url` is invalid.
    MailError
        If the server cannot be reached, or refuses the user or the password.
    """
    server = parse_smtp_url(url)
    SmtpTransport(server, timeout_s=timeout_s, tls=tls).check()
    return f"{server.host}:{server.port}"


def open_transport(
    url: str | None,
    folder: Path,
    timeout_s: float = 30.0,
    *,
    tls: SSLContext | None = None,
) -> Transport:
    """Return the transport for an SMTP URL, or for a folder.

    Parameters
    ----------
    url : str or None
        ``smtp://[user:password@]host[:port]`` uses STARTTLS if the server offers it, and
        requires it with ``?tls=required``; ``smtps://…`` connects with TLS. User and password
        are percent-encoded. None writes files to `folder`.
    folder : Path
        Folder of the ``.eml`` files, created with the first one.
    timeout_s : float
        Timeout of each network operation, in seconds.
    tls : ssl.SSLContext or None
        Trusted certificates; None uses those of the system.

    Raises
    ------
    ConfigError
        If `url` does not have this form.
    """
    if url is None:
        return EmlFolderTransport(folder)
    return SmtpTransport(parse_smtp_url(url), timeout_s=timeout_s, tls=tls)
