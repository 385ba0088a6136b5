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
from broadsheet.sources.crossref import fetch
from broadsheet.sources.crossref_works import Work, parse_work
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
HOST = "api.crossref.org"
RECORDED = sorted((Path(__file__).parents[3] / "shared" / "data" / "api" / "crossref").glob("*"))

KITES = make_paper(title="Kites", doi="10.1000/kites")
TAILS = make_paper(title="Tails", doi="10.1000/tails")


def work(doi: str = "10.1000/Kites", **fields: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "DOI": doi,
        "title": ["Kites in the <i>valley</i>", "A second title"],
        "author": [
            {"given": "Ada", "family": "Windrow", "sequence": "first"},
            {"name": "Kite Consortium"},
        ],
        "container-title": ["Journal of Kites"],
        "abstract": "<jats:title>Abstract</jats:title><jats:p>We fly kites.</jats:p>",
        "issued": {"date-parts": [[2026, 3]]},
        "published-online": {"date-parts": [[2026, 3, 2]]},
        "published-print": {"date-parts": [[2026, 5]]},
        "is-referenced-by-count": 41,
        "URL": "https://doi.org/10.1000/kites",
    }
    return plain | fields


def notice(title: object = "Retraction: Kites", *dois: str, kind: str = "retraction") -> object:
    updates = [{"DOI": doi, "type": kind, "label": "Retraction"} for doi in dois or ("10.1000/x",)]
    return {"DOI": "10.1000/notice", "title": [title], "update-to": updates}


def listed(*items: object, **fields: object) -> bytes:
    return orjson.dumps({"status": "ok", "message": {"items": items} | fields})


def single(item: object) -> bytes:
    return orjson.dumps({"status": "ok", "message": item})


def served(services: Services, works: bytes = listed(), notices: bytes = listed()) -> None:
    services.respond(
        HOST, "/works", lambda question: Answer(notices if is_of_notices(question) else works)
    )


def is_of_notices(question: Question) -> bool:
    return question.query["filter"].startswith("update-type:")


def about(client: Client, *papers: Paper) -> list[Batch]:
    batches = fetch(client, FetchRequest(NOW, papers=papers))
    return [next(batches) for _ in range(0, len(papers), 20)]


def notices(client: Client, **options: object) -> list[Batch]:
    return list(fetch(client, FetchRequest(NOW, **options)))  # type: ignore[arg-type]


def read_one(**fields: object) -> Work:
    one = parse_work(Reply(f"https://{HOST}/works/x", 200, {}, single(work(**fields))), "crossref")  # type: ignore[arg-type]
    assert isinstance(one, Work)
    return one


def test_every_field_of_a_work_is_parsed(services: Services, client: Client) -> None:
    served(services, listed(work()))
    batches = fetch(client, FetchRequest(NOW, papers=[KITES, TAILS], contact="desk@paper.example"))
    paper = Paper(
        id="doi:10.1000/kites",
        title="Kites in the valley",
        abstract="We fly kites.",
        authors=("Ada Windrow", "Kite Consortium"),
        published="2026-03-02",
        doi="10.1000/kites",
        venue="Journal of Kites",
    )
    signal = Signal(KITES.id, Kind.CITATIONS, 41.0, NOW, "crossref")
    assert next(batches) == Batch([paper], [signal], {TODAY: 1}, None, [KITES.id, TAILS.id])
    (question,) = services.questions
    assert question.query == {
        "filter": "doi:10.1000/kites,doi:10.1000/tails",
        "rows": "2",
        "mailto": "desk@paper.example",
    }


