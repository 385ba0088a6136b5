"""The setting `encoder`: the index of a new encoder is built while the old one serves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.config import load_settings
from broadsheet.errors import ConfigError
from broadsheet.library import Library
from broadsheet.model import Tier
from broadsheet.rules.normalize import make_paper
from broadsheet.serve.jobs import library_jobs
from broadsheet.serve.runner import run_once
from tests.embedding_service import Reply, Service, embedding_service

KEY = "sk-very-secret"


@pytest.fixture
def service() -> Iterator[Service]:
    with embedding_service() as running:
        yield running


def open_with(data: Path, encoder: str = "broadsheet") -> Library:
    settings = {
        "data": data,
        "encoder": encoder,
        "encoder_key": KEY,
        "rerank": False,
        "sources": "none",
    }
    return Library(load_settings(settings, environment={}))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty papers, indexed with the shipped encoder."""
    with open_with(tmp_path / "data") as library:
        library.add("test", [make_paper(title=f"Kites in valley {n}") for n in range(40)])
        library.update_index()
    return tmp_path / "data"


def test_the_old_vectors_serve_until_the_new_ones_are_complete(
    data: Path, service: Service
) -> None:
    with open_with(data, service.address) as library:
        assert library.health().rebuilt == 0
        before = library.search("kites").hits
        assert before[0].tier is Tier.MATCH
        assert service.requests == []
        assert any("previous vectors serve" in finding.text for finding in library.diagnose())
        library.update_index()
        assert library.health().rebuilt is None
        assert {hit.paper.id for hit in library.search("kites", n=40).hits} >= {
            hit.paper.id for hit in before
        }
    assert sum(str(request["input"]).count("Kites") for request in service.requests) >= 40
    assert service.headers[0]["authorization"] == f"Bearer {KEY}"


def test_the_index_job_builds_the_new_vectors(data: Path, service: Service) -> None:
    with open_with(data, service.address) as library:
        run_once(library_jobs(library))
        assert not library.index.rebuild_pending


def test_if_the_service_is_unavailable_search_uses_words_only_and_says_so(
    data: Path, service: Service
) -> None:
    with open_with(data, service.address) as library:
        library.update_index()
        service.replies[:] = [Reply(b"", status=503)] * 5
        found = library.search("kites in valley 7")
        assert found.hits[0].paper.title == "Kites in valley 7"
        assert found.note is not None
        assert "by words only" in found.note
        assert "127.0.0.1" not in found.note
        requests = len(service.requests)
        library.search("kites in valley 8")
        assert len(service.requests) == requests, "queries fail immediately for 30 s"


def test_a_key_never_reaches_a_log_or_the_files(
    data: Path, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.replies[:] = [Reply(b"", status=401)] * 9
    with open_with(data, service.address) as library:
        run_once(library_jobs(library))
        library.search("kites")
    assert "check the key" in caplog.text
    assert KEY not in caplog.text
    for path in data.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


def test_an_unknown_encoder_is_refused(data: Path) -> None:
    with (
        open_with(data, "word2vec") as library,
        pytest.raises(ConfigError, match="unknown encoder"),
    ):
        library.search("kites")
