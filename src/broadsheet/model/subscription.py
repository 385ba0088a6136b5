"""Subscription: what a reader wants mailed, and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SubscriptionState(StrEnum):
    """Where a subscription stands between asking and leaving."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One address that asked for the daily digest.

    Parameters
    ----------
    id : int
        Number in the library.
    email : str
        Address as the reader wrote it, domain in lower case.
    state : SubscriptionState
        Only ``confirmed`` ones get digests.
    created_at, confirmed_at, unsubscribed_at : datetime or None
        Aware UTC; None where it has not happened.
    """

    id: int
    email: str
    state: SubscriptionState
    created_at: datetime
    confirmed_at: datetime | None = None
    unsubscribed_at: datetime | None = None
