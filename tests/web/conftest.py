from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.web import actions
from broadsheet.web.app import create_app
from broadsheet.web.middleware import page_cache


@pytest.fixture(autouse=True)
def current_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check before each response that a kept page is current."""
    monkeypatch.setattr(page_cache, "CHECK_S", 0)


@pytest.fixture(autouse=True)
def responses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not delay the response to a sign-up."""
    monkeypatch.setattr(actions, "RESPONSE_S", 0.0)


@pytest.fixture
def client(library: Library) -> Iterator[TestClient]:
    with TestClient(create_app(library), follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="session")
def still_client(still_library: Library) -> Iterator[TestClient]:
    """The site of `still_library`, for tests that change nothing."""
    with TestClient(create_app(still_library), follow_redirects=False) as client:
        yield client


@pytest.fixture
def empty_client(empty_library: Library) -> Iterator[TestClient]:
    """A client of a library without papers, which is made in a third of the time."""
    with TestClient(create_app(empty_library), follow_redirects=False) as client:
        yield client


@pytest.fixture
def newest_mail(library: Library) -> Callable[[], EmailMessage]:
    """Send what is due, and read the mail that was written last."""

    def read() -> EmailMessage:
        library.outbox.send_due()
        mails = library.settings.outbox.rglob("*.eml")
        newest = max(mails, key=lambda path: path.stat().st_mtime_ns)
        return message_from_bytes(newest.read_bytes(), policy=policy.default)

    return read
