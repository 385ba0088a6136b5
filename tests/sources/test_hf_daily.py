import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.model import Kind, Malformed, Paper, Signal
from broadsheet.sources.client import Client
from broadsheet.sources.hf_daily import fetch, read_list
from broadsheet.sources.reply import OutOfReachError
from broadsheet.sources.source import Asked, Batch
from tests.services import Answer, Question, Services

# A Wednesday.
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
HOST, PATH = "huggingface.co", "/api/daily_papers"
RECORDED = sorted((Path(__file__).parents[3] / "shared" / "data" / "api" / "hf").glob("*"))

Item = dict[str, object]


def item(number: int, day: str | None = None, **paper: object) -> Item:
    listed = {"submittedOnDailyAt": f"{day}T00:00:00.000Z"} if day else {}
    return {"paper": {"id": f"2603.{number:05}", "title": f"Kites {number}", **listed, **paper}}


def serve(services: Services, lists: dict[str, list[Item]]) -> None:
    """Answer for lists by the name of their day, week or month, page by page."""

    def respond(question: Question) -> Answer:
        name = next(question.query[by] for by in ("date", "week", "month") if by in question.query)
        start = int(question.query["p"]) * int(question.query["limit"])
        page = lists.get(name, [])[start : start + int(question.query["limit"])]
        return Answer(orjson.dumps(page))

    services.respond(HOST, PATH, respond)


def names(services: Services) -> list[str]:
    return [" ".join(question.query.values()) for question in services.questions]


def ids(batches: list[Batch]) -> list[str]:
    return [one.id for batch in batches for one in batch.told if isinstance(one, Paper)]


def test_every_field_is_read(services: Services, client: Client) -> None:
    kites: Item = {
        "paper": {
            "id": "2603.00001",
            "authors": [
                {"name": "Ada Windrow", "hidden": False},
                {"name": "Nobody", "hidden": True},
                {"name": "Bo Farol"},
            ],
            "publishedAt": "2026-03-08T17:34:15.000Z",
            "submittedOnDailyAt": "2026-03-10T01:41:01.897Z",
            "title": "How\n  Kites Learn",
            "summary": "Tails\nmatter.",
            "upvotes": 32,
            "githubRepo": "https://github.com/farol/kite",
            "projectPage": "https://kites.example/",
            "githubStars": 8,
            "ai_summary": "Kites with tails learn faster.",
            "ai_keywords": ["kites"],
            "organization": {"name": "farol"},
        },
        "publishedAt": "2026-03-08T13:34:15.000Z",
        "title": "How Kites Learn",
        "numComments": 3,
        "submittedBy": {"name": "lampe"},
    }
    serve(services, {"2026-03-10": [kites]})
    yesterday, today = fetch(client, Asked(NOW))
    assert yesterday.told == [
        Paper(
            id="arxiv:2603.00001",
            title="How Kites Learn",
            abstract="Tails matter.",
            authors=("Ada Windrow", "Bo Farol"),
            published="2026-03-08",
            arxiv_id="2603.00001",
            code_url="https://github.com/farol/kite",
            summary="Kites with tails learn faster.",
        )
    ]
    assert yesterday.signals == [
        Signal("arxiv:2603.00001", Kind.UPVOTES, 32.0, NOW, "hf"),
        Signal("arxiv:2603.00001", Kind.COMMENTS, 3.0, NOW, "hf"),
        Signal("arxiv:2603.00001", Kind.STARS, 8.0, NOW, "hf"),
    ]
    assert yesterday.days == {date(2026, 3, 10): 1}
    assert yesterday.cursor == {"day": "2026-03-11"}
    assert today == Batch(told=[], signals=[], days={}, cursor={"day": "2026-03-11"})


