from collections.abc import Callable
from datetime import date

import orjson
import pytest

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.sources.hf_daily import fetch
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services
from tests.sources.hf_lists import HOST, NOW, PATH, TODAY, Item, ids, item, names, serve

LAST_DAYS = ["2026-03-08", "2026-03-09", "2026-03-10", "2026-03-11"]


@pytest.mark.parametrize("cursor", [{}, {"day": "2026-03-11"}, {"day": "2026-03-09"}])
def test_the_lists_of_the_last_days_are_fetched_in_each_run(
    services: Services, client: Client, cursor: dict[str, str]
) -> None:
    serve(services, {"2026-03-08": [item(1, "2026-03-08", upvotes=7)]})
    first, *_, last = fetch(client, FetchRequest(NOW, cursor))
    assert [question.query["date"] for question in services.questions] == LAST_DAYS
    assert [signal.value for signal in first.signals] == [7.0]
    assert last.cursor == {"day": "2026-03-11"}


def test_a_list_fetched_again_does_not_move_the_cursor(services: Services, client: Client) -> None:
    day = "2026-03-10"
    serve(services, {day: [item(n, day) for n in range(230)]})
    cursor = {"day": day, "list": day, "page": "1"}
    batches = list(fetch(client, FetchRequest(NOW, cursor)))
    assert [len(batch.records) for batch in batches] == [0, 0, 100, 30, 0]
    assert [batch.cursor for batch in batches] == [
        None,
        None,
        {"day": day, "list": day, "page": "2"},
        {"day": "2026-03-11"},
        {"day": "2026-03-11"},
    ]


def test_a_run_starts_on_the_day_of_the_cursor(services: Services, client: Client) -> None:
    serve(services, {"2026-03-11": [item(1, "2026-03-11")]})
    *_, last = fetch(client, FetchRequest(NOW, {"day": "2026-03-07"}))
    days = [question.query["date"] for question in services.questions]
    assert days == ["2026-03-07", *LAST_DAYS]
    assert last.cursor == {"day": "2026-03-11"}
    *_, again = fetch(client, FetchRequest(NOW, last.cursor))
    assert ids([again]) == ["arxiv:2603.00001"]


def test_an_empty_day_moves_the_cursor(services: Services, client: Client) -> None:
    serve(services, {})
    saturday, *_ = fetch(client, FetchRequest(NOW, {"day": "2026-03-07"}))
    assert saturday == Batch(
        records=[], signals=[], submissions=[], days={}, cursor={"day": "2026-03-08"}
    )


def test_long_lists_are_fetched_by_page_and_resumed(services: Services, client: Client) -> None:
    serve(services, {"2026-03-11": [item(n, "2026-03-11") for n in range(230)]})
    request = FetchRequest(NOW, {"day": "2026-03-11"})
    whole = list(fetch(client, request))[3:]
    assert [len(batch.records) for batch in whole] == [100, 100, 30]
    assert [dict(batch.days) for batch in whole] == [{TODAY: 100}, {TODAY: 100}, {TODAY: 30}]
    assert whole[0].cursor == {"day": "2026-03-11", "list": "2026-03-11", "page": "1"}
    assert whole[0].cursor is not None
    # A run interrupted after the first page resumes with the second.
    rest = list(fetch(client, FetchRequest(NOW, whole[0].cursor)))
    assert ids(whole[:1]) + ids(rest) == ids(whole)
    assert rest[-1].cursor == {"day": "2026-03-11"}


def test_a_list_of_exactly_one_full_page_ends(services: Services, client: Client) -> None:
    serve(services, {"2026-03-11": [item(n) for n in range(100)]})
    *_, full, empty = fetch(client, FetchRequest(NOW, {"day": "2026-03-11"}))
    assert (len(full.records), len(empty.records), empty.cursor) == (100, 0, {"day": "2026-03-11"})


def test_pages_are_requested_lazily(services: Services, client: Client) -> None:
    serve(services, {"2026-03-10": [item(1)]})
    next(fetch(client, FetchRequest(NOW)))
    assert len(services.questions) == 1


