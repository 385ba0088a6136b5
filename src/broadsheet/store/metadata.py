"""Single values of a library: its id, its signing secret, how far a follower has come."""

import secrets

from sqlalchemy import Connection, insert, select, update

from broadsheet.store.tables import facts

_NEXT_NUMBER = "next paper number"


def take_numbers(connection: Connection, count: int) -> range:
    """Take numbers that no paper had before; a removed paper's number is never given again."""
    first = int(_value(connection, _NEXT_NUMBER) or 1)
    _put(connection, _NEXT_NUMBER, str(first + count))
    return range(first, first + count)


def fact(connection: Connection, key: str) -> str:
    """Read a random value that was made when it was first asked for.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of the one writer.
    key : str
        ``library id`` or ``secret``.
    """
    value = _value(connection, key)
    if value is None:
        value = secrets.token_hex(8 if key == "library id" else 32)
        _put(connection, key, value)
    return value


def noted(connection: Connection, key: str) -> str | None:
    """Read what was noted under a key; None where nothing was."""
    return _value(connection, key)


def note(connection: Connection, key: str, value: str) -> None:
    """Note a value under a key, in place of what was there."""
    _put(connection, key, value)


def _value(connection: Connection, key: str) -> str | None:
    value = connection.scalar(select(facts.c.value).where(facts.c.key == key))
    return None if value is None else str(value)


def _put(connection: Connection, key: str, value: str) -> None:
    changed = connection.execute(update(facts).where(facts.c.key == key).values(value=value))
    if not changed.rowcount:
        connection.execute(insert(facts).values(key=key, value=value))
