import json
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.sources.client import Client
from broadsheet.sources.hacker_news import fetch
from broadsheet.sources.reply import OutOfReachError, Reply
from broadsheet.sources.source import Asked, Batch
from tests.services import Answer, Question, Services

HOST, PATH = "hn.algolia.com", "/api/v1/search_by_date"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
ASKED = Asked(NOW)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def hit(number: int, day: int = 10, **values: object) -> dict[str, object]:
    return {
        "objectID": str(number),
        "title": "Kites",
        "url": f"https://arxiv.org/abs/2603.{number:05}",
        "points": 10,
        "num_comments": 2,
        "created_at_i": int(datetime(2026, 3, day, 12, tzinfo=UTC).timestamp()),
        **values,
    }


def page(*hits: object, pages: int = 1) -> bytes:
    return orjson.dumps({"hits": hits, "nbPages": pages, "nbHits": len(hits)})


def run(client: Client, asked: Asked = ASKED) -> list[Batch]:
    return list(fetch(client, asked))


def test_points_and_comments_of_a_paper_are_read(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(hit(1), hit(2, day=9, points=0, num_comments=None)))
    (batch,) = run(client)
    assert batch.told == []
    assert batch.signals == [
        Signal("arxiv:2603.00001", Kind.POINTS, 10.0, NOW, "hn"),
        Signal("arxiv:2603.00001", Kind.COMMENTS, 2.0, NOW, "hn"),
        Signal("arxiv:2603.00002", Kind.POINTS, 0.0, NOW, "hn"),
    ]
    assert batch.days == {date(2026, 3, 10): 1, date(2026, 3, 9): 1}
    assert batch.cursor == {"until": NOW.isoformat()}


def test_the_last_four_days_are_asked_for(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page())
    run(client)
    (question,) = services.questions
    start = int(datetime(2026, 3, 7, tzinfo=UTC).timestamp())
    end = int(NOW.timestamp())
    assert question.query == {
        "tags": "story",
        "query": "arxiv.org",
        "restrictSearchableAttributes": "url",
        "numericFilters": f"created_at_i>={start},created_at_i<{end}",
        "hitsPerPage": "200",
        "page": "0",
    }


def test_stories_of_one_paper_are_summed(services: Services, client: Client) -> None:
    again = hit(2, url="https://arxiv.org/pdf/2603.00001v2", points=5)
    services.answer(HOST, PATH, page(hit(1), again))
    (batch,) = run(client)
    assert [signal.value for signal in batch.signals] == [15.0, 4.0]


def test_pages_of_a_week_are_one_batch_and_a_story_on_two_counts_once(
    services: Services, client: Client
) -> None:
    def respond(question: Question) -> Answer:
        first = question.query["page"] == "0"
        return Answer(page(hit(1), hit(2), pages=2) if first else page(hit(2), hit(3), pages=2))

    services.respond(HOST, PATH, respond)
    (batch,) = run(client)
    assert batch.days == {date(2026, 3, 10): 3}
    assert len(batch.signals) == 6


def test_a_run_goes_on_from_the_cursor_week_by_week(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(hit(1, day=2), hit(2, day=10)))
    told = run(client, Asked(NOW, cursor={"until": "2026-03-01T10:00:00+00:00"}))
    assert [batch.days for batch in told] == [{date(2026, 3, 2): 1}, {date(2026, 3, 10): 1}]
    cursors = [batch.cursor for batch in told]
    assert cursors == [{"until": "2026-03-07T00:00:00+00:00"}, {"until": NOW.isoformat()}]
    resumed = run(client, Asked(NOW, cursor=cursors[0] or {}))
    assert [batch.days for batch in resumed] == [{date(2026, 3, 10): 1}]


def test_weeks_are_asked_for_only_as_batches_are_taken(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page())
    batches = fetch(client, Asked(NOW, since=date(2026, 1, 1)))
    next(batches)
    assert len(services.questions) == 1


