"""Single values of a library by key: its id, its signing secret, the positions of its readers."""

import secrets

from sqlalchemy import Connection, insert, select, update

from broadsheet.store.database import Database
from broadsheet.store.tables import metadata_values

_NEXT_PAPER_NUM = "next_paper_num"
_LIBRARY_ID_BYTES = 8
_SECRET_BYTES = 32


def library_id(database: Database) -> str:
    """Return the id of the library, 16 hex digits that are created when it is first opened."""
    return _random_value(database, "library_id", _LIBRARY_ID_BYTES)


def signing_secret(database: Database) -> str:
    """Return the key that signs links and cookies, created when the library is first opened."""
    return _random_value(database, "secret", _SECRET_BYTES)


def get_value(connection: Connection, key: str) -> str | None:
    """Return the value of a key, or None if it has none."""
    return connection.scalar(select(metadata_values.c.value).where(metadata_values.c.key == key))


def put_value(connection: Connection, key: str, value: str) -> None:
    """Store the value of a key; replace the old value if there is one."""
    changed = connection.execute(
        update(metadata_values).where(metadata_values.c.key == key).values(value=value)
    )
    if not changed.rowcount:
        connection.execute(insert(metadata_values).values(key=key, value=value))


def reserve_paper_nums(connection: Connection, count: int) -> range:
    """Reserve paper numbers that were never used; those of removed papers are not reused."""
    first = int(get_value(connection, _NEXT_PAPER_NUM) or 1)
    put_value(connection, _NEXT_PAPER_NUM, str(first + count))
    return range(first, first + count)


def _random_value(database: Database, key: str, size: int) -> str:
    """Return a value; take the writer lock only if it does not exist yet."""
    with database.read() as connection:
        value = get_value(connection, key)
    if value is not None:
        return value
    with database.write() as connection:
        # Another process may have stored the value after the read above.
        value = get_value(connection, key)
        if value is None:
            value = secrets.token_hex(size)
            put_value(connection, key, value)
        return value
