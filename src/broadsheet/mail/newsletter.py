"""Newsletter: the name, addresses and list id that all mails share."""

import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr

from broadsheet.errors import ConfigError
from broadsheet.mail.text import single_line
from broadsheet.rules.address import parse_address

_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Newsletter:
    """The sender of all mails.

    Parameters
    ----------
    title : str
        Name of the site.
    base_url : str
        URL of its front page, with or without a trailing slash.
    sender : str
        The From header, such as ``Broadsheet <news@example.org>``.
    list_id : str
        The List-Id header without brackets, such as ``digest.example.org`` (RFC 2919).
    unsubscribe_mailbox : str or None
        Address for the mailto form of List-Unsubscribe; None omits that form.

    Raises
    ------
    ConfigError
        If `sender` contains no email address, `list_id` is not dot-separated words, or
        `unsubscribe_mailbox` is not an email address.
    """

    title: str
    base_url: str
    sender: str
    list_id: str
    unsubscribe_mailbox: str | None = None

    def __post_init__(self) -> None:
        try:
            self.sender_address.encode("ascii")
        except ValueError:
            raise ConfigError(
                f"the sender {self.sender!r} contains no ASCII email address: "
                "write it as Broadsheet <news@example.org>, with a non-ASCII domain in xn-- form"
            ) from None
        if not _LIST_ID.fullmatch(self.list_id):
            raise ConfigError(f"the list id {self.list_id!r} must look like digest.example.org")
        if self.unsubscribe_mailbox is not None:
            try:
                parse_address(self.unsubscribe_mailbox)
            except ValueError as error:
                raise ConfigError(
                    f"the unsubscribe mailbox {self.unsubscribe_mailbox!r} "
                    f"is not an email address: {error}"
                ) from None

    @property
    def from_header(self) -> Address:
        """The sender as a From header value."""
        name, address = parseaddr(single_line(self.sender))
        parsed = Address(addr_spec=address)
        return Address(single_line(name), parsed.username, parsed.domain)

    @property
    def sender_address(self) -> str:
        """The address of the sender without its name, for the envelope."""
        return self.from_header.addr_spec

    @property
    def domain(self) -> str:
        """The domain of the sender, used on the right-hand side of each Message-ID."""
        return self.from_header.domain or "localhost"

    def url(self, path: str) -> str:
        """Return the absolute URL of a page of the site."""
        return f"{self.base_url.rstrip('/')}{path}"
