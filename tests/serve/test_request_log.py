"""Every request has an id, in the response, in the log and on the page of a server error."""

import logging
import re
from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.serve.proxies import TrustedProxies
from broadsheet.serve.request_log import ACCESS_LOG, RequestLog
from broadsheet.web.app import create_app

_PROXIES = [ip_network("127.0.0.1/32")]


@pytest.fixture
def access_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, ACCESS_LOG):
        yield caplog


def _client(library: Library, peer: str = "127.0.0.1") -> TestClient:
    app = RequestLog(TrustedProxies(create_app(library), _PROXIES), _PROXIES)
    return TestClient(app, client=(peer, 4711), raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("peer", "sent", "is_kept"),
    [
        ("127.0.0.1", "7f3a-b.c_d", True),
        ("127.0.0.1", "x" * 65, False),
        ("127.0.0.1", "forged line", False),
        ("127.0.0.1", "", False),
        ("192.0.2.1", "7f3a", False),
    ],
)
def test_the_id_of_a_request_is_that_of_a_trusted_proxy_or_a_new_one(
    still_library: Library, peer: str, sent: str, is_kept: bool
) -> None:
    client = _client(still_library, peer)
    first, second = (client.get("/subscribe", headers={"X-Request-ID": sent}) for _ in range(2))
    ids = [first.headers["X-Request-ID"], second.headers["X-Request-ID"]]
    if is_kept:
        assert ids == [sent, sent]
    else:
        assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids)
        assert ids[0] != ids[1]


@pytest.mark.parametrize("path", ["/editions", "/api/v1/papers"])
def test_a_server_error_names_the_id_of_its_request(
    library: Library, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Library, "newest", fail)
    monkeypatch.setattr(type(library.editions), "periods", fail)
    response = _client(library).get(path)
    assert response.status_code == 500
    assert f"The log names this request {response.headers['X-Request-ID']}." in response.text


@pytest.mark.parametrize("path", ["/confirm", "/unsubscribe"])
def test_the_access_log_has_the_client_and_the_path_but_no_token(
    still_library: Library, access_log: pytest.LogCaptureFixture, path: str
) -> None:
    headers = {"X-Forwarded-For": "2001:db8:1:2::7"}
    response = _client(still_library).get(f"{path}?token=t0k3n", headers=headers)
    (line,) = [one.getMessage() for one in access_log.records if one.name == ACCESS_LOG]
    assert line.startswith(
        f"status={response.status_code} method=GET path={path} network=2001:db8:1:2:: bytes="
    )
    assert "t0k3n" not in access_log.text


def test_a_path_adds_no_line_to_the_access_log(
    still_library: Library, access_log: pytest.LogCaptureFixture
) -> None:
    _client(still_library).get("/a%0A2026 status=200 %1b[2J")
    (line,) = [one.getMessage() for one in access_log.records if one.name == ACCESS_LOG]
    assert "path=/a%0A2026%20status%3D200%20%1B%5B2J " in line
