import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.sources.hacker_news import fetch
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

HOST, PATH = "hn.algolia.com", "/api/v1/search_by_date"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
REQUEST = FetchRequest(NOW)

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


def page(*hits: object) -> bytes:
    return orjson.dumps({"hits": hits, "nbPages": 1, "nbHits": len(hits)})


class Search:
    """A search that filters by second and returns at most 1,000 stories."""

    def __init__(self, services: Services, *seconds: int) -> None:
        self.seconds = seconds
        services.respond(HOST, PATH, self.respond)

    def respond(self, question: Question) -> Answer:
        first_s, end_s = (int(s) for s in re.findall(r"\d{9,}", question.query["numericFilters"]))
        found = [
            hit(n, created_at_i=at_s)
            for n, at_s in enumerate(self.seconds)
            if first_s <= at_s < end_s
        ]
        given = found[: min(int(question.query["hitsPerPage"]), 1000)]
        return Answer(orjson.dumps({"hits": given, "nbPages": 1, "nbHits": len(found)}))


def run(client: Client, request: FetchRequest = REQUEST) -> list[Batch]:
    return list(fetch(client, request))


def test_points_and_comments_of_a_story_are_returned(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(hit(1), hit(2, day=9, points=0, num_comments=None)))
    (batch,) = run(client)
    assert batch.records == []
    assert batch.signals == [
        Signal("arxiv:2603.00001", Kind.POINTS, 10.0, NOW, "hn:1"),
        Signal("arxiv:2603.00001", Kind.COMMENTS, 2.0, NOW, "hn:1"),
        Signal("arxiv:2603.00002", Kind.POINTS, 0.0, NOW, "hn:2"),
    ]
    assert batch.days == {date(2026, 3, 10): 1, date(2026, 3, 9): 1}
    assert batch.cursor == {"until": NOW.isoformat()}


def test_the_last_four_days_are_fetched(services: Services, client: Client) -> None:
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
        "hitsPerPage": "1000",
    }


def test_each_story_has_its_own_signal_source(services: Services, client: Client) -> None:
    again = hit(2, url="https://arxiv.org/pdf/2603.00001v2", points=5)
    services.answer(HOST, PATH, page(hit(1), again))
    (batch,) = run(client)
    signals = [(signal.source, signal.kind, signal.value) for signal in batch.signals]
    assert signals == [
        ("hn:1", Kind.POINTS, 10.0),
        ("hn:1", Kind.COMMENTS, 2.0),
        ("hn:2", Kind.POINTS, 5.0),
        ("hn:2", Kind.COMMENTS, 2.0),
    ]


def test_a_story_outside_the_window_does_not_affect_the_others(
    services: Services, client: Client
) -> None:
    both = "https://arxiv.org/abs/2603.00001"
    services.answer(HOST, PATH, page(hit(1, day=7, url=both, points=300), hit(2, url=both)))
    (before,) = run(client)
    (after,) = run(client, FetchRequest(NOW + timedelta(days=1)))
    assert {signal.source for signal in before.signals} == {"hn:1", "hn:2"}
    assert {signal.source for signal in after.signals} == {"hn:2"}


def test_a_range_with_too_many_stories_is_halved(services: Services, client: Client) -> None:
    noon_s = int(datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp())
    Search(services, *(noon_s + n for n in range(2500)))
    (batch,) = run(client)
    assert batch.records == []
    assert batch.days == {date(2026, 3, 10): 2500}
    assert len({signal.source for signal in batch.signals}) == 2500


def test_a_second_with_too_many_stories_is_reported(services: Services, client: Client) -> None:
    noon_s = int(datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp())
    Search(services, *[noon_s] * 1001)
    (batch,) = run(client)
    why = "1 more stories in this second; skipped"
    assert batch.records == [Malformed("hn from 2026-03-10 12:00:00", why)]
    assert batch.days == {date(2026, 3, 10): 1000}


def test_a_repeated_story_counts_once(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(hit(1), hit(1)))
    (batch,) = run(client)
    assert batch.days == {date(2026, 3, 10): 1}
    assert len(batch.signals) == 2


