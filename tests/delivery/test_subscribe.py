"""Subscriptions: confirmed before the first digest, ended by one link."""

from datetime import timedelta
from functools import partial

import pytest

from broadsheet.errors import NotFoundError
from broadsheet.library import Library
from broadsheet.model import DeliveryState, SubscriptionState
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.token import Purpose, sign
from tests.conftest import NOW
from tests.delivery.conftest import Subscribe, token_in
from tests.mail.conftest import SmtpServer
from tests.rules.test_token import earlier_token


def states(library: Library) -> dict[str, SubscriptionState]:
    return {subscription.email: subscription.state for subscription in library.subscriptions.all()}


def unsubscribe_token(server: SmtpServer) -> str:
    """Return the token in the List-Unsubscribe header of the newest digest."""
    url, _, _ = str(server.messages[-1]["List-Unsubscribe"]).partition(">")
    return url.partition("token=")[2]


def test_subscribing_enqueues_a_confirmation_and_sends_nothing(
    mailing: Library, server: SmtpServer
) -> None:
    mailing.subscriptions.subscribe("ada@example.org")
    assert mailing.health().deliveries == {DeliveryState.DUE: 1}
    assert server.messages == []
    assert states(mailing) == {"ada@example.org": SubscriptionState.PENDING}


def test_an_unconfirmed_address_receives_no_digest(mailing: Library, server: SmtpServer) -> None:
    mailing.subscriptions.subscribe("ada@example.org")
    assert mailing.outbox.send().sent == 1
    (confirmation,) = server.messages
    assert "List-Unsubscribe" not in confirmation


