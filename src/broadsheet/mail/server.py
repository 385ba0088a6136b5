"""Read the URL of a mail server."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from broadsheet.errors import ConfigError

_PORTS = {"smtp": 25, "smtps": 465}
_FORM = "smtp://user:password@host:port or smtps://user:password@host:port"


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to talk to it.

    Parameters
    ----------
    host : str
        Name or IP address.
    port : int
        TCP port.
    user, password : str or None
        Both or neither; never shown.
    tls_at_once : bool
        Whether the connection begins encrypted (smtps).
    tls_required : bool
        Whether nothing is sent unless the connection is encrypted and its certificate trusted.
    """

    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls_at_once: bool = False
    tls_required: bool = False


def parse_server(url: str) -> Server:
    """Read a server's URL.

    Parameters
    ----------
    url : str
        As in :func:`broadsheet.mail.open_transport`.

    Returns
    -------
    Server
        With TLS required where it was asked for, or where a password leaves this machine.

    Raises
    ------
    ConfigError
        With a sentence that holds nothing of `url`, as a password may be anywhere in it.

    Examples
    --------
    >>> parse_server("smtp://localhost")
    Server(host='localhost', port=25, tls_at_once=False, tls_required=False)
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:
        raise _wrong("cannot be read") from None
    if parts.scheme not in _PORTS:
        raise _wrong("begins with neither smtp:// nor smtps://")
    if not host or not host.isascii() or any(c.isspace() or not c.isprintable() for c in host):
        raise _wrong("names no host, or one that is not in ASCII")
    if parts.path not in ("", "/") or parts.fragment:
        raise _wrong("goes on after the port")
    user, password = _credentials(parts)
    at_once = parts.scheme == "smtps"
    asked = _tls_asked(parts.query)
    return Server(
        host=host,
        port=port or _PORTS[parts.scheme],
        user=user,
        password=password,
        tls_at_once=at_once,
        tls_required=at_once or asked or (user is not None and not _is_loopback(host)),
    )


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    if "@" not in parts.netloc:
        return None, None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user or not password:
        raise _wrong("has a user or a password, but not both")
    if not (user + password).isascii():
        raise _wrong("has a user or password with characters beyond ASCII")
    return user, password


def _tls_asked(query: str) -> bool:
    if not query:
        return False
    if parse_qsl(query, keep_blank_values=True) != [("tls", "required")]:
        raise _wrong("has another option than tls=required")
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wrong(how: str) -> ConfigError:
    return ConfigError(
        f"the mail server's URL {how}: write it as {_FORM}, "
        "with signs such as / and @ in the password percent-encoded"
    )
