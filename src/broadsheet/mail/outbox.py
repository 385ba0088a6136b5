"""Keep messages as files, for trying things out and for other mailers to pick up."""

import os
import re
import tempfile
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from broadsheet.errors import MailError

_UNSAFE = re.compile(r"[^A-Za-z0-9@._-]+")
_READABLE_CHARS = 80


class OutboxTransport:
    """Writes each message to a file of its own, once.

    Parameters
    ----------
    folder : Path
        Where the ``.eml`` files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        """Begin; the folder is made when the first message is written."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; nothing is left open between messages."""

    def path_of(self, message_id: str) -> Path:
        """Give the file of a message: readable, and different for every Message-ID."""
        readable = _UNSAFE.sub("_", message_id.strip("<>")).lstrip(".")[:_READABLE_CHARS]
        digest = sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._folder / f"{readable}-{digest}.eml"

    def send(self, message: bytes, *, sender: str, to: str, message_id: str) -> None:
        """Write the message whole or not at all; one that is there already stays as it is.

        Raises
        ------
        MailError
            If it cannot be written; it may be tried again.
        """
        if self.was_sent(message_id):
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write_once(self.path_of(message_id), message)
        except OSError as error:
            raise MailError(
                f"cannot write to the outbox {str(self._folder)!r}: {error.strerror}"
            ) from error

    def was_sent(self, message_id: str) -> bool:
        """Tell whether the message is in the outbox."""
        return self.path_of(message_id).exists()


def _write_once(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, fails where another process wrote the same message first.
        path.hardlink_to(part)
        _sync_folder(path.parent)
    except FileExistsError:
        return
    finally:
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
