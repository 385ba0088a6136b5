"""Find, create and delete readers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from broadsheet.model import Reader
from broadsheet.store.tables import readers, votes


def find_reader(connection: Connection, cookie: str) -> Reader | None:
    """Return the reader with this cookie, or None if there is none."""
    row = connection.execute(select(readers).where(readers.c.cookie == cookie)).one_or_none()
    return None if row is None else Reader(row.id, row.created_at, row.cookie)


def create_reader(connection: Connection, now: datetime, cookie: str | None = None) -> Reader:
    """Insert a reader, without a cookie if the reader comes from a subscription."""
    created = connection.execute(insert(readers).values(created_at=now, cookie=cookie))
    (reader_id,) = created.inserted_primary_key or (None,)
    assert reader_id is not None
    return Reader(reader_id, now, cookie)


def find_or_create_reader(connection: Connection, cookie: str, now: datetime) -> Reader:
    """Return the reader with this cookie; create it if there is none."""
    return find_reader(connection, cookie) or create_reader(connection, now, cookie)


def delete_unidentified(connection: Connection, reader_ids: Sequence[int]) -> None:
    """Delete those of the readers that nothing identifies: no cookie, no address, no votes."""
    connection.execute(
        delete(readers).where(
            readers.c.id.in_(reader_ids),
            readers.c.cookie.is_(None),
            readers.c.email_key.is_(None),
            readers.c.id.not_in(select(votes.c.reader_id)),
        )
    )
