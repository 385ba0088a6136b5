"""Backups: one file with every row of a library, written while it serves."""

import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from broadsheet.config import Settings
from broadsheet.errors import StoreError
from broadsheet.library.data_folder import prepare_folder
from broadsheet.library.library import Library
from broadsheet.store.archive import Manifest, read_manifest
from broadsheet.store.backup import count_rows, write_backup
from broadsheet.store.database import Access, open_database
from broadsheet.store.restore import restore_rows

# Called with the rows that were handled since the last call, and all rows.
OnRows = Callable[[int, int], None]
# They are of the library that was there before, and can be computed again.
_DERIVED = ("index", "rerank")


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Parameters
    ----------
    made_at : str
        ISO 8601, UTC.
    version : str
        The version of Broadsheet that wrote it.
    rows : dict of str to int
        Rows by table.
    size : int
        Bytes of the file.
    held_mails : int
        Mails that were due and are held after a restore.
    """

    made_at: str
    version: str
    rows: dict[str, int]
    size: int
    held_mails: int = 0


def back_up(
    library: Library,
    path: Path,
    *,
    replace: bool = False,
    on_rows: OnRows = lambda _, __: None,
) -> Backup:
    """Write a backup of a library to a file that only its owner can read.

    All rows are of one moment; others may write meanwhile. The file appears when it is complete.

    Raises
    ------
    StoreError
        If the file exists and `replace` is false, or cannot be written.
    """
    if path.exists() and not replace:
        raise StoreError(f"{str(path)!r} exists: name another file, or use --replace")
    database = library.database
    total = count_rows(database)
    try:
        # Created with mode 600.
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w+b") as file:
                now = library.now.astimezone(UTC)
                manifest = write_backup(
                    database, file, version("broadsheet"), now, lambda count: on_rows(count, total)
                )
                file.flush()
                os.fsync(file.fileno())
            Path(partial).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(partial).unlink()
            raise
    except OSError as error:
        raise StoreError(
            f"the backup {str(path)!r} cannot be written ({error.strerror}): name a file in a "
            "folder that is writable and has space"
        ) from error
    return _backup_of(manifest, path)


def restore(
    settings: Settings,
    path: Path,
    *,
    replace: bool = False,
    on_rows: OnRows = lambda _, __: None,
) -> Backup:
    """Restore a backup into the library of some settings; see :func:`restore_rows`.

    Parameters
    ----------
    settings : Settings
        Of the library; it is created if there is none. Its server must be stopped.
    path : Path
        The backup.
    replace : bool
        Whether a library that is not empty is replaced.
    on_rows : callable
        Called with the rows restored since the last call, and those of the backup.

    Raises
    ------
    StoreError
        If the backup is damaged or newer, or the library is not empty or cannot be written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = read_manifest(archive)
            held = _restore(settings, archive, manifest, replace=replace, on_rows=on_rows)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise StoreError(
            f"{str(path)!r} is not a complete backup ({error}): name another"
        ) from error
    except OSError as error:
        raise StoreError(
            f"the backup {str(path)!r} cannot be restored ({error.strerror or error}): check the "
            "file and the data folder"
        ) from error
    except StoreError as error:
        raise StoreError(f"the backup {str(path)!r} cannot be restored: {error}") from error
    return _backup_of(manifest, path, held)


def _restore(
    settings: Settings,
    archive: zipfile.ZipFile,
    manifest: Manifest,
    *,
    replace: bool,
    on_rows: OnRows,
) -> int:
    prepare_folder(settings, Access.CREATE)
    needed = sum(part.size for part in manifest.tables.values())
    if settings.database is None and shutil.disk_usage(settings.data).free < needed:
        raise StoreError(f"it needs {needed / 1e6:,.0f} MB on the disk of {settings.data}")

    def delete_derived() -> None:
        for name in _DERIVED:
            shutil.rmtree(settings.data / name, ignore_errors=True)

    database = open_database(settings.database_url, 1)
    try:
        return restore_rows(
            database,
            archive,
            manifest,
            datetime.now(UTC),
            replace=replace,
            on_rows=lambda count: on_rows(count, manifest.rows),
            on_restored=delete_derived,
        )
    finally:
        database.close()


def _backup_of(manifest: Manifest, path: Path, held_mails: int = 0) -> Backup:
    rows = {name: part.rows for name, part in manifest.tables.items()}
    return Backup(manifest.made_at, manifest.version, rows, path.stat().st_size, held_mails)