def test_since_and_until_are_honoured(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(*(hit(day, day=day) for day in range(1, 11))))
    (batch,) = run(client, Asked(NOW, since=date(2026, 3, 3), until=date(2026, 3, 4)))
    assert batch.days == {date(2026, 3, 3): 1, date(2026, 3, 4): 1}


def test_a_frozen_service_counts_on_no_new_day(services: Services, client: Client) -> None:
    future = hit(9, created_at_i=int(NOW.timestamp()) + 60)
    services.answer(HOST, PATH, page(hit(1, day=8), future))
    (batch,) = run(client)
    assert batch.days == {date(2026, 3, 8): 1}


def test_nothing_new_is_an_empty_batch(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page())
    (batch,) = run(client)
    assert (batch.told, batch.signals, batch.days) == ([], [], {})


def test_a_bad_hit_is_malformed_and_the_rest_goes_on(services: Services, client: Client) -> None:
    other = hit(3, url="https://arxiv.org/list/cs.CL/new")
    no_url = hit(4, url=None)
    services.answer(HOST, PATH, page(7, hit(2, points="10"), other, no_url, hit(5)))
    (batch,) = run(client)
    assert batch.told == [
        Malformed("hn 2026-03-07 page 1 hit 1", "it is no object"),
        Malformed("hn 2026-03-07 page 1 hit 2", "points: input should be a valid integer"),
    ]
    assert {signal.paper_id for signal in batch.signals} == {"arxiv:2603.00005"}


def test_endless_pages_end_the_run(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        return Answer(page(hit(int(question.query["page"])), pages=10**6))

    services.respond(HOST, PATH, respond)
    with pytest.raises(SourceError, match="more than 1000 stories from 2026-03-07 on"):
        run(client)
    assert len(services.questions) == 5


@pytest.mark.parametrize(
    "body", [b"<html>busy</html>", b"", b"{}", b'{"hits": 7, "nbPages": 1}', b"[]", b'{"hits": [']
)
def test_what_is_no_list_of_hits_is_refused(
    services: Services, client: Client, body: bytes
) -> None:
    services.answer(HOST, PATH, body)
    with pytest.raises(SourceError, match=r"hn\.algolia\.com"):
        run(client)


@pytest.mark.parametrize(
    ("status", "error"), [(429, OutOfReachError), (503, OutOfReachError), (404, SourceError)]
)
def test_a_refusal_ends_the_run(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b"", status)
    with pytest.raises(error):
        run(client)


RECORDED = Path(__file__).parents[3] / "shared" / "data" / "api" / "hn"


@pytest.mark.parametrize("name", sorted(file.name for file in RECORDED.glob("*")))
def test_recorded_replies_are_read(
    shared: Path, services: Services, client: Client, name: str
) -> None:
    body = (shared / "data" / "api" / "hn" / name).read_bytes()
    services.respond(
        HOST, PATH, lambda question: Answer(body if question.query["page"] == "0" else page())
    )
    hits = orjson.loads(body)["hits"]
    days = sorted(datetime.fromtimestamp(one["created_at_i"], UTC).date() for one in hits)
    for day in days:
        (batch,) = run(client, Asked(NOW, since=day, until=day))
        assert batch.told == []
        assert batch.days == {day: days.count(day)}


class Fixed(Client):
    """Gives the same body to every question."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    def get(self, address: str, *_: object, **__: object) -> Reply:
        return Reply(address, 200, {}, self.body)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_raise_nothing_but_source_errors(body: bytes) -> None:
    with suppress(SourceError):
        run(Fixed(body))


@given(st.lists(_JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(hit(1), _JSON))))
def test_any_hits_raise_nothing_but_source_errors(hits: list[object]) -> None:
    (batch,) = run(Fixed(json.dumps({"hits": hits, "nbPages": 1}).encode()))
    assert len(batch.told) <= len(hits)
