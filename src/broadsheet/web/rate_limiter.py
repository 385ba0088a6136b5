"""Rate limits: how many requests each client may make within a window of time."""

import threading
import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Protocol

from limits import RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter


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
            Any text that identifies the client, such as the result of :func:`network`.
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
    """

    def __init__(self, limit: int, window_s: int, storage: Storage | None = None) -> None:
        self._item = RateLimitItemPerSecond(limit, window_s)
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


class BoundedMemory(Storage):
    """Counters in memory for a limited number of clients.

    ``limits.storage.MemoryStorage`` stores every client until its window ends and scans all of
    them every 10 ms: 200,000 addresses in an hour stay in memory and slow each request down from
    20 to 65 µs.

    Parameters
    ----------
    max_clients : int
        Number of counters stored; beyond it the oldest window is dropped.
    """

    STORAGE_SCHEME = ["bounded-memory"]  # noqa: RUF012 - the registry of `limits` reads a list

    def __init__(self, max_clients: int = 100_000) -> None:
        super().__init__()
        self._max_clients = max_clients
        # Counter and end of window by client, in order of the start of the window.
        self._windows: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors that mean that the storage is unavailable."""
        return MemoryError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a counter and return its value."""
        now = time.time()
        with self._lock:
            count, ends_at = self._windows.get(key, (0, 0.0))
            if ends_at <= now:
                self._windows.pop(key, None)
                count, ends_at = 0, now + expiry
                if len(self._windows) >= self._max_clients:
                    del self._windows[next(iter(self._windows))]
            self._windows[key] = (count + amount, ends_at)
        return count + amount

    def get(self, key: str) -> int:
        """Return a counter, 0 if its window is over."""
        count, ends_at = self._windows.get(key, (0, 0.0))
        return count if ends_at > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Return the end of a window in seconds since the epoch."""
        return self._windows.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Return whether the storage is reachable."""
        return True

    def reset(self) -> int:
        """Drop all counters and return how many there were."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Drop one counter."""
        with self._lock:
            self._windows.pop(key, None)


def network(address: str) -> str:
    """Return the network of a client: the /64 of an IPv6 address, else the address itself.

    A household is assigned a whole /64, so a client can choose any address in it.

    Examples
    --------
    >>> network("2001:db8::1:2"), network("::ffff:192.0.2.7")
    ('2001:db8::', '192.0.2.7')
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
