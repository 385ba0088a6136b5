from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply
from broadsheet.model import Kind, Malformed, Paper, Signal
from broadsheet.rules.normalize import make_paper
from broadsheet.sources.semantic_scholar import Found, fetch, parse_papers, parse_related
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
HOST = "api.semanticscholar.org"
BATCH = "/graph/v1/paper/batch"
RELATED = "/recommendations/v1/papers/forpaper/"
KEY = "a-secret-key"
FOLDER = Path(__file__).parents[3] / "shared" / "data" / "api" / "semanticscholar"
RECORDED = sorted(FOLDER.glob("*"))

KITES = make_paper(title="Kites in the valley", arxiv="2603.00001")
TAILS = make_paper(title="Tails of kites", doi="10.1000/tails")
NAMED = "ab" * 20

KITES_TOLD: dict[str, object] = {
    "paperId": NAMED,
    "externalIds": {"ArXiv": "2603.00001", "DOI": "10.1000/Kites", "ACL": "2026.acl-long.7"},
    "title": "Kites in the valley",
    "abstract": "We fly kites.",
    "venue": "Journal of Kites",
    "year": 2026,
    "publicationDate": "2026-03-02",
    "authors": [{"authorId": "1", "name": "Ada Windrow"}, {"name": None}, {"name": "Bo Farol"}],
    "fieldsOfStudy": ["Kite Science"],
    "tldr": {"model": "tldr@v2.0.0", "text": "Kites fly where the valley narrows."},
    "openAccessPdf": {"url": "https://kites.example/1.pdf"},
    "citationCount": 41,
    "references": [
        {"paperId": "cd" * 20, "externalIds": {"ArXiv": "2501.00001", "DOI": "10.1000/r"}},
        {"paperId": "cd" * 20, "externalIds": {"DOI": "10.1000/R2"}},
        {"paperId": "ef" * 20, "externalIds": None},
        {"paperId": None, "externalIds": {"CorpusId": 7}},
        None,
    ],
}


def item(number: int, **more: object) -> dict[str, object]:
    return {"paperId": f"{number:040x}", "title": f"Kite {number}", "citationCount": number} | more


def about(client: Client, *papers: Paper, key: str | None = KEY) -> list[Batch]:
    return list(fetch(client, FetchRequest(NOW, papers=papers, key=key)))


def requested_ids(question: Question) -> list[str]:
    return list(orjson.loads(question.body)["ids"])


def test_every_field_of_a_paper_is_parsed(services: Services, client: Client) -> None:
    services.answer(HOST, BATCH, orjson.dumps([KITES_TOLD]))
    near = {"recommendedPapers": [{"paperId": "12" * 20, "externalIds": {"ArXiv": "2601.00002"}}]}
    services.answer(HOST, RELATED + NAMED, orjson.dumps(near))
    paper = Paper(
        id="arxiv:2603.00001",
        title="Kites in the valley",
        abstract="We fly kites.",
        authors=("Ada Windrow", "Bo Farol"),
        published="2026-03-02",
        arxiv_id="2603.00001",
        doi="10.1000/kites",
        venue="Journal of Kites",
        ids=(f"s2:{NAMED}", "acl:2026.acl-long.7"),
        summary="Kites fly where the valley narrows.",
        open_url="https://kites.example/1.pdf",
        references=("arxiv:2501.00001", "doi:10.1000/r2", f"s2:{'ef' * 20}"),
        related=("arxiv:2601.00002",),
    )
    signal = Signal("arxiv:2603.00001", Kind.CITATIONS, 41.0, NOW, "semanticscholar")
    assert about(client, KITES) == [Batch([paper], [signal], {NOW.date(): 1}, None, [KITES.id])]
    papers, neighbours = services.questions
    assert (papers.method, requested_ids(papers)) == ("POST", ["ARXIV:2603.00001"])
    assert "references.externalIds" in papers.query["fields"].split(",")
    assert papers.headers["x-api-key"] == neighbours.headers["x-api-key"] == KEY
    assert neighbours.query == {"fields": "externalIds", "limit": "10"}


def test_no_key_header_is_sent_without_a_key(services: Services, client: Client) -> None:
    services.answer(HOST, BATCH, orjson.dumps([KITES_TOLD]))
    assert len(about(client, KITES, key=None)) == 1
    assert all("x-api-key" not in question.headers for question in services.questions)


