"""Delivery: the record that a mail is due, being sent, sent, bounced."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class DeliveryKind(StrEnum):
    """What is mailed."""

    CONFIRMATION = "confirmation"
    DIGEST = "digest"


class DeliveryState(StrEnum):
    """A delivery goes from due through claimed to one of the settled states."""

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
        Who gets it.
    email : str
        The subscription's address.
    kind : DeliveryKind
        Confirmation or digest.
    edition_date : date or None
        The day whose edition is mailed; None for a confirmation.
    state : DeliveryState
        ``unknown`` was claimed by a sender that died: it may have been sent, and is sent again
        only on request.
    message_id : str
        The Message-ID header, fixed when the delivery is made, angle brackets included.
    attempts : int
        How often sending was tried.
    due_at : datetime
        Not sent before this moment, aware UTC.
    settled_at : datetime or None
        When it was sent or given up, aware UTC.
    error : str or None
        What went wrong last.
    """

    id: int
    subscription_id: int
    email: str
    kind: DeliveryKind
    edition_date: date | None
    state: DeliveryState
    message_id: str
    attempts: int
    due_at: datetime
    settled_at: datetime | None = None
    error: str | None = None
