"""Write messages as .eml files, for testing or for another mailer to send."""

import os
import re
import tempfile
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from broadsheet.errors import MailError
from broadsheet.mail.envelope import check_envelope

_UNSAFE = re.compile(r"[^A-Za-z0-9@._-]+")
_READABLE_CHARS = 80


class EmlFolderTransport:
    """Writes each message to its own ``.eml`` file, once.

    Parameters
    ----------
    folder : Path
        Folder of the files; created with the first one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        """Return the transport."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: no file stays open between messages."""

    def path_of(self, message_id: str) -> Path:
        """Return the file of a message: a readable name, unique for each Message-ID."""
        readable = _UNSAFE.sub("_", message_id.strip("<>")).lstrip(".")[:_READABLE_CHARS]
        digest = sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._folder / f"{readable}-{digest}.eml"

    def send(self, message: bytes, *, sender: str, to: str, message_id: str) -> None:
        """Write the message atomically; an existing file is left unchanged.

        Raises
        ------
        MailError
            As in :meth:`broadsheet.mail.Transport.send`; transient if the file cannot be
            written, never in doubt.
        """
        check_envelope(sender, to)
        if self.was_sent(message_id):
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_once(self.path_of(message_id), message)
        except OSError as error:
            raise MailError(
                f"cannot write to the outbox folder {str(self._folder)!r}: {error.strerror}"
            ) from error

    def was_sent(self, message_id: str) -> bool:
        """Return whether the file of the message exists."""
        return self.path_of(message_id).exists()


def _write_once(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link fails if another process has written the same message.
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
