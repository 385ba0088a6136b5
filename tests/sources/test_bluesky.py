import json
import re
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.sources import bluesky
from broadsheet.sources.bluesky import fetch
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

HOST, PATH = "api.bsky.app", "/xrpc/app.bsky.feed.searchPosts"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
REQUEST = FetchRequest(NOW)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def post(number: int, text: str = "", day: int = 10, **values: object) -> dict[str, object]:
    moment = f"2026-03-{day:02}T12:00:00.000Z"
    return {
        "uri": f"at://did:plc:kites/app.bsky.feed.post/{number}",
        "record": {"createdAt": moment, "text": text or "https://arxiv.org/abs/2603.00001"},
        "indexedAt": moment,
        "likeCount": 10,
        "replyCount": 2,
        "repostCount": 1,
        **values,
    }


def page(*posts: object) -> bytes:
    return orjson.dumps({"posts": posts, "hitsTotal": 3, "cursor": "100"})


def posts_at(*moments: datetime) -> list[dict[str, object]]:
    """Return posts at these times, each linking to a different paper."""
    return [
        post(
            n,
            record={
                "createdAt": at.isoformat(),
                "text": f"https://arxiv.org/abs/2603.{n:05}",
            },
            indexedAt=at.isoformat(),
        )
        for n, at in enumerate(moments)
    ]


class Search:
    """A search that filters by time and returns the newest 100 posts without a cursor."""

    def __init__(self, services: Services, *posts: dict[str, object]) -> None:
        timed = [(datetime.fromisoformat(str(item["indexedAt"])), item) for item in posts]
        self.posts = sorted(timed, key=lambda item: item[0], reverse=True)
        services.respond(HOST, PATH, self.respond)

    def respond(self, question: Question) -> Answer:
        if "cursor" in question.query:
            return Answer(b"Request forbidden by administrative rules.", 403)
        since, until = (datetime.fromisoformat(question.query[one]) for one in ("since", "until"))
        found = [one for at, one in self.posts if since <= at < until]
        return Answer(page(*found[: int(question.query["limit"])]))


def run(client: Client, request: FetchRequest = REQUEST) -> list[Batch]:
    return list(fetch(client, request))


def values(batch: Batch) -> dict[str, tuple[float, ...]]:
    papers: dict[str, tuple[float, ...]] = {}
    for signal in batch.signals:
        papers[signal.paper_id] = (*papers.get(signal.paper_id, ()), signal.value)
    return papers


def test_each_post_has_its_own_signal_source(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(post(1), post(2, likeCount=5, replyCount=0)))
    (batch,) = run(client)
    assert batch.records == []
    first, second = dict.fromkeys(signal.source for signal in batch.signals)
    assert all(re.fullmatch("bluesky:[0-9a-f]{20}", source) for source in (first, second))
    assert batch.signals == [
        Signal("arxiv:2603.00001", Kind.POSTS, 1.0, NOON, first),
        Signal("arxiv:2603.00001", Kind.LIKES, 10.0, NOW, first),
        Signal("arxiv:2603.00001", Kind.COMMENTS, 2.0, NOW, first),
        Signal("arxiv:2603.00001", Kind.POSTS, 1.0, NOON, second),
        Signal("arxiv:2603.00001", Kind.LIKES, 5.0, NOW, second),
    ]
    assert batch.days == {date(2026, 3, 10): 2}
    assert batch.cursor == {"until": NOW.isoformat()}


def test_the_last_two_days_are_fetched(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page())
    run(client)
    (question,) = services.questions
    assert question.query == {
        "q": "arxiv.org",
        "sort": "latest",
        "since": "2026-03-09T00:00:00.000Z",
        "until": "2026-03-11T09:00:00.000Z",
        "limit": "100",
    }