def test_the_shape_of_2024_is_read() -> None:
    told = {
        "paper": {"id": "2405.00001", "publishedAt": "2024-05-24T17:34:15.000Z", "upvotes": 4},
        "publishedAt": "2024-05-27T03:50:58.348Z",
        "title": "Kites",
        "mediaUrl": "https://kites.example/kite.png",
        "numComments": 0,
    }
    (entry,) = read_list([told], "hf", NOW)
    assert isinstance(entry.told, Paper)
    assert (entry.told.title, entry.told.published) == ("Kites", "2024-05-24")
    assert [signal.value for signal in entry.signals] == [4.0, 0.0]
    assert (entry.day, entry.dated) == (None, date(2024, 5, 27))


def test_ids_of_either_style_are_read() -> None:
    told = [item(1, id="2603.00001v2"), item(2, id="hep-th/9901001")]
    found = [entry.told for entry in read_list(told, "hf", NOW)]
    assert [one.id for one in found if isinstance(one, Paper)] == [
        "arxiv:2603.00001",
        "arxiv:hep-th/9901001",
    ]


def test_bad_items_are_malformed_and_the_rest_goes_on() -> None:
    told: list[object] = [7, {}, {"paper": []}, item(1, id="kites"), item(2, id=7), item(3)]
    told.append(item(4, title=None))
    assert [entry.told for entry in read_list(told, "hf 2026-03-10", NOW)][:5] == [
        Malformed("hf 2026-03-10 item 1", "it is not a JSON object"),
        Malformed("hf 2026-03-10 item 2", "it holds no paper"),
        Malformed("hf 2026-03-10 item 3", "it holds no paper"),
        Malformed("hf 2026-03-10 item 4", "it has no arXiv id"),
        Malformed("hf 2026-03-10 item 5", "it has no arXiv id"),
    ]
    good, untitled = [entry.told for entry in read_list(told, "hf", NOW)][5:]
    assert isinstance(good, Paper)
    assert untitled == Malformed("hf item 7", "it has no title")


def test_values_of_wrong_type_are_left_out() -> None:
    odd = item(1, authors=[7, {"name": 8}, {}], summary=[], upvotes="9", githubStars=True)
    (entry,) = read_list([{**odd, "numComments": -1}], "hf", NOW)
    assert isinstance(entry.told, Paper)
    assert (entry.told.authors, entry.told.abstract, entry.signals) == ((), None, ())


def test_yesterday_and_today_are_read_where_nothing_was_before(
    services: Services, client: Client
) -> None:
    serve(services, {})
    assert len(list(fetch(client, Asked(NOW)))) == 2
    assert names(services) == ["2026-03-10 0 100", "2026-03-11 0 100"]


def test_a_run_begins_on_the_day_of_the_cursor_and_reads_today_again(
    services: Services, client: Client
) -> None:
    serve(services, {"2026-03-11": [item(1, "2026-03-11")]})
    *_, last = fetch(client, Asked(NOW, {"day": "2026-03-09"}))
    assert [question.query["date"] for question in services.questions] == [
        "2026-03-09",
        "2026-03-10",
        "2026-03-11",
    ]
    assert last.cursor == {"day": "2026-03-11"}
    (again,) = fetch(client, Asked(NOW, last.cursor))
    assert ids([again]) == ["arxiv:2603.00001"]


def test_a_day_without_papers_moves_the_cursor(services: Services, client: Client) -> None:
    serve(services, {})
    saturday, *_ = fetch(client, Asked(NOW, {"day": "2026-03-07"}))
    assert saturday == Batch(told=[], signals=[], days={}, cursor={"day": "2026-03-08"})


def test_long_lists_are_read_page_by_page_and_gone_on_with(
    services: Services, client: Client
) -> None:
    serve(services, {"2026-03-11": [item(n, "2026-03-11") for n in range(230)]})
    asked = Asked(NOW, {"day": "2026-03-11"})
    whole = list(fetch(client, asked))
    assert [len(batch.told) for batch in whole] == [100, 100, 30]
    assert [dict(batch.days) for batch in whole] == [{TODAY: 100}, {TODAY: 100}, {TODAY: 30}]
    assert whole[0].cursor == {"day": "2026-03-11", "list": "2026-03-11", "page": "1"}
    assert whole[0].cursor is not None
    # Killed after the first page, another run goes on with the second.
    rest = list(fetch(client, Asked(NOW, whole[0].cursor)))
    assert ids(whole[:1]) + ids(rest) == ids(whole)
    assert rest[-1].cursor == {"day": "2026-03-11"}