def test_more_than_a_week_is_fetched_as_weekly_lists(services: Services, client: Client) -> None:
    serve(
        services,
        {
            "2026-W09": [item(1, "2026-02-26"), item(2, "2026-02-27"), item(3, "2026-02-25")],
            "2026-W11": [item(4, "2026-03-11"), item(5, "2026-03-09")],
        },
    )
    batches = list(fetch(client, FetchRequest(NOW, {"day": "2026-02-26"})))
    assert names(services) == ["2026-W09 0 100", "2026-W10 0 100", "2026-W11 0 100"]
    assert ids(batches) == [f"arxiv:2603.0000{n}" for n in (1, 2, 4, 5)]
    assert [dict(batch.days) for batch in batches] == [
        {date(2026, 2, 26): 1, date(2026, 2, 27): 1},
        {},
        {TODAY: 1, date(2026, 3, 9): 1},
    ]
    assert [batch.cursor for batch in batches] == [
        {"day": "2026-03-02"},
        {"day": "2026-03-09"},
        {"day": "2026-03-11"},
    ]


def test_more_than_a_month_is_fetched_as_monthly_lists(services: Services, client: Client) -> None:
    serve(services, {"2026-01": [item(1, "2026-01-14"), item(2, "2026-01-15"), item(3)]})
    first, *rest = fetch(client, FetchRequest(NOW, {"day": "2026-01-15"}))
    assert names(services) == ["2026-01 0 100", "2026-02 0 100", "2026-03 0 100"]
    assert ids([first]) == ["arxiv:2603.00002", "arxiv:2603.00003"]
    assert first.days == {date(2026, 1, 15): 1}
    assert [batch.cursor for batch in (first, *rest)] == [
        {"day": "2026-02-01"},
        {"day": "2026-03-01"},
        {"day": "2026-03-11"},
    ]


def test_items_of_old_weeks_count_on_their_own_day(services: Services, client: Client) -> None:
    old = {**item(1), "publishedAt": "2026-03-05T03:50:58.348Z"}
    serve(services, {"2026-W10": [old, {**item(2), "publishedAt": "2025-01-01"}]})
    _, week, _ = fetch(client, FetchRequest(NOW, {"day": "2026-02-26"}))
    assert (len(week.records), week.days) == (2, {date(2026, 3, 5): 1})


def test_only_requested_days_are_fetched(services: Services, client: Client) -> None:
    serve(services, {})
    since, until = date(2026, 2, 3), date(2026, 2, 4)
    batches = list(fetch(client, FetchRequest(NOW, {"day": "2026-03-10"}, since, until)))
    assert names(services) == ["2026-02-03 0 100", "2026-02-04 0 100"]
    # Days up to 10 March are complete and are not fetched again.
    assert [batch.cursor for batch in batches] == [None, None]


@pytest.mark.parametrize(
    ("cursor", "since", "until", "cursors"),
    [
        # From before the cursor without a gap, the cursor moves on.
        (
            "2026-03-10",
            date(2026, 3, 9),
            None,
            [None, *[{"day": "2026-03-11"}] * 2],
        ),
        # Days are left out between the cursor and the range.
        ("2026-03-01", date(2026, 3, 10), None, [None, None]),
        # An interrupted first run resumes where it stopped.
        (None, date(2026, 3, 10), None, [{"day": "2026-03-11"}] * 2),
        (None, date(2026, 3, 9), date(2026, 3, 9), [None]),
        ("2026-03-09", None, date(2026, 3, 9), [None, {"day": "2026-03-10"}]),
        ("2026-03-10", None, date(2026, 3, 9), [None, None]),
        ("2026-03-10", None, date(2026, 3, 7), []),
        ("2026-03-10", date(2026, 3, 12), None, []),
    ],
)
def test_the_cursor_leaves_no_day_out_and_never_moves_back(
    services: Services,
    client: Client,
    cursor: str | None,
    since: date | None,
    until: date | None,
    cursors: list[dict[str, str] | None],
) -> None:
    serve(services, {})
    request = FetchRequest(NOW, {"day": cursor} if cursor else {}, since, until)
    assert [batch.cursor for batch in fetch(client, request)] == cursors
    if not cursors:
        assert services.questions == []


