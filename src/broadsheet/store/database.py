"""Open the SQL database of a library, SQLite or PostgreSQL, and migrate its schema."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from broadsheet.errors import StoreError

_BUSY_TIMEOUT_MS = 60_000
# The key of the advisory lock that all writers of a PostgreSQL library take; any constant works.
_WRITER_LOCK = 0x42524F41
# What a transaction raises if the database fails, or if no connection of the pool becomes free.
_FAILURES = (DBAPIError, PoolTimeoutError)
_MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """A pool of connections to one library.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As created by :func:`open_database`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction for reading; it is rolled back at the end.

        It takes no lock that a writer waits for, and does not wait for a writer. On SQLite all
        statements see the snapshot of the first one. On PostgreSQL (READ COMMITTED) each statement
        sees what was committed before it started, so two statements may see different states.

        Raises
        ------
        StoreError
            If the database reports an error, or all connections stay in use.
        """
        try:
            with self._engine.connect() as connection:
                yield connection
        except _FAILURES as error:
            raise StoreError(
                f"cannot read the library ({_reason(error)}): check the disk and the database, "
                "then try again"
            ) from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction for writing; commit at the end, or roll back on an exception.

        There is one writer at a time. On SQLite the transaction waits up to 60 s for the write
        lock (``BEGIN IMMEDIATE``); on PostgreSQL it waits for an advisory lock without a limit.

        Raises
        ------
        StoreError
            As for :meth:`read`. Nothing of the transaction is stored.
        """
        options = {"broadsheet_write": True}
        try:
            with (
                self._engine.connect().execution_options(**options) as connection,
                connection.begin(),
            ):
                if connection.dialect.name == "postgresql":
                    lock = text("SELECT pg_advisory_xact_lock(:lock)")
                    connection.execute(lock, {"lock": _WRITER_LOCK})
                yield connection
        except _FAILURES as error:
            raise StoreError(
                f"cannot write to the library ({_reason(error)}); the transaction was rolled back: "
                "check the disk and the database, then try again"
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def open_database(url: str) -> Database:
    """Open a library; create its tables or migrate them to the newest schema if necessary.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql+psycopg://…``.

    Returns
    -------
    Database
        A pool of connections.

    Raises
    ------
    StoreError
        If the URL is invalid, the database is unreachable or damaged, or its schema is newer than
        this version.
    """
    # A URL that cannot be parsed may contain a password anywhere.
    shown = "(hidden)"
    try:
        parsed = _parsed(url)
        shown = parsed.render_as_string(hide_password=True)
        engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
        if engine.dialect.name == "sqlite":
            _tune_sqlite(engine)
        _migrate(engine, shown)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise StoreError(
            f"{shown!r} is not a supported database URL ({error}): use sqlite:///PATH, or "
            "postgresql+psycopg://… with the extra broadsheet[postgres]"
        ) from error
    except SQLAlchemyError as error:
        raise StoreError(
            f"the library at {shown!r} cannot be opened ({_reason(error)}): check that the "
            "path or server is correct and contains a Broadsheet library"
        ) from error
    return Database(engine)


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ValueError:
        # Its message may repeat a part of the password.
        raise StoreError(
            "the database URL is invalid after its host: write the port as a number, as in "
            "postgresql+psycopg://user:password@host:5432/name"
        ) from None


def _reason(error: SQLAlchemyError) -> str:
    """Return the driver's own message if there is one."""
    return str(getattr(error, "orig", None) or error).strip()


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(dbapi_connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # The driver would begin write transactions as DEFERRED, and the second of two writers would
        # fail when it upgrades its lock. The "begin" listener below starts transactions instead.
        dbapi_connection.isolation_level = None
        for pragma in (
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32000",
            "temp_store=MEMORY",
        ):
            dbapi_connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("broadsheet_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine, shown: str) -> None:
    if _schema(engine) == _newest_schema():
        return
    # Half a second to import, and needed by the first open only.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    scripts = Config()
    scripts.set_main_option("script_location", str(_MIGRATIONS))
    directory = ScriptDirectory.from_config(scripts)
    options = {"broadsheet_write": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        # Another process may have migrated the database before this one got the write lock.
        present = _schema_of(connection)
        if present == directory.get_current_head():
            return
        if present is not None and present not in {s.revision for s in directory.walk_revisions()}:
            raise StoreError(
                f"the library at {shown!r} was created by a newer Broadsheet (schema {present}): "
                "install that version, or open another library"
            )
        scripts.attributes["connection"] = connection
        command.upgrade(scripts, "head")


def _newest_schema() -> str:
    """Return the highest number that a migration file begins with."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))[:4]


def _schema(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return _schema_of(connection)


def _schema_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
