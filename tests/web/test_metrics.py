"""What Prometheus reads, and who may read it."""

import shutil
import subprocess
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from starlette.testclient import TestClient

from broadsheet.config import Settings, load_settings
from broadsheet.errors import ConfigError
from broadsheet.library import Library
from broadsheet.web import health
from broadsheet.web.app import create_app
from tests.conftest import NOW

_TOKEN = "a-token-of-the-operator"
_LABELS = ("route", "method", "status", "state", "source")
_HEADERS = {"Authorization": f"Bearer {_TOKEN}"}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the check of the library, however busy the machine is."""
    monkeypatch.setattr(health, "_WAIT_S", 30.0)


def _client(library: Library) -> TestClient:
    settings = library.settings.model_copy(update={"metrics_token": SecretStr(_TOKEN)})
    library.settings = settings
    return TestClient(create_app(library), raise_server_exceptions=False)


def _samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[name] for name in _LABELS if name in sample.labels)): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_are_off_without_a_token(client: TestClient) -> None:
    assert client.get("/metrics", headers=_HEADERS).status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer wrong", _TOKEN, f"Bearer {_TOKEN}é"])
def test_metrics_are_read_with_the_token_only(library: Library, sent: str) -> None:
    client = _client(library)
    response = client.get("/metrics", headers=[(b"Authorization", sent.encode())])
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    right = client.get("/metrics", headers=_HEADERS)
    assert right.headers["Cache-Control"] == "no-store"
    assert "broadsheet_papers 24.0" in right.text
    assert client.get("/metrics").status_code == 401


def test_a_token_of_metrics_is_long(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="metrics_token"):
        load_settings({"metrics_token": "short"}, environment={})


def test_requests_are_counted_by_route_and_status(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _client(library)
    for path in ("/", "/", "/papers/arxiv:2603.00001", "/papers/arxiv:9", "/x/y", "/search?q=a"):
        client.get(path)
    client.request("BREW", "/")

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Library, "newest", fail)
    client.get("/api/v1/papers")
    found = _samples(client.get("/metrics", headers=_HEADERS).text)
    name = "broadsheet_http_requests_total"
    assert found[name, "/", "GET", "200"] == 2
    assert found[name, "/papers/{paper_id}", "GET", "200"] == 1
    assert found[name, "/papers/{paper_id}", "GET", "404"] == 1
    assert found[name, "none", "GET", "404"] == 1
    assert found[name, "/", "other", "405"] == 1
    assert found[name, "/api/v1/papers", "GET", "500"] == 1
    assert found["broadsheet_http_request_duration_seconds_count", "/"] == 3
    searches = found["broadsheet_search_duration_seconds_count",]
    assert searches == found["broadsheet_search_wait_seconds_count",] >= 1
    assert found["broadsheet_searches",] == 0


def test_the_state_of_the_library_is_reported(library: Library) -> None:
    library.subscriptions.subscribe("ada@example.org")
    library._clock = lambda: NOW + timedelta(hours=2)
    found = _samples(_client(library).get("/metrics", headers=_HEADERS).text)
    assert found["broadsheet_status", "degraded"] == 1
    assert found["broadsheet_status", "ok"] == 0
    assert found["broadsheet_papers",] == 24
    assert found["broadsheet_index_lag",] == 0
    assert found["broadsheet_edition_age_seconds",] == 7200
    assert found["broadsheet_edition_papers",] == 20
    assert found["broadsheet_mails", "due"] == 1
    assert found["broadsheet_mails", "sent"] == 0
    assert found["broadsheet_mail_oldest_due_timestamp_seconds",] == NOW.timestamp()


def test_prometheus_accepts_the_metrics(library: Library) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    text = _client(library).get("/metrics", headers=_HEADERS).content
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
