"""Whether the links of a mail lead somewhere for whoever receives it: pure."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from broadsheet.rules.encryption import is_loopback

_REMEDY = "set base_url to the public address of this site, as in base_url = 'https://news.example'"


def mail_refusal(base_url: str | None) -> str | None:
    """Return why mail with links to this address is not sent; None if it may be sent.

    Parameters
    ----------
    base_url : str or None
        Address of the pages; None if it is not known.

    Examples
    --------
    >>> mail_refusal("https://news.example") is None
    True
    >>> mail_refusal(None).partition(":")[0]
    'no mail is sent, because the address that its links lead to is not known'
    """
    if base_url is None:
        return (
            f"no mail is sent, because the address that its links lead to is not known: {_REMEDY}"
        )
    if is_local(base_url):
        return (
            f"no mail is sent, because its links would lead to {base_url}, which only this machine "
            f"can open: {_REMEDY}"
        )
    return None


def is_local(base_url: str) -> bool:
    """Return whether only this machine can open an address.

    Examples
    --------
    >>> [is_local(f"http://{host}") for host in ("127.0.0.1:8000", "0.0.0.0", "10.0.0.7", "[::]")]
    [True, True, False, True]
    """
    try:
        host = urlsplit(base_url).hostname
    except ValueError:
        return True
    return is_loopback(host) or _is_unspecified(host or "")


def _is_unspecified(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
