"""Validate email addresses entered by the public."""

import re

_MAX_LOCAL_CHARS = 64
_MAX_ADDRESS_CHARS = 254
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}")
# Python's codec implements IDNA 2003, which maps these letters to others (ß to ss) and so to a
# different domain.
_AMBIGUOUS = re.compile("[ßẞς\u200c\u200d]")


def parse_address(text: str) -> str:
    """Parse an email address from a form.

    Accepts a subset of RFC 5321: no quoted local parts, no address literals, only ASCII before
    the ``@``, and at least two labels in the domain.

    Parameters
    ----------
    text : str
        The address; surrounding spaces are ignored.

    Returns
    -------
    str
        The address in ASCII, with the domain in lower case and international labels as ``xn--``.

    Raises
    ------
    ValueError
        If the address is not valid. The message is shown to the user.

    Examples
    --------
    >>> parse_address("Ada.Lovelace@Bücher.Example")
    'Ada.Lovelace@xn--bcher-kva.example'
    """
    address = text.strip(" ")
    if not address:
        raise ValueError("enter an email address")
    if len(address) > _MAX_ADDRESS_CHARS:
        raise ValueError(f"enter an address of at most {_MAX_ADDRESS_CHARS} characters")
    if address.count("@") != 1:
        raise ValueError("enter one address such as name@example.org")
    local, _, domain = address.partition("@")
    if len(local) > _MAX_LOCAL_CHARS:
        raise ValueError(f"enter at most {_MAX_LOCAL_CHARS} characters before the @ sign")
    if not _LOCAL.fullmatch(local):
        raise ValueError("use only letters a to z, digits and common punctuation before the @ sign")
    parsed = f"{local}@{_ascii_domain(domain)}"
    if len(parsed) > _MAX_ADDRESS_CHARS:
        raise ValueError(f"enter an address of at most {_MAX_ADDRESS_CHARS} characters")
    return parsed


def _ascii_domain(domain: str) -> str:
    if _AMBIGUOUS.search(domain):
        raise ValueError("enter the domain after the @ sign in its xn-- form")
    message = "check the part after the @ sign: it is not a valid mail domain"
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError(message) from None
    if not _DOMAIN.fullmatch(ascii_domain):
        raise ValueError(message)
    return ascii_domain
