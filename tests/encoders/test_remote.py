"""An encoder that is a remote service: requests, retries, invalid replies."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from numpy.typing import NDArray

from broadsheet.encoders.registry import encoder_loader, encoder_named
from broadsheet.encoders.remote import RemoteEncoder
from broadsheet.encoders.vectors import unit_rows
from broadsheet.errors import ConfigError, SearchIndexError
from tests.embedding_service import Reply, Service, embedding_service, row, vector_of

KEY = "sk-very-secret"
DIM = 4


def data(rows: object) -> Reply:
    return Reply(json.dumps({"data": rows}).encode())


@pytest.fixture
def service() -> Iterator[Service]:
    with embedding_service() as running:
        yield running


@dataclass
class Remote:
    """An encoder, and the pauses between its attempts."""

    encoder: RemoteEncoder
    pauses_s: list[float]


@pytest.fixture
def remote(service: Service) -> Remote:
    pauses_s: list[float] = []
    return Remote(RemoteEncoder(f"{service.address}#some/model", KEY, pauses_s.append), pauses_s)


def expected_vectors(texts: list[str]) -> NDArray[np.float32]:
    return unit_rows(np.asarray([vector_of(text) for text in texts]))


def test_texts_are_sent_in_batches_of_64(service: Service, remote: Remote) -> None:
    texts = [f"kite {'a' * number}z" for number in range(150)]
    vectors = remote.encoder.encode(texts)
    np.testing.assert_allclose(vectors, expected_vectors(texts), rtol=1e-6)
    assert [len(request["input"]) for request in service.requests] == [64, 64, 22]  # type: ignore[arg-type]


def test_a_request_has_the_documented_form(service: Service, remote: Remote) -> None:
    remote.encoder.encode(["kite", "river"])
    assert service.paths == ["/v1/embeddings"]
    assert service.requests == [
        {"input": ["kite", "river"], "encoding_format": "float", "model": "some/model"}
    ]
    assert service.headers[0]["authorization"] == f"Bearer {KEY}"


def test_a_key_is_sent_to_its_own_service_only(service: Service) -> None:
    for spec in (f"{service.address}#newer", "https://elsewhere/v1", "broadsheet"):
        encoder_loader(spec, KEY)(f"{service.address}#older").encode(["kite"])
    assert [headers.get("authorization") for headers in service.headers] == [
        f"Bearer {KEY}",
        None,
        None,
    ]


@pytest.mark.parametrize("suffix", ["", "/", "/embeddings", "/embeddings/"])
def test_an_address_may_end_at_the_version_or_at_embeddings(service: Service, suffix: str) -> None:
    encoder = encoder_named(service.address + suffix)
    assert encoder.dim == DIM
    assert service.paths == ["/v1/embeddings"]
    assert "model" not in service.requests[0]
    assert "authorization" not in service.headers[0]
    assert encoder.name == f"{service.address}/embeddings"


def test_the_name_contains_the_model_and_needs_no_request(service: Service) -> None:
    names = {encoder_named(f"{service.address}#{model}").name for model in ("m", "n")}
    assert names == {f"{service.address}/embeddings#m", f"{service.address}/embeddings#n"}
    assert not service.requests


def test_blank_texts_are_not_sent(service: Service, remote: Remote) -> None:
    vectors = remote.encoder.encode(["", "kite", " \n", "\ud800", "river"])
    assert service.requests[0]["input"] == ["kite", "river"]
    assert vectors.any(axis=1).tolist() == [False, True, False, False, True]
    assert remote.encoder.encode([]).shape == (0, DIM)
    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_temporary_failure_is_retried(service: Service, remote: Remote, status: int) -> None:
    service.replies = [Reply(b"busy", status), Reply(b"", status)]
    assert remote.encoder.encode(["kite", "river"]).shape == (2, DIM)
    assert len(service.requests) == 3
    first, second = remote.pauses_s
    assert 0.5 <= first <= 1 <= second <= 2


def test_retry_after_is_respected_up_to_one_minute(service: Service, remote: Remote) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)
    service.replies = [
        Reply(b"", 429, {"Retry-After": "7"}),
        Reply(b"", 503, {"Retry-After": "86400"}),
        Reply(b"", 429, {"Retry-After": format_datetime(soon, usegmt=True)}),
        Reply(b"", 429, {"Retry-After": "soon"}),
    ]
    remote.encoder.encode(["kite", "river"])
    assert remote.pauses_s[:2] == [7, 60]
    assert 20 < remote.pauses_s[2] <= 30
    assert remote.pauses_s[3] <= 8


def test_an_interrupted_reply_is_retried(service: Service, remote: Remote) -> None:
    service.replies = [Reply(b'{"data": []}', hang_up_after_bytes=5)]
    assert remote.encoder.encode(["kite", "river"]).shape == (2, DIM)


def test_a_permanent_failure_is_reported_after_five_attempts(
    service: Service, remote: Remote
) -> None:
    service.replies = [Reply(b"", 503)] * 9
    with pytest.raises(SearchIndexError, match=r"127\.0\.0\.1.*status 503"):
        remote.encoder.encode(["kite", "river"])
    assert len(service.requests) == 5


def test_a_query_is_sent_once(service: Service, remote: Remote) -> None:
    service.replies = [Reply(b"", 503)]
    with pytest.raises(SearchIndexError, match="503"):
        remote.encoder.encode(["kite"])
    assert remote.pauses_s == []


@pytest.mark.parametrize("pause_s", [0.05, 0.8])
def test_a_slow_reply_to_a_query_is_abandoned(
    service: Service, remote: Remote, monkeypatch: pytest.MonkeyPatch, pause_s: float
) -> None:
    monkeypatch.setattr("broadsheet.encoders.remote._QUERY_TIMEOUT_S", 0.3)
    service.replies = [Reply(b" " * 20, pause_s=pause_s)]
    with pytest.raises(SearchIndexError, match=r"no end of the reply|no reply"):
        remote.encoder.encode(["kite"])


def test_an_unreachable_service_is_reported(unused_port: int) -> None:
    pauses_s: list[float] = []
    encoder = RemoteEncoder(f"http://127.0.0.1:{unused_port}/v1", KEY, pauses_s.append)
    with pytest.raises(SearchIndexError, match="unavailable"):
        encoder.encode(["kite", "river"])
    assert len(pauses_s) == 4


@pytest.fixture
def unused_port(service: Service) -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = int(server.server_port)
    server.server_close()
    return port


GOOD = [1.0, 2.0, 3.0, 4.0]
INVALID: dict[str, Reply] = {
    "HTML": Reply(b"<html><body>Welcome</body></html>"),
    "empty body": Reply(b""),
    "a list": Reply(b"[]"),
    "no data": Reply(b"{}"),
    "not a number": Reply(
        b'{"data": [{"index": 0, "embedding": [NaN, 1, 1, 1]}, '
        b'{"index": 1, "embedding": [1, 1, 1, 1]}]}'
    ),
    "infinite": data([row(0, GOOD), row(1, [float("inf"), 1, 1, 1])]),
    "too large for a float": Reply(
        b'{"data": [{"index": 0, "embedding": [1e999, 1]}, {"index": 1, "embedding": [1, 1]}]}'
    ),
    "nulls": data([row(0, GOOD), {"index": 1, "embedding": [None, 1, 1, 1]}]),
    "words": data([row(0, GOOD), {"index": 1, "embedding": ["x", 1, 1, 1]}]),
    "base64": data([row(0, GOOD), {"index": 1, "embedding": "AAAA"}]),
    "too few": data([row(0, GOOD)]),
    "too many": data([row(0, GOOD), row(1, GOOD), row(2, GOOD)]),
    "duplicate index": data([row(0, GOOD), row(0, GOOD)]),
    "index too large": data([row(0, GOOD), row(7, GOOD)]),
    "negative index": data([row(0, GOOD), row(-1, GOOD)]),
    "ragged": data([row(0, GOOD), row(1, GOOD[:3])]),
    "empty vectors": data([row(0, []), row(1, [])]),
    "long vectors": data([row(0, [1.0] * 20_000), row(1, [1.0] * 20_000)]),
    "compressed": Reply(gzip.compress(b"0" * 1_000_000), headers={"Content-Encoding": "gzip"}),
    "deep": Reply(b"[" * 100_000),
    "wrong key": Reply(f"no such key {KEY}".encode(), 401),
    "no such model": Reply(b"no such model", 404),
    "redirect": Reply(b"", 302, {"Location": "http://127.0.0.1:1/"}),
    "bad request": Reply(b"too long", 400),
}


@pytest.mark.parametrize("reply", INVALID.values(), ids=INVALID.keys())
def test_an_invalid_reply_is_reported_in_one_sentence_without_the_key(
    service: Service, remote: Remote, reply: Reply
) -> None:
    service.replies = [reply]
    with pytest.raises(SearchIndexError, match=r"^the encoder at 'http://127.*: check") as error:
        remote.encoder.encode(["kite", "river"])
    assert KEY not in f"{error.value} {error.value.__cause__!r}"
    assert len(str(error.value)) < 300
    assert len(service.requests) == 1


def test_a_reply_above_the_size_limit_is_not_read_to_its_end(
    service: Service, remote: Remote
) -> None:
    service.replies = [Reply(b" " * 33_000_000)]
    with pytest.raises(SearchIndexError, match="more than 32000000 bytes"):
        remote.encoder.encode(["kite", "river"])


def test_a_change_of_the_vector_length_is_reported(service: Service, remote: Remote) -> None:
    assert remote.encoder.dim == DIM
    service.replies = [data([row(0, GOOD[:3]), row(1, GOOD[:3])])]
    with pytest.raises(SearchIndexError, match=r"wrong length \(3, 4\)"):
        remote.encoder.encode(["kite", "river"])


@pytest.mark.parametrize(
    "spec",
    [
        "http://",
        "https:///v1",
        "https://user:hunter2@host/v1",
        "https://host/v1?key=hunter2",
        "https://[host/v1",
        "https://ho\x01st/v1",
        "https://host:port/v1",
    ],
)
def test_an_invalid_address_is_refused_without_repeating_its_secrets(spec: str) -> None:
    with pytest.raises(ConfigError, match="https://host/v1#MODEL") as error:
        encoder_named(spec)
    assert "hunter2" not in f"{error.value} {error.value.__cause__}"


@pytest.mark.parametrize("key", ["", "  ", "hunter2\nX-More: 1", "hunter2é"])
def test_an_invalid_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ConfigError, match="key") as error:
        encoder_named("https://host/v1", key)
    assert "hunter2" not in str(error.value)
