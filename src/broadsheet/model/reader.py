"""Reader: a person who votes or subscribes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reader:
    """A person, anonymous or known by an email address.

    Parameters
    ----------
    id : int
        Number in the library; never reused.
    created_at : datetime
        Aware UTC.
    cookie : str or None
        The value of the cookie that identifies an anonymous reader; None if the reader has only
        a subscription.
    """

    id: int
    created_at: datetime
    cookie: str | None = None
