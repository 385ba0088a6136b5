"""Let only their owner read the files of a library: they hold addresses and secrets."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TypeGuard


def is_missing(name: str | None) -> bool:
    """Return whether a SQLite file does not exist; None, URIs and ``:memory:`` name no file."""
    return _is_file_name(name) and not Path(name).exists()


def restrict_file(name: str | None) -> None:
    """Let only the owner read a SQLite file; SQLite gives new files of its log the same mode."""
    if not _is_file_name(name):
        return
    # An existing file is not opened here: closing it would drop SQLite's locks on it. What cannot
    # be created or changed, SQLite or the doctor reports.
    with suppress(OSError):
        os.close(os.open(name, os.O_CREAT | os.O_EXCL, 0o600))
    for path in (Path(name), Path(f"{name}-wal"), Path(f"{name}-shm")):
        with suppress(OSError):
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)


def _is_file_name(name: str | None) -> TypeGuard[str]:
    return name is not None and not name.startswith((":", "file:"))


def restrict_folders(data: Path) -> None:
    """Let only the owner read what earlier versions wrote to the folders of a library."""
    for folder in (data / name for name in ("index", "outbox", "rerank")):
        with suppress(OSError):
            # What a link leads to may belong to somebody else.
            if folder.lstat().st_mode & 0o077 and not folder.is_symlink():
                for path in folder.rglob("*"):
                    if not path.is_symlink():
                        path.chmod(0o700 if path.is_dir() else 0o600)
                folder.chmod(0o700)
