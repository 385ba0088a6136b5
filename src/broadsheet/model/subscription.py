"""Subscription: an email address that receives the daily digest."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SubscriptionState(StrEnum):
    """State of a subscription; only confirmed ones receive digests."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One address that requested the daily digest.

    Parameters
    ----------
    id : int
        Number in the library.
    email : str
        Address as the subscriber entered it, domain in lower case.
    state : SubscriptionState
        Only ``confirmed`` ones receive digests.
    created_at, confirmed_at, unsubscribed_at : datetime or None
        Aware UTC; None if it has not happened.
    """

    id: int
    email: str
    state: SubscriptionState
    created_at: datetime
    confirmed_at: datetime | None = None
    unsubscribed_at: datetime | None = None
