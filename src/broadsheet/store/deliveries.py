"""Keep the outbox: what is due, claimed by a sender, settled.

Call order: `claim_next` commits before the mail is sent, `settle` after it. A delivery that
stays claimed had a sender that died between the two; `abandoned` lists those.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, func, insert, literal, select, update
from sqlalchemy import String as SqlString
from sqlalchemy import cast as sql_cast

from broadsheet.model import Delivery, DeliveryKind, DeliveryState, SubscriptionState
from broadsheet.store.tables import UtcTime, deliveries, subscriptions


def enqueue_confirmation(
    connection: Connection, subscription_id: int, message_id: str, now: datetime
) -> None:
    """Make one confirmation mail due."""
    connection.execute(
        insert(deliveries).values(
            subscription_id=subscription_id,
            kind=DeliveryKind.CONFIRMATION,
            edition_date=None,
            state=DeliveryState.DUE,
            message_id=message_id,
            attempts=0,
            due_at=now,
        )
    )


def enqueue_digests(
    connection: Connection, day: date, library_id: str, host: str, now: datetime
) -> int:
    """Make one digest due for each confirmed subscription that has none for this day.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of the one writer.
    day : date
        The edition's day.
    library_id, host : str
        Right-hand parts of the Message-ID, so that no two libraries ever give out the same.
    now : datetime
        Aware UTC.

    Returns
    -------
    int
        How many were made.
    """
    message_id = (
        literal(f"<digest.{day.isoformat()}.")
        + sql_cast(subscriptions.c.id, SqlString)
        + literal(f".{library_id}@{host}>")
    )
    has_one = exists().where(
        deliveries.c.subscription_id == subscriptions.c.id,
        deliveries.c.kind == DeliveryKind.DIGEST,
        deliveries.c.edition_date == day,
    )
    columns = {
        "subscription_id": subscriptions.c.id,
        "kind": literal(DeliveryKind.DIGEST.value),
        "edition_date": literal(day),
        "state": literal(DeliveryState.DUE.value),
        "message_id": message_id,
        "attempts": literal(0),
        "due_at": literal(now, UtcTime),
    }
    wanted = select(*columns.values()).where(
        subscriptions.c.state == SubscriptionState.CONFIRMED, ~has_one
    )
    made = connection.execute(insert(deliveries).from_select(list(columns), wanted))
    return made.rowcount


def claim_next(connection: Connection, now: datetime) -> Delivery | None:
    """Claim the delivery that has been due longest, or give None where none is.

    Confirmations go before digests: a person is waiting for them. A digest whose reader is no
    longer subscribed is cancelled on the way, never claimed.
    """
    waiting = (
        _delivery_rows()
        .where(deliveries.c.state == DeliveryState.DUE, deliveries.c.due_at <= now)
        .order_by(deliveries.c.kind, deliveries.c.due_at, deliveries.c.id)
        .limit(1)
    )
    while (row := connection.execute(waiting).one_or_none()) is not None:
        confirmed = row.subscription_state == SubscriptionState.CONFIRMED
        if row.kind == DeliveryKind.CONFIRMATION or confirmed:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id == row.id)
                .values(
                    state=DeliveryState.CLAIMED,
                    claimed_at=now,
                    attempts=deliveries.c.attempts + 1,
                )
            )
            return _delivery_of(row, DeliveryState.CLAIMED)
        settle(connection, row.id, DeliveryState.CANCELLED, now)
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
    """Say what became of a claimed delivery.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of the one writer.
    delivery_id : int
        Which.
    state : DeliveryState
        What it is now; ``due`` sends it again at `due_at`.
    now : datetime
        Aware UTC.
    error : str or None
        What went wrong.
    due_at : datetime or None
        When to try again; only with ``due``.
    """
    values: dict[str, object] = {"state": state, "claimed_at": None, "error": error}
    if due_at is not None:
        values["due_at"] = due_at
    else:
        values["settled_at"] = now
    connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**values))


def abandoned(connection: Connection, claimed_before: datetime) -> list[Delivery]:
    """List the deliveries whose sender claimed them and was not heard of since."""
    rows = connection.execute(
        _delivery_rows().where(
            deliveries.c.state == DeliveryState.CLAIMED,
            deliveries.c.claimed_at <= claimed_before,
        )
    )
    return [_delivery_of(row, DeliveryState.CLAIMED) for row in rows]


def counts(connection: Connection) -> dict[DeliveryState, int]:
    """Count the deliveries in each state; states without any are left out."""
    rows = connection.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state))
    return {DeliveryState(state): total for state, total in rows}


def retry_unknown(connection: Connection, now: datetime) -> int:
    """Make every delivery in doubt due again; only an operator may ask for this."""
    changed = connection.execute(
        update(deliveries)
        .where(deliveries.c.state == DeliveryState.UNKNOWN)
        .values(state=DeliveryState.DUE, due_at=now, settled_at=None)
    )
    return changed.rowcount


def _delivery_rows() -> Select[Any]:
    return select(
        deliveries, subscriptions.c.email, subscriptions.c.state.label("subscription_state")
    ).join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)


def _delivery_of(row: Row[Any], state: DeliveryState) -> Delivery:
    return Delivery(
        id=row.id,
        subscription_id=row.subscription_id,
        email=row.email,
        kind=DeliveryKind(row.kind),
        edition_date=row.edition_date,
        state=state,
        message_id=row.message_id,
        attempts=row.attempts,
        due_at=row.due_at,
        settled_at=row.settled_at,
        error=row.error,
    )