def test_a_paper_outside_arxiv_is_looked_up_by_doi(services: Services, client: Client) -> None:
    other = {"DOI": "10.1000/other-printing"}
    entry = item(1, externalIds=other, fieldsOfStudy=["Kite Science", None], venue="", year=2024)
    services.answer(HOST, BATCH, orjson.dumps([entry]))
    (batch,) = about(client, TAILS)
    (paper,) = batch.records
    assert isinstance(paper, Paper)
    assert requested_ids(services.questions[0]) == ["DOI:10.1000/tails"]
    assert (paper.doi, paper.categories, paper.venue) == ("10.1000/tails", ("Kite Science",), None)
    assert paper.published == "2024"


@pytest.mark.parametrize("venue", ["arXiv.org", "ArXiv", "", None, 7])
def test_arxiv_is_not_a_venue(services: Services, client: Client, venue: object) -> None:
    services.answer(HOST, BATCH, orjson.dumps([item(1, venue=venue)]))
    (batch,) = about(client, KITES)
    (paper,) = batch.records
    assert isinstance(paper, Paper)
    assert paper.venue is None


def test_papers_not_found_are_queried_but_not_counted(services: Services, client: Client) -> None:
    services.answer(HOST, BATCH, orjson.dumps([None, item(7)]))
    (batch,) = about(client, KITES, TAILS)
    assert [(one.paper_id, one.value) for one in batch.signals] == [("doi:10.1000/tails", 7)]
    assert batch.days == {NOW.date(): 1}
    assert batch.queried == [KITES.id, TAILS.id]


def test_a_request_without_known_papers_is_queried(services: Services, client: Client) -> None:
    services.answer(HOST, BATCH, b'{"error": "No valid paper ids given"}', 400)
    assert about(client, KITES) == [Batch([], [], {}, None, [KITES.id])]


def test_a_rejected_request_raises(services: Services, client: Client) -> None:
    services.answer(HOST, BATCH, b'{"error": "Unrecognized or unsupported fields: [tldr]"}', 400)
    with pytest.raises(SourceError, match="rejected the request"):
        about(client, KITES)


def test_bad_items_are_reported_and_skipped(services: Services, client: Client) -> None:
    other = item(1, externalIds={"ArXiv": "2603.99999"})
    entries = [7, item(2, title=None), other, item(3, citationCount="many")]
    services.answer(HOST, BATCH, orjson.dumps(entries))
    papers = [make_paper(title="Kites", arxiv=f"2603.0000{n}") for n in range(4)]
    (batch,) = about(client, *papers)
    assert batch.records[:3] == [
        Malformed("semanticscholar arxiv:2603.00000", "not a JSON object"),
        Malformed("semanticscholar arxiv:2603.00001", "missing title"),
        Malformed(
            "semanticscholar arxiv:2603.00002",
            "not the requested paper",
        ),
    ]
    assert (len(batch.records), batch.signals) == (4, [])
    assert batch.days == {NOW.date(): 1}


def test_papers_are_looked_up_in_groups_of_100(services: Services, client: Client) -> None:
    services.respond(
        HOST, BATCH, lambda question: Answer(orjson.dumps([None] * len(requested_ids(question))))
    )
    papers = [make_paper(title="Kites", doi=f"10.1000/{n}") for n in range(120)]
    batches = fetch(client, FetchRequest(NOW, papers=papers, key=KEY))
    first = next(batches)
    assert (len(first.queried), len(services.questions)) == (100, 1)
    assert [len(batch.queried) for batch in batches] == [20]


def test_papers_without_an_id_send_no_request(services: Services, client: Client) -> None:
    unnamed = make_paper(title="Kites without a name")
    assert about(client, unnamed) == [Batch([], [], {}, None, [unnamed.id])]
    assert services.questions == []


def test_related_papers_are_fetched_for_the_first_20_papers(
    services: Services, client: Client
) -> None:
    services.respond(
        HOST,
        BATCH,
        lambda question: Answer(
            orjson.dumps([item(n) for n in range(len(requested_ids(question)))])
        ),
    )
    services.answer(HOST, RELATED + "*", b'{"recommendedPapers": []}')
    papers = [make_paper(title="Kites", doi=f"10.1000/{n}") for n in range(130)]
    assert len(about(client, *papers)) == 2
    near = [question for question in services.questions if question.path.startswith(RELATED)]
    assert len(near) == 20