def test_a_list_of_just_one_full_page_ends(services: Services, client: Client) -> None:
    serve(services, {"2026-03-11": [item(n) for n in range(100)]})
    full, empty = fetch(client, Asked(NOW, {"day": "2026-03-11"}))
    assert (len(full.told), len(empty.told), empty.cursor) == (100, 0, {"day": "2026-03-11"})


def test_the_next_page_is_asked_for_when_it_is_wanted(services: Services, client: Client) -> None:
    serve(services, {"2026-03-10": [item(1)]})
    next(fetch(client, Asked(NOW)))
    assert len(services.questions) == 1


def test_more_than_a_week_is_read_by_weeks(services: Services, client: Client) -> None:
    serve(
        services,
        {
            "2026-W09": [item(1, "2026-02-26"), item(2, "2026-02-27"), item(3, "2026-02-25")],
            "2026-W11": [item(4, "2026-03-11"), item(5, "2026-03-09")],
        },
    )
    batches = list(fetch(client, Asked(NOW, {"day": "2026-02-26"})))
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


def test_more_than_a_month_is_read_by_months(services: Services, client: Client) -> None:
    serve(services, {"2026-01": [item(1, "2026-01-14"), item(2, "2026-01-15"), item(3)]})
    first, *rest = fetch(client, Asked(NOW, {"day": "2026-01-15"}))
    assert names(services) == ["2026-01 0 100", "2026-02 0 100", "2026-03 0 100"]
    assert ids([first]) == ["arxiv:2603.00002", "arxiv:2603.00003"]
    assert first.days == {date(2026, 1, 15): 1}
    assert [batch.cursor for batch in (first, *rest)] == [
        {"day": "2026-02-01"},
        {"day": "2026-03-01"},
        {"day": "2026-03-11"},
    ]


def test_items_of_old_weeks_count_on_the_day_they_carry(services: Services, client: Client) -> None:
    old = {**item(1), "publishedAt": "2026-03-05T03:50:58.348Z"}
    serve(services, {"2026-W10": [old, {**item(2), "publishedAt": "2025-01-01"}]})
    _, week, _ = fetch(client, Asked(NOW, {"day": "2026-02-26"}))
    assert (len(week.told), week.days) == (2, {date(2026, 3, 5): 1})


def test_only_the_days_wanted_are_read(services: Services, client: Client) -> None:
    serve(services, {})
    since, until = date(2026, 2, 3), date(2026, 2, 4)
    batches = list(fetch(client, Asked(NOW, {"day": "2026-03-10"}, since, until)))
    assert names(services) == ["2026-02-03 0 100", "2026-02-04 0 100"]
    # What was read up to the tenth of March is not read again for this.
    assert [batch.cursor for batch in batches] == [None, None]


@pytest.mark.parametrize(
    ("cursor", "since", "until", "cursors"),
    [
        # Gone back over a gap, and on from the cursor.
        (
            "2026-03-10",
            date(2026, 3, 9),
            None,
            [{"day": "2026-03-10"}, *[{"day": "2026-03-11"}] * 2],
        ),
        # Days are left out between the cursor and what is wanted.
        ("2026-03-01", date(2026, 3, 10), None, [None, None]),
        # A first run that is killed goes on where it stopped.
        (None, date(2026, 3, 10), None, [{"day": "2026-03-11"}] * 2),
        (None, date(2026, 3, 9), date(2026, 3, 9), [None]),
        ("2026-03-09", None, date(2026, 3, 9), [{"day": "2026-03-10"}]),
        ("2026-03-10", None, date(2026, 3, 9), []),
        ("2026-03-10", date(2026, 3, 12), None, []),
    ],
)
def test_a_cursor_leaves_no_day_out_and_never_goes_back(
    services: Services,
    client: Client,
    cursor: str | None,
    since: date | None,
    until: date | None,
    cursors: list[dict[str, str] | None],
) -> None:
    serve(services, {})
    asked = Asked(NOW, {"day": cursor} if cursor else {}, since, until)
    assert [batch.cursor for batch in fetch(client, asked)] == cursors
    if not cursors:
        assert services.questions == []