@pytest.mark.parametrize(
    ("dates", "published"),
    [
        ({"issued": {"date-parts": [[None]]}}, "2026-03-02"),
        ({"issued": {"date-parts": [[2025]]}}, "2025"),
        ({"published": {"date-parts": [[2026, 2, 30]]}}, "2026-03-02"),
        ({"posted": {"date-parts": [[3]]}, "issued": {"date-parts": [[10**15]]}}, "2026-03-02"),
        ({"issued": 7, "published-online": None, "published-print": {"date-parts": []}}, None),
    ],
)
def test_the_publication_date_is_the_earliest(
    dates: dict[str, object], published: str | None
) -> None:
    assert read_one(**dates).paper.published == published


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["correction"], Notice.CORRECTED),
        (["Erratum"], Notice.CORRECTED),
        (["correction", "retraction"], Notice.RETRACTED),
        (["withdrawal"], Notice.RETRACTED),
        (["removal"], Notice.RETRACTED),
        (["expression_of_concern", None, 7], None),
    ],
)
def test_updates_of_a_work_set_the_notice(kinds: list[object], expected: Notice | None) -> None:
    updates = [{"DOI": "10.1000/n", "type": kind} for kind in kinds]
    assert read_one(**{"updated-by": updates}).paper.notice == expected


@pytest.mark.parametrize(
    "title", ["RETRACTED: Kites", "Retracted Article: Kites", "[Retracted] Kites", "REMOVED: Kites"]
)
def test_a_retraction_mark_in_the_title_sets_the_notice(title: str) -> None:
    paper = read_one(title=[title]).paper
    assert (paper.title, paper.notice) == ("Kites", Notice.RETRACTED)


@pytest.mark.parametrize("title", ["Retracted papers: a survey", "Withdrawal: a study of kites"])
def test_a_title_about_retraction_sets_no_notice(title: str) -> None:
    paper = read_one(title=[title]).paper
    assert (paper.title, paper.notice) == (title, None)


def test_papers_are_looked_up_in_groups_of_20(services: Services, client: Client) -> None:
    served(services)
    papers = [make_paper(title="Kites", doi=f"10.1000/{n}") for n in range(45)]
    batches = fetch(client, FetchRequest(NOW, papers=papers))
    first = next(batches)
    assert (len(first.queried), len(services.questions)) == (20, 1)
    assert first.days == {}
    assert [len(next(batches).queried) for _ in range(2)] == [20, 5]


def test_malformed_and_unrequested_works_are_reported(services: Services, client: Client) -> None:
    untitled = work(title=[], abstract=None)
    works = [7, untitled, work("10.1000/other"), work("nonsense", URL=None), work()]
    served(services, listed(*works))
    (batch,) = about(client, KITES)
    assert batch.records[:4] == [
        Malformed("crossref work 1", "not a JSON object"),
        Malformed("crossref work 2", "missing title"),
        Malformed("crossref work 3", "not one of the requested papers"),
        Malformed("crossref work 4", "missing DOI"),
    ]
    assert len(batch.signals) == 1


def test_a_doi_with_a_comma_is_requested_separately(services: Services, client: Client) -> None:
    odd = make_paper(title="Kites", doi="10.1000/a,b?c")
    other = make_paper(title="Kites", doi="10.1000/a,c")
    services.answer(HOST, "/works/10.1000%2Fa%2Cb%3Fc", single(work("10.1000/A,b?c")))
    (batch,) = about(client, odd, other)
    assert [one.paper_id for one in batch.signals] == [odd.id]
    assert batch.queried == [odd.id, other.id]


def test_one_rejected_doi_does_not_affect_the_others(services: Services, client: Client) -> None:
    services.answer(HOST, "/works", b'{"status": "failed"}', 400)
    services.answer(HOST, "/works/10.1000%2Fkites", single(work()))
    services.answer(HOST, "/works/10.1000%2Ftails", b"", 400)
    (batch,) = about(client, KITES, TAILS)
    assert [one.paper_id for one in batch.signals] == [KITES.id]
    assert batch.queried == [KITES.id, TAILS.id]


@pytest.mark.parametrize("what", ["10.1000/Kites", "https://doi.org/10.1000/kites"])
def test_one_work_is_fetched_by_doi(services: Services, client: Client, what: str) -> None:
    services.answer(HOST, "/works/10.1000%2Fkites", single(work()))
    (batch,) = fetch(client, FetchRequest(NOW, argument=what, papers=[TAILS]))
    (paper,) = batch.records
    assert isinstance(paper, Paper)
    assert (paper.id, batch.signals[0].value) == ("doi:10.1000/kites", 41)
    assert (batch.days, batch.cursor, len(services.questions)) == ({}, None, 1)


