"""What becomes of a mail that could not be handed over."""

from datetime import datetime, timedelta

from broadsheet.model import DeliveryState

_MOST_ATTEMPTS = 8
_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(hours=6)


def after_failure(
    attempts: int, *, permanent: bool, in_doubt: bool, now: datetime
) -> tuple[DeliveryState, datetime | None]:
    """Decide what a failed delivery is next.

    Parameters
    ----------
    attempts : int
        How often sending was tried, this time included.
    permanent : bool
        The mail server refused it for good.
    in_doubt : bool
        The mail server may have taken it.
    now : datetime
        Aware UTC.

    Returns
    -------
    DeliveryState
        ``unknown``, ``failed`` or ``due``.
    datetime or None
        When to try again where it is due: five minutes later, twice as long each time, six
        hours at most.
    """
    if in_doubt:
        return DeliveryState.UNKNOWN, None
    if permanent or attempts >= _MOST_ATTEMPTS:
        return DeliveryState.FAILED, None
    wait = min(_FIRST_WAIT * 2 ** (attempts - 1), _LONGEST_WAIT)
    return DeliveryState.DUE, now + wait
