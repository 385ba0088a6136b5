from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply
from broadsheet.model import Kind, Malformed, Paper, Signal
from broadsheet.sources.hub import fetch, is_hidden
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Services

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
HOST = "huggingface.co"
RECORDED = sorted((Path(__file__).parents[3] / "shared" / "data" / "api" / "hf").glob("*"))


def paper(number: int, *paths: str) -> Paper:
    text = " ".join(f"https://huggingface.co/{path}" for path in paths)
    return Paper(f"arxiv:2603.0000{number}", "Kites", abstract=text)


def request(*papers: Paper, key: str | None = None) -> FetchRequest:
    return FetchRequest(NOW, papers=papers, key=key)


def repository(likes: object) -> bytes:
    return orjson.dumps({"_id": "7", "id": "farol/kite", "likes": likes})


def test_the_first_existing_repository_counts(services: Services, client: Client) -> None:
    services.answer(HOST, "/api/datasets/farol/wind", repository(12))
    services.answer(HOST, "/api/spaces/farol/sky", repository(50))
    one = paper(1, "farol/kite", "datasets/farol/wind", "spaces/farol/sky")
    assert list(fetch(client, request(one, key="a-key"))) == [
        Batch(
            records=[],
            signals=[Signal("arxiv:2603.00001", Kind.LIKES, 12.0, NOW, "hub")],
            days={NOW.date(): 1},
            queried=["arxiv:2603.00001"],
        )
    ]
    assert [question.query for question in services.questions] == [{"expand": "likes"}] * 2
    assert {question.headers["authorization"] for question in services.questions} == {
        "Bearer a-key"
    }


def test_no_key_header_is_sent_without_a_key(services: Services, client: Client) -> None:
    services.answer(HOST, "/api/models/farol/kite", repository(3))
    assert len(list(fetch(client, request(paper(1, "farol/kite"))))) == 1
    assert "authorization" not in services.questions[0].headers


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, "Repository not found"),
        (401, "Invalid username or password."),
        (403, "Access to this resource is disabled."),
        (404, "Repository not found"),
        (451, ""),
    ],
)
def test_a_hidden_repository_has_no_likes(
    services: Services, client: Client, status: int, why: str
) -> None:
    services.answer(HOST, "/api/models/a/gone", orjson.dumps({"error": why}), status)
    services.answer(HOST, "/api/models/a/kite", repository(2))
    hidden, found = fetch(client, request(paper(1, "a/gone"), paper(2, "a/kite"), key="a-key"))
    assert (hidden.signals, hidden.queried) == ([], ["arxiv:2603.00001"])
    assert found.signals[0].value == 2


@pytest.mark.parametrize(
    ("status", "headers"),
    [(401, {"X-Error-Message": "Invalid credentials in Authorization header"}), (403, {})],
)
def test_a_rejected_key_is_not_in_the_message(
    services: Services, client: Client, status: int, headers: dict[str, str]
) -> None:
    services.answer(HOST, "/api/models/a/kite", b"<html>", status, headers)
    with pytest.raises(SourceError, match="check the") as raised:
        list(fetch(client, request(paper(1, "a/kite"), key="secret-key")))
    assert "secret-key" not in str(raised.value)


def test_the_redirect_of_a_renamed_model_is_followed(services: Services, client: Client) -> None:
    there = {"Location": "/api/models/lampe/kite?expand=likes"}
    services.answer(HOST, "/api/models/farol/kite", b"", 307, there)
    services.answer(HOST, "/api/models/lampe/kite", repository(5))
    (batch,) = fetch(client, request(paper(1, "farol/kite")))
    assert batch.signals[0].value == 5


def test_a_rate_limit_raises_after_the_first_batches(services: Services, client: Client) -> None:
    services.answer(HOST, "/api/models/a/kite", repository(2))
    services.answer(HOST, "/api/models/a/tail", b"", 429, {"Retry-After": "290"})
    batches = fetch(client, request(paper(1, "a/kite"), paper(2, "a/tail")))
    assert next(batches).queried == ["arxiv:2603.00001"]
    with pytest.raises(UnavailableError) as raised:
        next(batches)
    assert raised.value.wait_s == 290


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b"", b'{"likes": 4'])
def test_invalid_json_raises(services: Services, client: Client, body: bytes) -> None:
    services.answer(HOST, "/api/models/a/kite", body)
    with pytest.raises(SourceError, match="instead of JSON"):
        list(fetch(client, request(paper(1, "a/kite"))))


@pytest.mark.parametrize("likes", [None, "41", -1, 4.5, True, 10**12, []])
def test_an_invalid_count_is_reported_and_the_others_are_returned(
    services: Services, client: Client, likes: object
) -> None:
    services.answer(HOST, "/api/models/a/kite", repository(likes))
    services.answer(HOST, "/api/models/a/tail", repository(2))
    bad, good = fetch(client, request(paper(1, "a/kite"), paper(2, "a/tail")))
    assert bad.records == [Malformed("hub models/a/kite", "missing number of likes")]
    assert good.signals[0].value == 2


_BODIES = st.binary() | st.text().map(str.encode)


@given(st.sampled_from([401, 403]), _BODIES)
def test_any_rejection_concerns_one_repository_or_all(status: int, body: bytes) -> None:
    reply = Reply("https://huggingface.co/api/models/a/kite", status, {}, body)
    try:
        assert is_hidden(reply)
    except SourceError as error:
        assert "rejected" in str(error)


def test_recorded_models_are_parsed(shared: Path, services: Services, client: Client) -> None:
    recorded = shared / "data" / "api" / "hf" / "buivannn_hf_models.json"
    models = orjson.loads(recorded.read_bytes())
    for model in models:
        services.answer(HOST, f"/api/models/{model['id']}", orjson.dumps(model))
    papers = [paper(number, model["id"]) for number, model in enumerate(models)]
    batches = list(fetch(client, request(*papers)))
    assert [batch.signals[0].value for batch in batches] == [model["likes"] for model in models]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_recorded_lists_are_not_a_repository(
    shared: Path, services: Services, client: Client, path: Path
) -> None:
    assert path.is_relative_to(shared)
    services.answer(HOST, "/api/models/a/kite", path.read_bytes())
    batches = fetch(client, request(paper(1, "a/kite")))
    if path.suffix == ".xml":
        with pytest.raises(SourceError, match="instead of JSON"):
            next(batches)
        return
    (batch,) = batches
    assert batch.records == [Malformed("hub models/a/kite", "missing number of likes")]
