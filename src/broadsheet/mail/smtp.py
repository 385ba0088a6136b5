"""Hand messages to a mail server over one connection."""

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Self

from broadsheet.errors import MailError
from broadsheet.mail.server import Server
from broadsheet.mail.wording import plain

_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_BARE_ADDRESS = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")
_SERVICE_CLOSING = 421
# Replies that ask for another login or for encryption: the operator's to mend, no fault of the
# reader's address.
_LOGIN_CODES = frozenset({530, 534, 535, 538})


class SmtpTransport:
    """Talks to one mail server, connecting when there is something to send.

    The connection is kept from message to message. Where the server closed it meanwhile, it is
    opened again; that is only done before a message's text is handed over, so no message can
    go out twice.

    Parameters
    ----------
    server : Server
        Whom to talk to.
    timeout_s : float
        How long each step may take.
    tls : ssl.SSLContext or None
        Whom to trust; None for what the system trusts.
    """

    def __init__(
        self, server: Server, *, timeout_s: float = 30.0, tls: ssl.SSLContext | None = None
    ) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._tls = tls
        self._open: smtplib.SMTP | None = None

    def __repr__(self) -> str:
        return f"SmtpTransport({self._server!r})"

    def __enter__(self) -> Self:
        """Begin; the server is called when the first message is sent."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take leave of the server."""
        if self._open is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._open.quit()
            self._hang_up()

    def was_sent(self, message_id: str) -> None:
        """Answer None: a server cannot be asked."""

    def send(self, message: bytes, *, sender: str, to: str, message_id: str) -> None:
        """Hand one message over.

        Raises
        ------
        MailError
            As in :meth:`broadsheet.mail.Transport.send`.
        """
        for address in (sender, to):
            if not _BARE_ADDRESS.fullmatch(address):
                raise MailError(f"{address!r} is not a bare mail address in ASCII", permanent=True)
        try:
            smtp = self._offer(sender, to)
            # Nothing is delivered before the final dot, so losing the connection here is safe.
            smtp.send(_stuffed(message))
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            raise MailError(f"{self._name} broke off before the message: {_told(error)}") from error
        try:
            smtp.send(b".\r\n")
            reply = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            raise MailError(
                f"{self._name} broke off after the message, which may have been sent: "
                f"{_told(error)}",
                in_doubt=True,
            ) from error
        self._expect(2, reply, after_text=True)

    @property
    def _name(self) -> str:
        return f"the mail server {self._server.host}:{self._server.port}"

    def _offer(self, sender: str, to: str) -> smtplib.SMTP:
        """Go as far as the server's leave to send the text."""
        smtp, reply = self._begin(sender)
        self._expect(2, reply)
        self._expect(2, smtp.rcpt(to))
        self._expect(3, smtp.docmd("DATA"))
        return smtp

    def _begin(self, sender: str) -> tuple[smtplib.SMTP, tuple[int, bytes]]:
        if self._open is not None:
            with suppress(OSError, smtplib.SMTPException):
                reply = self._open.mail(sender)
                if reply[0] != _SERVICE_CLOSING:
                    return self._open, reply
            self._hang_up()
        self._open = self._connected()
        return self._open, self._open.mail(sender)

    def _expect(self, kind: int, reply: tuple[int, bytes], *, after_text: bool = False) -> None:
        """Raise unless a reply is of a kind; the connection stays usable where it can."""
        code, text = reply
        if code // 100 == kind:
            return
        if code == _SERVICE_CLOSING:
            self._hang_up()
        elif self._open is not None:
            try:
                self._open.rset()
            except (OSError, smtplib.SMTPException):
                self._hang_up()
        raise MailError(
            f"{self._name} did not take the message: {code} {_readable(text)}",
            permanent=code // 100 == 5 and code not in _LOGIN_CODES,
            # Whatever is no refusal may be an acceptance that came garbled.
            in_doubt=after_text and code // 100 not in (4, 5),
        )

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        smtp = self._called()
        try:
            # The final dot goes out by itself; Nagle's algorithm would hold it back some 40 ms.
            if smtp.sock is not None:
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            smtp.ehlo_or_helo_if_needed()
            if not server.tls_at_once:
                self._encrypt(smtp)
            if server.user is not None and server.password is not None:
                self._log_in(smtp, server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _called(self) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        if self._server.tls_at_once:
            return smtplib.SMTP_SSL(host, port, timeout=self._timeout_s, context=self._trusting())
        return smtplib.SMTP(host, port, timeout=self._timeout_s)

    def _encrypt(self, smtp: smtplib.SMTP) -> None:
        if smtp.has_extn("starttls"):
            smtp.starttls(context=self._trusting())
            smtp.ehlo_or_helo_if_needed()
        elif self._server.tls_required:
            raise MailError(f"{self._name} offers no encryption, so nothing was sent to it")

    def _trusting(self) -> ssl.SSLContext:
        if self._tls is not None:
            return self._tls
        context = ssl.create_default_context()
        if not self._server.tls_required:
            # Plain text would do here, and a certificate made by the server itself is better.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _log_in(self, smtp: smtplib.SMTP, user: str, password: str) -> None:
        try:
            smtp.login(user, password)
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPResponseException as error:
            # Neither the reply nor the cause is passed on: a server may repeat what it was told.
            raise MailError(
                f"{self._name} refused the user or password with {error.smtp_code}"
            ) from None
        except smtplib.SMTPException:
            raise MailError(f"{self._name} offers no way to log in that is known here") from None

    def _hang_up(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def _stuffed(message: bytes) -> bytes:
    """Write a message as DATA wants it: CRLF line ends, dots at their beginning doubled."""
    lines = _LINE_END.sub(b"\r\n", message)
    ended = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return _LEADING_DOT.sub(b"..", ended)


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {_readable(text if isinstance(text, bytes) else text.encode())}"
    return plain(str(error)) or type(error).__name__


def _readable(reply: bytes) -> str:
    return plain(reply.decode("utf-8", "replace"))
