import json
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
from broadsheet.sources.github import fetch, is_blocked
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Services

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
HOST = "api.github.com"
RECORDED = sorted((Path(__file__).parents[3] / "shared" / "data" / "api" / "github").glob("*"))


def paper(number: int, *names: str) -> Paper:
    text = " ".join(f"https://github.com/{name}" for name in names)
    return Paper(f"arxiv:2603.0000{number}", "Kites", abstract=text)


def request(*papers: Paper, key: str | None = None) -> FetchRequest:
    return FetchRequest(NOW, papers=papers, key=key)


def repository(stars: object) -> bytes:
    return orjson.dumps({"id": 7, "full_name": "farol/kite", "stargazers_count": stars})


def test_stars_are_fetched_with_the_key_in_a_header(services: Services, client: Client) -> None:
    services.answer(HOST, "/repos/farol/kite", repository(41))
    assert list(fetch(client, request(paper(1, "farol/kite"), key="a-key"))) == [
        Batch(
            records=[],
            signals=[Signal("arxiv:2603.00001", Kind.STARS, 41.0, NOW, "github")],
            days={NOW.date(): 1},
            queried=["arxiv:2603.00001"],
        )
    ]
    (question,) = services.questions
    assert question.query == {}
    assert question.headers["authorization"] == "Bearer a-key"
    assert question.headers["accept"] == "application/vnd.github+json"
    assert question.headers["x-github-api-version"] == "2022-11-28"


def test_no_key_header_is_sent_without_a_key(services: Services, client: Client) -> None:
    services.answer(HOST, "/repos/farol/kite", repository(41))
    assert len(list(fetch(client, request(paper(1, "farol/kite"))))) == 1
    assert "authorization" not in services.questions[0].headers


def test_requests_are_lazy(services: Services, client: Client) -> None:
    services.answer(HOST, "/repos/*", repository(41))
    batches = fetch(client, request(paper(1, "a/x"), paper(2, "a/y")))
    assert services.questions == []
    next(batches)
    assert [question.path for question in services.questions] == ["/repos/a/x"]


def many(count: int) -> list[Paper]:
    return [paper(n, f"a/x{n}") for n in range(count)]


def test_a_run_without_a_key_stops_below_the_hourly_limit(
    services: Services, client: Client
) -> None:
    services.answer(HOST, "/repos/*", repository(41))
    batches = list(fetch(client, request(*many(70))))
    assert len(services.questions) == 55
    # The next run looks up the others.
    assert [one for batch in batches for one in batch.queried] == [one.id for one in many(55)]


def test_a_run_with_a_key_looks_up_all_papers(services: Services, client: Client) -> None:
    services.answer(HOST, "/repos/*", repository(41))
    assert len(list(fetch(client, request(*many(70), key="a-key")))) == 70


def test_a_paper_with_several_repositories_takes_one_request(
    services: Services, client: Client
) -> None:
    services.answer(HOST, "/repos/farol/kite", repository(3))
    services.answer(HOST, "/repos/big/wind", repository(150_000))
    (batch,) = fetch(client, request(paper(1, "farol/kite", "big/wind")))
    assert [signal.value for signal in batch.signals] == [3.0]
    assert len(services.questions) == 1


def test_the_redirect_of_a_repository_is_followed(services: Services, client: Client) -> None:
    there = f"https://{HOST}/repositories/7"
    services.answer(HOST, "/repos/farol/kite", b"{}", 301, {"Location": there})
    services.answer(HOST, "/repositories/7", repository(5))
    (batch,) = fetch(client, request(paper(1, "farol/kite")))
    assert batch.signals[0].value == 5


def test_a_redirect_to_another_site_raises(services: Services, client: Client) -> None:
    there = {"Location": "https://kites.example/repos/farol/kite"}
    services.answer(HOST, "/repos/farol/kite", b"", 301, there)
    with pytest.raises(SourceError, match="another site"):
        list(fetch(client, request(paper(1, "farol/kite"), key="a-key")))
    assert len(services.questions) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b'{"message": "Not Found"}'),
        (410, b""),
        (451, b'{"message": "Repository access blocked"}'),
        (403, b'{"message": "Repository access blocked", "block": {"reason": "tos"}}'),
    ],
)
def test_a_missing_or_blocked_repository_has_no_stars(
    services: Services, client: Client, status: int, body: bytes
) -> None:
    services.answer(HOST, "/repos/a/gone", body, status)
    services.answer(HOST, "/repos/a/kite", repository(2))
    missing, found = fetch(client, request(paper(1, "a/gone"), paper(2, "a/kite")))
    assert (missing.signals, missing.queried) == ([], ["arxiv:2603.00001"])
    assert found.signals[0].value == 2


def limited(wait_s: int) -> dict[str, str]:
    reset = int(datetime.now(UTC).timestamp()) + wait_s
    return {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}


