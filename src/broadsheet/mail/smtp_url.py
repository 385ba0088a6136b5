"""Parse the URL of an SMTP server."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from broadsheet.errors import ConfigError

_PORTS = {"smtp": 25, "smtps": 465}
_HOST = re.compile(r"[!-~]+")
_FORM = "smtp://user:password@host:port or smtps://user:password@host:port"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Address, credentials and TLS mode of an SMTP server.

    Parameters
    ----------
    host : str
        Name or IP address.
    port : int
        TCP port.
    user, password : str or None
        Both or neither; excluded from ``repr``.
    implicit_tls : bool
        Whether the connection begins with TLS (smtps).
    tls_required : bool
        Whether mail is sent only over TLS with a trusted certificate.
    """

    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    implicit_tls: bool = False
    tls_required: bool = False


def parse_smtp_url(url: str) -> SmtpServer:
    """Parse the URL of an SMTP server.

    Parameters
    ----------
    url : str
        As in :func:`broadsheet.mail.open_transport`.

    Returns
    -------
    SmtpServer
        TLS is required if the URL requires it, or if it contains a password and the host is not
        a loopback address.

    Raises
    ------
    ConfigError
        If the URL is invalid; the message contains no part of it, because any part may be a
        password.

    Examples
    --------
    >>> parse_smtp_url("smtp://localhost")
    SmtpServer(host='localhost', port=25, implicit_tls=False, tls_required=False)
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:
        raise _invalid("is not a valid URL") from None
    if parts.scheme not in _PORTS:
        raise _invalid("must begin with smtp:// or smtps://")
    if not host or not _HOST.fullmatch(host):
        raise _invalid("has no host, or a host that is not ASCII")
    if parts.path not in ("", "/") or parts.fragment:
        raise _invalid("has a path or a fragment after the port")
    user, password = _credentials(parts)
    implicit = parts.scheme == "smtps"
    required = _requires_tls(parts.query)
    return SmtpServer(
        host=host,
        port=port or _PORTS[parts.scheme],
        user=user,
        password=password,
        implicit_tls=implicit,
        tls_required=implicit or required or (user is not None and not _is_loopback(host)),
    )


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    if "@" not in parts.netloc:
        return None, None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user or not password:
        raise _invalid("has a user or a password, but not both")
    if not (user + password).isascii():
        raise _invalid("has a user or password that is not ASCII")
    return user, password


def _requires_tls(query: str) -> bool:
    if not query:
        return False
    if parse_qsl(query, keep_blank_values=True) != [("tls", "required")]:
        raise _invalid("has an option other than tls=required")
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _invalid(problem: str) -> ConfigError:
    return ConfigError(
        f"the SMTP URL {problem}: write it as {_FORM}, "
        "with characters such as / and @ in the password percent-encoded"
    )
