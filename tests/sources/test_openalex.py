from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply
from broadsheet.model import Kind, Malformed, Notice, Paper, Signal
from broadsheet.rules.normalize import make_paper
from broadsheet.sources.openalex import fetch
from broadsheet.sources.openalex_works import Page, Work, parse_page
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
HOST = "api.openalex.org"
KEY = "a-secret-key"
FIELD = "primary_topic.field.id:fields/27"
RECORDED = sorted((Path(__file__).parents[3] / "shared" / "data" / "api" / "openalex").glob("*"))

KITES = make_paper(title="Kites in the valley", arxiv="2603.00001")
TAILS = make_paper(title="Tails of kites", doi="10.1000/tails")

KITES_WORK: dict[str, object] = {
    "id": "https://openalex.org/W100",
    "doi": "https://doi.org/10.48550/arxiv.2603.00001",
    "title": "Kites in the <i>valley</i> &amp; beyond",
    "publication_date": "2026-03-02",
    "authorships": [
        {"author": {"display_name": "Ada Windrow"}},
        {"author": {"display_name": None}, "raw_author_name": "Farol, Bo"},
    ],
    "abstract_inverted_index": {"kites": [1, 4], "We": [0], "fly": [2], "over": [3]},
    "primary_location": {"source": {"display_name": "Journal of Kites", "type": "journal"}},
    "best_oa_location": {"pdf_url": "https://kites.example/1.pdf"},
    "open_access": {"oa_url": "https://kites.example/1"},
    "locations": [{"landing_page_url": "https://arxiv.org/abs/2603.00001"}],
    "topics": [{"display_name": "Kite flight"}],
    "cited_by_count": 41,
    "is_retracted": True,
    "referenced_works": ["https://openalex.org/W7", "nonsense", None],
    "related_works": ["https://openalex.org/W8"],
}


def work(number: int, **fields: object) -> dict[str, object]:
    plain = {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/10.1000/{number}",
        "title": f"Kite number {number}",
        "publication_date": "2026-03-09",
        "cited_by_count": number,
    }
    return plain | fields


def page(*works: object, token: object = None) -> bytes:
    return orjson.dumps({"meta": {"next_cursor": token}, "results": works})


def about(client: Client, *papers: Paper) -> list[Batch]:
    return list(fetch(client, FetchRequest(NOW, papers=papers, key=KEY)))


def request_for_new(**options: object) -> FetchRequest:
    return FetchRequest(NOW, argument=FIELD, key=KEY, **options)  # type: ignore[arg-type]


def titles(batch: Batch) -> list[str]:
    return [one.title for one in batch.records if isinstance(one, Paper)]


def test_a_missing_key_raises_and_names_the_setting(services: Services, client: Client) -> None:
    with pytest.raises(SourceError, match="'openalex_key'"):
        next(fetch(client, FetchRequest(NOW, papers=[KITES])))
    assert services.questions == []


def test_every_field_of_a_paper_is_parsed(services: Services, client: Client) -> None:
    services.answer(HOST, "/works", page(KITES_WORK))
    batches = list(
        fetch(client, FetchRequest(NOW, papers=[KITES], key=KEY, contact="desk@paper.example"))
    )
    paper = Paper(
        id="arxiv:2603.00001",
        title="Kites in the valley & beyond",
        abstract="We kites fly over kites",
        authors=("Ada Windrow", "Farol, Bo"),
        published="2026-03-02",
        arxiv_id="2603.00001",
        venue="Journal of Kites",
        ids=("openalex:W100",),
        notice=Notice.RETRACTED,
        open_url="https://kites.example/1.pdf",
        references=("openalex:W7",),
        related=("openalex:W8",),
    )
    signal = Signal("arxiv:2603.00001", Kind.CITATIONS, 41.0, NOW, "openalex")
    assert batches == [Batch([paper], [signal], {NOW.date(): 1}, None, ["arxiv:2603.00001"])]
    (question,) = services.questions
    assert question.query["filter"] == "doi:10.48550/arxiv.2603.00001"
    assert question.query["api_key"] == KEY
    assert question.query["mailto"] == "desk@paper.example"
    assert question.query["per_page"] == "100"
    assert "abstract_inverted_index" in question.query["select"].split(",")


