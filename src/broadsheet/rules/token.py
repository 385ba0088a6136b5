"""Signed tokens in mail links: confirm or unsubscribe without signing in."""

from datetime import datetime, timedelta
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer

CONFIRM_FOR = timedelta(days=7)


class Purpose(StrEnum):
    """Action that a token allows."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"


def sign(secret: str, purpose: Purpose, subscription_id: int, now: datetime) -> str:
    """Return the signed token of a link.

    Parameters
    ----------
    secret : str
        The library's secret.
    purpose : Purpose
        Action that the token allows.
    subscription_id : int
        Subscription that the token allows it for.
    now : datetime
        Aware UTC. Tokens to confirm expire after :data:`CONFIRM_FOR`, tokens to unsubscribe
        never.

    Returns
    -------
    str
        URL-safe.
    """
    # Constant for unsubscribing, so that composing a digest again gives the same message.
    issued_s = int(now.timestamp()) if purpose is Purpose.CONFIRM else 0
    return _serializer(secret, purpose).dumps([subscription_id, issued_s])


def verify(secret: str, purpose: Purpose, token: str, now: datetime) -> int | None:
    """Return the subscription id of a token, or None if it is invalid or has expired."""
    try:
        payload = _serializer(secret, purpose).loads(token)
    except BadData:
        return None
    subscription_id, issued_s = int(payload[0]), int(payload[1])
    if purpose is Purpose.CONFIRM and now.timestamp() - issued_s > CONFIRM_FOR.total_seconds():
        return None
    return subscription_id


def _serializer(secret: str, purpose: Purpose) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=f"broadsheet {purpose}")
