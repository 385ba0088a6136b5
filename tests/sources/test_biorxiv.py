from datetime import UTC, date, datetime

import orjson
import pytest
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply
from broadsheet.model import Malformed, Notice, Paper
from broadsheet.sources.biorxiv import Page, Preprint, fetch, parse_page
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
HOST = "api.biorxiv.org"
EMPTY = b'{"messages": [{"status": "no posts found"}], "collection": []}'


def preprint(number: int = 1, **fields: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "doi": f"10.1101/2026.03.05.{number:06}",
        "title": f"Kites of valley {number}",
        "authors": "Windrow, A.; Farol, B.; Kite Consortium, .",
        "date": "2026-03-11",
        "version": "1",
        "type": "new results",
        "category": "Cell Biology",
        "abstract": "We fly <i>kites</i>.",
        "published": "NA",
    }
    return plain | fields


def page(*records: object, total: object = None) -> bytes:
    message = {"status": "ok", "total": len(records) if total is None else total}
    return orjson.dumps({"messages": [message], "collection": records})


def read(body: bytes) -> Page:
    return parse_page(Reply(f"https://{HOST}/details", 200, {}, body), "biorxiv")


def only_paper(**fields: object) -> Paper:
    (one,) = read(page(preprint(**fields))).records  # type: ignore[arg-type]
    assert isinstance(one, Preprint)
    return one.paper


def paths(services: Services) -> list[str]:
    return [question.path.removeprefix("/details/") for question in services.questions]


def stocked(services: Services, sizes: dict[str, int]) -> None:
    """Serve a number of preprints for each day, 30 per page."""

    def respond(question: Question) -> Answer:
        _, _, _, day, _, offset, _ = question.path.split("/")
        size = sizes.get(day, 0)
        if not size:
            return Answer(EMPTY)
        numbers = range(int(offset), min(int(offset) + 30, size))
        records = [preprint(number, date=day) for number in numbers]
        return Answer(page(*records, total=str(size)))

    services.respond(HOST, "/details/*", respond)


def test_every_field_of_a_preprint_is_parsed() -> None:
    assert only_paper(published="10.1000/Kites.7", version="2") == Paper(
        id="doi:10.1101/2026.03.05.000001",
        title="Kites of valley 1",
        abstract="We fly kites.",
        authors=("Windrow, A.", "Farol, B.", "Kite Consortium"),
        categories=("cell biology",),
        published="2026-03-05",
        doi="10.1101/2026.03.05.000001",
        comment="published as 10.1000/kites.7",
        version=2,
    )


@pytest.mark.parametrize(
    ("doi", "version", "published"),
    [
        ("10.1101/2026.03.05.000001", "1", "2026-03-11"),
        ("10.64898/2026.03.05.000001", "3", "2026-03-05"),
        ("10.1101/000001", "3", None),
        ("10.1101/000001", None, "2026-03-11"),
    ],
)
def test_a_revision_has_the_date_of_its_first_version(
    doi: str, version: str | None, published: str | None
) -> None:
    assert only_paper(doi=doi, version=version).published == published


@pytest.mark.parametrize(
    ("kind", "title", "notice"),
    [
        ("new results", "Kites", None),
        ("withdrawn", "Kites", Notice.WITHDRAWN),
        ("Withdrawal", "Kites", Notice.WITHDRAWN),
        ("retraction", "Kites", Notice.RETRACTED),
        ("new results", "WITHDRAWN: Kites", Notice.WITHDRAWN),
        (None, "Retracted article: Kites", Notice.RETRACTED),
    ],
)
def test_withdrawn_preprints_have_the_notice(
    kind: str | None, title: str, notice: Notice | None
) -> None:
    paper = only_paper(type=kind, title=title)
    assert (paper.title, paper.notice) == ("Kites", notice)


@pytest.mark.parametrize("server", ["biorxiv", "medrxiv"])
def test_the_last_two_days_and_today_are_fetched_page_by_page(
    services: Services, client: Client, server: str
) -> None:
    stocked(services, {"2026-03-09": 2, "2026-03-11": 40})
    batches = fetch(client, FetchRequest(NOW), server)
    first = next(batches)
    assert paths(services) == [f"{server}/2026-03-09/2026-03-09/0/json"]
    assert first.days == {date(2026, 3, 9): 2}
    assert first.cursor == {"day": "2026-03-10", "at": "0", "on": "2026-03-11"}
    blank, third, fourth = batches
    assert blank == Batch([], (), {}, {"day": "2026-03-11", "at": "0", "on": "2026-03-11"})
    assert (len(third.records), third.days) == (30, {date(2026, 3, 11): 30})
    assert third.cursor == {"day": "2026-03-11", "at": "30", "on": "2026-03-11"}
    assert (len(fourth.records), fourth.days) == (10, {date(2026, 3, 11): 10})
    assert fourth.cursor == {"day": "2026-03-09"}
    assert paths(services)[-1] == f"{server}/2026-03-11/2026-03-11/30/json"


def test_an_interrupted_run_resumes_after_the_last_stored_page(
    services: Services, client: Client
) -> None:
    stocked(services, {"2026-03-10": 70, "2026-03-11": 5})
    whole = list(fetch(client, FetchRequest(NOW), "biorxiv"))
    for kept in range(1, len(whole)):
        cursor = whole[kept - 1].cursor
        assert cursor is not None
        assert list(fetch(client, FetchRequest(NOW, cursor=cursor), "biorxiv")) == whole[kept:]


