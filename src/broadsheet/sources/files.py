"""One file of papers, in any format that is read, gzipped or not."""

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from broadsheet.errors import SourceError
from broadsheet.http.decoding import decode
from broadsheet.model import Malformed, Paper
from broadsheet.sources import arxiv_dump, bibtex, csl_json, ris, saved_page

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 1 << 18
_HEAD_BYTES = 1 << 16
# What is unpacked in the step that meets damage is lost, so the steps are small.
_PACKED_BYTES = 1 << 12
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
# What was passed over is not looked at again, or thirty empty lines would take minutes.
_HTML = re.compile(
    r"(?>\s+|<\?xml[^>]*>|<!--.*?-->)*+<(?:!doctype html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)


class _Format(Protocol):
    NAME: str

    def recognises(self, head: bytes) -> bool: ...

    def parse(self, stream: BinaryIO, place: str) -> Iterator[Paper | Malformed]: ...


# A CSL item of one line could pass for a line of a dump, hence the order.
_FORMATS: tuple[_Format, ...] = (saved_page, csl_json, arxiv_dump, bibtex, ris)
_READABLE = (
    "Broadsheet reads pages saved as plain text, arXiv metadata as JSON lines, BibTeX, RIS and "
    "CSL-JSON, each also gzipped"
)


class _Counted(RawIOBase):
    """The bytes on disk, each of which is told of as it is read."""

    def __init__(self, file: BufferedReader, on_bytes: Callable[[int], None] | None) -> None:
        self._file = file
        self._on_bytes = on_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, room: "WriteableBuffer", /) -> int:
        count = self._file.readinto(room)
        if count and self._on_bytes:
            self._on_bytes(count)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _Gunzipped(RawIOBase):
    """The bytes inside a gzip file, up to where it is damaged.

    Unlike the standard library's reader it gives everything that stands before the damage, and
    then ends, with `damage` telling what was wrong.
    """

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self.damage: str | None = None
        self._waiting = b""
        self._between_members = True

    def readable(self) -> bool:
        return True

    def readinto(self, room: "WriteableBuffer", /) -> int:
        view = memoryview(room)
        filled = 0
        while filled < len(view) and (piece := self._unpack(len(view) - filled)):
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def close(self) -> None:
        self._packed.close()
        super().close()

    def _unpack(self, most_bytes: int) -> bytes:
        """Give some more bytes, none at the end; a bomb comes out piece by piece."""
        while self.damage is None:
            self._waiting = self._waiting or self._packed.read(_PACKED_BYTES)
            at_end = not self._waiting
            if self._between_members:
                # Tapes and some downloads pad with zeros.
                self._waiting = self._waiting.lstrip(b"\0")
                if at_end:
                    break
                if not self._waiting:
                    continue
            if piece := self._inflate(most_bytes):
                return piece
            if at_end:
                self.damage = "the gzip file is truncated"
        return b""

    def _inflate(self, most_bytes: int) -> bytes:
        try:
            piece = self._member.decompress(self._waiting, most_bytes)
        except zlib.error:
            self.damage = "the gzip file is damaged"
            return b""
        self._between_members = self._member.eof
        if self._member.eof:
            self._waiting = self._member.unused_data
            self._member = zlib.decompressobj(_GZIP_WINDOW)
        else:
            self._waiting = self._member.unconsumed_tail
        return piece


def read_file(
    path: Path, on_bytes: Callable[[int], None] | None = None
) -> tuple[str, Iterator[Paper | Malformed]]:
    """Open a file of papers in whichever format it is.

    What is inside decides, not the name. The file is closed when the records are read to their
    end or let go.

    Parameters
    ----------
    path : Path
        A saved page, arXiv dump, BibTeX, RIS or CSL-JSON file, gzipped or not.
    on_bytes : callable, optional
        Told how many bytes of the file on disk were read, step by step.

    Returns
    -------
    str
        Name of the format.
    iterator of Paper or Malformed
        Read lazily; a gzip file that is damaged gives what stands before the damage, then one
        Malformed. Raises SourceError where a format that is read whole is over 64 MiB unpacked.

    Raises
    ------
    SourceError
        Where the file cannot be opened, is empty or is none of these.
    """
    with ExitStack() as opened:
        try:
            stream, unpacking = _open(path, on_bytes, opened)
            head = stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        source = _recognise(head, path)
        return source.NAME, _told(source, stream, unpacking, path, opened.pop_all())


def _open(
    path: Path, on_bytes: Callable[[int], None] | None, opened: ExitStack
) -> tuple[BufferedReader, _Gunzipped | None]:
    stream: BufferedReader = opened.enter_context(
        BufferedReader(_Counted(path.open("rb"), on_bytes), _BUFFER_BYTES)
    )
    if not stream.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC):
        return stream, None
    unpacking = _Gunzipped(stream)
    return opened.enter_context(BufferedReader(unpacking, _BUFFER_BYTES)), unpacking


def _recognise(head: bytes, path: Path) -> _Format:
    name = repr(str(path))
    if not head:
        raise SourceError(f"{name} is empty: {_READABLE}")
    text = decode(head)
    if "\0" in text:
        raise SourceError(f"{name} is binary and not text: {_READABLE}")
    if _HTML.match(text):
        raise SourceError(f"{name} is HTML: save the page as plain text; {_READABLE}")
    for source in _FORMATS:
        if source.recognises(head):
            return source
    raise SourceError(f"{name} is of no format that is known here: {_READABLE}")


def _told(
    source: _Format,
    stream: BufferedReader,
    unpacking: _Gunzipped | None,
    path: Path,
    opened: ExitStack,
) -> Iterator[Paper | Malformed]:
    with opened:
        # One record is held back: the last before the damage is cut in two, and the complaint
        # about that is said once.
        held: Paper | Malformed | None = None
        try:
            for record in source.parse(stream, path.name):
                if held is not None:
                    yield held
                held = record
        except OSError as error:
            raise _unreadable(path, error) from error
        damage = unpacking.damage if unpacking else None
        if held is not None and not (damage and isinstance(held, Malformed)):
            yield held
        if damage:
            yield Malformed(path.name, f"{damage}; what stands before that was read")


def _unreadable(path: Path, error: OSError | ValueError) -> SourceError:
    name = repr(str(path))
    if isinstance(error, FileNotFoundError):
        return SourceError(f"there is no file {name}: check its name; {_READABLE}")
    if isinstance(error, IsADirectoryError):
        return SourceError(f"{name} is a directory: name one file in it; {_READABLE}")
    reason = getattr(error, "strerror", None) or str(error)
    return SourceError(f"{name} cannot be read ({reason.lower()}): check it; {_READABLE}")
