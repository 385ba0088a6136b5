"""An encoder on another machine, and what that machine may do to us."""

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


def told(rows: object) -> Reply:
    return Reply(json.dumps({"data": rows}).encode())


@pytest.fixture
def service() -> Iterator[Service]:
    with embedding_service() as told:
        yield told


@dataclass
class Asker:
    """An encoder, and how long it paused."""

    encoder: RemoteEncoder
    pauses_s: list[float]


@pytest.fixture
def asker(service: Service) -> Asker:
    pauses_s: list[float] = []
    return Asker(RemoteEncoder(f"{service.address}#some/model", KEY, pauses_s.append), pauses_s)


def units(texts: list[str]) -> NDArray[np.float32]:
    return unit_rows(np.asarray([vector_of(text) for text in texts]))


def test_texts_come_back_as_unit_vectors_in_order(service: Service, asker: Asker) -> None:
    texts = [f"kite {'a' * number}z" for number in range(150)]
    vectors = asker.encoder.encode(texts)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, units(texts), rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    assert [len(asked["input"]) for asked in service.asked] == [64, 64, 22]  # type: ignore[arg-type]


def test_the_protocol_is_spoken(service: Service, asker: Asker) -> None:
    asker.encoder.encode(["kite", "river"])
    assert service.paths == ["/v1/embeddings"]
    assert service.asked == [
        {"input": ["kite", "river"], "encoding_format": "float", "model": "some/model"}
    ]
    assert service.headers[0]["authorization"] == f"Bearer {KEY}"


def test_a_key_is_kept_from_other_machines(service: Service) -> None:
    for spec in (f"{service.address}#newer", "https://elsewhere/v1", "broadsheet"):
        encoder_loader(spec, KEY)(f"{service.address}#older").encode(["kite"])
    assert [headers.get("authorization") for headers in service.headers] == [
        f"Bearer {KEY}",
        None,
        None,
    ]


@pytest.mark.parametrize("ending", ["", "/", "/embeddings", "/embeddings/"])
def test_an_address_may_name_the_service_or_its_embeddings(service: Service, ending: str) -> None:
    encoder = encoder_named(service.address + ending)
    assert encoder.dim == DIM
    assert service.paths == ["/v1/embeddings"]
    assert "model" not in service.asked[0]
    assert "authorization" not in service.headers[0]
    assert encoder.name == f"{service.address}/embeddings"


def test_each_model_has_a_name_of_its_own(service: Service) -> None:
    names = {encoder_named(f"{service.address}#{model}").name for model in ("m", "n")}
    assert names == {f"{service.address}/embeddings#m", f"{service.address}/embeddings#n"}
    assert not service.asked


def test_blank_texts_are_not_sent(service: Service, asker: Asker) -> None:
    vectors = asker.encoder.encode(["", "kite", " \n", "\ud800", "river"])
    assert service.asked[0]["input"] == ["kite", "river"]
    assert vectors.any(axis=1).tolist() == [False, True, False, False, True]
    assert asker.encoder.encode([]).shape == (0, DIM)
    assert len(service.asked) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_asked_again(service: Service, asker: Asker, status: int) -> None:
    service.replies = [Reply(b"busy", status), Reply(b"", status)]
    assert asker.encoder.encode(["kite", "river"]).shape == (2, DIM)
    assert len(service.asked) == 3
    first, second = asker.pauses_s
    assert 0.5 <= first <= 1 <= second <= 2


def test_a_pause_that_was_asked_for_is_kept_up_to_a_minute(service: Service, asker: Asker) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)
    service.replies = [
        Reply(b"", 429, {"Retry-After": "7"}),
        Reply(b"", 503, {"Retry-After": "86400"}),
        Reply(b"", 429, {"Retry-After": format_datetime(soon, usegmt=True)}),
        Reply(b"", 429, {"Retry-After": "soon"}),
    ]
    asker.encoder.encode(["kite", "river"])
    assert asker.pauses_s[:2] == [7, 60]
    assert 20 < asker.pauses_s[2] <= 30
    assert asker.pauses_s[3] <= 8


def test_a_reply_that_breaks_off_is_asked_again(service: Service, asker: Asker) -> None:
    service.replies = [Reply(b'{"data": []}', hang_up_after_bytes=5)]
    assert asker.encoder.encode(["kite", "river"]).shape == (2, DIM)


def test_a_lasting_failure_is_told_after_five_times(service: Service, asker: Asker) -> None:
    service.replies = [Reply(b"", 503)] * 9
    with pytest.raises(SearchIndexError, match=r"127\.0\.0\.1.*status 503"):
        asker.encoder.encode(["kite", "river"])
    assert len(service.asked) == 5


def test_a_question_is_asked_once(service: Service, asker: Asker) -> None:
    service.replies = [Reply(b"", 503)]
    with pytest.raises(SearchIndexError, match="503"):
        asker.encoder.encode(["kite"])
    assert asker.pauses_s == []


