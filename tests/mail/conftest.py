"""A mail server that really listens, and what the mail tests send to it."""

import socket
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
    """What a listening server got, and how it is told to answer.

    `replies` maps MAIL, RCPT or DATA to the reply given instead of an acceptance. `drop_at`
    names one of them where the connection is cut instead of answering.
    """

    port: int = 0
    received: list[Envelope] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    drop_at: str | None = None
    connections: list[Any] = field(default_factory=list)

    @property
    def messages(self) -> list[EmailMessage]:
        return [parsed(envelope.original_content or b"") for envelope in self.received]

    def forget_connections(self) -> None:
        """Cut every open connection, as a server does with idle ones."""
        for server in self.connections:
            server.loop.call_soon_threadsafe(cut, server)
        self.connections.clear()

    def answer(self, step: str, server: SMTP, accepted: str) -> str:
        if self.drop_at == step:
            cut(server)
        return self.replies.get(step, accepted)

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, host: str, replies: list[str]
    ) -> list[str]:
        session.host_name = host
        self.connections.append(server)
        return replies

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answer("MAIL", server, "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.answer("RCPT", server, "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        reply = self.answer("DATA", server, "250 OK")
        if reply.startswith("2"):
            self.received.append(envelope)
        return reply


def free_port() -> int:
    """Find a port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def listening(controller: type[Controller] = Controller, **options: Any) -> Iterator[SmtpServer]:
    """Run a server on a free port of this machine."""
    server = SmtpServer(port=free_port())
    running = controller(server, hostname="127.0.0.1", port=server.port, **options)
    running.start()
    server.connections.clear()
    try:
        yield server
    finally:
        running.stop()


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A server that takes everything until told otherwise."""
    with listening() as server:
        yield server


def cut(server: SMTP) -> None:
    """Break a connection off without a word."""
    assert isinstance(server.transport, WriteTransport)
    server.transport.abort()


def parsed(message: bytes) -> EmailMessage:
    """Read a message back as a mail program does."""
    read = message_from_bytes(message, policy=default)
    assert isinstance(read, EmailMessage)
    assert not read.defects
    return read


def body(message: EmailMessage, kind: str) -> str:
    """Give the plain or the html part of a message."""
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    content = part.get_content()
    assert isinstance(content, str)
    return content


def story(rank: int = 1, **changes: Any) -> EditionItem:
    """Make one paper of an edition."""
    known: dict[str, Any] = {
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
    return EditionItem(rank=rank, **(known | changes))


def edition(*items: EditionItem) -> Edition:
    """Make the edition of one day."""
    return Edition(period=Period(date(2026, 11, 20)), revision=1, published_at=NOW, items=items)
