"""Signed links: what lets a reader confirm or leave without signing in."""

from datetime import datetime, timedelta
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer

CONFIRM_FOR = timedelta(days=7)


class Purpose(StrEnum):
    """What a link may do."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"


def sign(secret: str, purpose: Purpose, subscription_id: int, now: datetime) -> str:
    """Make the token of a link.

    Parameters
    ----------
    secret : str
        The library's own.
    purpose : Purpose
        What the link may do.
    subscription_id : int
        Whose it is.
    now : datetime
        Aware UTC; a link to confirm holds for :data:`CONFIRM_FOR`, one to leave for ever.

    Returns
    -------
    str
        Safe in a URL.
    """
    # One unsubscribe link for ever, so that the same mail composed twice is the same mail.
    issued = int(now.timestamp()) if purpose is Purpose.CONFIRM else 0
    return _serializer(secret, purpose).dumps([subscription_id, issued])


def read(secret: str, purpose: Purpose, token: str, now: datetime) -> int | None:
    """Give the subscription a token was made for, or None where it is forged or too old."""
    try:
        told = _serializer(secret, purpose).loads(token)
    except BadData:
        return None
    subscription_id, issued = int(told[0]), int(told[1])
    if purpose is Purpose.CONFIRM and now.timestamp() - issued > CONFIRM_FOR.total_seconds():
        return None
    return subscription_id


def _serializer(secret: str, purpose: Purpose) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=f"broadsheet {purpose}")
