"""Store the outbox: deliveries that are due, claimed by a worker, and settled.

Call order: commit `claim_next` before the mail is sent, and `settle` after. A delivery that stays
claimed belongs to a worker that stopped in between; `expired_claims` lists those. A row that cannot
be read is settled as failed, so that the deliveries behind it are sent.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy import String as SqlString
from sqlalchemy import cast as sql_cast
from sqlalchemy.exc import DBAPIError

from broadsheet.model import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    Edition,
    SubscriptionState,
)
from broadsheet.model.health import MailBacklog
from broadsheet.store.column_types import UtcTime
from broadsheet.store.tables import deliveries, subscriptions

_MAX_ERROR_CHARS = 1_000
# One failure may be greylisting.
_FAILED_TWICE = 2
# Lower numbers are sent first: a person waits for a confirmation.
_PRIORITIES = {DeliveryKind.CONFIRMATION: 0, DeliveryKind.DIGEST: 10}
_WAITING_PRIORITY = 5


def enqueue_confirmation(
    connection: Connection,
    subscription_id: int,
    message_id: str,
    due_at: datetime,
    *,
    waits: bool = False,
) -> None:
    """Enqueue one confirmation mail, due at a time (aware UTC); `waits` marks those that wait."""
    connection.execute(
        insert(deliveries).values(
            subscription_id=subscription_id,
            kind=DeliveryKind.CONFIRMATION,
            priority=_WAITING_PRIORITY if waits else _PRIORITIES[DeliveryKind.CONFIRMATION],
            edition_date=None,
            edition_revision=None,
            state=DeliveryState.DUE,
            message_id=message_id,
            attempts=0,
            due_at=due_at,
        )
    )


def last_waiting(connection: Connection) -> datetime | None:
    """Return when the last confirmation that waits is due; None if none waits."""
    query = select(func.max(deliveries.c.due_at)).where(
        deliveries.c.state == DeliveryState.DUE, deliveries.c.priority == _WAITING_PRIORITY
    )
    due_at: datetime | None = connection.scalar(query)
    return due_at


def enqueue_digests(
    connection: Connection, edition: Edition, library_id: str, domain: str, now: datetime
) -> int:
    """Enqueue a digest for each confirmed subscription that has none of this day.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A write transaction.
    edition : Edition
        A day's edition; its revision is stored with each digest.
    library_id, domain : str
        Right-hand side of the Message-ID, unique across libraries.
    now : datetime
        Aware UTC.

    Returns
    -------
    int
        Number of digests enqueued, 0 or more.
    """
    message_id = (
        literal(f"<digest.{edition.date.isoformat()}.")
        + sql_cast(subscriptions.c.id, SqlString)
        + literal(f".{library_id}@{domain}>")
    )
    has_digest = exists().where(
        deliveries.c.subscription_id == subscriptions.c.id,
        deliveries.c.kind == DeliveryKind.DIGEST,
        deliveries.c.edition_date == edition.date,
    )
    columns = {
        "subscription_id": subscriptions.c.id,
        "kind": literal(DeliveryKind.DIGEST.value),
        "priority": literal(_PRIORITIES[DeliveryKind.DIGEST]),
        "edition_date": literal(edition.date),
        "edition_revision": literal(edition.revision),
        "state": literal(DeliveryState.DUE.value),
        "message_id": message_id,
        "attempts": literal(0),
        "due_at": literal(now, UtcTime),
    }
    missing = select(*columns.values()).where(
        subscriptions.c.state == SubscriptionState.CONFIRMED, ~has_digest
    )
    # Without this option, rowcount is -1 on PostgreSQL: SQLAlchemy closes the cursor of an INSERT.
    result = connection.execute(
        insert(deliveries).from_select(list(columns), missing),
        execution_options={"preserve_rowcount": True},
    )
    return result.rowcount


def confirmations_since(connection: Connection, subscription_id: int, since: datetime) -> int:
    """Count the confirmation mails enqueued for a subscription since a time (aware UTC)."""
    count = (
        select(func.count())
        .select_from(deliveries)
        .where(
            deliveries.c.subscription_id == subscription_id,
            deliveries.c.kind == DeliveryKind.CONFIRMATION,
            deliveries.c.due_at >= since,
        )
    )
    return int(connection.scalar(count) or 0)


def has_work(connection: Connection, now: datetime, claimed_before: datetime) -> bool:
    """Return whether a delivery is due, or was claimed before a time and never settled."""
    work = select(deliveries.c.id).where(
        or_(
            and_(deliveries.c.state == DeliveryState.DUE, deliveries.c.due_at <= now),
            _is_expired(claimed_before),
        )
    )
    return connection.scalar(work.limit(1)) is not None


def claim_next(connection: Connection, now: datetime) -> Delivery | None:
    """Claim the next due delivery, by priority, due time and id; return None if none is due.

    A digest whose subscription is no longer confirmed is cancelled instead of claimed, and a
    delivery that cannot be read is settled as failed.
    """
    due = (
        select(deliveries.c.id)
        .where(deliveries.c.state == DeliveryState.DUE, deliveries.c.due_at <= now)
        .order_by(deliveries.c.priority, deliveries.c.due_at, deliveries.c.id)
        .limit(1)
    )
    while (delivery_id := connection.scalar(due)) is not None:
        try:
            delivery, is_confirmed = _read(connection, delivery_id)
        except ValueError as error:
            settle(connection, delivery_id, DeliveryState.FAILED, now, error=str(error))
            continue
        if delivery.kind is DeliveryKind.CONFIRMATION or is_confirmed:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id == delivery_id)
                .values(state=DeliveryState.CLAIMED, claimed_at=now, attempts=delivery.attempts + 1)
            )
            return replace(delivery, state=DeliveryState.CLAIMED, attempts=delivery.attempts + 1)
        settle(connection, delivery_id, DeliveryState.CANCELLED, now)
    return None


def settle(
    connection: Connection,
    delivery_id: int,
    state: DeliveryState,
    now: datetime,
    *,
    error: str | None = None,
    due_at: datetime | None = None,
) -> None:
    """Store the outcome of a claimed delivery.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A write transaction.
    delivery_id : int
        The delivery.
    state : DeliveryState
        Its new state; ``due`` requires `due_at`.
    now : datetime
        Aware UTC.
    error : str or None
        The last error; stored on one line of at most 1,000 characters.
    due_at : datetime or None
        Time of the next attempt, aware UTC; None marks the delivery as settled.
    """
    values: dict[str, object] = {
        "state": state,
        "claimed_at": None,
        "error": None if error is None else _storable(error),
    }
    if due_at is not None:
        values["due_at"] = due_at
    else:
        values["settled_at"] = now
    connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**values))


def expired_claims(
    connection: Connection, claimed_before: datetime, now: datetime
) -> list[Delivery]:
    """List the deliveries that were claimed before a time and never settled.

    One that cannot be read is settled as unknown, because it may have been sent.
    """
    found = []
    ids = connection.scalars(select(deliveries.c.id).where(_is_expired(claimed_before))).all()
    for delivery_id in ids:
        try:
            found.append(_read(connection, delivery_id)[0])
        except ValueError as error:
            settle(connection, delivery_id, DeliveryState.UNKNOWN, now, error=str(error))
    return found


def counts(connection: Connection) -> dict[DeliveryState, int]:
    """Count the deliveries in each state; states without deliveries are omitted."""
    rows = connection.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state))
    return {DeliveryState(state): total for state, total in rows}


def backlog(connection: Connection) -> MailBacklog:
    """Return what waits, and whether mail is being sent at all."""
    due = deliveries.c.state == DeliveryState.DUE
    oldest, retrying, error = connection.execute(
        select(
            func.min(deliveries.c.due_at),
            func.count().filter(deliveries.c.attempts >= _FAILED_TWICE),
            func.max(deliveries.c.error).filter(deliveries.c.attempts >= _FAILED_TWICE),
        ).where(due)
    ).one()
    sent_at = connection.scalar(
        select(func.max(deliveries.c.settled_at)).where(deliveries.c.state == DeliveryState.SENT)
    )
    return MailBacklog(oldest, retrying, error, sent_at)


def retry_unknown(connection: Connection, now: datetime) -> int:
    """Make every unknown delivery due again, and return how many; only on request."""
    result = connection.execute(
        update(deliveries)
        .where(deliveries.c.state == DeliveryState.UNKNOWN)
        .values(state=DeliveryState.DUE, due_at=now, settled_at=None)
    )
    return result.rowcount


def _storable(error: str) -> str:
    # It may repeat what is wrong with a row: PostgreSQL stores no NUL, and neither database a
    # lone surrogate.
    return "".join(c if c.isprintable() else "\ufffd" for c in error[:_MAX_ERROR_CHARS])


def _is_expired(claimed_before: datetime) -> ColumnElement[bool]:
    return and_(
        deliveries.c.state == DeliveryState.CLAIMED, deliveries.c.claimed_at <= claimed_before
    )


def _read(connection: Connection, delivery_id: int) -> tuple[Delivery, bool]:
    """Return a delivery, and whether its subscription is confirmed.

    Raises
    ------
    ValueError
        If the row does not describe a delivery.
    """
    query = (
        select(deliveries, subscriptions.c.email, subscriptions.c.state.label("subscription_state"))
        .outerjoin(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .where(deliveries.c.id == delivery_id)
    )
    try:
        row = connection.execute(query).one()
        if row.email is None:
            raise ValueError(f"subscription {row.subscription_id} does not exist")
        return _delivery_of(row), row.subscription_state == SubscriptionState.CONFIRMED
    except DBAPIError as error:
        # What SQLite's driver raises for a text that is not UTF-8; anything else is no fault of
        # this row.
        if "decode" not in str(error.orig):
            raise
        raise ValueError(f"the row of the delivery cannot be read: {error.orig}") from error
    # A column that was changed by hand raises errors of many classes.
    except Exception as error:
        raise ValueError(f"the row of the delivery cannot be read: {error}") from error


def _delivery_of(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        subscription_id=row.subscription_id,
        email=row.email,
        kind=DeliveryKind(row.kind),
        edition_date=row.edition_date,
        edition_revision=row.edition_revision,
        state=DeliveryState(row.state),
        message_id=row.message_id,
        attempts=int(row.attempts),
        due_at=row.due_at,
        settled_at=row.settled_at,
        error=row.error,
    )
