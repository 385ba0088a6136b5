"""Notice that something was committed to a SQLite library, without reading what."""

import sqlite3
import threading
from contextlib import AbstractContextManager

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from broadsheet.errors import StoreError


class Commits:
    """Reads a value that differs after every commit, of this process or of another one.

    It is ``PRAGMA data_version``, which takes 5 µs on a connection that is kept for it: the value
    counts the commits of *other* connections.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        The pool of the library.
    free : context manager
        Held while a connection of the pool is in use.
    """

    def __init__(self, engine: Engine, free: AbstractContextManager[object]) -> None:
        self._engine = engine
        self._free = free
        self._asking = threading.Lock()
        self._kept: PoolProxiedConnection | None = None

    def stamp(self) -> int:
        """Return the value; equal values mean that nothing was committed between the calls.

        Raises
        ------
        StoreError
            If the file cannot be read.
        """
        with self._asking:
            try:
                cursor = self._connection().cursor()
                cursor.execute("PRAGMA data_version")
                row = cursor.fetchone()
                cursor.close()
            except sqlite3.Error as error:
                raise StoreError(
                    f"cannot read the library ({error}): check the disk and the database, "
                    "then try again"
                ) from error
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        """Close the connection."""
        with self._asking:
            if self._kept is not None:
                self._kept.close()
            self._kept = None

    def _connection(self) -> PoolProxiedConnection:
        if self._kept is None:
            # Detached: the pool, which may hold one connection, gives out another instead.
            with self._free:
                self._kept = self._engine.raw_connection()
                self._kept.detach()
        return self._kept
