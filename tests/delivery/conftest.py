"""Libraries that mail to an SMTP server, on SQLite and on PostgreSQL."""

import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from pydantic import SecretStr

from broadsheet.config import Settings
from broadsheet.library import Library
from broadsheet.rules.normalize import make_paper
from tests.conftest import NOW
from tests.mail.conftest import SmtpServer, body, listening


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with listening() as listener:
        yield listener


@pytest.fixture(params=["sqlite", "postgresql"])
def mailing(
    request: pytest.FixtureRequest, settings: Settings, server: SmtpServer
) -> Iterator[Library]:
    """A library of two papers with an edition, mailing to `server`."""
    smtp = SecretStr(f"smtp://127.0.0.1:{server.port}")
    changes: dict[str, object] = {"smtp": smtp, "base_url": "http://news.example"}
    if request.param == "postgresql":
        changes["database"] = SecretStr(request.getfixturevalue("new_postgres_url"))
    with Library(settings.model_copy(update=changes), clock=lambda: NOW) as library:
        day = NOW.date().isoformat()
        library.add("test", [make_paper(title=f"{name} at dusk", published=day) for name in PAPERS])
        library.editions.publish()
        yield library


PAPERS = ("Kites", "Lanterns")
Subscribe = Callable[..., None]


@pytest.fixture
def subscribe(mailing: Library, server: SmtpServer) -> Subscribe:
    """Return a function that subscribes addresses and confirms them; their mails are removed."""

    def subscribe(*emails: str) -> None:
        for email in emails:
            mailing.subscriptions.subscribe(email)
            assert mailing.outbox.send_due().sent == 1
            mailing.subscriptions.confirm(token_in(server.messages[-1]))
        server.received.clear()

    return subscribe


def token_in(message: EmailMessage) -> str:
    """Return the token of the first link with one."""
    match = re.search(r"token=(\S+)", body(message, "plain"))
    assert match is not None
    return match[1]
