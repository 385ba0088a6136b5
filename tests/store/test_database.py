"""Opening a library, and the locks that reading and writing take."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text

from broadsheet.config import Settings, load_settings
from broadsheet.errors import StoreError
from broadsheet.library import Library
from broadsheet.store import database
from broadsheet.store.metadata import library_id


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make SQLite raise "database is locked" at once instead of waiting."""
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_MS", 0)


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


def test_waiting_too_long_for_a_connection_is_a_store_error(tmp_path: Path) -> None:
    engine = create_engine(
        f"sqlite:///{tmp_path / 'library.sqlite3'}", pool_size=1, max_overflow=0, pool_timeout=0.01
    )
    opened = database.Database(engine)
    with opened.read():
        with pytest.raises(StoreError, match="cannot read the library"), opened.read():
            pass
        with pytest.raises(StoreError, match="cannot write to the library"), opened.write():
            pass
    opened.close()


def test_a_read_transaction_on_sqlite_sees_one_snapshot(settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    opened = database.open_database(settings.database_url)
    count = text("SELECT COUNT(*) FROM metadata")
    with opened.read() as reader:
        assert reader.execute(count).scalar() == 0
        with opened.write() as writer:
            writer.execute(text("INSERT INTO metadata (key, value) VALUES ('a', 'b')"))
        assert reader.execute(count).scalar() == 0
    opened.close()


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        Library(load_settings({"data": tmp_path}, environment={}))


@pytest.mark.parametrize("scheme", ["oracle9://", "postgresql+psycopg//"])
def test_an_unsupported_url_is_refused_without_its_password(scheme: str) -> None:
    with pytest.raises(StoreError, match="not a supported database URL") as raised:
        database.open_database(f"{scheme}ada:hunter2@host/library")
    assert "hunter2" not in str(raised.value)


def test_an_url_with_an_invalid_port_is_refused_without_its_password() -> None:
    with pytest.raises(StoreError, match="invalid after its host") as raised:
        database.open_database("postgresql+psycopg://ada:hunter2@127.0.0.1:port/news")
    assert "hunter2" not in str(raised.value)