@pytest.mark.parametrize("day", ["", "soon", "2031-01-01", "\x00"])
def test_a_cursor_that_cannot_be_read_is_none(services: Services, client: Client, day: str) -> None:
    serve(services, {})
    asked = Asked(NOW, {"day": day, "list": "2026-03-10", "page": "\u00b2"})
    assert len(list(fetch(client, asked))) == 2
    assert names(services)[0] == "2026-03-10 0 100"


def test_days_before_the_first_list_are_not_asked_for(services: Services, client: Client) -> None:
    serve(services, {})
    asked = Asked(NOW, since=date(1900, 1, 1), until=date(2023, 5, 6))
    assert len(list(fetch(client, asked))) == 3
    assert names(services)[0] == "2023-05-04 0 100"


def test_a_list_that_is_frozen_counts_on_its_own_day_and_once(
    services: Services, client: Client
) -> None:
    frozen = [item(1, "2026-03-09"), item(2, "2026-03-09")]
    services.answer(HOST, PATH, orjson.dumps(frozen))
    batches = list(fetch(client, Asked(NOW, {"day": "2026-03-09"})))
    assert [dict(batch.days) for batch in batches] == [{date(2026, 3, 9): 2}, {}, {}]


@pytest.mark.parametrize("day", [None, "2031-01-01", "kites"])
def test_an_item_without_a_day_counts_on_the_day_asked_for(
    services: Services, client: Client, day: str | None
) -> None:
    serve(services, {"2026-03-10": [item(1, day)]})
    yesterday, _ = fetch(client, Asked(NOW))
    assert yesterday.days == {date(2026, 3, 10): 1}


def test_what_cannot_be_read_does_not_count(services: Services, client: Client) -> None:
    serve(services, {"2026-03-10": [item(1, "2026-03-10"), {}]})
    yesterday, _ = fetch(client, Asked(NOW))
    assert (len(yesterday.told), yesterday.days) == (2, {date(2026, 3, 10): 1})


def test_a_query_is_searched_for(services: Services, client: Client) -> None:
    services.answer(HOST, "/api/papers/search", orjson.dumps([item(1, upvotes=5)]))
    (batch,) = fetch(client, Asked(NOW, {"day": "2026-03-09"}, what=f" kites {'x' * 300}"))
    assert ids([batch]) == ["arxiv:2603.00001"]
    assert [signal.value for signal in batch.signals] == [5.0]
    assert (batch.days, batch.cursor) == ({}, None)
    (question,) = services.questions
    assert question.query == {"q": f"kites {'x' * 244}", "limit": "120"}


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b"", b'[{"paper": {"id'])
def test_what_is_no_json_ends_the_run_after_what_was_read(
    services: Services, client: Client, body: bytes
) -> None:
    def respond(question: Question) -> Answer:
        return Answer(b"[]" if question.query["date"] == "2026-03-10" else body)

    services.respond(HOST, PATH, respond)
    batches = fetch(client, Asked(NOW))
    assert next(batches).cursor == {"day": "2026-03-11"}
    with pytest.raises(SourceError, match="where JSON was expected"):
        next(batches)


def test_json_that_is_no_list_ends_the_run(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, b'{"error": "kites"}')
    with pytest.raises(SourceError, match="hf 2026-03-10 page 1 is no list of papers"):
        list(fetch(client, Asked(NOW)))


@pytest.mark.parametrize(
    ("status", "error"), [(401, SourceError), (404, SourceError), (503, OutOfReachError)]
)
def test_a_service_that_refuses_ends_the_run(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b"", status)
    with pytest.raises(error, match=str(status)):
        list(fetch(client, Asked(NOW)))


