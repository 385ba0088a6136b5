"""Replace the rows of a library by those of a backup, in one transaction."""

import zipfile
from base64 import b64decode
from collections.abc import Callable
from datetime import date, datetime
from itertools import islice

from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    Float,
    LargeBinary,
    Table,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.types import TypeEngine

from broadsheet.errors import StoreError
from broadsheet.model import DeliveryState
from broadsheet.store.archive import Manifest, TablePart, rows_of
from broadsheet.store.backup import keeps_numbers, numbered_column, tables_of
from broadsheet.store.database import Database
from broadsheet.store.migrating import drop_tables, known_schemas, upgrade
from broadsheet.store.tables import deliveries, metadata_values, schema

_BATCH = 1_000
_RESTORED = "restored from a backup: it may have been sent since"


def restore_rows(
    database: Database,
    archive: zipfile.ZipFile,
    manifest: Manifest,
    now: datetime,
    *,
    replace: bool,
    on_rows: Callable[[int], None],
    on_restored: Callable[[], None],
) -> int:
    """Restore a backup into a library; if that fails, the library stays as it was.

    Mails that were due may have been sent since the backup: they become ``unknown``.

    Parameters
    ----------
    database : Database
        The library.
    archive : zipfile.ZipFile
        The backup.
    manifest : Manifest
        Its manifest, as :func:`broadsheet.store.archive.read_manifest` returns it.
    now : datetime
        Aware UTC.
    replace : bool
        Whether a library that is not empty is replaced.
    on_rows : callable
        Called with the number of rows that were read since the last call.
    on_restored : callable
        Called before the transaction is committed: an error of it undoes all.

    Returns
    -------
    int
        Mails that were due.

    Raises
    ------
    StoreError
        If the library is not empty, the backup is damaged, or a newer version wrote it.
    """
    if manifest.schema_number not in known_schemas():
        raise StoreError(
            f"a newer Broadsheet wrote it ({manifest.version}, schema {manifest.schema_number}): "
            "install that version"
        )
    with database.write() as connection:
        if not replace:
            _require_empty(connection)
        drop_tables(connection)
        upgrade(connection, manifest.schema_number)
        tables = tables_of(connection, manifest.tables)
        is_newest = manifest.schema_number == known_schemas()[-1]
        expected = set(schema.tables) if is_newest else set(manifest.tables)
        if not {table.name for table in tables} == expected == set(manifest.tables):
            raise StoreError("its tables are not those of its schema: it was changed")
        for table in reversed(tables):
            connection.execute(delete(table))
        for table in tables:
            _restore_table(connection, archive, table, manifest.tables[table.name], on_rows)
        upgrade(connection, "head")
        due = _hold_mail(connection, now)
        on_restored()
    return due


def _require_empty(connection: Connection) -> None:
    for table in tables_of(connection):
        if table.name == metadata_values.name:
            continue
        if connection.execute(select(table).limit(1)).first() is not None:
            raise StoreError(
                f"the library is not empty (table {table.name!r} has rows): use --replace to "
                "delete all of it, or name another folder with --data"
            )


def _restore_table(
    connection: Connection,
    archive: zipfile.ZipFile,
    table: Table,
    part: TablePart,
    on_rows: Callable[[int], None],
) -> None:
    columns = {column.name: column.type for column in table.columns}
    if set(columns) != set(part.columns):
        raise StoreError(f"the columns of table {table.name!r} are not those of its schema")
    types = [columns[name] for name in part.columns]
    rows = rows_of(archive, table.name, part)
    while batch := list(islice(rows, _BATCH)):
        try:
            values = [
                {
                    name: _value(kind, one)
                    for name, kind, one in zip(part.columns, types, row, strict=True)
                }
                for row in batch
            ]
        except (ValueError, TypeError) as error:
            raise StoreError(f"a row of table {table.name!r} is invalid: {error}") from error
        connection.execute(insert(table), values)
        on_rows(len(batch))
    _continue_numbers(connection, table, part.last_number)


def _value(kind: TypeEngine[object], value: object) -> object:
    if value is None:
        return None
    if isinstance(kind, LargeBinary):
        return b64decode(str(value), validate=True)
    if isinstance(kind, Boolean) and not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    if isinstance(kind, Date):
        return date.fromisoformat(str(value))
    return float(str(value)) if isinstance(kind, Float) else value


def _continue_numbers(connection: Connection, table: Table, last: int | None) -> None:
    """Let the next row get a number after all that were ever assigned: links in mails name them."""
    column = numbered_column(table)
    if column is None:
        return
    highest = max(last or 0, connection.scalar(select(func.max(table.c[column]))) or 0)
    if not highest:
        return
    if connection.dialect.name == "postgresql":
        sequence = text("SELECT setval(pg_get_serial_sequence(:name, :column), :last)")
        connection.execute(sequence, {"name": table.name, "column": column, "last": highest})
    elif keeps_numbers(table):
        values = {"name": table.name, "last": highest}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), values)


def _hold_mail(connection: Connection, now: datetime) -> int:
    waiting = (DeliveryState.DUE, DeliveryState.CLAIMED)
    held = connection.execute(
        update(deliveries)
        .where(deliveries.c.state.in_(waiting))
        .values(state=DeliveryState.UNKNOWN, claimed_at=None, settled_at=now, error=_RESTORED)
    )
    return held.rowcount
