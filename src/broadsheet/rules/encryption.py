"""Which connections of an installation may be without encryption: pure."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, urlsplit

_ENCRYPTED_MODES = {"require", "verify-ca", "verify-full"}


def unencrypted_links(base_url: str, smtp: str | None, database: str | None) -> Iterator[str]:
    """Yield one sentence for each connection beyond this machine that may be unencrypted.

    Parameters
    ----------
    base_url : str
        Public address of the pages.
    smtp : str or None
        URL of the mail server. No sentence repeats a part of it: in a URL with an unencoded
        password, any part may be a piece of that.
    database : str or None
        URL of the database; as `smtp`.

    Examples
    --------
    >>> list(unencrypted_links("http://127.0.0.1:8000", "smtps://a:b@mail.example", None))
    []
    >>> list(unencrypted_links("http://news.example", None, None))  # doctest: +ELLIPSIS
    ["readers' requests to news.example are not encrypted: serve ... base_url to its https address"]
    """
    parts = _parsed(base_url)
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        yield (
            f"readers' requests to {parts.hostname} are not encrypted: serve it behind a proxy "
            "with https and set base_url to its https address"
        )
    parts = _parsed(smtp)
    has_password = parts.password is not None
    required = has_password or parse_qs(parts.query).get("tls") == ["required"]
    if parts.scheme == "smtp" and not required and not is_loopback(parts.hostname):
        yield (
            "mail is not encrypted if the mail server offers no STARTTLS: add ?tls=required to the "
            "setting smtp"
        )
    parts = _parsed(database)
    mode = parse_qs(parts.query).get("sslmode", [""])[-1]
    on_network = parts.scheme.startswith("postgresql") and not is_loopback(parts.hostname)
    if on_network and mode not in _ENCRYPTED_MODES:
        yield (
            "the connection to the database is not encrypted if its server offers no TLS: add "
            "?sslmode=verify-full to the setting database"
        )


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine; a URL without a host names a local socket.

    Examples
    --------
    >>> is_loopback("::1"), is_loopback("localhost"), is_loopback("10.0.0.7")
    (True, True, False)
    """
    if not host:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _parsed(url: str | None) -> SplitResult:
    # Whoever uses an invalid URL reports it.
    try:
        return urlsplit(url or "")
    except ValueError:
        return urlsplit("")
