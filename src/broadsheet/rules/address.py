"""Which mail addresses are taken from strangers."""

import re

_MAX_LOCAL_CHARS = 64
_MAX_ADDRESS_CHARS = 254
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}")
# Python's codec follows the IDNA of 2003, which turns these into other letters (ß into ss) and
# so into the domain of somebody else.
_AMBIGUOUS = re.compile("[ßẞς\u200c\u200d]")


def parse_address(text: str) -> str:
    """Read a mail address that a stranger typed.

    Narrower than RFC 5321: no quoted local parts, no address literals, no letters beyond ASCII
    before the ``@``, and at least two labels in the domain.

    Parameters
    ----------
    text : str
        As it came in; spaces around it are let go.

    Returns
    -------
    str
        The address in ASCII, its domain in lower case and international labels as ``xn--``.

    Raises
    ------
    ValueError
        With a sentence for the person who typed it.

    Examples
    --------
    >>> parse_address("Ada.Lovelace@Bücher.Example")
    'Ada.Lovelace@xn--bcher-kva.example'
    """
    address = text.strip(" ")
    if not address:
        raise ValueError("please give a mail address")
    if len(address) > _MAX_ADDRESS_CHARS:
        raise ValueError(f"please give an address of at most {_MAX_ADDRESS_CHARS} characters")
    if address.count("@") != 1:
        raise ValueError("please give one address such as name@example.org")
    local, _, domain = address.partition("@")
    if len(local) > _MAX_LOCAL_CHARS:
        raise ValueError(f"please give at most {_MAX_LOCAL_CHARS} characters before the @ sign")
    if not _LOCAL.fullmatch(local):
        raise ValueError("please use only plain letters, digits and common signs before the @ sign")
    parsed = f"{local}@{_ascii_domain(domain)}"
    if len(parsed) > _MAX_ADDRESS_CHARS:
        raise ValueError(f"please give an address of at most {_MAX_ADDRESS_CHARS} characters")
    return parsed


def _ascii_domain(domain: str) -> str:
    if _AMBIGUOUS.search(domain):
        raise ValueError("please write the part after the @ sign in its xn-- form")
    refusal = "please check the part after the @ sign: it is not the name of a mail domain"
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError(refusal) from None
    if not _DOMAIN.fullmatch(ascii_domain):
        raise ValueError(refusal)
    return ascii_domain
