"""The contract of Transport, for each implementation: an SMTP server and a folder of .eml files.

A new implementation needs a `Receiver`, an entry in `RECEIVERS`, and its faults in `FAULTS`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import pytest

from broadsheet.errors import MailError
from broadsheet.mail import Transport, open_transport
from tests.mail.conftest import SmtpServer, free_port, listening

SENDER, TO = "news@example.org", "ada@example.org"


class Receiver(Protocol):
    """The receiving side of a transport."""

    def open(self) -> Transport:
        """Return a new transport to this receiver."""

    def received(self) -> list[bytes]:
        """Return the messages received so far, in any order."""

    def recover(self) -> None:
        """End every fault."""

    def disconnect(self) -> None:
        """Close idle connections."""


class SmtpReceiver:
    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self.port = server.port

    def open(self) -> Transport:
        return open_transport(f"smtp://127.0.0.1:{self.port}", Path("unused"), timeout_s=1.0)

    def received(self) -> list[bytes]:
        return [envelope.original_content or b"" for envelope in self.server.received]

    def recover(self) -> None:
        self.port = self.server.port
        self.server.replies.clear()
        self.server.drop_at = None
        self.server.stall.clear()

    def disconnect(self) -> None:
        self.server.close_connections()


class FolderReceiver:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> Transport:
        return open_transport(None, self.folder)

    def received(self) -> list[bytes]:
        return [path.read_bytes() for path in self.folder.glob("*.eml")]

    def recover(self) -> None:
        if self.folder.is_file():
            self.folder.unlink()

    def disconnect(self) -> None:
        pass


@contextmanager
def smtp(folder: Path) -> Iterator[Receiver]:
    with listening() as server:
        yield SmtpReceiver(server)


@contextmanager
def eml_folder(folder: Path) -> Iterator[Receiver]:
    yield FolderReceiver(folder / "outbox")


RECEIVERS = {"smtp": smtp, "eml folder": eml_folder}


class Outcome(Enum):
    """Values of MailError.permanent and MailError.in_doubt."""

    TRANSIENT = (False, False)
    PERMANENT = (True, False)
    IN_DOUBT = (False, True)


@dataclass(frozen=True)
class Fault:
    """A fault of one receiver, and the outcome of a message sent during it."""

    receiver: str
    name: str
    outcome: Outcome
    inject: Callable[[Any], object]


def _reply(name: str, outcome: Outcome, step: str, reply: str) -> Fault:
    return Fault("smtp", name, outcome, lambda smtp: smtp.server.replies.update({step: reply}))


def _drop(outcome: Outcome, step: str) -> Fault:
    name = f"connection closed at {step}"
    return Fault("smtp", name, outcome, lambda smtp: setattr(smtp.server, "drop_at", step))


FAULTS = [
    *(_reply(f"451 at {s}", Outcome.TRANSIENT, s, "451 later") for s in ("MAIL", "RCPT", "DATA")),
    *(_reply(f"550 at {s}", Outcome.PERMANENT, s, "550 no") for s in ("MAIL", "RCPT", "DATA")),
    _reply("server shuts down", Outcome.TRANSIENT, "MAIL", "421 shutting down"),
    _reply("authentication required", Outcome.TRANSIENT, "MAIL", "530 authentication required"),
    _reply("unexpected reply to the content", Outcome.IN_DOUBT, "DATA", "354 unexpected"),
    _drop(Outcome.TRANSIENT, "MAIL"),
    _drop(Outcome.TRANSIENT, "RCPT"),
    _drop(Outcome.IN_DOUBT, "DATA"),
    Fault("smtp", "no reply", Outcome.TRANSIENT, lambda smtp: smtp.server.stall.set()),
    Fault("smtp", "not listening", Outcome.TRANSIENT, lambda r: setattr(r, "port", free_port())),
    Fault(
        "eml folder",
        "folder cannot be created",
        Outcome.TRANSIENT,
        lambda r: r.folder.write_text("a file in place of the folder"),
    ),
]


@pytest.fixture(params=list(RECEIVERS))
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiver]:
    with RECEIVERS[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture(params=FAULTS, ids=lambda fault: f"{fault.receiver}: {fault.name}")
def fault(request: pytest.FixtureRequest) -> Fault:
    assert isinstance(request.param, Fault)
    return request.param


@pytest.fixture
def faulty(fault: Fault, tmp_path: Path) -> Iterator[Receiver]:
    with RECEIVERS[fault.receiver](tmp_path) as opened:
        fault.inject(opened)
        yield opened


def send(transport: Transport, name: str, content: bytes | None = None, to: str = TO) -> None:
    """Send a message whose Message-ID is made from `name`."""
    content = content or f"Subject: {name}\r\n\r\nMeasuring {name}.\r\n".encode()
    transport.send(content, sender=SENDER, to=to, message_id=f"<{name}@example.org>")


def subjects(receiver: Receiver) -> list[str]:
    """Return the subjects of the messages received, in order of the alphabet."""
    found = [re.search(rb"^Subject: (.*?)\r?$", one, re.M) for one in receiver.received()]
    return sorted(match[1].decode() for match in found if match)


def test_each_message_arrives_once(receiver: Receiver) -> None:
    with receiver.open() as transport:
        for name in ("bridges", "kites", "rivers"):
            send(transport, name)
    assert subjects(receiver) == ["bridges", "kites", "rivers"]


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: dots\r\n\r\n.\r\n..\r\n.a line\r\n.\r\n",
        b"Subject: LF\n\nfirst\nsecond\n",
        b"Subject: no final line ending\r\n\r\nlast line",
        "Subject: UTF-8\r\n\r\nNaïve Bäume: 木\r\n".encode(),
        b"Subject: long\r\n\r\n" + b"x" * 990 + b"\r\n",
        b"Subject: empty\r\n\r\n",
    ],
)
def test_content_arrives_unchanged_apart_from_line_endings(
    receiver: Receiver, content: bytes
) -> None:
    def lines(message: bytes) -> list[bytes]:
        return message.splitlines()

    with receiver.open() as transport:
        send(transport, "content", content)
    (received,) = receiver.received()
    assert lines(received) == lines(content)


def test_was_sent_is_false_or_none_before_and_true_or_none_after(receiver: Receiver) -> None:
    with receiver.open() as transport:
        assert not transport.was_sent("<kites@example.org>")
        send(transport, "kites")
        assert transport.was_sent("<kites@example.org>") is not False
        assert not transport.was_sent("<rivers@example.org>")


def test_was_sent_gives_the_same_answer_in_another_process(receiver: Receiver) -> None:
    with receiver.open() as first:
        send(first, "kites")
        answer = first.was_sent("<kites@example.org>")
    with receiver.open() as second:
        assert second.was_sent("<kites@example.org>") == answer


def test_a_message_known_as_sent_is_not_sent_again(receiver: Receiver) -> None:
    with receiver.open() as transport:
        send(transport, "kites")
        if transport.was_sent("<kites@example.org>"):
            send(transport, "kites")
    assert subjects(receiver) == ["kites"]


def test_a_lost_connection_loses_and_repeats_no_message(receiver: Receiver) -> None:
    with receiver.open() as transport:
        send(transport, "kites")
        receiver.disconnect()
        send(transport, "rivers")
    assert subjects(receiver) == ["kites", "rivers"]


def test_a_fault_raises_its_outcome(fault: Fault, faulty: Receiver) -> None:
    with faulty.open() as transport, pytest.raises(MailError) as caught:
        send(transport, "kites")
    assert Outcome((caught.value.permanent, caught.value.in_doubt)) is fault.outcome


def test_a_message_that_failed_without_doubt_was_not_received(
    fault: Fault, faulty: Receiver
) -> None:
    with faulty.open() as transport, pytest.raises(MailError):
        send(transport, "kites")
    if fault.outcome is not Outcome.IN_DOUBT:
        faulty.recover()
        assert faulty.received() == []
        assert not faulty.open().was_sent("<kites@example.org>")


def test_a_transport_sends_again_after_a_fault(fault: Fault, faulty: Receiver) -> None:
    with faulty.open() as transport:
        with pytest.raises(MailError):
            send(transport, "kites")
        faulty.recover()
        if fault.name != "not listening":  # That transport keeps the unused port.
            send(transport, "rivers")
            assert subjects(faulty).count("rivers") == 1


@pytest.mark.parametrize(
    "to",
    ["", "ada", "Ada <ada@example.org>", "a@b.example\r\nDATA", "a b@c.example", "é@c.example"],
)
def test_an_invalid_address_fails_permanently(receiver: Receiver, to: str) -> None:
    with receiver.open() as transport:
        with pytest.raises(MailError) as caught:
            send(transport, "kites", to=to)
        assert caught.value.permanent
        send(transport, "rivers")
    assert subjects(receiver) == ["rivers"]


def test_closing_never_raises(receiver: Receiver) -> None:
    with receiver.open():
        pass
    with receiver.open() as transport:
        send(transport, "kites")
        receiver.disconnect()
    transport.__exit__(None, None, None)


def test_closing_keeps_the_error_of_the_block(receiver: Receiver) -> None:
    with pytest.raises(ValueError, match="of the block"), receiver.open() as transport:
        send(transport, "kites")
        raise ValueError("of the block")
