"""Where rate limits store their counters: the memory of one process, or a file that many share."""

import logging
import os
import sqlite3
import threading
import time
from hashlib import blake2b
from pathlib import Path

from limits.storage import Storage

_log = logging.getLogger(__name__)
_KEY_BYTES = 16
_BUSY_TIMEOUT_S = 1.0
_WARN_EVERY_S = 60.0
_COMPARE_EVERY_S = 1.0
# No journal is synced: after a power failure, counters start again at 0.
_SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=OFF;
CREATE TABLE IF NOT EXISTS windows (
    id INTEGER PRIMARY KEY, client BLOB UNIQUE NOT NULL, count INTEGER NOT NULL,
    ends_at REAL NOT NULL
);
"""


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
            # A window that ends later than a new one began before the clock was set back.
            if not now < ends_at <= now + expiry:
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


class SharedFile(Storage):
    """Counters in an SQLite file that all processes of a data folder share.

    While the file cannot be used, because the disk is full or the file is damaged, each process
    counts in its own memory, and a warning is logged once a minute.

    Parameters
    ----------
    path : Path
        The file; created if it does not exist. It contains keyed hashes instead of clients.
    key : bytes
        Key of the hashes, at most 64 bytes.
    max_clients : int
        Number of counters stored; beyond it the oldest window is dropped.
    """

    STORAGE_SCHEME = ["broadsheet-shared-file"]  # noqa: RUF012 - as above

    def __init__(self, path: Path, key: bytes, max_clients: int = 100_000) -> None:
        super().__init__()
        self._path, self._key, self._max_clients = path, key, max_clients
        self._memory = BoundedMemory(max_clients)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._compared_at_s = 0.0
        self._retry_at_s = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors that mean that the storage is unavailable."""
        return sqlite3.Error

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a counter and return its value."""
        with self._lock:
            try:
                connection = self._open()
                if connection is not None:
                    return self._incr(connection, self._hash(key), expiry, amount)
            except (sqlite3.Error, OSError) as error:
                self._fail(error)
        return self._memory.incr(key, expiry, amount)

    def get(self, key: str) -> int:
        """Return a counter, 0 if its window is over."""
        window = self._window(key)
        if window is None:
            return self._memory.get(key)
        return window[0] if window[1] > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Return the end of a window in seconds since the epoch."""
        window = self._window(key)
        return self._memory.get_expiry(key) if window is None else window[1]

    def check(self) -> bool:
        """Return whether the file can be used."""
        with self._lock:
            try:
                return self._open() is not None
            except (sqlite3.Error, OSError):
                return False

    def reset(self) -> int:
        """Drop all counters and return how many there were."""
        with self._lock:
            connection = self._open()
            in_file = connection.execute("DELETE FROM windows").rowcount if connection else 0
        return in_file + self._memory.reset()

    def clear(self, key: str) -> None:
        """Drop one counter."""
        with self._lock:
            if connection := self._open():
                connection.execute("DELETE FROM windows WHERE client = ?", [self._hash(key)])
        self._memory.clear(key)

    def _window(self, key: str) -> tuple[int, float] | None:
        with self._lock:
            try:
                if connection := self._open():
                    row: tuple[int, float] | None = connection.execute(
                        "SELECT count, ends_at FROM windows WHERE client = ?", [self._hash(key)]
                    ).fetchone()
                    return row or (0, time.time())
            except (sqlite3.Error, OSError) as error:
                self._fail(error)
        return None

    def _incr(self, connection: sqlite3.Connection, client: bytes, expiry: int, amount: int) -> int:
        now = time.time()
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "UPDATE windows SET count = count + ? "
                "WHERE client = ? AND ends_at > ? AND ends_at <= ? RETURNING count",
                [amount, client, now, now + expiry],
            ).fetchone()
            if row is not None:
                return int(row[0])
            # The new row has the highest id, so ids are in order of the start of the window.
            newest = connection.execute(
                "REPLACE INTO windows (client, count, ends_at) VALUES (?, ?, ?)",
                [client, amount, now + expiry],
            ).lastrowid
            connection.execute(
                "DELETE FROM windows WHERE id <= ?", [(newest or 0) - self._max_clients]
            )
        return amount

    def _open(self) -> sqlite3.Connection | None:
        """Return the connection of this process, or None until the next attempt is due."""
        self._close_if_replaced()
        if self._connection is None and time.monotonic() >= self._retry_at_s:
            # The file names networks, if only as hashes: readable by the operator only.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(
                self._path, _BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                connection.executescript(_SCHEMA)
            except sqlite3.Error:
                connection.close()
                raise
            self._connection, self._inode = connection, self._path.stat().st_ino
            self._compared_at_s = time.monotonic()
        return self._connection

    def _close_if_replaced(self) -> None:
        """Close a file that has been deleted: other processes count in a new one."""
        now_s = time.monotonic()
        if self._connection is None or now_s < self._compared_at_s + _COMPARE_EVERY_S:
            return
        self._compared_at_s = now_s
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            inode = 0
        if inode != self._inode:
            self._connection.close()
            self._connection = None

    def _fail(self, error: Exception) -> None:
        self._retry_at_s = time.monotonic() + _WARN_EVERY_S
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        _log.warning(
            "rate limits are counted in each process apart: %s cannot be used (%s); "
            "check the disk, or delete the file while the server is stopped",
            self._path,
            error,
        )

    def _hash(self, key: str) -> bytes:
        text = key.encode("utf-8", "surrogatepass")
        return blake2b(text, key=self._key, digest_size=_KEY_BYTES).digest()
