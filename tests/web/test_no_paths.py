"""No page, feed or API answer names a file or folder of the server."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import update
from starlette.routing import Route
from starlette.testclient import TestClient

from broadsheet.errors import StoreError
from broadsheet.library import Library
from broadsheet.model import Gap
from broadsheet.store import source_state
from broadsheet.store.tables import deliveries
from broadsheet.web import pages
from broadsheet.web.app import create_app
from tests.web.test_security import ROUTERS

_QUERY = {"/search": "q=kites", "/search.atom": "q=kites", "/search.json": "q=kites"}
_QUERY |= {"/api/v1/search": "q=kites", "/api/papers/search": "q=kites", "/confirm": "token=a"}


@pytest.fixture
def failing(library: Library) -> Iterator[Library]:
    """A library with mails in its outbox folder, and errors that name its files."""
    folder = library.settings.data
    library.settings = library.settings.model_copy(update={"sources": "arxiv"})
    library.sources._settings = library.sources._settings.__class__(folder, sources=("arxiv",))
    library.subscriptions.subscribe("ada@example.org")
    library.outbox.send_due()
    assert list(library.settings.outbox.glob("*.eml"))
    library.subscriptions.subscribe("bo@example.org")
    reason = f"cannot write {str(folder)!r}: disk full ({folder}/library.sqlite3)"
    with library._database.write() as connection:
        source_state.ensure_source(connection, "arxiv", "")
        source_state.finish(connection, "arxiv", library.now, reason, library.now)
        gap = Gap("arxiv", date(2026, 3, 10), reason, library.now)
        source_state.upsert_gap(connection, gap)
        connection.execute(update(deliveries).values(error=reason))
    yield library


def _addresses(library: Library) -> list[str]:
    """Return an address of each page, feed and API answer."""
    values = {"paper_id": library.newest()[0][0].id, "period": str(library.today)}
    paths = [
        re.sub(r"{(\w+)(:\w+)?}", lambda found: values.get(found[1], "x"), route.path)
        for router in (*ROUTERS, *pages.ROUTERS)
        for route in router.routes
        if isinstance(route, Route) and "GET" in (route.methods or ())
    ]
    assert len(paths) > 30
    return [f"{path}?{_QUERY[path]}" if path in _QUERY else path for path in paths]


def test_no_answer_names_a_path_of_the_server(failing: Library) -> None:
    with TestClient(create_app(failing), raise_server_exceptions=False) as client:
        addresses = _addresses(failing)
        assert {"/", "/status", "/healthz", "/trending.atom"} <= set(addresses)
        texts = {address: client.get(address).text for address in addresses}
        texts["sign-up"] = client.post("/subscribe", data={"email": "cy@example.org"}).text
        assert "a file of this server" in texts["/status"]
    assert [address for address, text in texts.items() if str(failing.settings.data) in text] == []


def test_a_failing_library_names_no_path(failing: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise StoreError(f"cannot read {str(failing.settings.data)!r}")

    with TestClient(create_app(failing), raise_server_exceptions=False) as client:
        addresses = _addresses(failing)
        monkeypatch.setattr(failing._database, "read", fail)
        texts = [client.get(address).text for address in addresses]
    assert not any(str(failing.settings.data) in text for text in texts)


def test_no_mail_names_a_path_of_the_server(failing: Library) -> None:
    failing.outbox.send_due()
    mails = [path.read_text() for path in failing.settings.outbox.glob("*.eml")]
    assert len(mails) == 2
    assert not any(str(failing.settings.data) in mail for mail in mails)
