"""The worker: claim, send, settle; no mail is sent twice, and all get the same revision."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from filelock import FileLock
from pydantic import SecretStr
from sqlalchemy import update

from broadsheet.delivery.composer import MessageComposer
from broadsheet.library import Library
from broadsheet.model import Delivery, DeliveryKind, DeliveryState, Period, Pick
from broadsheet.store import deliveries
from broadsheet.store.database import open_database
from broadsheet.store.tables import deliveries as deliveries_table
from tests.conftest import NOW
from tests.delivery.conftest import Subscribe
from tests.mail.conftest import SmtpServer, body, free_port


def after(limit: int) -> tuple[Callable[[], None], Callable[[], bool]]:
    """Return `on_sent` and `is_stopping` that end a mailing after `limit` mails."""
    sent: list[None] = []
    return lambda: sent.append(None), lambda: len(sent) >= limit


def test_each_subscriber_receives_a_digest_once(
    mailing: Library, server: SmtpServer, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org", "bo@example.org")
    assert mailing.outbox.send().sent == 2
    assert mailing.outbox.send().sent == 0
    assert sorted(message["To"] for message in server.messages) == [
        "ada@example.org",
        "bo@example.org",
    ]
    digest = server.messages[0]
    assert "/unsubscribe?token=" in digest["List-Unsubscribe"]
    for kind in ("plain", "html"):
        assert mailing.editions.read().items[0].title in body(digest, kind)


def test_enqueuing_returns_the_number_of_digests(mailing: Library, subscribe: Subscribe) -> None:
    subscribe("ada@example.org", "bo@example.org")
    assert mailing.outbox.enqueue(mailing.today) == 2
    assert mailing.outbox.enqueue(mailing.today) == 0


def test_publishing_again_during_a_mailing_changes_no_digest_of_it(
    mailing: Library, server: SmtpServer, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org", "bo@example.org")
    mailing.outbox.enqueue(mailing.today)
    on_sent, is_stopping = after(1)
    assert mailing.outbox.send_due(on_sent, is_stopping).sent == 1
    last = mailing.editions.read().items[-1]
    mailing.editions.pick(Period(mailing.today), Pick(last.paper_id, 1, "Read this first."))
    assert mailing.editions.publish().revision == 2
    assert mailing.outbox.send_due().sent == 1
    first, second = server.messages
    assert first["Subject"] == second["Subject"]
    assert "Read this first." not in body(second, "plain")


def test_a_new_subscriber_receives_the_newest_revision(
    mailing: Library, server: SmtpServer, subscribe: Subscribe
) -> None:
    last = mailing.editions.read().items[-1]
    mailing.editions.pick(Period(mailing.today), Pick(last.paper_id, 1, "Read this first."))
    mailing.editions.publish()
    subscribe("ada@example.org")
    mailing.outbox.send()
    assert "Read this first." in body(server.messages[0], "plain")


def test_deliveries_are_claimed_by_priority_then_due_time_then_id(
    mailing: Library, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org", "bo@example.org", "cy@example.org")
    mailing.outbox.enqueue(mailing.today)
    mailing.subscriptions.subscribe("dee@example.org")
    later = NOW + timedelta(seconds=1)
    with mailing._database.write() as connection:
        digests = deliveries_table.c.kind == DeliveryKind.DIGEST
        by_id = connection.execute(
            deliveries_table.select().where(digests).order_by(deliveries_table.c.id)
        ).all()
        for row, values in (
            (by_id[0], {"due_at": later}),
            (by_id[2], {"priority": -1, "due_at": later}),
        ):
            connection.execute(
                update(deliveries_table).where(deliveries_table.c.id == row.id).values(**values)
            )
        claimed = [deliveries.claim_next(connection, later) for _ in range(5)]
    confirmation = [one for one in claimed if one and one.kind is DeliveryKind.CONFIRMATION]
    assert [one and one.id for one in claimed] == [
        by_id[2].id,
        confirmation[0].id,
        by_id[1].id,
        by_id[0].id,
        None,
    ]


def test_a_transient_failure_is_retried_after_five_minutes(
    mailing: Library, server: SmtpServer, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org")
    server.replies["RCPT"] = "451 try later"
    report = mailing.outbox.send()
    assert (report.sent, report.retrying) == (0, 1)
    server.replies.clear()
    assert mailing.outbox.send_due().sent == 0
    with Library(mailing.settings, clock=lambda: NOW + timedelta(minutes=5)) as later:
        assert later.outbox.send_due().sent == 1


def test_a_permanent_failure_is_not_retried(
    mailing: Library, server: SmtpServer, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org")
    server.replies["RCPT"] = "550 no such mailbox"
    assert mailing.outbox.send().failed == 1
    assert mailing.health().deliveries[DeliveryState.FAILED] == 1


def test_an_unknown_delivery_is_sent_again_only_on_request(
    mailing: Library, server: SmtpServer, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org")
    server.drop_at = "DATA"
    assert mailing.outbox.send().unknown == 1
    server.drop_at = None
    assert mailing.outbox.send().sent == 0
    assert mailing.outbox.retry_unknown() == 1
    assert mailing.outbox.send().sent == 1


def test_a_delivery_whose_worker_stopped_becomes_unknown(
    mailing: Library, server: SmtpServer, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org")
    mailing.outbox.enqueue(mailing.today)
    # A worker in another process that stops between claim and settle.
    database = open_database(mailing.settings.database_url)
    with database.write() as connection:
        assert deliveries.claim_next(connection, NOW) is not None
    database.close()
    expired = timedelta(minutes=10)
    with Library(mailing.settings, clock=lambda: NOW + expired) as later:
        report = later.outbox.send_due()
    assert (report.sent, report.unknown) == (0, 1)
    assert server.messages == []


def test_a_claimed_message_that_is_in_the_folder_is_settled_as_sent(library: Library) -> None:
    library.subscriptions.subscribe("ada@example.org")
    assert library.outbox.send_due().sent == 1
    with library._database.write() as connection:
        claimed = {"state": DeliveryState.CLAIMED, "claimed_at": NOW, "settled_at": None}
        connection.execute(update(deliveries_table).values(**claimed))
    assert library.outbox.send_due().sent == 1
    assert library.health().deliveries == {DeliveryState.SENT: 1}
    assert len(list(library.settings.outbox.glob("*.eml"))) == 1


def test_a_claimed_message_that_is_not_in_the_folder_is_sent_once(library: Library) -> None:
    library.subscriptions.subscribe("ada@example.org")
    with library._database.write() as connection:
        assert deliveries.claim_next(connection, NOW) is not None
    report = library.outbox.send_due()
    assert (report.sent, report.retrying) == (1, 0)
    assert len(list(library.settings.outbox.glob("*.eml"))) == 1


def test_a_run_ends_after_three_transient_failures_in_a_row(
    mailing: Library, subscribe: Subscribe
) -> None:
    subscribe(*(f"reader{number}@example.org" for number in range(5)))
    mailing.outbox.enqueue(mailing.today)
    down = {"smtp": SecretStr(f"smtp://127.0.0.1:{free_port()}")}
    with Library(mailing.settings.model_copy(update=down), clock=lambda: NOW) as other:
        report = other.outbox.send_due()
        assert (report.retrying, report.stopped_early) == (3, True)
        assert report.error is not None
        assert other.health().deliveries[DeliveryState.DUE] == 5


@pytest.mark.parametrize("values", [{"edition_revision": 99}, {"edition_date": None}])
def test_a_message_that_cannot_be_composed_fails_and_stops_no_other(
    mailing: Library, subscribe: Subscribe, values: dict[str, int | None]
) -> None:
    subscribe("ada@example.org", "bo@example.org")
    mailing.outbox.enqueue(mailing.today)
    with mailing._database.write() as connection:
        delivery = deliveries.claim_next(connection, NOW)
        assert delivery is not None
        deliveries.settle(connection, delivery.id, DeliveryState.DUE, NOW, due_at=NOW)
        connection.execute(
            update(deliveries_table).where(deliveries_table.c.id == delivery.id).values(values)
        )
    report = mailing.outbox.send_due()
    assert (report.sent, report.failed) == (1, 1)
    assert "cannot be composed" in str(report.error)


def test_an_unforeseen_error_of_one_message_stops_no_other(
    mailing: Library, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = MessageComposer.compose

    def broken(composer: MessageComposer, delivery: Delivery, now: datetime) -> bytes:
        if delivery.email == "ada@example.org":
            raise IndexError("list index out of range")
        return compose(composer, delivery, now)

    subscribe("ada@example.org", "bo@example.org")
    mailing.outbox.enqueue(mailing.today)
    monkeypatch.setattr(MessageComposer, "compose", broken)
    report = mailing.outbox.send_due()
    assert (report.sent, report.failed) == (1, 1)
    assert mailing.health().deliveries.get(DeliveryState.CLAIMED, 0) == 0


def test_if_nothing_is_due_no_lock_is_taken(mailing: Library) -> None:
    with FileLock(mailing.settings.data / "outbox.lock"):
        assert mailing.outbox.send_due().sent == 0


@pytest.mark.parametrize("limit", [0, 1])
def test_a_stopping_worker_ends_after_the_current_mail(
    mailing: Library, subscribe: Subscribe, limit: int
) -> None:
    subscribe("ada@example.org", "bo@example.org")
    mailing.outbox.enqueue(mailing.today)
    on_sent, is_stopping = after(limit)
    assert mailing.outbox.send_due(on_sent, is_stopping).sent == limit
    assert mailing.health().deliveries[DeliveryState.DUE] == 2 - limit
