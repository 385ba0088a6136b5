from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import pytest

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.model import Paper
from broadsheet.sources import arxiv_oai
from broadsheet.sources.arxiv_oai import fetch
from broadsheet.sources.arxiv_oai_records import TokenRejectedError
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services
from tests.sources.oai_replies import (
    HOST,
    NOTHING,
    NOW,
    PATH,
    ids,
    in_pages,
    page,
    questions,
    record,
    refusal,
    run,
)

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "api"
FOLDERS = ("arxiv_oai", "oai_generic")


def test_each_page_is_a_batch_with_its_cursor(services: Services, client: Client) -> None:
    in_pages(
        services,
        page(record(1, "2026-03-09"), record(2, "2026-03-10"), token="t1"),
        page(record(3, "2026-03-10"), record(4, "2026-03-10")),
    )
    batches = fetch(client, FetchRequest(NOW, categories=["cs.LG"]))
    first = next(batches)
    assert len(services.questions) == 1
    (second,) = batches
    assert ids([first, second]) == [f"arxiv:2603.0000{n}" for n in (1, 2, 3, 4)]
    assert [dict(batch.days) for batch in (first, second)] == [
        {date(2026, 3, 9): 1, date(2026, 3, 10): 1},
        {date(2026, 3, 10): 2},
    ]
    assert second.cursor == {"next": "2026-03-11"}
    assert questions(services) == [
        {"from": "2026-03-08", "set": "cs:cs:LG"},
        {"resumptionToken": "t1"},
    ]


