"""Delivery: one mail to one subscription, and its state in the outbox."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class DeliveryKind(StrEnum):
    """Kind of mail."""

    CONFIRMATION = "confirmation"
    DIGEST = "digest"


class DeliveryState(StrEnum):
    """State of a delivery: due, then claimed, then settled as one of the others."""

    DUE = "due"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail to one subscription.

    Parameters
    ----------
    id : int
        Number in the library.
    subscription_id : int
        The recipient.
    email : str
        The subscription's address.
    kind : DeliveryKind
        Confirmation or digest.
    edition_date : date or None
        Day of the edition that is mailed; None for a confirmation.
    edition_revision : int or None
        Revision of that edition, from 1; None for a confirmation.
    state : DeliveryState
        ``unknown`` means that it may have been sent; it is sent again only on request.
    message_id : str
        The Message-ID header, fixed when the delivery is enqueued, angle brackets included.
    attempts : int
        Number of attempts to send it, from 0.
    due_at : datetime
        Earliest time of the next attempt, aware UTC.
    settled_at : datetime or None
        When it was sent, failed, became unknown or was cancelled, aware UTC.
    error : str or None
        The last error.
    """

    id: int
    subscription_id: int
    email: str
    kind: DeliveryKind
    edition_date: date | None
    edition_revision: int | None
    state: DeliveryState
    message_id: str
    attempts: int
    due_at: datetime
    settled_at: datetime | None = None
    error: str | None = None
