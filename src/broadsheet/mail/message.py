"""Compose the message of one recipient from a rendered mail."""

import re
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from html import escape
from urllib.parse import quote

from broadsheet.mail.newsletter import Newsletter
from broadsheet.mail.rendering import UNSUBSCRIBE_URL, RenderedMail
from broadsheet.mail.text import single_line

# Every server accepts 7bit, including those without 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")
_URL_CHARACTERS = "%:/?#[]@!$&'()*+;=~"
# Weaker than the check of new addresses, so that stricter rules there cut off no subscriber.
_RECIPIENT = re.compile(r"(?!=\?|.*=\?.*\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")


class _FoldedHeader(str):
    """A header value that is written as it is.

    The folding of `email` encodes any word longer than a line, which makes a URL in
    List-Unsubscribe unreadable, and decodes text in a paper's title that looks encoded.
    """

    name: str

    def __new__(cls, name: str, value: str) -> "_FoldedHeader":
        self = super().__new__(cls, value)
        self.name = name
        return self

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def compose(
    rendered: RenderedMail,
    *,
    newsletter: Newsletter,
    to: str,
    message_id: str,
    date: datetime,
    unsubscribe_url: str | None,
) -> bytes:
    """Compose a message ready to be sent.

    Parameters
    ----------
    rendered : RenderedMail
        A digest or a confirmation.
    newsletter : Newsletter
        The sender.
    to : str
        The recipient, as :func:`broadsheet.rules.address.parse_address` returns it.
    message_id : str
        The Message-ID header, angle brackets included.
    date : datetime
        The Date header, aware.
    unsubscribe_url : str or None
        URL where this recipient unsubscribes with one POST (RFC 8058); None for a confirmation.

    Returns
    -------
    bytes
        ASCII with CRLF line endings.

    Raises
    ------
    ValueError
        If `to` or `message_id` is not valid in a header, `date` is naive, or a digest has no
        `unsubscribe_url`.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError(f"message id {message_id!r} must have the form <left@right>")
    if not _RECIPIENT.fullmatch(to):
        raise ValueError(f"{to!r} is not an email address")
    if date.tzinfo is None:
        raise ValueError("the date of a message requires a time zone")
    message = EmailMessage(policy=_POLICY)
    message["From"] = newsletter.from_header
    # Not as a parsed address: `email` takes a local part such as "=?x?q?y" for an encoded word and
    # raises errors of many classes.
    _set_folded(message, "To", to)
    _set_folded(message, "Subject", _encoded_subject(rendered.subject))
    message["Date"] = date
    _set_folded(message, "Message-ID", message_id)
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe_url is not None:
        unsubscribe_url = quote(single_line(unsubscribe_url), safe=_URL_CHARACTERS)
        _add_list_headers(message, newsletter, unsubscribe_url)
    message.set_content(_with_unsubscribe_url(rendered.text, unsubscribe_url))
    html_url = None if unsubscribe_url is None else escape(unsubscribe_url)
    message.add_alternative(_with_unsubscribe_url(rendered.html, html_url), subtype="html")
    return message.as_bytes()


def _set_folded(message: EmailMessage, name: str, value: str) -> None:
    message[name] = _FoldedHeader(name, value)


def _encoded_subject(subject: str) -> str:
    line = single_line(subject)
    charset = "utf-8" if "=?" in line or not line.isascii() else "us-ascii"
    return Header(line, charset, header_name="Subject").encode(linesep=_POLICY.linesep)


def _add_list_headers(message: EmailMessage, newsletter: Newsletter, unsubscribe_url: str) -> None:
    urls = [unsubscribe_url]
    if newsletter.unsubscribe_mailbox:
        urls.append(f"mailto:{quote(newsletter.unsubscribe_mailbox, '@')}?subject=unsubscribe")
    value = f",{_POLICY.linesep} ".join(f"<{url}>" for url in urls)
    _set_folded(message, "List-Unsubscribe", value)
    _set_folded(message, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    _set_folded(message, "List-Id", f"<{newsletter.list_id}>")
    message["Precedence"] = "bulk"


def _with_unsubscribe_url(body: str, unsubscribe_url: str | None) -> str:
    if unsubscribe_url is None:
        if UNSUBSCRIBE_URL in body:
            raise ValueError("a digest requires an unsubscribe_url")
        return body
    return body.replace(UNSUBSCRIBE_URL, unsubscribe_url)
