"""Decide the next state of a delivery after a failure."""

from datetime import datetime, timedelta

from broadsheet.model import DeliveryState

_MAX_ATTEMPTS = 8
_FIRST_DELAY = timedelta(minutes=5)
_MAX_DELAY = timedelta(hours=6)


def state_after_failure(
    attempts: int, *, permanent: bool, in_doubt: bool, now: datetime
) -> tuple[DeliveryState, datetime | None]:
    """Return the next state of a delivery that was not sent.

    Parameters
    ----------
    attempts : int
        Number of attempts, from 1, including the failed one.
    permanent : bool
        Whether the mail server rejected the message permanently.
    in_doubt : bool
        Whether the mail server may have accepted it.
    now : datetime
        Aware UTC.

    Returns
    -------
    DeliveryState
        ``unknown`` if in doubt, ``failed`` if permanent or after 8 attempts, else ``due``.
    datetime or None
        Time of the next attempt if due: 5 minutes later, doubling with each attempt up to 6
        hours.
    """
    if in_doubt:
        return DeliveryState.UNKNOWN, None
    if permanent or attempts >= _MAX_ATTEMPTS:
        return DeliveryState.FAILED, None
    return DeliveryState.DUE, now + min(_FIRST_DELAY * 2 ** (attempts - 1), _MAX_DELAY)
