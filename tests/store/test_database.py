"""Opening a library, and the locks that reading and writing take."""

import contextvars
import errno
import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from broadsheet.config import Settings, load_settings
from broadsheet.errors import BusyError, DamagedError, StoreError
from broadsheet.library import Library
from broadsheet.store import database
from broadsheet.store.database import Database, open_database
from broadsheet.store.metadata import library_id


@pytest.fixture
def no_wait() -> Iterator[None]:
    """Make transactions fail at once instead of waiting."""
    before = database._wait_s.get()
    database.wait_at_most(0)
    yield
    database.wait_at_most(before)


@pytest.fixture
def write_lock(settings: Settings) -> Iterator[sqlite3.Connection]:
    """A connection of another writer that holds the write lock of an existing library."""
    Library(settings).close()
    path = settings.data / "library.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.execute("ROLLBACK")
    connection.close()


@pytest.mark.usefixtures("no_wait", "write_lock")
def test_a_library_can_be_opened_and_read_while_another_writer_holds_the_lock(
    settings: Settings,
) -> None:
    with Library(settings) as library:
        assert library.newest() == ([], None)
        with pytest.raises(StoreError, match="database is locked"):
            library.vote("arxiv:1", "cookie", on=True)


def test_the_id_and_the_secret_of_a_library_do_not_change(settings: Settings) -> None:
    Library(settings).close()
    with Library(settings) as first, Library(settings) as second:
        assert first.secret == second.secret
        assert first._library_id == second._library_id
        assert len(first.secret) == 64


