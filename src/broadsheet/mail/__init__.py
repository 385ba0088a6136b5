"""OUT: an edition becomes a digest, a digest a message, and a transport hands it over."""

from broadsheet.mail.confirmation import render_confirmation
from broadsheet.mail.digest import render_digest
from broadsheet.mail.masthead import Masthead
from broadsheet.mail.message import compose
from broadsheet.mail.rendering import Rendered
from broadsheet.mail.transport import Transport, open_transport

__all__ = [
    "Masthead",
    "Rendered",
    "Transport",
    "compose",
    "open_transport",
    "render_confirmation",
    "render_digest",
]
