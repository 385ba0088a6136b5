"""Links in mails lead to the public address, and no mail is sent where they would lead nowhere."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from broadsheet.config import Settings
from broadsheet.errors import MailError
from broadsheet.library import Library
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.token import Purpose, sign
from broadsheet.serve.jobs import library_jobs, remember_address
from tests.mail.conftest import SmtpServer, body, listening

NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with listening() as listener:
        yield listener


def _opened(settings: Settings, server: SmtpServer, **changes: object) -> Library:
    smtp = SecretStr(f"smtp://127.0.0.1:{server.port}")
    changed = settings.model_copy(update={"smtp": smtp, **changes})
    return Library(changed, clock=lambda: NOW)


def _subscribed(library: Library) -> None:
    library.add("test", [make_paper(title="Kites", published="2026-03-11")])
    library.editions.publish()
    library.subscriptions.subscribe("ada@example.org")
    (reader,) = library.subscriptions.all()
    library.subscriptions.confirm(
        sign(library.secret, Purpose.CONFIRM, reader.id, reader.email, library.now)
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def stored(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    if request.param == "postgresql":
        url = SecretStr(request.getfixturevalue("new_postgres_url"))
        return settings.model_copy(update={"database": url})
    return settings


def test_send_uses_the_address_that_the_server_was_last_started_with(
    stored: Settings, server: SmtpServer
) -> None:
    for address in ("http://old.example", "http://news.example:8080"):
        with _opened(stored, server, base_url=address) as serving:
            remember_address(serving)
    with _opened(stored, server) as library:
        _subscribed(library)
        library.outbox.send()
    digest = server.messages[-1]
    assert digest["List-Unsubscribe"].startswith("<http://news.example:8080/unsubscribe?token=")
    assert "http://news.example:8080/editions/2026-03-11" in body(digest, "plain")


def test_the_configured_address_wins_over_the_remembered_one(
    settings: Settings, server: SmtpServer
) -> None:
    with _opened(settings, server, base_url="http://old.example") as serving:
        remember_address(serving)
    with _opened(settings, server, base_url="https://news.example") as library:
        assert library.outbox.address() == "https://news.example"


@pytest.mark.parametrize("remembered", [None, "http://127.0.0.1:8000", "http://0.0.0.0:8000"])
def test_send_refuses_without_a_public_address(
    settings: Settings, server: SmtpServer, remembered: str | None
) -> None:
    with _opened(settings, server) as library:
        if remembered:
            library.outbox.remember_address(remembered)
        _subscribed(library)
        with pytest.raises(MailError, match=r"no mail is sent, because .*: set base_url to"):
            library.outbox.send()
    assert not server.messages


def test_mails_that_are_files_need_no_public_address(settings: Settings) -> None:
    with Library(settings, clock=lambda: NOW) as library:
        _subscribed(library)
        assert library.outbox.send().sent == 2


def test_jobs_log_once_that_no_mail_is_sent_without_a_public_address(
    settings: Settings, server: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        _opened(settings, server, base_url="http://127.0.0.1:8000") as library,
        caplog.at_level(logging.ERROR),
    ):
        assert "mail" not in {job.name for job in library_jobs(library)}
    assert [record.getMessage().partition(",")[0] for record in caplog.records] == [
        "no mail is sent"
    ]


def test_the_doctor_names_the_address_that_links_lead_to(
    settings: Settings, server: SmtpServer
) -> None:
    with _opened(settings, server) as library:
        local = next(one for one in library.diagnose() if one.check == "address")
        library.outbox.remember_address("https://news.example")
        public = next(one for one in library.diagnose() if one.check == "address")
    assert (local.ok, public.ok) == (False, True)
    assert "https://news.example" in public.text


def test_a_request_does_not_choose_the_address_of_a_confirmation(
    settings: Settings, server: SmtpServer
) -> None:
    from starlette.testclient import TestClient

    from broadsheet.web.app import create_app

    named = {"base_url": "https://news.example", "hosts": "*"}
    with _opened(settings, server, **named) as library:
        headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        client = TestClient(create_app(library))
        client.post("/subscribe", data={"email": "ada@example.org"}, headers=headers)
        library.outbox.send_due()
    (mail,) = server.messages
    assert "https://news.example/confirm?token=" in body(mail, "plain")
    assert "evil.example" not in mail.as_string()