def test_a_run_continues_from_the_cursor_week_by_week(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(hit(1, day=2), hit(2, day=10)))
    batches = run(client, FetchRequest(NOW, cursor={"until": "2026-03-01T10:00:00+00:00"}))
    assert [batch.days for batch in batches] == [{date(2026, 3, 2): 1}, {date(2026, 3, 10): 1}]
    cursors = [batch.cursor for batch in batches]
    assert cursors == [{"until": "2026-03-07T00:00:00+00:00"}, {"until": NOW.isoformat()}]
    resumed = run(client, FetchRequest(NOW, cursor=cursors[0] or {}))
    assert [batch.days for batch in resumed] == [{date(2026, 3, 10): 1}]


def test_weeks_are_requested_lazily(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page())
    batches = fetch(client, FetchRequest(NOW, since=date(2026, 1, 1)))
    next(batches)
    assert len(services.questions) == 1


def test_since_and_until_limit_the_range(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(*(hit(day, day=day) for day in range(1, 11))))
    (batch,) = run(client, FetchRequest(NOW, since=date(2026, 3, 3), until=date(2026, 3, 4)))
    assert batch.days == {date(2026, 3, 3): 1, date(2026, 3, 4): 1}


def test_an_outdated_service_counts_no_new_days(services: Services, client: Client) -> None:
    future = hit(9, created_at_i=int(NOW.timestamp()) + 60)
    services.answer(HOST, PATH, page(hit(1, day=8), future))
    (batch,) = run(client)
    assert batch.days == {date(2026, 3, 8): 1}


def test_a_window_without_stories_is_an_empty_batch(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page())
    (batch,) = run(client)
    assert (batch.records, batch.signals, batch.days) == ([], [], {})


def test_a_bad_hit_is_reported_and_skipped(services: Services, client: Client) -> None:
    other = hit(3, url="https://arxiv.org/list/cs.CL/new")
    no_url = hit(4, url=None)
    services.answer(HOST, PATH, page(7, hit(2, points="10"), other, no_url, hit(5)))
    (batch,) = run(client)
    assert batch.records == [
        Malformed("hn from 2026-03-07 00:00:00 hit 1", "not a JSON object"),
        Malformed("hn from 2026-03-07 00:00:00 hit 2", "points: input should be a valid integer"),
    ]
    assert {signal.paper_id for signal in batch.signals} == {"arxiv:2603.00005"}


def test_endless_stories_raise(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, orjson.dumps({"hits": [hit(1)], "nbPages": 1, "nbHits": 10**9}))
    with pytest.raises(SourceError, match="more than 100 requests for the stories from 2026-03-07"):
        run(client)
    assert len(services.questions) == 100


@pytest.mark.parametrize(
    "body", [b"<html>busy</html>", b"", b"{}", b'{"hits": 7, "nbPages": 1}', b"[]", b'{"hits": [']
)
def test_a_reply_that_is_not_a_list_of_hits_raises(
    services: Services, client: Client, body: bytes
) -> None:
    services.answer(HOST, PATH, body)
    with pytest.raises(SourceError, match=r"hn\.algolia\.com"):
        run(client)


@pytest.mark.parametrize(
    ("status", "error"), [(429, UnavailableError), (503, UnavailableError), (404, SourceError)]
)
def test_an_error_status_raises(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b"", status)
    with pytest.raises(error):
        run(client)


RECORDED = Path(__file__).parents[3] / "shared" / "data" / "api" / "hn"


@pytest.mark.parametrize("name", sorted(file.name for file in RECORDED.glob("*")))
def test_recorded_replies_are_parsed(
    shared: Path, services: Services, client: Client, name: str
) -> None:
    payload = orjson.loads((shared / "data" / "api" / "hn" / name).read_bytes())
    hits = payload["hits"]
    # The recorded request had a limit of five; nbHits is set to match.
    services.answer(HOST, PATH, orjson.dumps({**payload, "nbHits": len(hits)}))
    days = sorted(datetime.fromtimestamp(one["created_at_i"], UTC).date() for one in hits)
    for day in days:
        (batch,) = run(client, FetchRequest(NOW, since=day, until=day))
        assert batch.records == []
        assert batch.days == {day: days.count(day)}


class Fixed(Client):
    """A client that returns the same body for every request."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    def get(self, address: str, *_: object, **__: object) -> Reply:
        return Reply(address, 200, {}, self.body)


@given(st.lists(_JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(hit(1), _JSON))))
def test_any_hits_are_returned_or_reported(hits: list[object]) -> None:
    (batch,) = run(Fixed(json.dumps({"hits": hits, "nbPages": 1}).encode()))
    assert len(batch.records) <= len(hits)