@pytest.mark.parametrize(
    "record",
    [
        {"text": "New: arxiv.org/abs/2603.00007"},
        {"facets": [{"features": [{"uri": "https://arxiv.org/pdf/2603.00007v2"}]}]},
        {"embed": {"external": {"uri": "https://huggingface.co/papers/2603.00007"}}},
        {"embed": {"media": {"external": {"uri": "https://arxiv.org/abs/2603.00007"}}}},
    ],
)
def test_links_are_found_in_all_parts_of_a_post(
    services: Services, client: Client, record: dict[str, object]
) -> None:
    post_record = {"createdAt": "2026-03-10T12:00:00Z", **record}
    services.answer(HOST, PATH, page(post(1, record=post_record)))
    (batch,) = run(client)
    assert values(batch) == {"arxiv:2603.00007": (1.0, 10.0, 2.0)}


def test_a_post_with_two_links_to_a_paper_counts_once(services: Services, client: Client) -> None:
    text = "arxiv.org/abs/2603.00001 (PDF: arxiv.org/pdf/2603.00001)"
    services.answer(HOST, PATH, page(post(1, text)))
    (batch,) = run(client)
    assert values(batch) == {"arxiv:2603.00001": (1.0, 10.0, 2.0)}


def test_a_post_has_one_observation_and_its_likes_have_one_per_run(
    services: Services, client: Client
) -> None:
    services.answer(HOST, PATH, page(post(1)))
    later = NOW + timedelta(hours=3)
    (posts, *_), (posts_again, likes, _) = (
        run(client, FetchRequest(now))[0].signals for now in (NOW, later)
    )
    assert posts_again == posts
    assert (likes.kind, likes.observed_at) == (Kind.LIKES, later)


@pytest.mark.parametrize(
    "step",
    [timedelta(minutes=1), timedelta(milliseconds=150), timedelta(milliseconds=1)],
    ids=lambda step: f"{step.total_seconds()} s apart",
)
def test_all_pages_are_fetched_and_each_post_counts_once(
    services: Services, client: Client, step: timedelta
) -> None:
    Search(services, *posts_at(*(NOON - n * step for n in range(350))))
    (batch,) = run(client)
    assert batch.records == []
    assert sum(batch.days.values()) == 350
    assert len(batch.signals) == 3 * 350
    assert all("cursor" not in question.query for question in services.questions)


def test_posts_of_one_millisecond_on_two_pages_are_kept(services: Services, client: Client) -> None:
    times = [*[NOON + HOUR] * 60, *[NOON] * 99, *[NOON - HOUR] * 60]
    Search(services, *posts_at(*times))
    (batch,) = run(client)
    assert batch.records == []
    assert batch.days == {date(2026, 3, 10): 219}


def test_too_many_posts_in_one_millisecond_are_reported(services: Services, client: Client) -> None:
    before = NOON - timedelta(microseconds=1)
    Search(services, *posts_at(*[NOON] * 150, before))
    (batch,) = run(client)
    why = "more than 100 posts in one millisecond; the rest is skipped"
    assert batch.records == [Malformed("bluesky 2026-03-09 page 2", why)]
    assert batch.days == {date(2026, 3, 10): 101}


def test_a_page_with_deleted_posts_is_not_the_last(services: Services, client: Client) -> None:
    newer, older = posts_at(NOON, NOON - HOUR)

    def respond(question: Question) -> Answer:
        return Answer(page(newer if question.query["until"] > "2026-03-10T13" else older))

    services.respond(HOST, PATH, respond)
    (batch,) = run(client)
    assert batch.days == {date(2026, 3, 10): 2}


def test_a_run_starts_at_the_cursor(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(post(1, day=6), post(2, day=10)))
    batches = run(client, FetchRequest(NOW, cursor={"until": "2026-03-06T10:00:00+00:00"}))
    assert [batch.days for batch in batches] == [{date(2026, 3, 6): 1}, {date(2026, 3, 10): 1}]
    assert batches[0].cursor == {"until": "2026-03-09T00:00:00+00:00"}
    resumed = run(client, FetchRequest(NOW, cursor=batches[0].cursor))
    assert [batch.days for batch in resumed] == [{date(2026, 3, 10): 1}]


def test_since_and_until_limit_the_range(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(*(post(day, day=day) for day in range(1, 11))))
    (batch,) = run(client, FetchRequest(NOW, since=date(2026, 3, 3), until=date(2026, 3, 4)))
    assert batch.days == {date(2026, 3, 3): 1, date(2026, 3, 4): 1}