def test_topics_are_the_categories_of_papers_outside_arxiv(
    services: Services, client: Client
) -> None:
    topics = [{"display_name": "Kite flight"}, {"display_name": 7}, "x"]
    raw = work(1, doi="https://doi.org/10.1000/TAILS", topics=topics)
    services.answer(HOST, "/works", page(raw))
    (batch,) = about(client, TAILS)
    (paper,) = batch.records
    assert isinstance(paper, Paper)
    assert (paper.doi, paper.categories) == ("10.1000/tails", ("Kite flight",))


def test_the_arxiv_id_of_a_published_paper_is_found_in_its_locations(
    services: Services, client: Client
) -> None:
    locations = [{"landing_page_url": "http://arxiv.org/abs/2603.00001v2"}]
    services.answer(HOST, "/works", page(work(1, locations=locations)))
    (batch,) = about(client, KITES)
    (paper,) = batch.records
    assert isinstance(paper, Paper)
    assert (paper.arxiv_id, paper.doi) == ("2603.00001", "10.1000/1")
    assert [one.paper_id for one in batch.signals] == ["arxiv:2603.00001"]


def test_preprint_and_published_version_are_looked_up_and_the_larger_count_wins(
    services: Services, client: Client
) -> None:
    both = make_paper(title="Kites", arxiv="2603.00001", doi="10.1000/1")
    services.answer(HOST, "/works", page(KITES_WORK, work(1)))
    (batch,) = about(client, both)
    assert services.questions[0].query["filter"] == "doi:10.48550/arxiv.2603.00001|10.1000/1"
    assert [one.value for one in batch.signals] == [41]
    assert batch.days == {NOW.date(): 1}


@pytest.mark.parametrize(
    ("source", "venue"),
    [
        ({"display_name": "arXiv (Cornell University)", "type": "repository"}, None),
        ({"display_name": "arXiv"}, None),
        ({"display_name": "Kite Archive", "type": "repository"}, None),
        ({"display_name": "Proceedings of Kites", "type": "conference"}, "Proceedings of Kites"),
        ("Kites", None),
    ],
)
def test_a_repository_is_not_a_venue(source: object, venue: str | None) -> None:
    (found,) = read(page(work(1, primary_location={"source": source}))).records
    assert isinstance(found, Work)
    assert found.paper.venue == venue


def test_a_publication_date_of_1_january_is_a_year() -> None:
    (found,) = read(page(work(1, publication_date="2023-01-01"))).records
    assert isinstance(found, Work)
    assert (found.paper.published, found.day) == ("2023", date(2023, 1, 1))


def test_invalid_word_positions_are_ignored() -> None:
    index = {"Kites": [0, 10**12, -1, "2", None, True], "x" * 10**6: list(range(1, 500)), "y": 3}
    (found,) = read(page(work(1, abstract_inverted_index=index))).records
    assert isinstance(found, Work)
    assert found.paper.abstract is not None
    assert found.paper.abstract.startswith("Kites xxx")
    assert len(found.paper.abstract) <= 20_000


def test_papers_not_found_are_queried_but_not_counted(services: Services, client: Client) -> None:
    services.answer(HOST, "/works", page())
    assert about(client, KITES, TAILS) == [Batch([], [], {}, None, [KITES.id, TAILS.id])]


def test_malformed_and_unrequested_works_are_reported(services: Services, client: Client) -> None:
    services.answer(HOST, "/works", page(None, work(1, title=None), work(2), KITES_WORK))
    (batch,) = about(client, KITES)
    assert batch.records[:3] == [
        Malformed("openalex work 1", "not a JSON object"),
        Malformed("openalex work 2", "missing title"),
        Malformed("openalex work 3", "not one of the requested papers"),
    ]
    assert len(batch.signals) == 1


def test_dois_are_looked_up_in_groups_of_50(services: Services, client: Client) -> None:
    services.answer(HOST, "/works", page())
    papers = [make_paper(title="Kites", doi=f"10.1000/{n}") for n in range(120)]
    batches = fetch(client, FetchRequest(NOW, papers=papers, key=KEY))
    first = next(batches)
    assert (len(first.queried), len(services.questions)) == (50, 1)
    assert [len(batch.queried) for batch in batches] == [50, 20]