def test_a_malformed_work_is_reported(services: Services, client: Client) -> None:
    services.answer(HOST, "/works/10.1000%2Fkites", single({}))
    (batch,) = fetch(client, FetchRequest(NOW, argument="10.1000/kites"))
    assert batch == Batch([Malformed("crossref 10.1000/kites", "missing title")])


@pytest.mark.parametrize(
    ("doi", "message"),
    [("10.1000/kites", "has no work"), ("kites", "is not a DOI"), ("", "not a DOI")],
)
def test_a_missing_work_raises(client: Client, doi: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        list(fetch(client, FetchRequest(NOW, argument=doi)))


@pytest.mark.parametrize(
    "title", ["Retraction: Kites", "[Retracted] Kites", 'Retraction notice to "Kites"']
)
def test_a_notice_marks_the_work_under_the_title_of_the_notice(
    services: Services, client: Client, title: str
) -> None:
    served(services, notices=listed(notice(title, "10.1000/Kites", "10.1000/kites")))
    (batch,) = notices(client, since=TODAY)
    (paper,) = batch.records
    assert isinstance(paper, Paper)
    found = (paper.id, paper.title, paper.notice)
    assert found == ("doi:10.1000/kites", title, Notice.RETRACTED)
    assert (batch.existing_only, batch.days, batch.queried) == (True, {}, ())


def test_notices_without_a_retracted_work_are_reported(services: Services, client: Client) -> None:
    bad = [7, {}, notice(kind="correction"), notice("Retraction", "nonsense"), notice(None)]
    served(services, notices=listed(*bad, notice()))
    (batch,) = notices(client, since=TODAY)
    assert [type(one) for one in batch.records] == [Malformed] * 5 + [Paper]


def test_notices_of_the_last_week_are_fetched_by_day(services: Services, client: Client) -> None:
    served(services, notices=listed(notice()))
    batches = fetch(client, FetchRequest(NOW))
    first = next(batches)
    (question,) = services.questions
    kinds = "update-type:retraction,update-type:withdrawal,update-type:removal"
    days = "from-index-date:2026-03-04,until-index-date:2026-03-04"
    assert question.query["filter"] == f"{kinds},{days}"
    assert first.cursor == {"notices": "2026-03-05"}
    assert [batch.cursor for batch in batches][-2:] == [{"notices": "2026-03-11"}] * 2


@pytest.mark.parametrize(
    ("reached", "first"), [("2026-03-10", date(2026, 3, 10)), ("2020-01-01", date(2026, 2, 9))]
)
def test_notices_are_fetched_from_the_cursor_for_at_most_30_days(
    services: Services, client: Client, reached: str, first: date
) -> None:
    served(services)
    batches = notices(client, cursor={"notices": reached})
    assert f"from-index-date:{first}" in services.questions[0].query["filter"]
    assert len(batches) == (TODAY - first).days + 1
    assert batches[-1].cursor == {"notices": "2026-03-11"}


@pytest.mark.parametrize(
    ("since", "until", "last_cursor"),
    [
        (date(2026, 3, 1), date(2026, 3, 2), None),
        (date(2026, 3, 10), None, None),
        (date(2026, 3, 8), None, {"notices": "2026-03-11"}),
    ],
)
def test_the_cursor_does_not_move_over_days_left_out(
    services: Services,
    client: Client,
    since: date,
    until: date | None,
    last_cursor: dict[str, str] | None,
) -> None:
    served(services)
    batches = notices(client, cursor={"notices": "2026-03-09"}, since=since, until=until)
    request = [question.query["filter"][-10:] for question in services.questions]
    days = ((until or TODAY) - since).days + 1
    assert request == [(since + timedelta(days=n)).isoformat() for n in range(days)]
    assert batches[-1].cursor == last_cursor


def test_an_incomplete_day_is_restarted(services: Services, client: Client) -> None:
    yesterday = TODAY - timedelta(days=1)

    def respond(question: Question) -> Answer:
        first = question.query["cursor"] == "*"
        item = notice("Retraction: Kites", f"10.1000/{1 if first else 2}")
        return Answer(listed(item, **{"next-cursor": "more", "total-results": 2}))

    services.respond(HOST, "/works", respond)
    batches = fetch(client, FetchRequest(NOW, since=yesterday))
    assert next(batches).cursor == {"notices": "2026-03-10"}
    assert next(batches).cursor == {"notices": "2026-03-11"}
    assert [question.query["cursor"] for question in services.questions] == ["*", "more"]


def test_circular_pages_raise(services: Services, client: Client) -> None:
    served(services, notices=listed(notice(), **{"next-cursor": "round", "total-results": 9}))
    with pytest.raises(SourceError, match="the same page of notices twice"):
        notices(client, since=TODAY)
    assert len(services.questions) == 2


def test_endless_pages_raise(
    services: Services, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadsheet.sources.crossref._MAX_PAGES_PER_DAY", 3)

    def respond(question: Question) -> Answer:
        number = len(services.questions)
        item = notice("Retraction: Kites", f"10.1000/{number}")
        return Answer(listed(item, **{"next-cursor": "more"}))

    services.respond(HOST, "/works", respond)
    with pytest.raises(SourceError, match="more than 3 pages"):
        notices(client, since=TODAY)


def test_an_unavailable_service_raises(services: Services, client: Client) -> None:
    services.answer(HOST, "/works", b"", 429, {"Retry-After": "7200"})
    with pytest.raises(UnavailableError) as raised:
        about(client, KITES)
    assert raised.value.wait_s == 7_200


@pytest.mark.parametrize(
    "body", [b"<html>Hello</html>", b"", b'{"message": {', b"[]", b"{}", b'{"message": {}}']
)
def test_a_reply_that_is_not_a_list_of_works_raises(
    services: Services, client: Client, body: bytes
) -> None:
    served(services, body, body)
    for request in (FetchRequest(NOW, papers=[KITES]), FetchRequest(NOW)):
        with pytest.raises(SourceError, match=r"https://api\.crossref\.org/works (gave|returned)"):
            next(fetch(client, request))


_KEYS = st.sampled_from([*work(), "message", "items", "update-to", "updated-by", "date-parts"])


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_recorded_replies_are_parsed(
    shared: Path, services: Services, client: Client, path: Path
) -> None:
    assert path.is_relative_to(shared)
    cassette = orjson.loads(path.read_bytes())
    body = cassette["body"] if "request" in cassette else cassette
    status = cassette.get("status") if "request" in cassette else 200
    services.answer(HOST, "/works/*", orjson.dumps(body), status)
    request = fetch(client, FetchRequest(NOW, argument="10.1000/kites"))
    if not isinstance(body, dict):
        # A 404 reply, or BibTeX.
        with pytest.raises(SourceError):
            next(request)
        return
    items = body["message"].get("items")
    if items is None:
        (batch,) = request
        (paper,) = batch.records
        assert isinstance(paper, Paper)
        assert paper.doi == body["message"]["DOI"].lower()
        return
    services.answer(HOST, "/works", orjson.dumps(body))
    papers = [make_paper(title="Kites", doi=item["DOI"]) for item in items]
    assert len(papers) <= 20
    read = [one for batch in about(client, *papers) for one in batch.records]
    entitled = [item for item in items if item.get("title")]
    assert len([one for one in read if isinstance(one, Paper)]) == len(entitled)


def test_a_corrected_paper_is_recorded(shared: Path) -> None:
    path = shared / "data" / "api" / "crossref" / "habanero_test_works_with_one_id.0.json"
    body = orjson.dumps(orjson.loads(path.read_bytes())["body"])
    one = parse_work(Reply(f"https://{HOST}/works/x", 200, {}, body), "crossref")
    assert isinstance(one, Work)
    assert one.paper.notice == Notice.CORRECTED