def test_an_unsubscribed_address_receives_nothing_more(
    mailing: Library, server: SmtpServer, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org")
    mailing.outbox.send()
    for _ in range(2):
        subscription = mailing.subscriptions.unsubscribe(unsubscribe_token(server))
        assert subscription.state is SubscriptionState.UNSUBSCRIBED
    mailing.editions.publish()
    assert mailing.outbox.send().sent == 0


def test_unsubscribing_cancels_a_due_digest(
    mailing: Library, server: SmtpServer, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org")
    mailing.outbox.send()
    with Library(mailing.settings, clock=lambda: NOW + timedelta(days=1)) as tomorrow:
        day = tomorrow.today.isoformat()
        tomorrow.add("test", [make_paper(title="Rivers at dusk", published=day)])
        tomorrow.editions.publish()
        assert tomorrow.health().deliveries[DeliveryState.DUE] == 1
        tomorrow.subscriptions.unsubscribe(unsubscribe_token(server))
        assert tomorrow.outbox.send_due().sent == 0
        assert tomorrow.health().deliveries[DeliveryState.CANCELLED] == 1


def test_an_unsubscribed_address_can_subscribe_again(
    mailing: Library, server: SmtpServer, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org")
    mailing.outbox.send()
    mailing.subscriptions.unsubscribe(unsubscribe_token(server))
    mailing.subscriptions.subscribe("Ada@example.org")
    assert list(states(mailing).values()) == [SubscriptionState.PENDING]
    mailing.outbox.send_due()
    mailing.subscriptions.confirm(token_in(server.messages[-1]))
    assert list(states(mailing).values()) == [SubscriptionState.CONFIRMED]


def test_an_address_receives_at_most_three_confirmations_a_day(
    mailing: Library, server: SmtpServer
) -> None:
    for _ in range(10):
        mailing.subscriptions.subscribe("ada@example.org")
        mailing.outbox.send_due()
    assert len(server.messages) == 3


def test_confirmations_that_wait_are_sent_three_minutes_apart(
    mailing: Library, server: SmtpServer
) -> None:
    assert mailing.subscriptions.ever_created() == 0
    for name in ("ada", "bo"):
        assert mailing.subscriptions.subscribe(f"{name}@example.org", waits=True)
    assert mailing.subscriptions.ever_created() >= 2
    assert mailing.outbox.send_due().sent == 0
    for minutes, sent in ((3, 1), (5, 0), (6, 1)):
        with Library(
            mailing.settings, clock=partial(NOW.__add__, timedelta(minutes=minutes))
        ) as later:
            assert later.outbox.send_due().sent == sent


def test_a_confirmation_link_expires_after_seven_days(mailing: Library, server: SmtpServer) -> None:
    mailing.subscriptions.subscribe("ada@example.org")
    mailing.outbox.send_due()
    token = token_in(server.messages[-1])
    with Library(mailing.settings, clock=lambda: NOW + timedelta(days=7)) as last_second:
        subscription = last_second.subscriptions.peek(token, Purpose.CONFIRM)
        assert subscription.email == "ada@example.org"
    with Library(mailing.settings, clock=lambda: NOW + timedelta(days=7, seconds=1)) as too_late:
        with pytest.raises(NotFoundError, match="has expired"):
            too_late.subscriptions.peek(token, Purpose.CONFIRM)
        with pytest.raises(NotFoundError, match="has expired"):
            too_late.subscriptions.confirm(token)


def test_asking_again_renews_the_link_and_the_time_until_deletion(
    mailing: Library, server: SmtpServer
) -> None:
    mailing.subscriptions.subscribe("ada@example.org")
    mailing.outbox.send_due()
    with Library(mailing.settings, clock=lambda: NOW + timedelta(days=29)) as later:
        later.subscriptions.subscribe("ada@example.org")
        assert later.outbox.send_due().sent == 1
    with Library(mailing.settings, clock=lambda: NOW + timedelta(days=35)) as last_days:
        assert last_days.subscriptions.delete_unconfirmed() == 0
        confirmed = last_days.subscriptions.confirm(token_in(server.messages[-1]))
    assert confirmed.state is SubscriptionState.CONFIRMED


def test_the_id_of_a_deleted_subscription_is_never_assigned_again(mailing: Library) -> None:
    mailing.subscriptions.subscribe("ada@example.org")
    (forgotten,) = mailing.subscriptions.all()
    with Library(mailing.settings, clock=lambda: NOW + timedelta(days=31)) as later:
        assert later.subscriptions.delete_unconfirmed() == 1
        later.subscriptions.subscribe("bo@example.org")
        (created,) = later.subscriptions.all()
    assert created.id > forgotten.id


def test_a_link_is_invalid_for_a_subscription_of_another_address(mailing: Library) -> None:
    mailing.subscriptions.subscribe("ada@example.org")
    (ada,) = mailing.subscriptions.all()
    for purpose in Purpose:
        stale = sign(mailing.secret, purpose, ada.id, "bo@example.org", NOW)
        with pytest.raises(NotFoundError, match="link is invalid"):
            mailing.subscriptions.peek(stale, purpose)
    confirm = sign(mailing.secret, Purpose.CONFIRM, ada.id, "bo@example.org", NOW)
    with pytest.raises(NotFoundError, match="link is invalid"):
        mailing.subscriptions.confirm(confirm)
    unsubscribe = sign(mailing.secret, Purpose.UNSUBSCRIBE, ada.id, "bo@example.org", NOW)
    with pytest.raises(NotFoundError, match="link is invalid"):
        mailing.subscriptions.unsubscribe(unsubscribe)
    assert states(mailing) == {"ada@example.org": SubscriptionState.PENDING}


def test_a_link_of_an_earlier_version_unsubscribes_who_was_confirmed_and_confirms_nobody(
    mailing: Library, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org")
    mailing.subscriptions.subscribe("bo@example.org")
    ada, bo = mailing.subscriptions.all()
    for subscription in (ada, bo):
        with pytest.raises(NotFoundError, match="link is invalid"):
            mailing.subscriptions.confirm(
                earlier_token(mailing.secret, Purpose.CONFIRM, subscription.id, NOW)
            )
    with pytest.raises(NotFoundError, match="link is invalid"):
        mailing.subscriptions.unsubscribe(
            earlier_token(mailing.secret, Purpose.UNSUBSCRIBE, bo.id, NOW)
        )
    mailing.subscriptions.unsubscribe(
        earlier_token(mailing.secret, Purpose.UNSUBSCRIBE, ada.id, NOW)
    )
    assert list(states(mailing).values()) == [
        SubscriptionState.UNSUBSCRIBED,
        SubscriptionState.PENDING,
    ]


def test_unconfirmed_addresses_are_deleted_after_thirty_days(
    mailing: Library, subscribe: Subscribe
) -> None:
    subscribe("ada@example.org")
    mailing.subscriptions.subscribe("bo@example.org")
    assert mailing.subscriptions.delete_unconfirmed() == 0
    with Library(mailing.settings, clock=lambda: NOW + timedelta(days=31)) as later:
        assert later.subscriptions.delete_unconfirmed() == 1
        assert list(states(later)) == ["ada@example.org"]
