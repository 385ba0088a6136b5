from datetime import UTC, date, datetime

import pytest

from broadsheet.http.client import Client
from broadsheet.sources.arxiv_oai import sets_of
from broadsheet.sources.source import FetchRequest
from tests.services import Services
from tests.sources.oai_replies import HOST, NOW, PATH, TODAY, in_pages, page, questions, record, run


def test_the_next_run_starts_on_the_day_of_the_first_reply(
    services: Services, client: Client
) -> None:
    in_pages(services, page(record(1), token="t1"), page(record(2), day="2026-03-12"))
    later = datetime(2026, 3, 13, tzinfo=UTC)
    cursor = run(client, FetchRequest(later, {"next": "2026-03-10"}))[-1].cursor
    assert cursor == {"next": "2026-03-11"}
    run(client, FetchRequest(later, cursor))
    assert questions(services)[-2] == {"from": "2026-03-11", "set": "cs:cs:LG"}


@pytest.mark.parametrize("day", ["", "soon", "2036-01-01"])
def test_a_reply_without_a_day_or_with_a_future_day_counts_as_today(
    services: Services, client: Client, day: str
) -> None:
    services.answer(HOST, PATH, page(record(), day=day))
    assert run(client)[-1].cursor == {"next": "2026-03-11"}


def test_a_cached_reply_does_not_move_the_cursor_back(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(record(), day="2026-03-07"))
    assert run(client, FetchRequest(NOW, {"next": "2026-03-09"}))[-1].cursor == {
        "next": "2026-03-09"
    }


def test_a_future_cursor_is_limited_to_today(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(record()))
    run(client, FetchRequest(NOW, {"next": "2031-01-01"}))
    assert questions(services) == [{"from": "2026-03-11", "set": "cs:cs:LG"}]


@pytest.mark.parametrize("value", ["", "yesterday", "2026-99-99"])
def test_an_invalid_cursor_starts_a_first_run(
    services: Services, client: Client, value: str
) -> None:
    services.answer(HOST, PATH, page(record()))
    run(client, FetchRequest(NOW, {"next": value, "from": value, "set": "cs:cs:LG", "token": "t"}))
    assert questions(services) == [{"from": "2026-03-08", "set": "cs:cs:LG"}]


def test_each_set_is_harvested_separately(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(record()))
    run(client, categories=["cs.LG", "hep-th", "cs.LG"])
    run(client, categories=[])
    assert questions(services) == [
        {"from": "2026-03-08", "set": "cs:cs:LG"},
        {"from": "2026-03-08", "set": "physics:hep-th"},
        {"from": "2026-03-08"},
    ]


@pytest.mark.parametrize(
    ("categories", "sets"),
    [
        (["cs.LG"], ("cs:cs:LG",)),
        (["cs"], ("cs",)),
        (["math.AG", "math-ph"], ("math:math:AG", "physics:math-ph")),
        (["astro-ph.CO", "physics.optics"], ("physics:astro-ph:CO", "physics:physics:optics")),
        (["q-bio.NC", " stat.ML "], ("q-bio:q-bio:NC", "stat:stat:ML")),
        (["cs.LG", "cs", "nlin", "nlin.CD"], ("cs", "physics:nlin")),
        ([], ("",)),
        ([" "], ("",)),
    ],
)
def test_nested_sets_are_dropped(categories: list[str], sets: tuple[str, ...]) -> None:
    assert sets_of(categories) == sets


@pytest.mark.parametrize(
    ("days", "question"),
    [
        (FetchRequest(NOW, since=date(2026, 2, 1)), {"from": "2026-02-01"}),
        (FetchRequest(NOW, {"next": "2026-03-09"}, since=date(2026, 2, 1)), {"from": "2026-02-01"}),
        (
            FetchRequest(NOW, since=date(2026, 2, 1), until=date(2026, 2, 3)),
            {"from": "2026-02-01", "until": "2026-02-03"},
        ),
        (FetchRequest(NOW, until=date(2026, 2, 3)), {"from": "2026-01-31", "until": "2026-02-03"}),
        (FetchRequest(NOW, since=date(2026, 3, 9), until=TODAY), {"from": "2026-03-09"}),
        (FetchRequest(NOW, since=date(1991, 8, 14)), {"from": "2005-09-16"}),
    ],
)
def test_requested_days_are_sent(
    services: Services, client: Client, days: FetchRequest, question: dict[str, str]
) -> None:
    services.answer(HOST, PATH, page(record()))
    run(client, days, [])
    assert questions(services) == [question]


@pytest.mark.parametrize(
    "days",
    [
        FetchRequest(NOW, since=date(2026, 3, 12)),
        FetchRequest(NOW, since=date(2026, 3, 5), until=date(2026, 3, 4)),
        FetchRequest(NOW, {"next": "2026-03-09"}, until=date(2026, 3, 4)),
        FetchRequest(NOW, until=date(2001, 1, 1)),
    ],
)
def test_an_empty_range_sends_no_request(
    services: Services, client: Client, days: FetchRequest
) -> None:
    assert run(client, days) == []
    assert not services.questions


def test_the_cursor_does_not_move_over_days_left_out(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(record()))

    def after(cursor: dict[str, str], since: date | None, until: date | None = None) -> object:
        return run(client, FetchRequest(NOW, cursor, since, until))[-1].cursor

    kept = {"next": "2026-03-05"}
    assert after(kept, date(2026, 3, 1)) == {"next": "2026-03-11"}
    assert after(kept, date(2026, 3, 9)) == kept
    assert after(kept, date(2026, 2, 1), date(2026, 2, 9)) == kept
    assert after({}, date(2026, 2, 1), date(2026, 2, 9)) == {}
    assert after({}, date(2026, 2, 1)) == {"next": "2026-03-11"}


def test_future_datestamps_are_not_counted(services: Services, client: Client) -> None:
    services.answer(
        HOST,
        PATH,
        page(
            record(1, "2026-03-10"),
            record(2, "2026-03-10T23:00:00Z"),
            record(3, "2026-03-12"),
            record(4, "someday"),
        ),
    )
    (batch,) = run(client)
    assert len(batch.records) == 4
    assert batch.days == {date(2026, 3, 10): 2}


def test_an_outdated_service_counts_on_its_own_days(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(record(1, "2026-03-06"), day="2026-03-06"))
    (batch,) = run(client, FetchRequest(NOW, {"next": "2026-03-06"}))
    assert batch.days == {date(2026, 3, 6): 1}
    assert batch.cursor == {"next": "2026-03-06"}