def test_an_interrupted_run_resumes_after_any_batch(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        key = question.query.get("resumptionToken") or question.query["set"]
        papers = {
            "cs:cs:LG": page(record(1), token="a%3D1&amp;b=2"),
            "a%3D1&b=2": page(record(2)),
            "math:math:AG": page(record(3), token="c"),
            "c": page(record(4)),
        }
        return Answer(papers[key])

    services.respond(HOST, PATH, respond)
    whole = run(client, categories=["cs.LG", "math.AG"])
    assert ids(whole) == [f"arxiv:2603.0000{n}" for n in (1, 2, 3, 4)]
    for kept in range(1, 4):
        cursor = whole[kept - 1].cursor or {}
        assert all(isinstance(text, str) for text in cursor.values())
        rest = run(client, FetchRequest(NOW, cursor), ["cs.LG", "math.AG"])
        assert rest == whole[kept:]


def test_an_interrupted_run_resumes_only_with_the_same_days(
    services: Services, client: Client
) -> None:
    in_pages(services, page(record(1), token="t1"), page(record(2)))
    since, until = date(2026, 2, 1), date(2026, 2, 9)
    request = FetchRequest(NOW, {"next": "2026-03-05"}, since, until)
    (first,) = islice(fetch(client, replace(request, categories=["cs.LG"])), 1)
    killed = replace(request, cursor=first.cursor or {})
    rest = run(client, killed)
    assert ids(rest) == ["arxiv:2603.00002"]
    assert rest[-1].cursor == {"next": "2026-03-05"}
    services.questions.clear()
    run(client, replace(killed, since=None, until=None))
    run(client, replace(killed, since=date(2026, 2, 2)))
    run(client, killed, ["math"])
    assert [question for question in questions(services) if "from" in question] == [
        {"from": "2026-03-05", "set": "cs:cs:LG"},
        {"from": "2026-02-02", "until": "2026-02-09", "set": "cs:cs:LG"},
        {"from": "2026-02-01", "until": "2026-02-09", "set": "math"},
    ]


def test_a_rejected_token_restarts_the_set_and_counts_nothing_twice(
    services: Services, client: Client
) -> None:
    asked_first = 0

    def respond(question: Question) -> Answer:
        nonlocal asked_first
        if question.query.get("resumptionToken") == "old":
            return Answer(refusal("badResumptionToken", "expired"))
        if question.query.get("resumptionToken") == "new":
            return Answer(page(record(3), record(4, "2026-03-11")))
        asked_first += 1
        return Answer(page(record(1), record(2), token="old" if asked_first == 1 else "new"))

    services.respond(HOST, PATH, respond)
    batches = run(client)
    assert ids(batches) == [f"arxiv:2603.0000{n}" for n in (1, 2, 1, 2, 3, 4)]
    assert [dict(batch.days) for batch in batches] == [
        {date(2026, 3, 10): 2},
        {},
        {date(2026, 3, 10): 1, date(2026, 3, 11): 1},
    ]


def test_a_rejected_token_of_an_interrupted_run_restarts_the_set(
    services: Services, client: Client
) -> None:
    def respond(question: Question) -> Answer:
        refused = "resumptionToken" in question.query
        return Answer(refusal("badResumptionToken") if refused else page(record(1)))

    services.respond(HOST, PATH, respond)
    cursor = {"from": "2026-03-02", "set": "math", "token": "old", "next": "2026-03-02"}
    (batch,) = run(client, FetchRequest(NOW, cursor), ["cs", "math"])
    assert questions(services)[1] == {"from": "2026-03-02", "set": "math"}
    assert batch.days == {date(2026, 3, 10): 1}
    assert batch.cursor == {"next": "2026-03-11"}


def test_repeatedly_rejected_tokens_raise(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        refused = "resumptionToken" in question.query
        return Answer(refusal("badResumptionToken") if refused else page(record(1), token="t"))

    services.respond(HOST, PATH, respond)
    with pytest.raises(TokenRejectedError, match="badResumptionToken"):
        run(client)
    assert len(services.questions) < 20


def test_a_harvest_without_records_moves_the_cursor(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, NOTHING)
    (batch,) = run(client, FetchRequest(NOW, {"next": "2026-03-10"}))
    assert batch == Batch(records=[], days={}, cursor={"next": "2026-03-11"})


def test_the_harvest_continues_after_an_empty_set(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        return Answer(NOTHING if question.query["set"] == "cs" else page(record(1)))

    services.respond(HOST, PATH, respond)
    assert ids(run(client, categories=["cs", "math"])) == ["arxiv:2603.00001"]


def test_other_errors_are_in_the_message(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, refusal("badArgument", "Set does\n not exist"))
    with pytest.raises(SourceError, match=r"badArgument: Set does not exist\): check the req"):
        run(client)
    services.answer(HOST, PATH, refusal("badResumptionToken"))
    with pytest.raises(TokenRejectedError):
        run(client)


def test_a_repeated_token_raises(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(record(), token="t"))
    batches = fetch(client, FetchRequest(NOW, categories=["cs.LG"]))
    assert ids(list(islice(batches, 2))) == ["arxiv:2603.00001"] * 2
    with pytest.raises(SourceError, match="same token twice"):
        next(batches)


def test_endless_pages_raise(
    services: Services, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_oai, "_MAX_PAGES", 5)
    services.respond(
        HOST, PATH, lambda question: Answer(page(record(), token=f"t{len(services.questions)}"))
    )
    with pytest.raises(SourceError, match="more than 5 pages"):
        run(client)
    assert len(services.questions) == 5


def test_retry_after_is_honoured(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        busy = len(services.questions) == 1
        return Answer(b"", 503, {"Retry-After": "5"}) if busy else Answer(page(record()))

    services.respond(HOST, PATH, respond)
    assert ids(run(client)) == ["arxiv:2603.00001"]


@pytest.mark.parametrize(
    ("status", "error"), [(404, SourceError), (403, SourceError), (429, UnavailableError)]
)
def test_an_error_status_raises_after_the_first_batches(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    def respond(question: Question) -> Answer:
        first = "resumptionToken" not in question.query
        return Answer(page(record(), token="t")) if first else Answer(b"", status)

    services.respond(HOST, PATH, respond)
    batches = fetch(client, FetchRequest(NOW, categories=["cs.LG"]))
    assert ids([next(batches)]) == ["arxiv:2603.00001"]
    with pytest.raises(error):
        next(batches)


@pytest.mark.parametrize(
    "name",
    sorted(f"{folder}/{file.name}" for folder in FOLDERS for file in (RECORDED / folder).glob("*")),
)
def test_recorded_replies_are_parsed(
    shared: Path, services: Services, client: Client, name: str
) -> None:
    body = (shared / "data" / "api" / name).read_bytes()
    first = [True]

    def respond(question: Question) -> Answer:
        return Answer(body if first and first.pop() else NOTHING)

    services.respond(HOST, PATH, respond)
    whole = body.count(b"<record>")
    request = FetchRequest(datetime(2026, 12, 1, tzinfo=UTC))
    if b"badResumptionToken" in body or not (whole or b"noRecordsMatch" in body):
        with pytest.raises(SourceError):
            run(client, request)
        return
    batch = run(client, request)[0]
    papers = [one for one in batch.records if isinstance(one, Paper)]
    assert len(papers) == len(batch.records) == whole - body.count(b'status="deleted"')
    assert sum(batch.days.values()) == len(papers)
    assert all(paper.authors and paper.published for paper in papers)
    if name.startswith("arxiv_oai"):
        assert all(paper.arxiv_id and paper.abstract and paper.categories for paper in papers)