def test_a_doi_with_filter_operators_is_requested_separately(
    services: Services, client: Client
) -> None:
    odd = make_paper(title="Kites", doi="10.1000/a,b|c")
    other = make_paper(title="Kites", doi="10.1000/a+b")
    services.answer(HOST, "/works/doi:10.1000%2Fa%2Cb%7Cc", orjson.dumps(work(5, doi=odd.doi)))
    (batch,) = about(client, odd, other)
    assert [(one.paper_id, one.value) for one in batch.signals] == [(odd.id, 5)]
    assert len(services.questions) == 2
    assert list(batch.queried) == [odd.id, other.id]


def test_new_works_of_a_filter_are_fetched_page_by_page(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        if question.query["cursor"] == "*":
            return Answer(page(work(1), work(2, publication_date="2026-03-10"), token="two"))
        future = work(4, publication_date="2026-12-01")
        return Answer(page(work(3), future, work(5, publication_date=None), 7))

    services.respond(HOST, "/works", respond)
    batches = fetch(client, request_for_new())
    first = next(batches)
    assert len(services.questions) == 1
    span = "from_publication_date:2026-03-04,to_publication_date:2026-03-11"
    assert services.questions[0].query["filter"] == f"{FIELD},{span}"
    assert titles(first) == ["Kite number 1", "Kite number 2"]
    assert first.days == {date(2026, 3, 9): 1, date(2026, 3, 10): 1}
    assert first.cursor == {"from": "2026-03-04", "until": "2026-03-11", "token": "two"}
    (second,) = batches
    assert titles(second) == ["Kite number 3", "Kite number 4", "Kite number 5"]
    assert second.records[3] == Malformed("openalex 2026-03-04 page 2 work 4", "not a JSON object")
    assert second.days == {date(2026, 3, 9): 1}
    assert second.cursor == {"reached": "2026-03-11"}


def test_an_interrupted_run_resumes_after_the_last_stored_page(
    services: Services, client: Client
) -> None:
    services.answer(HOST, "/works", page(work(3)))
    cursor = {"from": "2026-03-02", "until": "2026-03-09", "token": "two"}
    (batch,) = fetch(client, request_for_new(cursor=cursor))
    (question,) = services.questions
    assert question.query["cursor"] == "two"
    assert (
        "from_publication_date:2026-03-02,to_publication_date:2026-03-09"
        in (question.query["filter"])
    )
    assert batch.cursor == {"reached": "2026-03-09"}


def test_an_invalid_token_is_encoded(services: Services, client: Client) -> None:
    body = page(work(1), token="one").replace(b'"one"', rb'"o\ud800ne"')
    services.answer(HOST, "/works", body)
    first = next(fetch(client, request_for_new()))
    assert first.cursor == {"from": "2026-03-04", "until": "2026-03-11", "token": "one"}


def test_an_expired_token_restarts_its_days(services: Services, client: Client) -> None:
    services.respond(
        HOST,
        "/works",
        lambda question: Answer(page(work(1)), 200 if question.query["cursor"] == "*" else 400),
    )
    cursor = {"from": "2026-03-02", "until": "2026-03-09", "token": "stale"}
    (batch,) = fetch(client, request_for_new(cursor=cursor))
    assert titles(batch) == ["Kite number 1"]


def test_the_next_run_fetches_the_last_week_again(services: Services, client: Client) -> None:
    services.answer(HOST, "/works", page())
    (batch,) = fetch(client, request_for_new(cursor={"reached": "2026-03-01"}))
    assert "from_publication_date:2026-02-22" in services.questions[0].query["filter"]
    assert batch == Batch([], (), {}, {"reached": "2026-03-11"})


@pytest.mark.parametrize(
    ("since", "until", "cursor"),
    [
        (date(2026, 2, 1), date(2026, 2, 3), None),
        (date(2026, 2, 1), None, {"reached": "2026-03-11"}),
        (date(2026, 3, 10), None, None),
    ],
)
def test_the_cursor_does_not_move_over_days_left_out(
    services: Services,
    client: Client,
    since: date,
    until: date | None,
    cursor: dict[str, str] | None,
) -> None:
    services.answer(HOST, "/works", page())
    request = request_for_new(since=since, until=until, cursor={"reached": "2026-03-05"})
    (batch,) = fetch(client, request)
    last = until or NOW.date()
    span = f"from_publication_date:{since},to_publication_date:{last}"
    assert services.questions[0].query["filter"].endswith(span)
    assert batch.cursor == cursor


def test_future_days_are_not_requested(services: Services, client: Client) -> None:
    tomorrow = NOW.date() + timedelta(days=1)
    assert list(fetch(client, request_for_new(since=tomorrow))) == []


def test_circular_pages_raise(services: Services, client: Client) -> None:
    services.answer(HOST, "/works", page(work(1), token="round"))
    batches = fetch(client, request_for_new())
    assert titles(next(batches)) == ["Kite number 1"]
    next(batches)
    with pytest.raises(SourceError, match="the same cursor twice"):
        next(batches)


def test_endless_pages_raise(
    services: Services, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadsheet.sources.openalex._MAX_PAGES", 3)
    services.respond(
        HOST, "/works", lambda question: Answer(page(work(1), token=question.query["cursor"] + "x"))
    )
    batches = fetch(client, request_for_new())
    assert [len(next(batches).records) for _ in range(3)] == [1, 1, 1]
    with pytest.raises(SourceError, match="more than 3 pages"):
        next(batches)


def test_an_empty_page_ends_the_run(services: Services, client: Client) -> None:
    services.answer(HOST, "/works", page(token="more"))
    assert len(list(fetch(client, request_for_new()))) == 1


def test_a_rejected_filter_is_in_the_message(services: Services, client: Client) -> None:
    services.answer(HOST, "/works", b'{"error": "Invalid query parameters"}', 400)
    with pytest.raises(SourceError, match="rejected the filter 'primary_topic"):
        list(fetch(client, request_for_new()))


@pytest.mark.parametrize("status", [401, 403])
def test_a_rejected_key_is_not_in_the_message(
    services: Services, client: Client, status: int
) -> None:
    services.answer(HOST, "/works", b"{}", status)
    with pytest.raises(SourceError, match="check the API key") as raised:
        about(client, KITES)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "headers"), [(429, {"Retry-After": "7200"}), (503, {})], ids=["spent", "down"]
)
def test_an_unavailable_service_raises(
    services: Services, client: Client, status: int, headers: dict[str, str]
) -> None:
    services.answer(HOST, "/works", b"", status, headers)
    with pytest.raises(UnavailableError):
        about(client, KITES)