@pytest.mark.parametrize("day", ["", "soon", "2031-01-01", "\x00"])
def test_an_invalid_cursor_is_ignored(services: Services, client: Client, day: str) -> None:
    serve(services, {})
    request = FetchRequest(NOW, {"day": day, "list": "2026-03-10", "page": "\u00b2"})
    assert len(list(fetch(client, request))) == 4
    assert names(services)[0] == "2026-03-08 0 100"


def test_days_before_the_first_list_are_not_requested(services: Services, client: Client) -> None:
    serve(services, {})
    request = FetchRequest(NOW, since=date(1900, 1, 1), until=date(2023, 5, 6))
    assert len(list(fetch(client, request))) == 3
    assert names(services)[0] == "2023-05-04 0 100"


def test_a_query_uses_the_search(services: Services, client: Client) -> None:
    services.answer(HOST, "/api/papers/search", orjson.dumps([item(1, upvotes=5)]))
    (batch,) = fetch(
        client, FetchRequest(NOW, {"day": "2026-03-09"}, argument=f" kites {'x' * 300}")
    )
    assert ids([batch]) == ["arxiv:2603.00001"]
    assert [signal.value for signal in batch.signals] == [5.0]
    assert (batch.days, batch.cursor) == ({}, None)
    (question,) = services.questions
    assert question.query == {"q": f"kites {'x' * 244}", "limit": "120"}


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b"", b'[{"paper": {"id'])
def test_invalid_json_raises_after_the_first_batches(
    services: Services, client: Client, body: bytes
) -> None:
    def respond(question: Question) -> Answer:
        return Answer(b"[]" if question.query["date"] == "2026-03-08" else body)

    services.respond(HOST, PATH, respond)
    batches = fetch(client, FetchRequest(NOW))
    assert next(batches).cursor == {"day": "2026-03-09"}
    with pytest.raises(SourceError, match="instead of JSON"):
        next(batches)


def test_a_reply_that_is_not_a_list_raises(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, b'{"error": "kites"}')
    with pytest.raises(SourceError, match="hf 2026-03-08 page 1 is not a list of papers"):
        list(fetch(client, FetchRequest(NOW)))


@pytest.mark.parametrize(
    ("status", "error"), [(401, SourceError), (404, SourceError), (503, UnavailableError)]
)
def test_a_rejected_request_raises(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b"", status)
    with pytest.raises(error, match=str(status)):
        list(fetch(client, FetchRequest(NOW)))


def test_a_rate_limit_raises_unavailable(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, b"", 429, {"Retry-After": "300"})
    with pytest.raises(UnavailableError) as raised:
        list(fetch(client, FetchRequest(NOW)))
    assert (raised.value.wait_s, len(services.questions)) == (300, 1)


def endless(make: Callable[[int], Item]) -> Callable[[Question], Answer]:
    def respond(question: Question) -> Answer:
        start = int(question.query["p"]) * 100
        return Answer(orjson.dumps([make(start + n) for n in range(100)]))

    return respond


def test_a_repeated_page_raises(services: Services, client: Client) -> None:
    services.respond(HOST, PATH, endless(lambda n: item(n % 100)))
    batches = fetch(client, FetchRequest(NOW))
    assert len(next(batches).records) == 100
    with pytest.raises(SourceError, match="page 1 of 2026-03-08 twice"):
        next(batches)


def test_endless_pages_raise(services: Services, client: Client) -> None:
    services.respond(HOST, PATH, endless(item))
    with pytest.raises(SourceError, match="more than 50 pages for 2026-03-08"):
        list(fetch(client, FetchRequest(NOW)))
    assert len(services.questions) == 50
    # The next run does not resume at that page.
    stuck = {"day": "2026-03-08", "list": "2026-03-08", "page": "50"}
    next(fetch(client, FetchRequest(NOW, stuck)))
    assert names(services)[-1] == "2026-03-08 0 100"
