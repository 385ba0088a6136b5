"""The lock that lets one transaction at a time write to a library, across processes."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

# The execution option of a connection that begins with the lock of SQLite.
WRITES = "broadsheet_write"
# Readers wait only while another process recovers or closes the database; writers wait longer.
BUSY_TIMEOUT_MS = 5_000
# The key of the advisory lock that all writers of a PostgreSQL library take; any constant works.
_WRITER_LOCK = 0x42524F41
_LOCK_TIMEOUT = text("SELECT set_config('lock_timeout', :wait, true)")
_TAKE_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")


@contextmanager
def writing(connection: Connection, deadline: float) -> Iterator[None]:
    """Hold the writer lock of the database until the transaction ends, if it is free in time."""
    wait_ms = max(1, round((deadline - time.monotonic()) * 1000))
    if connection.dialect.name == "postgresql":
        with connection.begin():
            connection.execute(_LOCK_TIMEOUT, {"wait": f"{wait_ms}ms"})
            connection.execute(_TAKE_LOCK, {"lock": _WRITER_LOCK})
            connection.execute(_LOCK_TIMEOUT, {"wait": "0"})
            yield
        return
    connection.execution_options(**{WRITES: True})
    _pragma(connection, f"busy_timeout={wait_ms}")
    try:
        with connection.begin():
            yield
    finally:
        _pragma(connection, f"busy_timeout={BUSY_TIMEOUT_MS}")


def _pragma(connection: Connection, setting: str) -> None:
    # Through the driver: SQLAlchemy would begin a transaction.
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute(f"PRAGMA {setting}").close()
