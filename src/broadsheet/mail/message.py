"""Address a rendered mail to one reader."""

import re
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from html import escape
from urllib.parse import quote

from broadsheet.mail.masthead import Masthead
from broadsheet.mail.rendering import UNSUBSCRIBE, Rendered
from broadsheet.mail.wording import plain

# 7 bit goes through every server, also one that does not offer 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")
_URL_SIGNS = "%:/?#[]@!$&'()*+;=~"
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")


class _Written(str):
    """A header that is already in its final form.

    Python's own folding encodes any word longer than a line, which makes an address in
    List-Unsubscribe unreadable, and decodes what only looks encoded in a paper's title.
    """

    name: str

    def __new__(cls, name: str, value: str) -> "_Written":
        self = super().__new__(cls, value)
        self.name = name
        return self

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def compose(
    rendered: Rendered,
    *,
    masthead: Masthead,
    to: str,
    message_id: str,
    date: datetime,
    unsubscribe_url: str | None,
) -> bytes:
    """Write a message ready to be sent.

    Parameters
    ----------
    rendered : Rendered
        A digest or a confirmation.
    masthead : Masthead
        Who sends it.
    to : str
        The reader, as :func:`broadsheet.rules.address.parse_address` gives it.
    message_id : str
        The Message-ID header, angle brackets included.
    date : datetime
        When it is sent, aware.
    unsubscribe_url : str or None
        Where this reader unsubscribes, by one POST; None for a confirmation.

    Returns
    -------
    bytes
        In ASCII, with CRLF at the end of each line.

    Raises
    ------
    ValueError
        If `to` or `message_id` cannot stand in a header, `date` is naive, or a digest has no
        `unsubscribe_url`.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError(f"message id {message_id!r} is not of the form <left@right>")
    if date.tzinfo is None:
        raise ValueError("the date of a message needs a time zone")
    message = EmailMessage(policy=_POLICY)
    message["From"] = masthead.sender_header
    message["To"] = Address(addr_spec=to)
    _write(message, "Subject", _encoded(rendered.subject))
    message["Date"] = date
    _write(message, "Message-ID", message_id)
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe_url is not None:
        unsubscribe_url = quote(plain(unsubscribe_url), safe=_URL_SIGNS)
        _add_list_headers(message, masthead, unsubscribe_url)
    message.set_content(_addressed(rendered.text, unsubscribe_url))
    html_url = None if unsubscribe_url is None else escape(unsubscribe_url)
    message.add_alternative(_addressed(rendered.html, html_url), subtype="html")
    return message.as_bytes()


def _write(message: EmailMessage, name: str, value: str) -> None:
    message[name] = _Written(name, value)


def _encoded(subject: str) -> str:
    line = plain(subject)
    charset = "utf-8" if "=?" in line or not line.isascii() else "us-ascii"
    return Header(line, charset, header_name="Subject").encode(linesep=_POLICY.linesep)


def _add_list_headers(message: EmailMessage, masthead: Masthead, unsubscribe_url: str) -> None:
    ways = [unsubscribe_url]
    if masthead.unsubscribe_mailbox:
        ways.append(f"mailto:{quote(masthead.unsubscribe_mailbox, '@')}?subject=unsubscribe")
    _write(message, "List-Unsubscribe", f",{_POLICY.linesep} ".join(f"<{way}>" for way in ways))
    _write(message, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    _write(message, "List-Id", f"<{masthead.list_id}>")
    message["Precedence"] = "bulk"


def _addressed(body: str, unsubscribe_url: str | None) -> str:
    if unsubscribe_url is None:
        if UNSUBSCRIBE in body:
            raise ValueError("a digest needs the reader's address to unsubscribe at")
        return body
    return body.replace(UNSUBSCRIBE, unsubscribe_url)
