"""What an error of the database means, and what to do about it."""

import errno
import sqlite3
import tempfile
import zlib
from pathlib import Path

import orjson
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from broadsheet.errors import BusyError, DamagedError, StoreError

# What a transaction raises: errors of the driver, and of values that cannot be decoded.
FAILURES = (DBAPIError, orjson.JSONDecodeError, zlib.error)
_FULL = "the disk is full: free some space"
_READ_ONLY = "the database or its folder is read-only: allow writes"
_BUSY = "another process is writing: try again in a few seconds"
_DAMAGED = "the database is damaged: stop Broadsheet and run 'broadsheet doctor'"
_NO_FILE = "check that the folder exists and can be written"
# SQLite gives one error for all of these; {} is the folder of the database.
_UNWRITABLE = {
    errno.EROFS: "the disk of {!r} is read-only: allow writes",
    errno.EACCES: "the folder {!r} accepts no writes: change its owner or mode",
    errno.EPERM: "the folder {!r} accepts no writes: change its owner or mode",
    errno.ENOENT: "there is no folder {!r}: create it",
    errno.ENOSPC: "the disk of {!r} is full: free some space",
    errno.EMFILE: "this process has too many open files: raise its limit",
}
_OTHER = "check the disk and the database, then try again"
# By primary result code: https://www.sqlite.org/rescode.html
_SQLITE = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _NO_FILE,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: "check the disk and its free space",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "55P03": _BUSY,
    "53100": _FULL,
    "25006": _READ_ONLY,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
_PRIMARY_CODE = 0xFF


def failure(
    attempt: str, error: Exception, otherwise: str = _OTHER, file: str | None = None
) -> StoreError:
    """Return the error to raise instead of one of the driver, or of a decoder.

    Parameters
    ----------
    attempt : str
        What failed, such as ``cannot read the library``.
    error : Exception
        One of `FAILURES`, or any error of SQLAlchemy.
    otherwise : str
        What to do about an unknown error.
    file : str or None
        The SQLite file, if there is one.
    """
    # The driver's own message if there is one; SQLAlchemy's has the whole statement.
    reason = str(getattr(error, "orig", None) or error).strip()
    is_of_driver = isinstance(error, SQLAlchemyError)
    advice = _advice(getattr(error, "orig", None)) if is_of_driver else _DAMAGED
    if advice is _NO_FILE and file is not None:
        advice = _unwritable(str(Path(file).parent)) or advice
    text = f"{attempt} ({reason}): {advice or otherwise}"
    if advice is _DAMAGED:
        return DamagedError(text, reason)
    return BusyError(text) if advice is _BUSY else StoreError(text)


def _unwritable(folder: str) -> str | None:
    """Return why no file can be created in a folder, or None if one can."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return _UNWRITABLE.get(error.errno or 0, f"{{!r}}: {error.strerror}").format(folder)
    return None


def _advice(cause: BaseException | None) -> str | None:
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & _PRIMARY_CODE)
    # The driver has no code for text that it cannot decode, and we write none.
    if isinstance(cause, sqlite3.Error) and "Could not decode to UTF-8" in str(cause):
        return _DAMAGED
    return _POSTGRESQL.get(getattr(cause, "sqlstate", None) or "")
