"""Send messages to an SMTP server over one connection."""

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Self

from broadsheet.errors import MailError
from broadsheet.mail.envelope import check_envelope
from broadsheet.mail.smtp_url import SmtpServer
from broadsheet.mail.text import single_line

_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_SERVICE_CLOSING = 421
# The server requires other credentials or encryption: the operator can correct this, so the
# recipient's address is not at fault and the error is transient.
_AUTHENTICATION_CODES = frozenset({530, 534, 535, 538})


class SmtpTransport:
    """Sends to one SMTP server; connects with the first message.

    The connection is reused for later messages. If the server has closed it, the transport
    connects again, but only before the content of a message is sent, so that no message is sent
    twice.

    Parameters
    ----------
    server : SmtpServer
        The server.
    timeout_s : float
        Timeout of each network operation, in seconds.
    tls : ssl.SSLContext or None
        Trusted certificates; None uses those of the system.
    """

    def __init__(
        self, server: SmtpServer, *, timeout_s: float = 30.0, tls: ssl.SSLContext | None = None
    ) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._tls = tls
        self._connection: smtplib.SMTP | None = None

    def __repr__(self) -> str:
        return f"SmtpTransport({self._server!r})"

    def __enter__(self) -> Self:
        """Return the transport; the first message connects."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Send QUIT and close the connection."""
        if self._connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._connection.quit()
            self._close()

    def was_sent(self, message_id: str) -> None:
        """Return None: SMTP has no command to look up a message."""

    def send(self, message: bytes, *, sender: str, to: str, message_id: str) -> None:
        """Send one message.

        Raises
        ------
        MailError
            As in :meth:`broadsheet.mail.Transport.send`.
        """
        check_envelope(sender, to)
        try:
            smtp = self._start_data(sender, to)
            # The server accepts nothing before the final dot, so a connection lost here is safe
            # to retry.
            smtp.send(_dot_stuffed(message))
        except (OSError, smtplib.SMTPException) as error:
            self._close()
            raise MailError(
                f"{self._name} closed the connection before the message was sent: {_reason(error)}"
            ) from error
        try:
            smtp.send(b".\r\n")
            reply = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._close()
            raise MailError(
                f"{self._name} closed the connection before it confirmed the message, which may "
                f"have been sent: {_reason(error)}",
                in_doubt=True,
            ) from error
        self._check(2, reply, after_data=True)

    def check(self) -> None:
        """Connect, log in if there is a password, and close the connection; send nothing.

        Raises
        ------
        MailError
            If the server cannot be reached or refuses.
        """
        try:
            self._connection = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            reason = error.strerror or _reason(error)
            raise MailError(f"{self._name} cannot be reached ({reason})") from error
        self.__exit__(None, None, None)

    @property
    def _name(self) -> str:
        return f"the mail server {self._server.host}:{self._server.port}"

    def _start_data(self, sender: str, to: str) -> smtplib.SMTP:
        """Send MAIL, RCPT and DATA; return the connection, ready for the content."""
        smtp, reply = self._send_mail_command(sender)
        self._check(2, reply)
        self._check(2, smtp.rcpt(to))
        self._check(3, smtp.docmd("DATA"))
        return smtp

    def _send_mail_command(self, sender: str) -> tuple[smtplib.SMTP, tuple[int, bytes]]:
        if self._connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                reply = self._connection.mail(sender)
                if reply[0] != _SERVICE_CLOSING:
                    return self._connection, reply
            self._close()
        self._connection = self._connect()
        return self._connection, self._connection.mail(sender)

    def _check(self, kind: int, reply: tuple[int, bytes], *, after_data: bool = False) -> None:
        """Raise if the first digit of a reply is not `kind`; reset the connection if possible."""
        code, text = reply
        if code // 100 == kind:
            return
        if code == _SERVICE_CLOSING:
            self._close()
        elif self._connection is not None:
            try:
                self._connection.rset()
            except (OSError, smtplib.SMTPException):
                self._close()
        raise MailError(
            f"{self._name} rejected the message: {code} {_decoded(text)}",
            permanent=code // 100 == 5 and code not in _AUTHENTICATION_CODES,
            # A malformed reply may be an acceptance.
            in_doubt=after_data and code // 100 not in (4, 5),
        )

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        smtp = self._open_socket()
        try:
            # The final dot is a packet of its own, which Nagle's algorithm delays by about 40 ms.
            if smtp.sock is not None:
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            smtp.ehlo_or_helo_if_needed()
            if not server.implicit_tls:
                self._start_tls(smtp)
            if server.user is not None and server.password is not None:
                self._authenticate(smtp, server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _open_socket(self) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        if self._server.implicit_tls:
            return smtplib.SMTP_SSL(host, port, timeout=self._timeout_s, context=self._context())
        return smtplib.SMTP(host, port, timeout=self._timeout_s)

    def _start_tls(self, smtp: smtplib.SMTP) -> None:
        if smtp.has_extn("starttls"):
            smtp.starttls(context=self._context())
            smtp.ehlo_or_helo_if_needed()
        elif self._server.tls_required:
            raise MailError(f"{self._name} does not offer STARTTLS, so nothing was sent")

    def _context(self) -> ssl.SSLContext:
        if self._tls is not None:
            return self._tls
        context = ssl.create_default_context()
        if not self._server.tls_required:
            # Opportunistic TLS: a self-signed certificate is better than plain text.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _authenticate(self, smtp: smtplib.SMTP, user: str, password: str) -> None:
        try:
            smtp.login(user, password)
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPResponseException as error:
            # Neither reply nor cause is shown: the reply may repeat the credentials.
            raise MailError(
                f"{self._name} rejected the user or password with {error.smtp_code}"
            ) from None
        except smtplib.SMTPException:
            raise MailError(f"{self._name} offers no supported authentication method") from None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _dot_stuffed(message: bytes) -> bytes:
    """Return a message as DATA content: CRLF line endings, leading dots doubled."""
    lines = _LINE_END.sub(b"\r\n", message)
    content = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return _LEADING_DOT.sub(b"..", content)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {_decoded(text if isinstance(text, bytes) else text.encode())}"
    return single_line(str(error)) or type(error).__name__


def _decoded(reply: bytes) -> str:
    return single_line(reply.decode("utf-8", "replace"))
