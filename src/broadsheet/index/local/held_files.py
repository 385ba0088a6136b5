"""Mapped files: their checksums, and leases that keep other programs from changing them."""

import os
import sys
import threading
import weakref
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import orjson

if sys.platform == "linux":
    import fcntl

_PARTS = ("idx", "pos", "term", "store", "fast", "fieldnorm")
_READ_BYTES = 1 << 20
# The last bytes of a file of tantivy: the length of a JSON footer with the checksum, and this.
_MAGIC = (1337).to_bytes(4, "little")
_MAX_FOOTER_BYTES = 1_000


class _Held(NamedTuple):
    descriptor: int
    is_leased: bool
    status: tuple[int, int]


class HeldFiles:
    """Open files that are mapped into memory; safe to use from many threads.

    Reading a mapped page that another program has cut off ends the process (SIGBUS). On Linux a
    lease (``F_SETLEASE``) makes a program that opens the file for writing wait until this process
    closes it, 45 s at most. Where there are no leases (other systems, NFS, files of another
    user), a change is detected by size and time, which is too late for a search in progress.

    The files are closed with the last reference to this object.
    """

    def __init__(self) -> None:
        self._held: dict[Path, _Held] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._held)

    def hold(self, paths: Iterable[Path]) -> None:
        """Open these files and close the others.

        Raises
        ------
        OSError
            If a file is absent, or another program has opened it for writing.
        """
        wanted = set(paths)
        with self._lock:
            for path in wanted - self._held.keys():
                self._held[path] = _open(path)
            unused = {path: self._held.pop(path) for path in self._held.keys() - wanted}
        _close(unused)

    def are_unchanged(self) -> bool:
        """Return whether no other program has changed a file or waits to do so."""
        with self._lock:
            return all(_is_unchanged(held) for held in self._held.values())


def segment_files(postings: Path) -> list[Path]:
    """List the files of the segments that the last commit of tantivy names.

    Raises
    ------
    OSError, ValueError
        If the list of segments cannot be read.
    """
    try:
        segments = orjson.loads((postings / "meta.json").read_bytes())["segments"]
        files = []
        for segment in segments:
            name = segment["segment_id"].replace("-", "")
            files += [postings / f"{name}.{part}" for part in _PARTS]
            if segment["deletes"]:
                files.append(postings / f"{name}.{segment['deletes']['opstamp']}.del")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"damaged list of segments in {str(postings)!r}") from error
    return files


def has_valid_checksum(path: Path) -> bool:
    """Return whether the content of a file of tantivy has the checksum of its footer.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 8))
        length, magic = file.read(4), file.read(4)
        footer_bytes = int.from_bytes(length, "little")
        body_bytes = size - 8 - footer_bytes
        if magic != _MAGIC or footer_bytes > _MAX_FOOTER_BYTES or body_bytes < 0:
            return False
        file.seek(body_bytes)
        try:
            expected = orjson.loads(file.read(footer_bytes))["crc"]
        except (ValueError, KeyError, TypeError):
            return False
        file.seek(0)
        checksum = 0
        while body_bytes and (block := file.read(min(_READ_BYTES, body_bytes))):
            checksum = zlib.crc32(block, checksum)
            body_bytes -= len(block)
        return not body_bytes and checksum == expected


def _open(path: Path) -> _Held:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return _Held(descriptor, _lease(descriptor), _status(descriptor))
    except OSError:
        os.close(descriptor)
        raise


def _lease(descriptor: int) -> bool:
    if sys.platform != "linux":
        return False
    else:  # noqa: RET505 - mypy reports what follows the block as unreachable
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            # No signal: `are_unchanged` is called before each search.
            fcntl.fcntl(descriptor, fcntl.F_SETOWN, 0)
        except BlockingIOError:
            raise
        except OSError:
            return False
        return True


def _is_unchanged(held: _Held) -> bool:
    if sys.platform == "linux" and held.is_leased:
        return fcntl.fcntl(held.descriptor, fcntl.F_GETLEASE) == fcntl.F_RDLCK
    return _status(held.descriptor) == held.status


def _status(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_size, status.st_mtime_ns


def _close(held: dict[Path, _Held]) -> None:
    for each in held.values():
        os.close(each.descriptor)
