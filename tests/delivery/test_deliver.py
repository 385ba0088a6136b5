"""Claimed before it is sent, settled after it: no reader gets the same mail twice."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.model import DeliveryState, SubscriptionState
from broadsheet.store.database import open_database
from broadsheet.store.deliveries import claim_next
from tests.conftest import NOW
from tests.mail.conftest import SmtpServer, body, listening


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with listening() as listener:
        yield listener


@pytest.fixture
def posted(library: Library, server: SmtpServer) -> Library:
    """The library of the other tests, mailing to a real server."""
    asked = {"data": library.settings.data, "smtp": f"smtp://127.0.0.1:{server.port}"}
    return Library(load_settings(asked, environment={}), clock=lambda: NOW)


def _confirm(library: Library, server: SmtpServer) -> None:
    library.subscriptions.subscribe("ada@example.org")
    library.outbox.send_due()
    found = re.search(r"/confirm\?token=(\S+)", body(server.messages[-1], "plain"))
    assert found is not None
    library.subscriptions.confirm(found[1])


def test_a_reader_confirms_then_gets_the_digest_once(posted: Library, server: SmtpServer) -> None:
    _confirm(posted, server)
    assert posted.outbox.send().sent == 1
    assert posted.outbox.send().sent == 0
    confirmation, digest = server.messages
    assert "List-Unsubscribe" not in confirmation
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/unsubscribe?token=" in digest["List-Unsubscribe"]
    assert digest["Message-ID"] and digest["Date"]
    for kind in ("plain", "html"):
        assert posted.editions.read().items[0].title in body(digest, kind)
        assert "/papers/date/2026-03-11" in body(digest, kind)


def test_an_unconfirmed_reader_gets_no_digest(posted: Library, server: SmtpServer) -> None:
    posted.subscriptions.subscribe("ada@example.org")
    posted.outbox.send_due()
    assert posted.outbox.send().sent == 0
    assert len(server.messages) == 1


def test_a_reader_who_left_gets_nothing_more(posted: Library, server: SmtpServer) -> None:
    _confirm(posted, server)
    posted.outbox.send()
    found = re.search(r"token=([^>]+)>", server.messages[-1]["List-Unsubscribe"])
    assert found is not None
    assert posted.subscriptions.unsubscribe(found[1]).state is SubscriptionState.UNSUBSCRIBED
    assert posted.subscriptions.unsubscribe(found[1]).state is SubscriptionState.UNSUBSCRIBED
    posted.editions.publish()
    assert posted.outbox.send().sent == 0


def test_an_address_is_not_bombed_with_confirmations(posted: Library, server: SmtpServer) -> None:
    for _ in range(10):
        posted.subscriptions.subscribe("ada@example.org")
        posted.outbox.send_due()
    assert len(server.messages) == 3


def test_a_mail_put_off_is_tried_again_later(posted: Library, server: SmtpServer) -> None:
    _confirm(posted, server)
    server.replies["RCPT"] = "451 come back later"
    report = posted.outbox.send()
    assert (report.sent, report.retrying) == (0, 1)
    server.replies.clear()
    assert posted.outbox.send().sent == 0
    late = Library(posted.settings, clock=lambda: NOW + timedelta(minutes=6))
    assert late.outbox.send_due().sent == 1


def test_a_refused_mail_is_given_up(posted: Library, server: SmtpServer) -> None:
    _confirm(posted, server)
    server.replies["RCPT"] = "550 no such person"
    assert posted.outbox.send().failed == 1
    assert posted.health().deliveries[DeliveryState.FAILED] == 1


def test_a_mail_in_doubt_is_sent_again_only_on_request(posted: Library, server: SmtpServer) -> None:
    _confirm(posted, server)
    server.drop_at = "DATA"
    assert posted.outbox.send().unknown == 1
    server.drop_at = None
    assert posted.outbox.send().sent == 0
    assert posted.outbox.retry_unknown() == 1
    assert posted.outbox.send().sent == 1


def test_a_sender_that_died_between_claim_and_settling_sends_nothing_twice(
    posted: Library, server: SmtpServer
) -> None:
    _confirm(posted, server)
    posted.outbox.enqueue(posted.today)
    database = open_database(posted.settings.database_url)
    with database.write() as connection:
        assert claim_next(connection, NOW) is not None
    database.close()
    report = posted.outbox.send()
    assert (report.sent, report.unknown) == (0, 1)


def test_the_outbox_folder_knows_what_was_written(library: Library) -> None:
    library.subscriptions.subscribe("ada@example.org")
    library.outbox.send_due()
    (mail,) = Path(library.settings.outbox).glob("*.eml")
    assert b"/confirm?token=" in mail.read_bytes().replace(b"=\r\n", b"").replace(b"=3D", b"=")


def test_without_a_mail_server_in_reach_everything_stays_due(library: Library) -> None:
    asked = {"data": library.settings.data, "smtp": "smtp://127.0.0.1:9"}
    with Library(load_settings(asked, environment={}), clock=lambda: NOW) as cut_off:
        cut_off.subscriptions.subscribe("ada@example.org")
        report = cut_off.outbox.send_due()
        assert report.retrying == 1
        assert report.error
        assert cut_off.health().deliveries == {DeliveryState.DUE: 1}
