"""Where messages go, and what each failure means."""

from pathlib import Path

import pytest

from broadsheet.errors import ConfigError, MailError
from broadsheet.mail import open_transport
from tests.mail.conftest import SmtpServer, free_port

MESSAGE = b"Subject: kites\r\n\r\n.a line with a dot\r\n"
NAMES = {"sender": "news@example.org", "to": "ada@example.org", "message_id": "<1@example.org>"}


def url(server: SmtpServer) -> str:
    return f"smtp://127.0.0.1:{server.port}"


def test_messages_arrive_over_one_connection(smtp_server: SmtpServer, tmp_path: Path) -> None:
    with open_transport(url(smtp_server), tmp_path) as transport:
        for _ in range(3):
            transport.send(MESSAGE, **NAMES)
    assert [message["Subject"] for message in smtp_server.messages] == ["kites"] * 3
    assert smtp_server.messages[0].get_content() == ".a line with a dot\r\n"


def test_a_connection_the_server_closed_is_opened_again(
    smtp_server: SmtpServer, tmp_path: Path
) -> None:
    with open_transport(url(smtp_server), tmp_path) as transport:
        transport.send(MESSAGE, **NAMES)
        smtp_server.forget_connections()
        transport.send(MESSAGE, **NAMES)
    assert len(smtp_server.messages) == 2


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("reply", "permanent"), [("451 later", False), ("550 never", True)])
def test_a_refusal_is_told_apart(
    smtp_server: SmtpServer, tmp_path: Path, step: str, reply: str, permanent: bool
) -> None:
    smtp_server.replies[step] = reply
    with open_transport(url(smtp_server), tmp_path) as transport:
        with pytest.raises(MailError) as caught:
            transport.send(MESSAGE, **NAMES)
        assert (caught.value.permanent, caught.value.in_doubt) == (permanent, False)
        smtp_server.replies.clear()
        transport.send(MESSAGE, **NAMES)
    assert len(smtp_server.messages) == 1


def test_a_connection_lost_after_the_text_leaves_doubt(
    smtp_server: SmtpServer, tmp_path: Path
) -> None:
    smtp_server.drop_at = "DATA"
    with (
        open_transport(url(smtp_server), tmp_path) as transport,
        pytest.raises(MailError) as caught,
    ):
        transport.send(MESSAGE, **NAMES)
    assert caught.value.in_doubt


def test_a_server_out_of_reach_may_be_tried_again(tmp_path: Path) -> None:
    with (
        open_transport(f"smtp://127.0.0.1:{free_port()}", tmp_path) as transport,
        pytest.raises(MailError) as caught,
    ):
        transport.send(MESSAGE, **NAMES)
    assert not caught.value.permanent
    assert not caught.value.in_doubt


@pytest.mark.parametrize("wrong", ["http://x", "smtp://", "smtp://user:hunter2@host:port"])
def test_a_wrong_address_is_told_without_its_password(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        open_transport(wrong, tmp_path)
    assert "hunter2" not in str(caught.value)


def test_the_outbox_keeps_each_message_once_and_knows_it(tmp_path: Path) -> None:
    with open_transport(None, tmp_path / "outbox") as transport:
        assert transport.was_sent(NAMES["message_id"]) is False
        transport.send(MESSAGE, **NAMES)
        transport.send(MESSAGE, **NAMES)
        assert transport.was_sent(NAMES["message_id"]) is True
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.suffix == ".eml"
    assert b"a line with a dot" in file.read_bytes()
