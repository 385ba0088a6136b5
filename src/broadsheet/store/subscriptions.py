"""Keep who asked for the digest, who confirmed, and who left."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from broadsheet.errors import NotFoundError
from broadsheet.model import DeliveryKind, DeliveryState, Subscription, SubscriptionState
from broadsheet.store.tables import deliveries, subscriptions


def ask(connection: Connection, email: str, now: datetime) -> Subscription:
    """Note that an address asks for the digest; a known one keeps its number.

    One that had unsubscribed is pending again; one already confirmed stays so.
    """
    key = email.casefold()
    row = connection.execute(
        select(subscriptions).where(subscriptions.c.email_key == key)
    ).one_or_none()
    if row is None:
        connection.execute(
            insert(subscriptions).values(
                email=email, email_key=key, state=SubscriptionState.PENDING, created_at=now
            )
        )
    elif row.state == SubscriptionState.UNSUBSCRIBED:
        _set(connection, row.id, state=SubscriptionState.PENDING)
    return _subscription_of(
        connection.execute(select(subscriptions).where(subscriptions.c.email_key == key)).one()
    )


def confirmations_since(connection: Connection, subscription_id: int, since: datetime) -> int:
    """Count the confirmation mails made for a subscription, against list bombing."""
    counted = (
        select(func.count())
        .select_from(deliveries)
        .where(
            deliveries.c.subscription_id == subscription_id,
            deliveries.c.kind == DeliveryKind.CONFIRMATION,
            deliveries.c.due_at >= since,
        )
    )
    return int(connection.scalar(counted) or 0)


def confirm(connection: Connection, subscription_id: int, now: datetime) -> Subscription:
    """Confirm a pending subscription; one that is confirmed already stays as it is.

    Raises
    ------
    NotFoundError
        Where it is unknown, or has unsubscribed since the mail was sent.
    """
    found = subscription(connection, subscription_id)
    if found.state is SubscriptionState.UNSUBSCRIBED:
        raise NotFoundError("this address has unsubscribed: subscribe again to get a new mail")
    if found.state is SubscriptionState.PENDING:
        _set(connection, subscription_id, state=SubscriptionState.CONFIRMED, confirmed_at=now)
    return subscription(connection, subscription_id)


def unsubscribe(connection: Connection, subscription_id: int, now: datetime) -> Subscription:
    """End a subscription and cancel what is still due to it; doing so again changes nothing."""
    found = subscription(connection, subscription_id)
    if found.state is not SubscriptionState.UNSUBSCRIBED:
        _set(
            connection,
            subscription_id,
            state=SubscriptionState.UNSUBSCRIBED,
            unsubscribed_at=now,
        )
        connection.execute(
            update(deliveries)
            .where(
                deliveries.c.subscription_id == subscription_id,
                deliveries.c.state == DeliveryState.DUE,
            )
            .values(state=DeliveryState.CANCELLED, settled_at=now)
        )
    return subscription(connection, subscription_id)


def subscription(connection: Connection, subscription_id: int) -> Subscription:
    """Read one subscription.

    Raises
    ------
    NotFoundError
        Where it is unknown.
    """
    row = connection.execute(
        select(subscriptions).where(subscriptions.c.id == subscription_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("this link belongs to no subscription here: subscribe again")
    return _subscription_of(row)


def all_subscriptions(connection: Connection) -> Iterator[Subscription]:
    """Read every subscription in the order they asked."""
    for row in connection.execute(select(subscriptions).order_by(subscriptions.c.id)):
        yield _subscription_of(row)


def counts(connection: Connection) -> dict[SubscriptionState, int]:
    """Count the subscriptions in each state; states without any are left out."""
    rows = connection.execute(
        select(subscriptions.c.state, func.count()).group_by(subscriptions.c.state)
    )
    return {SubscriptionState(state): total for state, total in rows}


def forget_unconfirmed(connection: Connection, older_than: timedelta, now: datetime) -> int:
    """Remove addresses that never confirmed, and their settled mails; give how many."""
    stale = select(subscriptions.c.id).where(
        subscriptions.c.state == SubscriptionState.PENDING,
        subscriptions.c.confirmed_at.is_(None),
        subscriptions.c.created_at < now - older_than,
    )
    ids = list(connection.scalars(stale))
    if ids:
        connection.execute(deliveries.delete().where(deliveries.c.subscription_id.in_(ids)))
        connection.execute(subscriptions.delete().where(subscriptions.c.id.in_(ids)))
    return len(ids)


def _set(connection: Connection, subscription_id: int, **values: object) -> None:
    connection.execute(
        update(subscriptions).where(subscriptions.c.id == subscription_id).values(**values)
    )


def _subscription_of(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        email=row.email,
        state=SubscriptionState(row.state),
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        unsubscribed_at=row.unsubscribed_at,
    )
