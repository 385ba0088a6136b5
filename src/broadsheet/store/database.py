"""Open the library's SQL database, SQLite or PostgreSQL, at the schema this version needs."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from broadsheet.errors import StoreError

_BUSY_TIMEOUT_MS = 60_000
# Any constant will do: it names the one lock that writers of a PostgreSQL library share.
_WRITER_LOCK = 0x42524F41


class Database:
    """A pool of connections to one library.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As :func:`open_database` makes it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state and writes nothing."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give the connection of the one writer; commits at the end, rolls back on an error."""
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
        except DBAPIError as error:
            raise StoreError(
                f"the library could not be written ({error.orig}); nothing of this step was kept: "
                "check the disk and the database, then try again"
            ) from error

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def open_database(url: str) -> Database:
    """Open a library, creating or upgrading its tables.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql+psycopg://…``.

    Returns
    -------
    Database
        Ready to use.

    Raises
    ------
    StoreError
        Where the address is wrong, the database is out of reach or damaged, or it was made by a
        newer version.
    """
    shown = url
    try:
        parsed = make_url(url)
        shown = parsed.render_as_string(hide_password=True)
        engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
        if engine.dialect.name == "sqlite":
            _tune_sqlite(engine)
        _migrate(engine, shown)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise StoreError(
            f"{shown!r} is no database address Broadsheet can open ({error}): use "
            "sqlite:///PATH, or postgresql+psycopg://… with the extra broadsheet[postgres]"
        ) from error
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise StoreError(
            f"the library at {shown!r} cannot be opened ({str(reason).strip()}): check that the "
            "path or server is right and is a Broadsheet library"
        ) from error
    return Database(engine)


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(dbapi_connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # The driver's own transaction handling would begin writes deferred and let two writers
        # meet half-way; transactions are begun below instead.
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
    scripts = Config()
    scripts.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    directory = ScriptDirectory.from_config(scripts)
    head = directory.get_current_head()
    if _revision(engine) == head:
        return
    options = {"broadsheet_write": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        # Asked again under the write lock: another process may have migrated meanwhile.
        present = _revision_of(connection)
        if present == head:
            return
        if present is not None and present not in {s.revision for s in directory.walk_revisions()}:
            raise StoreError(
                f"the library at {shown!r} was created by a newer Broadsheet (schema {present}): "
                "install that version, or open another library"
            )
        scripts.attributes["connection"] = connection
        command.upgrade(scripts, "head")


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return _revision_of(connection)


def _revision_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