@pytest.mark.parametrize(
    ("body", "status"), [(b"<html>", 200), (b"{}", 200), (b"", 503), (b"{}", 403)]
)
def test_a_failed_request_for_related_papers_ends_that_step_only(
    services: Services, client: Client, body: bytes, status: int
) -> None:
    services.answer(HOST, BATCH, orjson.dumps([item(1), item(2)]))
    services.answer(HOST, RELATED + "*", body, status)
    (batch,) = about(client, KITES, TAILS)
    assert [one.value for one in batch.signals] == [1, 2]
    assert len({question.path for question in services.questions}) == 2


def test_a_paper_can_have_no_related_papers(services: Services, client: Client) -> None:
    services.answer(HOST, BATCH, orjson.dumps([item(1), item(2)]))
    services.answer(HOST, RELATED + "*", b'{"error": "Paper not found"}', 404)
    about(client, KITES, TAILS)
    assert len(services.questions) == 3


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_rejection_without_a_key_names_the_setting_and_is_not_retried(
    services: Services, client: Client, status: int
) -> None:
    services.answer(HOST, BATCH, b"{}", status, {"Retry-After": "90"})
    with pytest.raises(UnavailableError, match="'semanticscholar_key'") as raised:
        about(client, KITES, key=None)
    assert (raised.value.wait_s, len(services.questions)) == (90, 1)


def test_a_rejected_key_is_not_in_the_message(services: Services, client: Client) -> None:
    services.answer(HOST, BATCH, b"{}", 403)
    with pytest.raises(SourceError, match="check the API key") as raised:
        about(client, KITES)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("status", [429, 503])
def test_an_overloaded_service_is_retried_and_then_raises(
    services: Services, client: Client, status: int
) -> None:
    services.answer(HOST, BATCH, b"", status)
    with pytest.raises(UnavailableError, match=str(status)):
        about(client, KITES)
    assert len(services.questions) == 4


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b"", b'[{"paperId": ', b"\x00\xff"])
def test_invalid_json_raises(services: Services, client: Client, body: bytes) -> None:
    services.answer(HOST, BATCH, body)
    with pytest.raises(SourceError, match="instead of JSON"):
        about(client, KITES)


@pytest.mark.parametrize("body", [b"[]", b"[null, null]", b"{}", b"null"])
def test_a_reply_with_missing_items_raises(services: Services, client: Client, body: bytes) -> None:
    services.answer(HOST, BATCH, body)
    with pytest.raises(SourceError, match="one item for each of 1 papers"):
        about(client, KITES)


_KEYS = st.sampled_from([*KITES_TOLD, "ArXiv", "DOI", "text", "url", "error", "recommendedPapers"])


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_recorded_papers_are_parsed(
    shared: Path, services: Services, client: Client, path: Path
) -> None:
    assert path.is_relative_to(shared)
    cassette = orjson.loads(path.read_bytes())
    body = cassette["body"] if "request" in cassette else cassette
    listed = body.get("data", [body]) if isinstance(body, dict) else body
    entries = listed if isinstance(listed, list) else [listed]

    def respond(question: Question) -> Answer:
        numbers = [int(name.rpartition("/")[2]) for name in requested_ids(question)]
        return Answer(orjson.dumps([entries[number] for number in numbers]))

    # Looked up by DOI, because the recorded papers have other arXiv ids.
    services.respond(HOST, BATCH, respond)
    papers = [make_paper(title="Kites", doi=f"10.1000/{n}") for n in range(len(entries))]
    batches = about(client, *papers)
    entitled = [one for one in entries if one and one.get("title")]
    read = [one for batch in batches for one in batch.records if isinstance(one, Paper)]
    assert [one.title[:9] for one in read] == [one["title"][:9] for one in entitled]
    counted = [one["citationCount"] for one in entitled if "citationCount" in one]
    assert [one.value for batch in batches for one in batch.signals] == counted


def test_recorded_related_papers_are_parsed(shared: Path) -> None:
    path = shared / "data" / "api" / "semanticscholar" / "test_get_recommended_papers.0.json"
    body = orjson.dumps(orjson.loads(path.read_bytes())["body"])
    related = parse_related(Reply(f"https://{HOST}{RELATED}x", 200, {}, body))
    assert len(related) == 10
    assert all(one.startswith("s2:") for one in related)


def test_a_found_paper_has_its_semantic_scholar_id() -> None:
    reply = Reply(f"https://{HOST}{BATCH}", 200, {}, orjson.dumps([KITES_TOLD]))
    (found,) = parse_papers(reply, [KITES])
    assert isinstance(found, Found)
    assert (found.requested_id, found.s2_id, found.citations) == (KITES.id, NAMED, 41)
