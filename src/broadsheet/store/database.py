"""Open the SQL database of a library, SQLite or PostgreSQL, and migrate its schema."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from enum import Enum

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from broadsheet.errors import (
    BusyError,
    DamagedError,
    MissingExtraError,
    NoLibraryError,
    OldSchemaError,
    StoreError,
)
from broadsheet.store.commits import Commits
from broadsheet.store.failures import FAILURES, failure
from broadsheet.store.file_modes import is_missing, restrict_file
from broadsheet.store.migrating import known_schemas, schema_of, upgrade
from broadsheet.store.write_lock import BUSY_TIMEOUT_MS, WRITES, writing

CONNECTIONS = 16
# Enough for the longest transaction of another process, which scores or imports papers.
_PATIENCE_S = 60.0
# A log that grew while a long read lasted is cut to this when SQLite next starts it again.
_KEPT_WAL_BYTES = 32 * 1024 * 1024
_WRITE_PROBE = text("UPDATE metadata SET value = value WHERE key = 'library_id'")

_wait_s: ContextVar[float] = ContextVar("wait_s", default=_PATIENCE_S)


def wait_at_most(seconds: float) -> None:
    """Limit how long transactions of the current context wait for a connection or a writer.

    A web server calls this for each request: its threads would otherwise wait for one process that
    writes, up to the default of 60 s.
    """
    _wait_s.set(seconds)


class Access(Enum):
    """What opening a library may change."""

    CREATE = "create it if it does not exist, or migrate it"
    EXISTING = "migrate it if its schema is older"
    INSPECT = "nothing"


class _NothingWrittenError(Exception):
    """Rolls a transaction back."""


class Database:
    """A pool of connections to one library.

    A thread has one connection at a time. If it needed a second one, the threads that hold all
    connections could wait for each other.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As created by :func:`open_database`.
    connections : int
        Number of connections in the pool of the engine, from 1.
    """

    def __init__(self, engine: Engine, connections: int) -> None:
        self._engine = engine
        self._connections = connections
        self._free = threading.BoundedSemaphore(connections)
        self._writer = threading.Lock()
        self._thread = threading.local()
        self._damage: str | None = None
        self._commits = Commits(engine, self._free)

    @property
    def damage(self) -> str | None:
        """Why a transaction found the database damaged: the database's message, or None."""
        return self._damage

    def version(self) -> str | int:
        """Return a value that differs after every commit to the library, by any process.

        Raises
        ------
        StoreError
            As for :meth:`read`.
        """
        if self._engine.dialect.name == "sqlite":
            return self._commits.stamp()
        with self.read() as connection:
            return str(connection.scalar(text("SELECT pg_current_snapshot()::text")))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction for reading; it is rolled back at the end.

        It takes no lock that a writer waits for, and does not wait for a writer. On SQLite all
        statements see the snapshot of the first one. On PostgreSQL (READ COMMITTED) each statement
        sees what was committed before it started, so two statements may see different states.

        Raises
        ------
        StoreError
            If the database reports an error: BusyError if all connections stay in use,
            DamagedError if the database is damaged.
        RuntimeError
            If the thread has a transaction already; pass its connection on instead.
        """
        self._require_no_transaction()
        try:
            with self._checkout(_wait_s.get()) as connection:
                yield connection
        except FAILURES as error:
            raise self._failure("cannot read the library", error) from error

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a transaction for reading whose statements all see the state of the first one."""
        with self.read() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction for writing; commit at the end, or roll back on an exception.

        There is one writer at a time: further threads and processes wait, by default up to 60 s
        (see :func:`wait_at_most`). Waiting threads hold no connection.

        Raises
        ------
        StoreError
            As for :meth:`read`, and BusyError if another writer does not finish. Nothing of the
            transaction is stored.
        RuntimeError
            As for :meth:`read`.
        """
        self._require_no_transaction()
        deadline = time.monotonic() + _wait_s.get()
        try:
            with (
                self._only_writer(deadline),
                self._checkout(deadline - time.monotonic()) as connection,
                writing(connection, deadline),
            ):
                yield connection
        except FAILURES as error:
            raise self._failure("cannot write to the library", error) from error

    def write_error(self) -> str | None:
        """Return why the database accepts no writes, or None; nothing is written.

        A writer at work is no error. A full disk is reported only by a write.
        """
        self._require_no_transaction()
        try:
            with self._checkout(_wait_s.get()) as connection:
                if connection.dialect.name == "postgresql":
                    standby = connection.scalar(text("SHOW transaction_read_only")) == "on"
                    return "the database is a standby or read-only" if standby else None
                # A read-only SQLite database does not refuse to begin to write.
                with suppress(_NothingWrittenError), writing(connection, time.monotonic()):
                    connection.execute(_WRITE_PROBE)
                    raise _NothingWrittenError
        except FAILURES as error:
            found = self._failure("cannot write to the library", error)
            return None if isinstance(found, BusyError) else str(found)
        return None

    def integrity_errors(self) -> list[str]:
        """Read a whole SQLite database and list its first errors; empty for PostgreSQL.

        It takes about 4 s per GB.
        """
        with self.read() as connection:
            if connection.dialect.name != "sqlite":
                return []
            found = connection.exec_driver_sql("PRAGMA quick_check(5)").scalars().all()
        return [str(line) for line in found if line != "ok"]

    def close(self) -> None:
        """Close all connections."""
        self._commits.close()
        self._engine.dispose()

    def _require_no_transaction(self) -> None:
        if getattr(self._thread, "has_transaction", False):
            raise RuntimeError(
                "this thread has a transaction of the library already: pass its connection on "
                "instead of opening a second transaction, which would wait for a free connection"
            )

    @contextmanager
    def _only_writer(self, deadline: float) -> Iterator[None]:
        if not self._writer.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise BusyError(
                "cannot write to the library: another thread of this process is writing; "
                "try again in a few seconds"
            )
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _checkout(self, wait_s: float) -> Iterator[Connection]:
        if not self._free.acquire(timeout=max(0.0, wait_s)):
            raise BusyError(
                f"the connections to the library are in use (database_connections = "
                f"{self._connections}): try again in a few seconds, or raise that setting"
            )
        self._thread.has_transaction = True
        try:
            with self._engine.connect() as connection:
                yield connection
        finally:
            self._thread.has_transaction = False
            self._free.release()

    def _failure(self, attempt: str, error: Exception) -> StoreError:
        found = failure(attempt, error, file=_sqlite_file(self._engine.url))
        if isinstance(found, DamagedError) and self._damage is None:
            self._damage = found.reason
        return found


def open_database(
    url: str, connections: int = CONNECTIONS, access: Access = Access.CREATE
) -> Database:
    """Open a library; by default, create its tables or migrate them to the newest schema.

    The file of a SQLite library and its log are readable by their owner only, whatever the umask
    is and whoever created them.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql+psycopg://…``.
    connections : int
        The most connections, from 1; each is opened when it is first needed.
    access : Access
        Whether the library may be created or migrated.

    Returns
    -------
    Database
        A pool of connections.

    Raises
    ------
    MissingExtraError
        If the driver of PostgreSQL is not installed.
    StoreError
        If the URL is invalid, the database is unreachable or damaged, or its schema is newer than
        this version; NoLibraryError or OldSchemaError if `access` does not allow to create or to
        migrate it.
    """
    # A URL that cannot be parsed may contain a password anywhere.
    shown, file = "(hidden)", None
    try:
        parsed = _parsed(url)
        file = _sqlite_file(parsed)
        # The options may contain a password as well.
        shown = parsed.set(query={}).render_as_string(hide_password=True)
        if access is not Access.CREATE and is_missing(file):
            raise NoLibraryError(str(file))
        engine = _engine(parsed, connections)
        try:
            _migrate(engine, shown, access)
        except BaseException:
            engine.dispose()
            raise
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        if getattr(error, "name", None) == "psycopg":
            raise MissingExtraError("a library on PostgreSQL", "psycopg", "postgres") from error
        raise StoreError(
            f"{shown!r} is not a supported database URL ({error}): use sqlite:///PATH or "
            "postgresql+psycopg://user:password@host/name"
        ) from error
    except SQLAlchemyError as error:
        raise failure(
            f"the library at {shown!r} cannot be opened",
            error,
            "check that the path or server is correct and contains a Broadsheet library",
            file,
        ) from error
    return Database(engine, connections)


def _sqlite_file(parsed: URL) -> str | None:
    return parsed.database if parsed.get_backend_name() == "sqlite" else None


def _engine(parsed: URL, connections: int) -> Engine:
    # LIFO: the fewest connections are opened, and their page caches stay warm.
    pool = {
        "poolclass": QueuePool,
        "pool_size": connections,
        "max_overflow": 0,
        "pool_use_lifo": True,
    }
    if parsed.get_backend_name() == "sqlite":
        restrict_file(parsed.database)
        engine = create_engine(parsed, **pool)
        _tune_sqlite(engine)
        return engine
    if "connect_timeout" not in parsed.query:
        parsed = parsed.update_query_dict({"connect_timeout": "10"})
    return create_engine(parsed, pool_pre_ping=True, **pool)


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ValueError:
        # Its message may repeat a part of the password.
        raise StoreError(
            "the database URL is invalid after its host: write the port as a number, as in "
            "postgresql+psycopg://user:password@host:5432/name"
        ) from None


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(dbapi_connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # The driver would begin write transactions as DEFERRED, and the second of two writers would
        # fail when it upgrades its lock. The "begin" listener below starts transactions instead.
        dbapi_connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            # The system's page cache holds the rest: 32 MB made reads of 50 papers 5% faster.
            "cache_size=-8000",
            "temp_store=MEMORY",
            f"journal_size_limit={_KEPT_WAL_BYTES}",
        ):
            dbapi_connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine, shown: str, access: Access) -> None:
    found, newest = _schema(engine), known_schemas()[-1]
    if found == newest:
        return
    if found is None and access is not Access.CREATE:
        file = _sqlite_file(engine.url)
        raise NoLibraryError(file) if file else NoLibraryError(shown, "check 'database'")
    if access is Access.INSPECT and found is not None and found < newest:
        raise OldSchemaError(
            f"the library at {shown!r} has schema {found} and this version needs {newest}: back it "
            "up, then run 'broadsheet serve' or another command, which migrates it"
        )
    with engine.connect() as connection, writing(connection, time.monotonic() + _PATIENCE_S):
        # Another process may have migrated the database before this one got the write lock.
        present = schema_of(connection)
        if present == known_schemas()[-1]:
            return
        if present is not None and present not in known_schemas():
            raise StoreError(
                f"the library at {shown!r} was created by a newer Broadsheet (schema {present}): "
                "install that version, or open another library"
            )
        upgrade(connection, "head")


def _schema(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return schema_of(connection)