@pytest.mark.parametrize("status", [403, 429])
def test_a_rate_limit_raises_after_the_first_batches(
    services: Services, client: Client, status: int
) -> None:
    services.answer(HOST, "/repos/a/kite", repository(2))
    services.answer(HOST, "/repos/a/tail", b"{}", status, limited(1_800))
    batches = fetch(client, request(paper(1, "a/kite"), paper(2, "a/tail"), paper(3, "a/x")))
    assert next(batches).queried == ["arxiv:2603.00001"]
    with pytest.raises(UnavailableError) as raised:
        next(batches)
    assert raised.value.wait_s is not None
    assert 1_700 < raised.value.wait_s <= 1_800
    assert len(services.questions) == 2


def test_a_secondary_rate_limit_raises(services: Services, client: Client) -> None:
    services.answer(HOST, "/repos/a/kite", b"{}", 403, {"Retry-After": "60"})
    with pytest.raises(UnavailableError) as raised:
        list(fetch(client, request(paper(1, "a/kite"))))
    assert raised.value.wait_s == 60


@pytest.mark.parametrize(("status", "body"), [(401, b"{}"), (403, b"{}"), (403, b"<html>")])
def test_a_rejected_key_is_not_in_the_message(
    services: Services, client: Client, status: int, body: bytes
) -> None:
    services.answer(HOST, "/repos/a/kite", body, status)
    with pytest.raises(SourceError, match="check the") as raised:
        list(fetch(client, request(paper(1, "a/kite"), key="secret-key")))
    assert "secret-key" not in str(raised.value)


def test_an_overloaded_service_is_retried_and_then_raises(
    services: Services, client: Client
) -> None:
    services.answer(HOST, "/repos/a/kite", b"<html>Unicorn!</html>", 503)
    with pytest.raises(UnavailableError, match="503"):
        list(fetch(client, request(paper(1, "a/kite"))))
    assert len(services.questions) == 4


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b"", b'{"stargazers_count": 4'])
def test_invalid_json_raises(services: Services, client: Client, body: bytes) -> None:
    services.answer(HOST, "/repos/a/kite", body)
    with pytest.raises(SourceError, match="instead of JSON"):
        list(fetch(client, request(paper(1, "a/kite"))))


@pytest.mark.parametrize("stars", [None, "41", -1, 4.5, True, 10**12, [], {}])
def test_an_invalid_count_is_reported_and_the_others_are_returned(
    services: Services, client: Client, stars: object
) -> None:
    services.answer(HOST, "/repos/a/kite", repository(stars))
    services.answer(HOST, "/repos/a/tail", repository(2))
    bad, good = fetch(client, request(paper(1, "a/kite"), paper(2, "a/tail")))
    assert bad.records == [Malformed("github a/kite", "missing number of stars")]
    assert bad.signals == []
    assert good.signals[0].value == 2


def test_no_papers_send_no_request(services: Services, client: Client) -> None:
    assert list(fetch(client, request())) == []
    assert services.questions == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("message"), inner),
    max_leaves=9,
)
_BODIES = st.binary() | st.text().map(str.encode) | _JSON.map(lambda one: json.dumps(one).encode())


@given(_BODIES)
def test_any_rejection_concerns_one_repository_or_all(body: bytes) -> None:
    try:
        blocked = is_blocked(Reply("https://api.github.com/repos/a/kite", 403, {}, body))
    except SourceError:
        return
    assert blocked
    assert b"blocked" in body.lower()


def _outcome(recorded: dict[str, object]) -> type[SourceError] | None:
    """Return the error that a recorded reply causes, or None."""
    status, body = recorded["status"], recorded["body"]
    if status in (200, 301, 404):
        return SourceError if status == 200 and isinstance(body, str) else None
    waits = status == 503 or "Retry-After" in str(recorded["headers"])
    return UnavailableError if waits else SourceError


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_recorded_replies_are_parsed(
    shared: Path, services: Services, client: Client, path: Path
) -> None:
    assert path.is_relative_to(shared)
    recorded = orjson.loads(path.read_bytes())
    payload = recorded["body"]
    body = payload.encode() if isinstance(payload, str) else orjson.dumps(payload)
    answer = Answer(body, recorded["status"], recorded["headers"])
    services.respond(HOST, "/repos/farol/kite", lambda question: answer)
    batches = fetch(client, request(paper(1, "farol/kite")))
    if error := _outcome(recorded):
        with pytest.raises(error):
            next(batches)
        return
    (batch,) = batches
    stars = payload.get("stargazers_count") if isinstance(payload, dict) else None
    assert [signal.value for signal in batch.signals] == ([] if stars is None else [stars])
    assert len(batch.records) == (1 if recorded["status"] == 200 and stars is None else 0)