@pytest.mark.parametrize(
    "body", [b"<html>Hello</html>", b"", b'{"results": [', b"[]", b'{"results": null}', b"7"]
)
def test_a_reply_that_is_not_a_list_of_works_raises(
    services: Services, client: Client, body: bytes
) -> None:
    services.answer(HOST, "/works", body)
    with pytest.raises(SourceError, match=r"https://api\.openalex\.org/works (gave|returned)"):
        about(client, KITES)


def read(body: bytes) -> Page:
    return parse_page(Reply(f"https://{HOST}/works", 200, {}, body), "openalex")


_KEYS = st.sampled_from([*KITES_WORK, "results", "meta", "source", "display_name", "author"])


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_recorded_replies_are_parsed(
    shared: Path, services: Services, client: Client, path: Path
) -> None:
    assert path.is_relative_to(shared)
    cassette = orjson.loads(path.read_bytes())
    payload = cassette.get("body", cassette)
    services.answer(HOST, "/works", orjson.dumps(payload), cassette.get("status", 200))
    batches = fetch(client, request_for_new())
    works = payload.get("results", [payload]) if isinstance(payload, dict) else []
    if not works or "id" not in works[0]:
        with pytest.raises(SourceError):
            next(batches)
        return
    (batch,) = batches
    named = [one for one in works if one.get("title")]
    assert len(titles(batch)) == len(named)
    dated = [one for one in named if one["publication_date"] <= NOW.date().isoformat()]
    assert sum(batch.days.values()) == len(dated)
