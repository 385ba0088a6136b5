"""TLS between us and the mail server: nothing is sent if the URL requires it and it fails."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.errors import MailError
from broadsheet.mail import open_transport
from tests.conftest import FIXTURES
from tests.mail.conftest import SmtpServer, listening

CERTIFICATE = FIXTURES / "mail_server.pem"


@pytest.fixture
def encrypting() -> Iterator[SmtpServer]:
    """A server with STARTTLS and a certificate that no authority has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with listening(tls_context=context) as server:
        yield server


def send(url: str, tls: ssl.SSLContext | None = None) -> None:
    with open_transport(url, Path("unused"), tls=tls) as transport:
        transport.send(
            b"Subject: kites\r\n\r\nKites.\r\n",
            sender="news@example.org",
            to="ada@example.org",
            message_id="<1@example.org>",
        )


def test_required_tls_sends_nothing_to_a_server_without_starttls(smtp_server: SmtpServer) -> None:
    with pytest.raises(MailError, match="does not offer STARTTLS, so nothing was sent"):
        send(f"smtp://127.0.0.1:{smtp_server.port}?tls=required")
    assert smtp_server.received == []


def test_required_tls_sends_nothing_to_a_server_with_an_untrusted_certificate(
    encrypting: SmtpServer,
) -> None:
    with pytest.raises(MailError, match="CERTIFICATE_VERIFY_FAILED"):
        send(f"smtp://127.0.0.1:{encrypting.port}?tls=required")
    assert encrypting.received == []


def test_required_tls_sends_to_a_server_with_a_trusted_certificate(encrypting: SmtpServer) -> None:
    trusted = ssl.create_default_context(cafile=str(CERTIFICATE))
    send(f"smtp://127.0.0.1:{encrypting.port}?tls=required", trusted)
    assert len(encrypting.received) == 1


def test_without_a_requirement_tls_is_used_if_it_is_offered(
    encrypting: SmtpServer, smtp_server: SmtpServer
) -> None:
    for server in (encrypting, smtp_server):
        send(f"smtp://127.0.0.1:{server.port}")
        assert len(server.received) == 1


def test_no_tls_below_version_1_2_is_used() -> None:
    assert ssl.create_default_context().minimum_version >= ssl.TLSVersion.TLSv1_2