@pytest.mark.parametrize("pause_s", [0.05, 0.8])
def test_a_question_is_given_up_when_the_answer_is_slow(
    service: Service, asker: Asker, monkeypatch: pytest.MonkeyPatch, pause_s: float
) -> None:
    monkeypatch.setattr("broadsheet.encoders.remote._QUESTION_S", 0.3)
    service.replies = [Reply(b" " * 20, pause_s=pause_s)]
    with pytest.raises(SearchIndexError, match=r"no end of the reply|no reply"):
        asker.encoder.encode(["kite"])


def test_nobody_there_is_told(unused_port: int) -> None:
    pauses_s: list[float] = []
    encoder = RemoteEncoder(f"http://127.0.0.1:{unused_port}/v1", KEY, pauses_s.append)
    with pytest.raises(SearchIndexError, match="no reply"):
        encoder.encode(["kite", "river"])
    assert len(pauses_s) == 4


@pytest.fixture
def unused_port(service: Service) -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = int(server.server_port)
    server.server_close()
    return port


GOOD = [1.0, 2.0, 3.0, 4.0]
HOSTILE: dict[str, Reply] = {
    "a page": Reply(b"<html><body>Welcome</body></html>"),
    "nothing": Reply(b""),
    "a list": Reply(b"[]"),
    "no data": Reply(b"{}"),
    "not a number": Reply(
        b'{"data": [{"index": 0, "embedding": [NaN, 1, 1, 1]}, '
        b'{"index": 1, "embedding": [1, 1, 1, 1]}]}'
    ),
    "infinite": told([row(0, GOOD), row(1, [float("inf"), 1, 1, 1])]),
    "past counting": Reply(
        b'{"data": [{"index": 0, "embedding": [1e999, 1]}, {"index": 1, "embedding": [1, 1]}]}'
    ),
    "nulls": told([row(0, GOOD), {"index": 1, "embedding": [None, 1, 1, 1]}]),
    "words": told([row(0, GOOD), {"index": 1, "embedding": ["x", 1, 1, 1]}]),
    "one text": told([row(0, GOOD), {"index": 1, "embedding": "AAAA"}]),
    "too few": told([row(0, GOOD)]),
    "too many": told([row(0, GOOD), row(1, GOOD), row(2, GOOD)]),
    "one twice": told([row(0, GOOD), row(0, GOOD)]),
    "one beyond": told([row(0, GOOD), row(7, GOOD)]),
    "one before": told([row(0, GOOD), row(-1, GOOD)]),
    "ragged": told([row(0, GOOD), row(1, GOOD[:3])]),
    "empty vectors": told([row(0, []), row(1, [])]),
    "long vectors": told([row(0, [1.0] * 20_000), row(1, [1.0] * 20_000)]),
    "packed": Reply(gzip.compress(b"0" * 1_000_000), headers={"Content-Encoding": "gzip"}),
    "deep": Reply(b"[" * 100_000),
    "wrong key": Reply(f"no such key {KEY}".encode(), 401),
    "no such model": Reply(b"no such model", 404),
    "elsewhere": Reply(b"", 302, {"Location": "http://127.0.0.1:1/"}),
    "refused": Reply(b"too long", 400),
}


@pytest.mark.parametrize("reply", HOSTILE.values(), ids=HOSTILE.keys())
def test_anything_else_is_told_in_one_sentence_without_the_key(
    service: Service, asker: Asker, reply: Reply
) -> None:
    service.replies = [reply]
    with pytest.raises(SearchIndexError, match=r"^the encoder at 'http://127.*: check") as error:
        asker.encoder.encode(["kite", "river"])
    assert KEY not in f"{error.value} {error.value.__cause__!r}"
    assert len(str(error.value)) < 300
    assert len(service.asked) == 1


def test_a_huge_reply_is_not_read_to_its_end(service: Service, asker: Asker) -> None:
    service.replies = [Reply(b" " * 33_000_000)]
    with pytest.raises(SearchIndexError, match="more than 32000000 bytes"):
        asker.encoder.encode(["kite", "river"])


def test_a_service_that_changes_its_length_is_told(service: Service, asker: Asker) -> None:
    assert asker.encoder.dim == DIM
    service.replies = [told([row(0, GOOD[:3]), row(1, GOOD[:3])])]
    with pytest.raises(SearchIndexError, match=r"lengths \(3, 4\)"):
        asker.encoder.encode(["kite", "river"])


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
def test_an_address_that_cannot_be_used_is_told_without_its_secrets(spec: str) -> None:
    with pytest.raises(ConfigError, match="https://host/v1#MODEL") as error:
        encoder_named(spec)
    assert "hunter2" not in f"{error.value} {error.value.__cause__}"


@pytest.mark.parametrize("key", ["", "  ", "hunter2\nX-More: 1", "hunter2é"])
def test_a_key_that_cannot_be_sent_is_told_without_it(key: str) -> None:
    with pytest.raises(ConfigError, match="key") as error:
        encoder_named("https://host/v1", key)
    assert "hunter2" not in str(error.value)
