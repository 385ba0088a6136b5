import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply
from broadsheet.model import Malformed, Paper
from broadsheet.sources.source import Batch, FetchRequest
from broadsheet.sources.zotero import fetch
from tests.services import Answer, Question, Services

HOST, PATH = "api.zotero.org", "/users/123/items/top"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
REQUEST = FetchRequest(NOW, argument="users/123")
DONE = {"what": "users/123", "known": "7"}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def item(number: int, **values: object) -> dict[str, object]:
    return {"type": "article-journal", "title": f"On Kites {number}", **values}


def page(*items: object, total: int | None = None, version: int = 7, **headers: str) -> Answer:
    count = len(items) if total is None else total
    reply_headers = {"Total-Results": str(count), "Last-Modified-Version": str(version), **headers}
    return Answer(orjson.dumps({"items": items}), 200, reply_headers)


class Library:
    """A library that serves pages and can change between two requests."""

    def __init__(self, services: Services, size: int) -> None:
        self.numbers = list(range(size))
        self.version = 7
        self.changes: dict[int, int] = {}
        self.request = 0
        self.headers: dict[str, str] = {}
        services.respond(HOST, PATH, self.respond)

    def respond(self, question: Question) -> Answer:
        self.request += 1
        if self.request in self.changes:
            self.version += 1
            self.numbers.append(self.numbers.pop(self.changes[self.request]))
        start = int(question.query["start"])
        items = (item(number) for number in self.numbers[start : start + 100])
        return page(*items, total=len(self.numbers), version=self.version, **self.headers)


def run(client: Client, request: FetchRequest = REQUEST, key: str | None = None) -> list[Batch]:
    return list(fetch(client, replace(request, key=key)))


def titles(batches: list[Batch]) -> set[str]:
    return {one.title for batch in batches for one in batch.records if isinstance(one, Paper)}


def test_items_are_parsed_as_papers(services: Services, client: Client) -> None:
    raw_item = item(
        1,
        author=[{"family": "Windrow", "given": "Ada"}],
        issued={"date-parts": [[2026, 2]]},
        DOI="10.1000/kites.1",
        **{"container-title": "Journal of Kites"},
    )
    services.respond(HOST, PATH, lambda _: page(raw_item))
    (batch,) = run(client)
    assert batch.records == [
        Paper(
            id="doi:10.1000/kites.1",
            title="On Kites 1",
            authors=("Ada Windrow",),
            published="2026-02",
            doi="10.1000/kites.1",
            venue="Journal of Kites",
        )
    ]
    assert batch.days == {}
    assert batch.cursor == DONE


def test_the_key_is_sent_in_a_header_only(services: Services, client: Client) -> None:
    services.respond(HOST, "/groups/456/collections/ABCD2345/items/top", lambda _: page())
    run(client, FetchRequest(NOW, argument="groups/456/collections/ABCD2345"), key="secret")
    (question,) = services.questions
    assert question.headers["zotero-api-key"] == "secret"
    assert question.headers["zotero-api-version"] == "3"
    assert question.query == {
        "format": "csljson",
        "limit": "100",
        "start": "0",
        "since": "0",
        "sort": "dateModified",
        "direction": "asc",
    }


def test_an_interrupted_run_resumes_after_the_last_page(services: Services, client: Client) -> None:
    Library(services, 250)
    first = next(fetch(client, REQUEST))
    assert first.cursor == {"what": "users/123", "known": "0", "version": "7", "start": "100"}
    rest = run(client, FetchRequest(NOW, cursor=first.cursor, argument="users/123"))
    assert [len(batch.records) for batch in rest] == [100, 50]
    assert rest[-1].cursor == DONE
    assert titles([first, *rest]) == {f"On Kites {n}" for n in range(250)}


def test_only_changed_items_are_requested(services: Services, client: Client) -> None:
    services.respond(HOST, PATH, lambda _: page())
    (batch,) = run(client, FetchRequest(NOW, cursor=DONE, argument="users/123"))
    assert services.questions[0].query["since"] == "7"
    assert (batch.records, batch.cursor) == ([], DONE)


@pytest.mark.parametrize(
    "stale",
    [
        FetchRequest(NOW, cursor=DONE, since=date(2026, 1, 1), argument="users/123"),
        FetchRequest(NOW, cursor={**DONE, "what": "users/9"}, argument="users/123"),
        FetchRequest(NOW, cursor={**DONE, "known": "x", "start": "-1"}, argument="users/123"),
    ],
)
def test_all_items_are_requested_without_a_matching_cursor(
    services: Services, client: Client, stale: FetchRequest
) -> None:
    services.respond(HOST, PATH, lambda _: page())
    run(client, stale)
    assert services.questions[0].query["since"] == "0"


def test_a_library_that_changes_during_a_run_is_restarted(
    services: Services, client: Client
) -> None:
    library = Library(services, 250)
    library.changes = {2: 10, 5: 20}
    batches = run(client)
    assert titles(batches) == {f"On Kites {n}" for n in range(250)}
    assert batches[-1].cursor == {"what": "users/123", "known": "9"}


