"""An SMTP server on a local port, and the editions that the mail tests send."""

import asyncio
import socket
import threading
from asyncio import WriteTransport
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from broadsheet.mail import Newsletter
from broadsheet.model import Edition, EditionItem, Period

NEWSLETTER = Newsletter(
    title="Broadsheet",
    base_url="https://news.example.org/",
    sender="Broadsheet <news@example.org>",
    list_id="digest.example.org",
    unsubscribe_mailbox="leave@example.org",
)
UNSUBSCRIBE_URL = "https://news.example.org/unsubscribe?token=a.b&n=1"
NOW = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@dataclass
class SmtpServer:
    """What a server received, and how it replies.

    `replies` maps MAIL, RCPT or DATA to a reply other than 250. `drop_at` names one of them at
    which the connection is closed without a reply. While `stall` is set, MAIL gets no reply.
    """

    port: int = 0
    received: list[Envelope] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    drop_at: str | None = None
    stall: threading.Event = field(default_factory=threading.Event)
    connections: list[Any] = field(default_factory=list)

    @property
    def messages(self) -> list[EmailMessage]:
        return [parsed(envelope.original_content or b"") for envelope in self.received]

    def close_connections(self) -> None:
        """Close every open connection, as a server does with idle ones."""
        for server in self.connections:
            server.loop.call_soon_threadsafe(close, server)
        self.connections.clear()

    def reply(self, step: str, server: SMTP) -> str:
        if self.drop_at == step:
            close(server)
        return self.replies.get(step, "250 OK")

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, host: str, replies: list[str]
    ) -> list[str]:
        session.host_name = host
        self.connections.append(server)
        return replies

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        while self.stall.is_set():
            await asyncio.sleep(0.01)
        envelope.mail_from = address
        return self.reply("MAIL", server)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.reply("RCPT", server)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        reply = self.reply("DATA", server)
        if reply.startswith("2"):
            self.received.append(envelope)
        return reply


def free_port() -> int:
    """Return a local port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def listening(controller: type[Controller] = Controller, **options: Any) -> Iterator[SmtpServer]:
    """Run a server on a free local port."""
    server = SmtpServer(port=free_port())
    running = controller(server, hostname="127.0.0.1", port=server.port, **options)
    running.start()
    server.connections.clear()
    try:
        yield server
    finally:
        server.stall.clear()
        running.stop()


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A server that accepts every message."""
    with listening() as server:
        yield server


def close(server: SMTP) -> None:
    """Close a connection without a reply."""
    assert isinstance(server.transport, WriteTransport)
    server.transport.abort()


def parsed(message: bytes) -> EmailMessage:
    """Parse a message as a mail client does."""
    read = message_from_bytes(message, policy=default)
    assert isinstance(read, EmailMessage)
    assert not read.defects
    return read


def body(message: EmailMessage, kind: str) -> str:
    """Return the plain or the html part of a message."""
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    content = part.get_content()
    assert isinstance(content, str)
    return content


def edition_item(rank: int = 1, **changes: Any) -> EditionItem:
    """Return one paper of an edition."""
    fields: dict[str, Any] = {
        "paper_id": f"arxiv:2611.{rank:05}",
        "title": f"Sparse attention, part {rank}",
        "abstract": "We ask what attention costs. We measure it. We then make it cheaper.",
        "authors": ("Emmy Noether", "Grace Hopper", "Margaret Hamilton", "Claude Shannon"),
        "categories": ("cs.CL", "cs.LG"),
        "published": "2026-11-19",
        "link": f"https://arxiv.org/abs/2611.{rank:05}",
        "votes": 3,
        "reason": "3 votes by readers, published yesterday",
    }
    return EditionItem(rank=rank, **(fields | changes))


def edition(*items: EditionItem) -> Edition:
    """Return the edition of one day."""
    return Edition(period=Period(date(2026, 11, 20)), revision=1, published_at=NOW, items=items)
