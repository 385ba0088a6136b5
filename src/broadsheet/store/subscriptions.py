"""Store subscriptions: create, confirm, unsubscribe, list."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from broadsheet.model import DeliveryState, Subscription, SubscriptionState
from broadsheet.store.readers import create_reader, delete_unidentified
from broadsheet.store.tables import deliveries, subscriptions


def create_or_renew(connection: Connection, email: str, now: datetime) -> Subscription:
    """Create a pending subscription of an address, or return the existing one.

    An unsubscribed one becomes pending again; a confirmed one is unchanged. One that was never
    confirmed counts as created now, so that it is not deleted before its new link expires.
    """
    key = email.casefold()
    row = connection.execute(
        select(subscriptions).where(subscriptions.c.email_key == key)
    ).one_or_none()
    if row is None:
        connection.execute(
            insert(subscriptions).values(
                reader_id=create_reader(connection, now).id,
                email=email,
                email_key=key,
                state=SubscriptionState.PENDING,
                created_at=now,
            )
        )
    elif row.state == SubscriptionState.UNSUBSCRIBED:
        _set(connection, row.id, state=SubscriptionState.PENDING)
    elif row.confirmed_at is None:
        _set(connection, row.id, created_at=now)
    return _subscription_of(
        connection.execute(select(subscriptions).where(subscriptions.c.email_key == key)).one()
    )


def confirm(connection: Connection, subscription_id: int, now: datetime) -> Subscription:
    """Confirm a pending subscription; one in another state is unchanged."""
    current = _subscription(connection, subscription_id)
    if current.state is SubscriptionState.PENDING:
        _set(connection, subscription_id, state=SubscriptionState.CONFIRMED, confirmed_at=now)
    return _subscription(connection, subscription_id)


def unsubscribe(connection: Connection, subscription_id: int, now: datetime) -> Subscription:
    """End a subscription and cancel its due deliveries; repeating it changes nothing."""
    current = _subscription(connection, subscription_id)
    if current.state is not SubscriptionState.UNSUBSCRIBED:
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
    return _subscription(connection, subscription_id)


def find(connection: Connection, subscription_id: int) -> Subscription | None:
    """Return a subscription, or None if it does not exist."""
    row = connection.execute(
        select(subscriptions).where(subscriptions.c.id == subscription_id)
    ).one_or_none()
    return None if row is None else _subscription_of(row)


def all_subscriptions(connection: Connection) -> Iterator[Subscription]:
    """List every subscription in the order of creation."""
    for row in connection.execute(select(subscriptions).order_by(subscriptions.c.id)):
        yield _subscription_of(row)


def ever_created(connection: Connection) -> int:
    """Return an upper bound of the number of subscriptions, deleted ones included."""
    return connection.scalar(select(func.max(subscriptions.c.id))) or 0


def counts(connection: Connection) -> dict[SubscriptionState, int]:
    """Count the subscriptions in each state; states without subscriptions are omitted."""
    rows = connection.execute(
        select(subscriptions.c.state, func.count()).group_by(subscriptions.c.state)
    )
    return {SubscriptionState(state): total for state, total in rows}


def delete_unconfirmed(connection: Connection, older_than: timedelta, now: datetime) -> int:
    """Delete subscriptions unconfirmed for `older_than`, and their deliveries; return how many."""
    stale = select(subscriptions.c.id, subscriptions.c.reader_id).where(
        subscriptions.c.state == SubscriptionState.PENDING,
        subscriptions.c.confirmed_at.is_(None),
        subscriptions.c.created_at < now - older_than,
    )
    rows = connection.execute(stale).all()
    ids = [row.id for row in rows]
    if ids:
        connection.execute(deliveries.delete().where(deliveries.c.subscription_id.in_(ids)))
        connection.execute(subscriptions.delete().where(subscriptions.c.id.in_(ids)))
        delete_unidentified(connection, [row.reader_id for row in rows])
    return len(ids)


def _subscription(connection: Connection, subscription_id: int) -> Subscription:
    query = select(subscriptions).where(subscriptions.c.id == subscription_id)
    return _subscription_of(connection.execute(query).one())


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