def test_an_id_that_another_process_creates_first_is_not_replaced(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.data.mkdir(parents=True)
    first, second = (database.open_database(settings.database_url) for _ in range(2))
    write, created = second.write, []

    def write_after_the_first_process() -> AbstractContextManager[Connection]:
        created.append(library_id(first))
        return write()

    monkeypatch.setattr(second, "write", write_after_the_first_process)
    assert [library_id(second)] == created
    first.close()
    second.close()


def test_writes_of_a_failed_transaction_are_rolled_back(settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    opened = database.open_database(settings.database_url)
    insert = text("INSERT INTO metadata (key, value) VALUES ('a', 'b')")
    with pytest.raises(ValueError, match="stop"), opened.write() as connection:
        connection.execute(insert)
        raise ValueError("stop")
    with opened.read() as connection:
        connection.execute(insert)
    with opened.read() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM metadata")).scalar() == 0
    opened.close()


def test_an_error_of_the_database_while_reading_is_a_store_error(settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    opened = database.open_database(settings.database_url)
    with pytest.raises(StoreError, match="cannot read the library"), opened.read() as connection:
        connection.execute(text("SELECT * FROM missing"))
    opened.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Database]:
    """A new SQLite library with one connection."""
    opened = open_database(f"sqlite:///{tmp_path / 'library.sqlite3'}", connections=1)
    yield opened
    opened.close()


@pytest.mark.parametrize("outer", ["read", "write"])
@pytest.mark.parametrize("inner", ["read", "write", "write_error"])
def test_a_second_transaction_in_a_thread_is_a_programming_error(
    opened: Database, outer: str, inner: str
) -> None:
    nested = pytest.raises(RuntimeError, match="has a transaction of the library already")
    with getattr(opened, outer)(), nested:
        _run(getattr(opened, inner))
    _run(getattr(opened, inner))


def _run(method: Callable[[], object]) -> None:
    result = method()
    if isinstance(result, AbstractContextManager):
        with result:
            pass


@pytest.mark.usefixtures("no_wait")
def test_a_transaction_that_gets_no_connection_in_time_is_refused_as_busy(
    opened: Database,
) -> None:
    with _held(opened.read):
        with pytest.raises(BusyError, match="database_connections = 1"), opened.read():
            pass
        with pytest.raises(BusyError, match="database_connections = 1"), opened.write():
            pass
    with opened.read():
        pass


@pytest.mark.usefixtures("no_wait")
def test_a_writer_that_waits_for_another_holds_no_connection(tmp_path: Path) -> None:
    opened = open_database(f"sqlite:///{tmp_path / 'library.sqlite3'}", connections=2)
    with _held(opened.write):
        with pytest.raises(BusyError, match="another thread of this process"), opened.write():
            pass
        waiting = threading.Thread(target=contextvars.Context().run, args=(_run, opened.write))
        waiting.start()
        with opened.read() as connection:
            assert connection.scalar(text("SELECT COUNT(*) FROM papers")) == 0
    waiting.join(10)
    assert not waiting.is_alive()
    opened.close()


@contextmanager
def _held(method: Callable[[], AbstractContextManager[Connection]]) -> Iterator[None]:
    """Hold a transaction in another thread."""
    began, done = threading.Event(), threading.Event()

    def hold() -> None:
        with method():
            began.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert began.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_read_transaction_on_sqlite_sees_one_snapshot(settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    first, second = (open_database(settings.database_url) for _ in range(2))
    count = text("SELECT COUNT(*) FROM metadata")
    with first.read() as reader:
        assert reader.execute(count).scalar() == 0
        with second.write() as writer:
            writer.execute(text("INSERT INTO metadata (key, value) VALUES ('a', 'b')"))
        assert reader.execute(count).scalar() == 0
    first.close()
    second.close()


@pytest.mark.parametrize("column", ["authors", "body"])
def test_a_value_that_cannot_be_decoded_is_damage(library: Library, column: str) -> None:
    table = {"authors": "papers", "body": "records"}[column]
    with library._database.write() as connection:
        connection.execute(text(f"UPDATE {table} SET {column} = 'x' || {column}"))
    with pytest.raises(DamagedError, match="cannot read the library"):
        if column == "authors":
            library.newest()
        else:
            library.records("arxiv:2603.00001")
    assert library._database.damage is not None


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        Library(load_settings({"data": tmp_path}, environment={}))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.EROFS, "the disk of '.*' is read-only: allow writes"),
        (errno.EACCES, "the folder '.*' accepts no writes: change its owner or mode"),
        (errno.ENOSPC, "the disk of '.*' is full: free some space"),
        (errno.ENOTDIR, "'.*': Not a directory"),
    ],
)
def test_a_database_that_cannot_be_opened_says_what_the_system_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, reason: str
) -> None:
    def fail(dir: str) -> None:
        raise OSError(code, os.strerror(code), dir)

    # SQLite has one message for all of these, and a test run as root may write anywhere.
    (tmp_path / "library.sqlite3").mkdir()
    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    with pytest.raises(StoreError, match=reason):
        database.open_database(f"sqlite:///{tmp_path / 'library.sqlite3'}")


def test_a_database_in_a_missing_folder_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no folder '.*gone': create it"):
        database.open_database(f"sqlite:///{tmp_path / 'gone' / 'library.sqlite3'}")


@pytest.mark.parametrize("scheme", ["oracle9://", "postgresql+psycopg//"])
def test_an_unsupported_url_is_refused_without_its_password(scheme: str) -> None:
    with pytest.raises(StoreError, match="not a supported database URL") as raised:
        database.open_database(f"{scheme}ada:hunter2@host/library")
    assert "hunter2" not in str(raised.value)


def test_an_unreachable_database_is_named_without_the_passwords_in_its_options() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="cannot be opened") as raised:
        database.open_database(
            "postgresql+psycopg://ada@127.0.0.1:1/news?password=hunter2&sslpassword=hunter3"
        )
    assert "hunter" not in str(raised.value)


def test_an_url_with_an_invalid_port_is_refused_without_its_password() -> None:
    with pytest.raises(StoreError, match="invalid after its host") as raised:
        database.open_database("postgresql+psycopg://ada:hunter2@127.0.0.1:port/news")
    assert "hunter2" not in str(raised.value)
