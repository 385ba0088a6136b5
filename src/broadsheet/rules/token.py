"""Signed tokens in mail links: confirm or unsubscribe without signing in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b, sha256
from hmac import compare_digest

from itsdangerous import BadData, URLSafeSerializer

from broadsheet.rules.signing import signer

CONFIRM_FOR = timedelta(days=7)
# Hosts that share a library differ by less; a token from further ahead was issued by a wrong clock.
_CLOCK_SKEW = timedelta(minutes=5)
_HASH_BYTES = 16


class Purpose(StrEnum):
    """Action that a token allows."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token allows its purpose for.

    Parameters
    ----------
    subscription_id : int
        The subscription.
    address_hash : str or None
        Keyed hash of the address that the token was mailed to; see :func:`is_mailed_to`. None in
        a token to unsubscribe of an earlier version.
    """

    subscription_id: int
    address_hash: str | None


def sign(secret: str, purpose: Purpose, subscription_id: int, email: str, now: datetime) -> str:
    """Return the signed token of a link.

    Parameters
    ----------
    secret : str
        The library's secret.
    purpose : Purpose
        Action that the token allows.
    subscription_id : int
        Subscription that the token allows it for.
    email : str
        Address that the link is mailed to.
    now : datetime
        Aware UTC. Tokens to confirm expire after :data:`CONFIRM_FOR`. Tokens to unsubscribe have
        no time: a mail may be read years later, or have been sent under a wrong clock.

    Returns
    -------
    str
        URL-safe.
    """
    issued_s = int(now.timestamp()) if purpose is Purpose.CONFIRM else 0
    payload = [subscription_id, _address_hash(secret, email), issued_s]
    return _signer(secret, purpose).dumps(payload)


def verify(secret: str, purpose: Purpose, token: str, now: datetime) -> Grant | None:
    """Return what a token allows, or None if it allows nothing.

    A token is invalid if it was signed with another secret or for another purpose, has expired,
    or was issued in the future, five minutes of clock skew apart.
    """
    try:
        subscription_id, address_hash, issued_s = _signer(secret, purpose).loads(token)
    except BadData:
        return _earlier_grant(secret, purpose, token)
    age = timedelta(seconds=now.timestamp() - issued_s)
    if purpose is Purpose.CONFIRM and not -_CLOCK_SKEW <= age <= CONFIRM_FOR:
        return None
    return Grant(subscription_id, address_hash)


def is_mailed_to(secret: str, grant: Grant, email: str) -> bool:
    """Return whether the token of a grant was mailed to an address."""
    return grant.address_hash is not None and compare_digest(
        grant.address_hash, _address_hash(secret, email)
    )


def _earlier_grant(secret: str, purpose: Purpose, token: str) -> Grant | None:
    """Read a token of the form before 0.1.0, which names an id only.

    Those to confirm are refused: their subscription may have been deleted and its id reused.
    """
    if purpose is not Purpose.UNSUBSCRIBE:
        return None
    try:
        subscription_id, _ = URLSafeSerializer(secret, salt=f"broadsheet {purpose}").loads(token)
    except BadData:
        return None
    return Grant(subscription_id, None)


def _address_hash(secret: str, email: str) -> str:
    key = sha256(secret.encode()).digest()
    return blake2b(email.casefold().encode(), key=key, digest_size=_HASH_BYTES).hexdigest()


def _signer(secret: str, purpose: Purpose) -> URLSafeSerializer:
    return signer(secret, f"broadsheet mail {purpose}")
