"""Check the addresses of an SMTP envelope."""

import re

from broadsheet.errors import MailError

_BARE_ADDRESS = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")


def check_envelope(sender: str, to: str) -> None:
    """Check that both addresses can stand in an SMTP command.

    Raises
    ------
    MailError
        If one is not ``local@domain`` in printable ASCII without spaces or angle brackets;
        permanent.
    """
    for address in (sender, to):
        if not _BARE_ADDRESS.fullmatch(address):
            raise MailError(f"{address!r} is not a bare ASCII email address", permanent=True)
