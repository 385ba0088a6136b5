"""Mail: render digests and confirmations, compose messages, and send them over a transport."""

from broadsheet.mail.confirmation import render_confirmation
from broadsheet.mail.digest import render_digest
from broadsheet.mail.message import compose
from broadsheet.mail.newsletter import Newsletter
from broadsheet.mail.rendering import RenderedMail
from broadsheet.mail.transport import Transport, check_server, open_transport

__all__ = [
    "Newsletter",
    "RenderedMail",
    "Transport",
    "check_server",
    "compose",
    "open_transport",
    "render_confirmation",
    "render_digest",
]
