"""Validate email addresses entered by the public."""

import re

MAX_ADDRESS_CHARS = 254
# Mail programs decode encoded words in an address, where RFC 2047 forbids them.
_ENCODED_WORD = re.compile(r"^=\?|=\?.*\?")


def parse_address(text: str) -> str:
    """Parse an email address from a form.

    Accepts what RFC 5321 calls a mailbox, apart from forms that hardly anybody uses and that
    much software gets wrong: quoted local parts, comments, address literals, domains of one
    label, and local parts that look like an encoded word (RFC 2047). Local parts beyond ASCII
    (RFC 6531) are refused too, because every mail server on the way has to support them.

    Parameters
    ----------
    text : str
        The address; surrounding spaces are ignored.

    Returns
    -------
    str
        The address in ASCII, with the domain in lower case and international labels as ``xn--``
        (IDNA 2008).

    Raises
    ------
    ValueError
        If the address is not valid. The message is shown to the user.

    Examples
    --------
    >>> parse_address("Ada.Lovelace@Bücher.Example")
    'Ada.Lovelace@xn--bcher-kva.example'
    """
    # 40 ms to import, and most commands parse no address.
    from email_validator import EmailNotValidError, validate_email

    address = text.strip(" ")
    if not address:
        raise ValueError("enter an email address")
    if len(address) > MAX_ADDRESS_CHARS:
        raise ValueError(f"enter an address of at most {MAX_ADDRESS_CHARS} characters")
    local = address.rpartition("@")[0]
    if not local.isascii():
        raise ValueError(
            "enter an address with only ASCII characters before the @ sign: "
            "the mail servers on the way may not support others"
        )
    if _ENCODED_WORD.search(local):
        raise ValueError("enter an address that does not look encoded (=?…?=) before the @ sign")
    try:
        valid = validate_email(
            address,
            check_deliverability=False,
            allow_smtputf8=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            allow_display_name=False,
            allow_empty_local=False,
            globally_deliverable=True,
            test_environment=False,
            strict=True,
        )
    except EmailNotValidError as error:
        reason = str(error).rstrip(".")
        raise ValueError(f"check the address: {reason[:1].lower()}{reason[1:]}") from None
    if valid.ascii_email is None:
        raise ValueError("enter an address such as name@example.org")
    return valid.ascii_email
