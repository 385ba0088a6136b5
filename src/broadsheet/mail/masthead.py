"""Masthead: what every mail says about the newspaper itself."""

import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr

from broadsheet.errors import ConfigError
from broadsheet.mail.wording import plain
from broadsheet.rules.address import parse_address

_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Masthead:
    """Who sends the mail, under which name, and where its pages are.

    Parameters
    ----------
    title : str
        Name of the newspaper.
    base_url : str
        Address of its front page, with or without a slash at the end.
    sender : str
        The From header, such as ``Broadsheet <news@example.org>``.
    list_id : str
        Lasting name of the mailing list, such as ``digest.example.org``; mail programs sort
        by it.
    unsubscribe_mailbox : str or None
        Address that takes requests to unsubscribe, where the operator reads one.

    Raises
    ------
    ConfigError
        If `sender` holds no mail address, `list_id` is not words with dots between them, or
        `unsubscribe_mailbox` is no mail address.
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
                f"the sender {self.sender!r} holds no mail address: "
                "write it as Broadsheet <news@example.org>, a foreign domain in its xn-- form"
            ) from None
        if not _LIST_ID.fullmatch(self.list_id):
            raise ConfigError(f"the list id {self.list_id!r} is not of the form digest.example.org")
        if self.unsubscribe_mailbox is not None:
            try:
                parse_address(self.unsubscribe_mailbox)
            except ValueError as error:
                raise ConfigError(
                    f"the mailbox for unsubscribing {self.unsubscribe_mailbox!r} "
                    f"is no mail address: {error}"
                ) from None

    @property
    def sender_header(self) -> Address:
        """The sender as the From header takes it."""
        name, address = parseaddr(plain(self.sender))
        parsed = Address(addr_spec=address)
        return Address(plain(name), parsed.username, parsed.domain)

    @property
    def sender_address(self) -> str:
        """The bare address of the sender, for the envelope."""
        return self.sender_header.addr_spec

    @property
    def host(self) -> str:
        """The mail host of the sender, the right-hand part of each Message-ID."""
        return self.sender_header.domain or "localhost"

    def page(self, path: str) -> str:
        """Give the whole address of one of the newspaper's pages."""
        return f"{self.base_url.rstrip('/')}{path}"
