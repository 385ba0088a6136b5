"""SMTP: URLs and connections. tests/contract/test_transport.py tests what all transports share."""

from pathlib import Path

import pytest

from broadsheet.errors import ConfigError
from broadsheet.mail import open_transport
from broadsheet.mail.smtp_url import SmtpServer as Server
from broadsheet.mail.smtp_url import parse_smtp_url
from tests.mail.conftest import SmtpServer

MESSAGE = b"Subject: kites\r\n\r\nMeasuring kites.\r\n"


def test_messages_share_one_connection(smtp_server: SmtpServer, tmp_path: Path) -> None:
    with open_transport(f"smtp://127.0.0.1:{smtp_server.port}", tmp_path) as transport:
        for number in range(3):
            transport.send(
                MESSAGE,
                sender="news@example.org",
                to="ada@example.org",
                message_id=f"<{number}@example.org>",
            )
    assert len(smtp_server.messages) == 3
    assert len(smtp_server.connections) == 1
    assert smtp_server.received[0].mail_from == "news@example.org"
    assert smtp_server.received[0].rcpt_tos == ["ada@example.org"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", Server("mail.example", 25)),
        ("smtp://mail.example:2525/", Server("mail.example", 2525)),
        ("smtp://mail.example?tls=required", Server("mail.example", 25, tls_required=True)),
        (
            "smtps://mail.example",
            Server("mail.example", 465, implicit_tls=True, tls_required=True),
        ),
        (
            "smtp://ada:p%40ss%2F@mail.example",
            Server("mail.example", 25, "ada", "p@ss/", tls_required=True),
        ),
        ("smtp://ada:pass@127.0.0.1:25", Server("127.0.0.1", 25, "ada", "pass")),
    ],
)
def test_a_url_names_host_credentials_and_tls_mode(url: str, expected: Server) -> None:
    assert parse_smtp_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://x",
        "smtp://",
        "smtp://user:hunter2@host:port",
        "smtp://user@host",
        "smtp://user:hunter2@höst",
        "smtp://host/hunter2",
        "smtp://host?tls=hunter2",
        "smtp://[hunter2",
    ],
)
def test_the_error_of_an_invalid_url_contains_no_part_of_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_smtp_url(url)
    assert "hunter2" not in str(caught.value)
    assert "smtp://user:password@host:port" in str(caught.value)


def test_a_server_is_shown_without_its_password(tmp_path: Path) -> None:
    transport = open_transport("smtp://ada:hunter2@mail.example", tmp_path)
    assert "hunter2" not in repr(transport)
    assert "mail.example" in repr(transport)
