"""Rate limits: how many requests each client may make within a window of time."""

import time
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from limits import RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from broadsheet.web.limits.counters import BoundedMemory

_HOUR_S, _DAY_S = 3600, 24 * 3600


@dataclass(frozen=True, slots=True)
class Quota:
    """The state of one client's window after a request.

    Parameters
    ----------
    allowed : bool
        Whether the request is within the limit.
    remaining : int
        Requests left in the window, 0 or more.
    reset_s : int
        Seconds until the window ends, 1 or more.
    """

    allowed: bool
    remaining: int
    reset_s: int


class RateLimiter(Protocol):
    """Counts the requests of each client in fixed windows.

    A client's window begins with its first request. Safe to call from many threads; memory is
    bounded however many clients there are.
    """

    @property
    def limit(self) -> int:
        """Requests per client and window, 1 or more."""

    @property
    def window_s(self) -> int:
        """Length of a window in seconds."""

    def take(self, client: str) -> Quota:
        """Count one request of a client.

        Parameters
        ----------
        client : str
            Any text that identifies the client, such as the result of
            :func:`broadsheet.rules.network.network`.
        """


class FixedWindow:
    """Rate limiter on a storage of the library ``limits``.

    Parameters
    ----------
    limit : int
        Requests per client and window.
    window_s : int
        Length of a window in seconds.
    storage : limits.storage.Storage, optional
        Where the counters are stored; by default in the memory of this process.
    name : str, optional
        Distinguishes the limiters of a storage; two with the same name count together.
    """

    def __init__(
        self, limit: int, window_s: int, storage: Storage | None = None, name: str = "limit"
    ) -> None:
        self._item = RateLimitItemPerSecond(limit, window_s, namespace=name)
        self._strategy = FixedWindowRateLimiter(BoundedMemory() if storage is None else storage)

    @property
    def limit(self) -> int:
        """Requests per client and window."""
        return self._item.amount

    @property
    def window_s(self) -> int:
        """Length of a window in seconds."""
        return self._item.get_expiry()

    def take(self, client: str) -> Quota:
        """Count one request of a client."""
        allowed = self._strategy.hit(self._item, client)
        window = self._strategy.get_window_stats(self._item, client)
        return Quota(allowed, window.remaining, max(1, ceil(window.reset_time - time.time())))


class Limiters:
    """Creates the rate limiters of an application on one storage.

    Parameters
    ----------
    storage : limits.storage.Storage, optional
        Where the counters are stored; by default in the memory of this process.
    signups : limits.storage.Storage, optional
        The same for sign-ups.
    """

    def __init__(self, storage: Storage | None = None, signups: Storage | None = None) -> None:
        self._storage = BoundedMemory() if storage is None else storage
        self._signups = signups

    @property
    def of_signups(self) -> "Limiters":
        """Limiters of sign-ups, whose counters no flood of other requests drops.

        A storage drops the oldest window when it is full, and whoever has a /48 can count as
        65,536 clients. Sign-ups have few counters, because they are counted by wide networks.
        """
        return Limiters(self._signups)

    def hourly(self, name: str, limit: int) -> RateLimiter:
        """Return a limiter of requests per client and hour.

        Parameters
        ----------
        name : str
            Distinguishes the limiters of a storage; two with the same name count together.
        limit : int
            Requests per client and hour.
        """
        return FixedWindow(limit, _HOUR_S, self._storage, name)

    def daily(self, name: str, limit: int) -> RateLimiter:
        """Return a limiter of requests per client and day, as :meth:`hourly` does per hour."""
        return FixedWindow(limit, _DAY_S, self._storage, name)