def test_a_day_interrupted_on_another_day_is_restarted(services: Services, client: Client) -> None:
    stocked(services, {"2026-03-10": 70})
    cursor = {"day": "2026-03-10", "at": "60", "on": "2026-03-10"}
    list(fetch(client, FetchRequest(NOW, cursor=cursor), "biorxiv"))
    assert paths(services)[0] == "biorxiv/2026-03-10/2026-03-10/0/json"


@pytest.mark.parametrize(
    ("since", "until", "days", "reached"),
    [
        (date(2026, 3, 1), date(2026, 3, 3), ["2026-03-01", "2026-03-02", "2026-03-03"], None),
        (date(2026, 3, 11), None, ["2026-03-11"], None),
        (date(2026, 3, 10), None, ["2026-03-10", "2026-03-11"], {"day": "2026-03-09"}),
        (date(2026, 3, 12), None, [], None),
    ],
)
def test_the_cursor_does_not_move_over_days_left_out(
    services: Services,
    client: Client,
    since: date,
    until: date | None,
    days: list[str],
    reached: dict[str, str] | None,
) -> None:
    stocked(services, {})
    request = FetchRequest(NOW, cursor={"day": "2026-03-10"}, since=since, until=until)
    batches = list(fetch(client, request, "biorxiv"))
    assert [path.split("/")[1] for path in paths(services)] == days
    assert [batch.cursor for batch in batches][-1:] == [reached] * bool(days)


def test_days_before_the_first_are_not_requested(services: Services, client: Client) -> None:
    stocked(services, {})
    request = FetchRequest(NOW, since=date(1900, 1, 1), until=date(2013, 11, 2))
    list(fetch(client, request, "biorxiv"))
    assert [path.split("/")[1] for path in paths(services)] == ["2013-11-01", "2013-11-02"]


def test_a_future_cursor_is_ignored(services: Services, client: Client) -> None:
    stocked(services, {})
    list(fetch(client, FetchRequest(NOW, cursor={"day": "2027-01-01"}), "biorxiv"))
    assert len(services.questions) == 3


def one_day(client: Client, what: str | None = None) -> list[Batch]:
    request = FetchRequest(NOW, since=NOW.date(), argument=what)
    return list(fetch(client, request, "biorxiv"))


def test_only_the_requested_category_is_returned(services: Services, client: Client) -> None:
    records = (preprint(1), preprint(2, category="zoology"), preprint(3, category="cell_biology"))
    services.answer(HOST, "/details/*", page(*records))
    (batch,) = one_day(client, "Cell Biology")
    assert services.questions[0].query == {"category": "cell_biology"}
    assert len(batch.records) == 2
    assert batch.days == {NOW.date(): 2}


def test_an_outdated_list_counts_on_its_own_day(services: Services, client: Client) -> None:
    records = (preprint(1, date="2026-03-01"), preprint(2, date="2027-01-01"), preprint(3, date=7))
    services.answer(HOST, "/details/*", page(*records))
    (batch,) = one_day(client)
    assert batch.days == {date(2026, 3, 1): 1}
    assert len(batch.records) == 3


def test_bad_records_are_reported_and_skipped(services: Services, client: Client) -> None:
    records = (None, preprint(title=" "), preprint(doi="NA"), preprint(4, authors=None))
    services.answer(HOST, "/details/*", page(*records))
    (batch,) = one_day(client)
    place = "biorxiv 2026-03-11 offset 0 record"
    assert batch.records[:3] == [
        Malformed(f"{place} 1", "not a JSON object"),
        Malformed(f"{place} 2", "missing title"),
        Malformed(f"{place} 3", "missing DOI"),
    ]
    assert isinstance(batch.records[3], Paper)


def test_a_repeated_page_raises(services: Services, client: Client) -> None:
    services.answer(HOST, "/details/*", page(preprint(1), total=90))
    with pytest.raises(SourceError, match="the same page twice"):
        one_day(client)
    assert len(services.questions) == 2


def test_endless_pages_raise(
    services: Services, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadsheet.sources.biorxiv._MAX_PAGES_PER_DAY", 3)
    stocked(services, {"2026-03-11": 10_000})
    with pytest.raises(SourceError, match="more than 3 pages"):
        one_day(client)


def test_an_incomplete_list_raises(services: Services, client: Client) -> None:
    services.answer(HOST, "/details/*", page(total=90))
    with pytest.raises(SourceError, match="only 0 of 90 preprints"):
        one_day(client)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Down for repair</html>",
        b"",
        page(preprint())[:-20],
        b"[]",
        b"{}",
        b'{"messages": [], "collection": []}',
        b'{"messages": [{"status": "ok", "total": "many"}], "collection": []}',
        b'{"messages": [{"status": "ok", "total": 1}], "collection": {}}',
        b'{"messages": [{"status": "error"}], "collection": []}',
    ],
)
def test_a_reply_that_is_not_a_list_raises(services: Services, client: Client, body: bytes) -> None:
    services.answer(HOST, "/details/*", body)
    with pytest.raises(SourceError):
        one_day(client)


def test_an_unavailable_service_raises(services: Services, client: Client) -> None:
    services.answer(HOST, "/details/*", b"", 503)
    with pytest.raises(UnavailableError):
        one_day(client)


_KEYS = st.sampled_from([*preprint(), "messages", "collection", "status", "total"])