def test_a_library_that_changes_repeatedly_raises(services: Services, client: Client) -> None:
    library = Library(services, 250)
    library.changes = dict.fromkeys(range(1, 1000), 0)
    with pytest.raises(SourceError, match="users/123 changed during the run"):
        run(client)


@pytest.mark.parametrize("items", [[], [item(1)]])
def test_endless_pages_raise(services: Services, client: Client, items: list[object]) -> None:
    services.respond(HOST, PATH, lambda _: page(*items, total=10**9))
    with pytest.raises(SourceError, match="repeats a page or does not end"):
        run(client)
    assert len(services.questions) == 2


def test_a_backoff_raises_and_the_next_run_resumes(services: Services, client: Client) -> None:
    library = Library(services, 250)
    library.headers = {"Backoff": "30"}
    batches: list[Batch] = []
    with pytest.raises(UnavailableError, match="pause of 30 s") as refused:
        batches.extend(fetch(client, REQUEST))
    assert refused.value.wait_s == 30.0
    assert len(services.questions) == len(batches) == 1
    assert batches[0].cursor == {"what": "users/123", "known": "0", "version": "7", "start": "100"}
    library.headers = {}
    rest = run(client, FetchRequest(NOW, cursor=batches[0].cursor, argument="users/123"))
    assert titles([*batches, *rest]) == {f"On Kites {n}" for n in range(250)}


def test_a_backoff_of_a_changed_library_restarts_the_next_run(
    services: Services, client: Client
) -> None:
    library = Library(services, 250)
    library.headers = {"Backoff": "30"}
    library.changes = {2: 10}
    batches: list[Batch] = []
    for _ in range(5):
        cursor = (batches[-1].cursor or {}) if batches else {}
        with suppress(UnavailableError):
            batches.extend(fetch(client, FetchRequest(NOW, cursor=cursor, argument="users/123")))
    assert len(services.questions) == 5
    assert titles(batches) == {f"On Kites {n}" for n in range(250)}
    assert batches[-1].cursor == {"what": "users/123", "known": "8"}


@pytest.mark.parametrize("backoff", ["", "0", "soon", "-1", "\xb2", "9" * 40])
def test_an_invalid_backoff_is_ignored(services: Services, client: Client, backoff: str) -> None:
    Library(services, 150).headers = {"Backoff": backoff}
    assert len(run(client)) == 2


def test_a_backoff_on_the_last_page_is_ignored(services: Services, client: Client) -> None:
    Library(services, 50).headers = {"Backoff": "30"}
    assert run(client)[-1].cursor == DONE


def test_a_bad_item_is_reported_and_skipped(services: Services, client: Client) -> None:
    services.respond(HOST, PATH, lambda _: page(7, {"type": "note"}, item(1)))
    (batch,) = run(client)
    no_object, no_title, good = batch.records
    assert no_object == Malformed("zotero users/123 from 0 item 1", "not a JSON object")
    assert no_title == Malformed("zotero users/123 from 0 item 2", "missing title")
    assert isinstance(good, Paper)


@pytest.mark.parametrize("what", [None, "", "users/me", "../groups/1", "users/1/collections/x"])
def test_an_invalid_library_raises_without_a_request(
    services: Services, client: Client, what: str | None
) -> None:
    with pytest.raises(SourceError, match="is not a Zotero library"):
        run(client, FetchRequest(NOW, argument=what))
    assert services.questions == []


def test_a_private_library_names_the_setting_and_not_the_key(
    services: Services, client: Client
) -> None:
    services.answer(HOST, PATH, b"Forbidden", 403)
    with pytest.raises(SourceError, match="zotero_key") as refused:
        run(client, key="secret")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("status", "error"), [(404, SourceError), (503, UnavailableError)])
def test_an_error_status_raises(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b"", status)
    with pytest.raises(error):
        run(client)


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"{}", b'{"items": 7}', b"[]"])
def test_a_reply_that_is_not_a_list_of_items_raises(
    services: Services, client: Client, body: bytes
) -> None:
    services.respond(HOST, PATH, lambda _: Answer(body, 200, page().headers))
    with pytest.raises(SourceError, match=r"api\.zotero\.org"):
        run(client)


@pytest.mark.parametrize("headers", [{}, {"Total-Results": "-1", "Last-Modified-Version": "7"}])
def test_a_reply_without_version_and_total_raises(
    services: Services, client: Client, headers: dict[str, str]
) -> None:
    services.answer(HOST, PATH, b'{"items": []}', headers=headers)
    with pytest.raises(SourceError, match="no valid"):
        run(client)


class Fixed(Client):
    """A client that returns the same body for every request."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    def get(self, address: str, *_: object, **__: object) -> Reply:
        headers = {"total-results": "1", "last-modified-version": "7"}
        return Reply(address, 200, headers, self.body)


@given(st.lists(_JSON))
def test_any_items_are_returned_or_reported(items: list[object]) -> None:
    (batch,) = run(Fixed(json.dumps({"items": items}).encode()))
    assert len(batch.records) == len(items)