def test_the_indexing_time_limits_the_time_of_a_post(services: Services, client: Client) -> None:
    of_tomorrow = {"createdAt": "2026-03-12T12:00:00Z", "text": "arxiv.org/abs/2603.00001"}
    services.answer(HOST, PATH, page(post(1, record=of_tomorrow)))
    (batch,) = run(client)
    assert batch.days == {date(2026, 3, 10): 1}


def test_an_outdated_service_counts_no_new_days(services: Services, client: Client) -> None:
    undated = post(2, indexedAt=None, record={"text": "arxiv.org/abs/2603.00001"})
    services.answer(HOST, PATH, page(post(1, day=5), undated))
    (batch,) = run(client)
    assert (batch.days, batch.signals) == ({}, [])


def test_a_bad_post_is_reported_and_skipped(services: Services, client: Client) -> None:
    bad = (None, post(2, likeCount=-1), post(3, record=[]))
    answers = iter([page(*bad, post(4)), page(post(4))])
    services.respond(HOST, PATH, lambda _: Answer(next(answers)))
    (batch,) = run(client)
    assert batch.records == [
        Malformed("bluesky 2026-03-09 page 1 post 1", "not a JSON object"),
        Malformed(
            "bluesky 2026-03-09 page 1 post 2",
            "likeCount: input should be greater than or equal to 0",
        ),
        Malformed("bluesky 2026-03-09 page 1 post 3", "record: input should be a valid dictionary"),
    ]
    assert values(batch) == {"arxiv:2603.00001": (1.0, 10.0, 2.0)}


def test_a_repeated_page_raises(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(*posts_at(*(NOON - n * HOUR for n in range(100)))))
    with pytest.raises(SourceError, match="returns the same page repeatedly"):
        run(client)
    assert len(services.questions) == 2


def test_endless_pages_raise(
    services: Services, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluesky, "_MAX_PAGES", 5)

    def respond(question: Question) -> Answer:
        until = datetime.fromisoformat(question.query["until"])
        return Answer(page(*posts_at(until - timedelta(milliseconds=2))))

    services.respond(HOST, PATH, respond)
    with pytest.raises(SourceError, match="more than 5 pages"):
        run(client)
    assert len(services.questions) == 5


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"{}", b'{"posts": {}}', b"[1"])
def test_a_reply_that_is_not_a_list_of_posts_raises(
    services: Services, client: Client, body: bytes
) -> None:
    services.answer(HOST, PATH, body)
    with pytest.raises(SourceError, match=r"//api\.bsky\.app"):
        run(client)


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, SourceError), (429, UnavailableError), (503, UnavailableError)],
)
def test_an_error_status_raises(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b'{"error": "Forbidden"}', status)
    with pytest.raises(error):
        run(client)


@pytest.mark.parametrize("status", [401, 403])
def test_a_rejected_search_names_the_setting(
    services: Services, client: Client, status: int
) -> None:
    services.answer(HOST, PATH, b"<html>403 Forbidden</html>", status, {"Retry-After": "60"})
    why = (
        rf"searchPosts rejected the request \(status {status}\): if the error persists, remove "
        "bluesky from the setting 'sources', because its search requires a sign-in$"
    )
    with pytest.raises(SourceError, match=why):
        run(client)
    assert len(services.questions) == 1


class Fixed(Client):
    """A client that returns the same body for every request."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    def get(self, address: str, *_: object, **__: object) -> Reply:
        return Reply(address, 200, {}, self.body)


@given(st.lists(_JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(post(1), _JSON))))
def test_any_posts_are_returned_or_reported(posts: list[object]) -> None:
    (batch,) = run(Fixed(json.dumps({"posts": posts}).encode()))
    # The request for older posts returns the same body.
    assert len(batch.records) <= 2 * len(posts)


@given(_JSON)
def test_any_record_of_a_post_is_accepted(record: object) -> None:
    raw = post(1, record={"createdAt": "2026-03-10T12:00:00Z", "text": record, "embed": record})
    (batch,) = run(Fixed(json.dumps({"posts": [raw]}).encode()))
    assert batch.days == {date(2026, 3, 10): 1}