def test_a_service_that_asks_to_wait_is_left_alone(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, b"", 429, {"Retry-After": "300"})
    with pytest.raises(OutOfReachError) as raised:
        list(fetch(client, Asked(NOW)))
    assert (raised.value.wait_s, len(services.questions)) == (300, 1)


def endless(make: Callable[[int], Item]) -> Callable[[Question], Answer]:
    def respond(question: Question) -> Answer:
        start = int(question.query["p"]) * 100
        return Answer(orjson.dumps([make(start + n) for n in range(100)]))

    return respond


def test_a_page_that_repeats_ends_the_run(services: Services, client: Client) -> None:
    services.respond(HOST, PATH, endless(lambda n: item(n % 100)))
    batches = fetch(client, Asked(NOW))
    assert len(next(batches).told) == 100
    with pytest.raises(SourceError, match="repeats page 1 of 2026-03-10"):
        next(batches)


def test_pages_without_end_are_not_read_to_the_end(services: Services, client: Client) -> None:
    services.respond(HOST, PATH, endless(item))
    with pytest.raises(SourceError, match="more than 50 pages for 2026-03-10"):
        list(fetch(client, Asked(NOW)))
    assert len(services.questions) == 50
    # It does not stay there for ever.
    stuck = {"day": "2026-03-10", "list": "2026-03-10", "page": "50"}
    next(fetch(client, Asked(NOW, stuck)))
    assert names(services)[-1] == "2026-03-10 0 100"


_KEYS = st.sampled_from(
    ["paper", "id", "title", "authors", "name", "hidden", "upvotes", "submittedOnDailyAt"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2603.00001"),
    lambda inner: st.lists(inner) | st.dictionaries(_KEYS | st.text(), inner),
    max_leaves=20,
)


@given(_JSON | st.lists(st.fixed_dictionaries({"paper": _JSON, "publishedAt": _JSON})))
def test_any_json_is_read_or_refused(told: object) -> None:
    try:
        entries = read_list(told, "hf", NOW)
    except SourceError:
        assert not isinstance(told, list)
        return
    assert isinstance(told, list)
    assert len(entries) == len(told)
    for entry in entries:
        assert entry.day is None or entry.day <= TODAY


@given(
    st.fixed_dictionaries({"id": st.just("2603.00001"), "title": st.text(min_size=1)}),
    st.dictionaries(st.sampled_from(["upvotes", "authors", "githubRepo", "publishedAt"]), _JSON),
)
def test_a_paper_with_odd_fields_is_kept(known: Item, odd: Item) -> None:
    (entry,) = read_list([{"paper": {**known, **odd}}], "hf", NOW)
    assert entry.told == Malformed("hf item 1", "it has no title") or isinstance(entry.told, Paper)
    assert all(0 <= signal.value < float("inf") for signal in entry.signals)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_recorded_lists_are_read(
    shared: Path, services: Services, client: Client, path: Path
) -> None:
    assert path.is_relative_to(shared)
    services.answer(HOST, PATH, path.read_bytes())
    named = re.search(r"\d{4}-\d\d-\d\d", path.name)
    day = date.fromisoformat(named[0] if named else "2026-07-31")
    now = datetime.combine(day, NOW.timetz()) + timedelta(days=5)
    batches = fetch(client, Asked(now, since=day, until=day))
    if path.suffix == ".xml":
        with pytest.raises(SourceError, match="HTML where JSON"):
            next(batches)
        return
    (batch,) = batches
    items = json.loads(path.read_bytes())
    if "models" in path.name:
        assert {one.why for one in batch.told if isinstance(one, Malformed)} == {
            "it holds no paper"
        }
        return
    assert ids([batch]) == [f"arxiv:{one['paper']['id']}" for one in items]
    assert batch.days == {day: len(items)}
    upvotes = [one.value for one in batch.signals if one.kind is Kind.UPVOTES]
    assert upvotes == [one["paper"]["upvotes"] for one in items]
    assert all(isinstance(one, Paper) and one.authors and one.abstract for one in batch.told)
