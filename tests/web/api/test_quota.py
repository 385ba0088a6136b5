import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from huggingface_hub.utils._http import parse_ratelimit_headers
from starlette.testclient import TestClient

from broadsheet.accounts.tokens import Tokens
from broadsheet.config import Settings, load_settings
from broadsheet.errors import BusyError, ConfigError
from broadsheet.library import Library
from broadsheet.rules.normalize import make_paper
from broadsheet.web.api.quota import WITH_TOKEN
from broadsheet.web.app import create_app
from tests.conftest import NOW

V1, HUB = "/api/v1/papers", "/api/daily_papers"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def _serving(
    settings: Settings, address: str = "198.51.100.7", **changed: object
) -> Iterator[tuple[TestClient, Library]]:
    with Library(settings.model_copy(update=changed), clock=lambda: NOW) as library:
        app = create_app(library)
        yield TestClient(app, client=(address, 50_000), raise_server_exceptions=False), library


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (V1, 200),
        (f"{V1}?limit=0", 422),
        (f"{V1}/hash:none", 404),
        (HUB, 200),
        ("/api/nowhere", 404),
        ("/api/", 404),
    ],
)
def test_every_response_reports_the_remaining_requests(
    settings: Settings, path: str, status: int
) -> None:
    with _serving(settings) as (client, _):
        answer = client.get(path)
        assert answer.status_code == status
        limits = parse_ratelimit_headers(answer.headers)
        assert limits is not None
        assert (limits.resource_type, limits.remaining, limits.limit) == ("api", 999, 1000)
        assert limits.window_seconds == limits.reset_in_seconds == 3600
        assert answer.headers["ratelimit"] == '"api";r=999;t=3600'
        assert client.head(path).headers["ratelimit"].startswith('"api";r=998;')
        assert client.delete(path).headers["ratelimit"].startswith('"api";r=997;')


def test_markdown_is_counted_and_needs_a_token_as_the_api_does(settings: Settings) -> None:
    with _serving(settings, api="token", api_requests_an_hour=1) as (client, library):
        library.add("test", [make_paper(title="On kites", arxiv="2603.00001")])
        token = library.tokens.create("ada")
        path = "/papers/arxiv:2603.00001.md"
        refused = client.get(path)
        assert (refused.status_code, refused.headers["ratelimit"]) == (401, '"api";r=0;t=3600')
        assert refused.headers["content-type"] == "application/problem+json"
        assert "token is required" in refused.json()["detail"]
        answer = client.get(path, headers=bearer(token))
        assert (answer.status_code, answer.headers["ratelimit"]) == (200, '"api";r=9;t=3600')
        assert client.get(path).status_code == 429


def test_pages_are_not_counted_and_need_no_token(settings: Settings) -> None:
    with _serving(settings, api="token", api_requests_an_hour=1) as (client, _):
        for path in ("/", "/docs", "/openapi.json", "/trending", "/docs"):
            answer = client.get(path)
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers


def test_a_client_over_the_limit_gets_retry_after(settings: Settings) -> None:
    with _serving(settings, api_requests_an_hour=2) as (client, library):
        assert [client.get(path).status_code for path in (V1, HUB)] == [200, 200]
        refused = client.get(HUB)
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert 3590 < int(refused.headers["retry-after"]) <= 3600
        limits = parse_ratelimit_headers(refused.headers)
        assert limits is not None
        assert limits.remaining == 0
        problem = refused.json()
        assert problem["status"] == 429
        assert problem["detail"] == problem["error"]
        assert "without a token is allowed 2 an hour" in problem["detail"]
        assert "try again in 60 minutes" in problem["detail"]
        elsewhere = TestClient(client.app, client=("198.51.100.8", 1))
        assert elsewhere.get(V1).status_code == 200
        token = library.tokens.create("ada")
        assert client.get(V1, headers=bearer(token)).status_code == 200


def test_a_token_has_ten_times_the_limit_from_any_network(settings: Settings) -> None:
    with _serving(settings, api_requests_an_hour=1) as (client, library):
        token = library.tokens.create("ada")
        elsewhere = TestClient(client.app, client=("198.51.100.8", 1))
        answers = [
            asker.get(V1, headers=bearer(token))
            for asker, _ in zip([client, elsewhere] * WITH_TOKEN, range(11), strict=False)
        ]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        assert answers[0].headers["ratelimit-policy"] == '"api";q=10;w=3600'
        assert "a token allows 10 an hour" in answers[-1].json()["detail"]
        assert client.get(V1).status_code == 200


@pytest.mark.parametrize("sent", ["hf_abc", "", "\u00e9", "a b", "x" * 5000])
def test_an_unknown_token_is_an_error_in_version_1_only(settings: Settings, sent: str) -> None:
    header = {b"Authorization": f"Bearer {sent}".encode("latin-1")}
    with _serving(settings) as (client, _):
        refused = client.get(V1, headers=header)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer ")
        assert "unknown or revoked" in refused.json()["detail"]
        assert client.get(HUB, headers=header).status_code == 200


def test_a_required_token_is_checked(settings: Settings) -> None:
    with _serving(settings, api="token") as (client, library):
        token = library.tokens.create("ada")
        for path in (V1, HUB):
            for headers in ({}, {"Authorization": "Basic YTpi"}):
                refused = client.get(path, headers=headers)
                assert refused.status_code == 401
                assert refused.headers["www-authenticate"] == 'Bearer realm="api"'
                assert "token is required" in refused.json()["detail"]
            assert client.get(path, headers=bearer(token)).status_code == 200
            assert client.get(path, headers={"authorization": f"bearer {token}"}).status_code == 200
        assert client.get(HUB, headers=bearer("hf_abc")).status_code == 401
        library.tokens.revoke("ada")
        assert client.get(V1, headers=bearer(token)).status_code == 401


def test_no_token_is_ever_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    with _serving(settings) as (client, library):
        token = library.tokens.create("ada")
        client.get(V1, headers=bearer(token))
        client.get(V1, headers=bearer("not-" + token))

        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("on purpose")

        monkeypatch.setattr(library, "newest", broken)
        assert client.get(V1, headers=bearer(token)).status_code == 500
    assert token not in caplog.text


def test_a_server_error_is_a_problem_without_details(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    with _serving(settings) as (client, library):
        monkeypatch.setattr(library, "newest", broken)
        answer = client.get(V1)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["ratelimit"].startswith('"api";r=999;')
    assert "secret detail" not in answer.text


@pytest.mark.parametrize(
    "wrong", [{"api": "closed"}, {"api_requests_an_hour": 0}, {"api_requests_an_hour": "x"}]
)
def test_an_invalid_setting_is_named(tmp_path: Path, wrong: dict[str, object]) -> None:
    (name,) = wrong
    with pytest.raises(ConfigError, match=name):
        load_settings({"data": tmp_path, **wrong}, environment={})


def test_a_token_that_cannot_be_looked_up_is_answered_with_503(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(tokens: Tokens, secret: str) -> str | None:
        raise BusyError("the connections to the library are in use")

    monkeypatch.setattr(Tokens, "name_of", refuse)
    with _serving(settings) as (client, _):
        answer = client.get(V1, headers=bearer("broadsheet_x"))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.headers["Content-Type"] == "application/problem+json"
