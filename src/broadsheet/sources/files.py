"""Read a file of papers in any supported format, gzipped or not."""

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
# The output of a decompression step that fails is lost, so the steps are small.
_READ_BYTES = 1 << 12
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
# Possessive groups: with backtracking, thirty empty lines take minutes.
_HTML = re.compile(
    r"(?>\s+|<\?xml[^>]*>|<!--.*?-->)*+<(?:!doctype html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)


class _Format(Protocol):
    NAME: str

    def recognises(self, head: bytes) -> bool: ...

    def parse(self, stream: BinaryIO, place: str) -> Iterator[Paper | Malformed]: ...


# CSL-JSON goes before the dump, as a CSL item on one line also matches a dump.
_FORMATS: tuple[_Format, ...] = (saved_page, csl_json, arxiv_dump, bibtex, ris)
_SUPPORTED = (
    "the supported formats are pages saved as plain text, arXiv metadata as JSON lines, BibTeX, "
    "RIS and CSL-JSON, each also gzipped"
)


class _CountingFile(RawIOBase):
    """A file that reports the number of bytes read."""

    def __init__(self, file: BufferedReader, on_bytes: Callable[[int], None] | None) -> None:
        self._file = file
        self._on_bytes = on_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        count = self._file.readinto(buffer)
        if count and self._on_bytes:
            self._on_bytes(count)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _GzipReader(RawIOBase):
    """The content of a gzip file, up to where it is damaged.

    Unlike the standard library's reader it returns everything before the damage, then ends and
    sets `damage`.
    """

    def __init__(self, compressed: BinaryIO) -> None:
        self._compressed = compressed
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self.damage: str | None = None
        self._pending = b""
        self._between_members = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer)
        filled = 0
        while filled < len(view) and (chunk := self._next_chunk(len(view) - filled)):
            view[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
        return filled

    def close(self) -> None:
        self._compressed.close()
        super().close()

    def _next_chunk(self, most_bytes: int) -> bytes:
        """Return at most `most_bytes` bytes, as a bomb expands without limit; none at the end."""
        while self.damage is None:
            self._pending = self._pending or self._compressed.read(_READ_BYTES)
            at_end = not self._pending
            if self._between_members:
                # Tapes and some downloads are padded with zeros.
                self._pending = self._pending.lstrip(b"\0")
                if at_end:
                    break
                if not self._pending:
                    continue
            if chunk := self._inflate(most_bytes):
                return chunk
            if at_end:
                self.damage = "the gzip file is truncated"
        return b""

    def _inflate(self, most_bytes: int) -> bytes:
        try:
            chunk = self._member.decompress(self._pending, most_bytes)
        except zlib.error:
            self.damage = "the gzip file is damaged"
            return b""
        self._between_members = self._member.eof
        if self._member.eof:
            self._pending = self._member.unused_data
            self._member = zlib.decompressobj(_GZIP_WINDOW)
        else:
            self._pending = self._member.unconsumed_tail
        return chunk


def read_file(
    path: Path, on_bytes: Callable[[int], None] | None = None
) -> tuple[str, Iterator[Paper | Malformed]]:
    """Open a file of papers and detect its format from its content.

    The file is closed when the iterator is exhausted or discarded.

    Parameters
    ----------
    path : Path
        A saved page, arXiv dump, BibTeX, RIS or CSL-JSON file, gzipped or not.
    on_bytes : callable, optional
        Called with the number of bytes after each read from disk.

    Returns
    -------
    str
        Name of the format.
    iterator of Paper or Malformed
        Lazy. A damaged gzip file yields the records before the damage, then one Malformed.
        Iterating raises SourceError if the file exceeds 64 MiB uncompressed and its format cannot
        be parsed line by line.

    Raises
    ------
    SourceError
        If the file cannot be opened, is empty, or its format is not supported.
    """
    with ExitStack() as opened:
        try:
            stream, gzip = _open(path, on_bytes, opened)
            head = stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        file_format = _detect(head, path)
        return file_format.NAME, _parsed(file_format, stream, gzip, path, opened.pop_all())


def _open(
    path: Path, on_bytes: Callable[[int], None] | None, opened: ExitStack
) -> tuple[BufferedReader, _GzipReader | None]:
    stream: BufferedReader = opened.enter_context(
        BufferedReader(_CountingFile(path.open("rb"), on_bytes), _BUFFER_BYTES)
    )
    if not stream.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC):
        return stream, None
    gzip = _GzipReader(stream)
    return opened.enter_context(BufferedReader(gzip, _BUFFER_BYTES)), gzip


def _detect(head: bytes, path: Path) -> _Format:
    name = repr(str(path))
    if not head:
        raise SourceError(f"{name} is empty: {_SUPPORTED}")
    text = decode(head)
    if "\0" in text:
        raise SourceError(f"{name} is binary, not text: {_SUPPORTED}")
    if _HTML.match(text):
        raise SourceError(f"{name} is HTML: save the page as plain text; {_SUPPORTED}")
    for file_format in _FORMATS:
        if file_format.recognises(head):
            return file_format
    raise SourceError(f"{name} has an unsupported format: {_SUPPORTED}")


def _parsed(
    file_format: _Format,
    stream: BufferedReader,
    gzip: _GzipReader | None,
    path: Path,
    opened: ExitStack,
) -> Iterator[Paper | Malformed]:
    with opened:
        # The last record before the damage is truncated. It is held back, so that the damage is
        # reported once.
        held: Paper | Malformed | None = None
        try:
            for record in file_format.parse(stream, path.name):
                if held is not None:
                    yield held
                held = record
        except OSError as error:
            raise _unreadable(path, error) from error
        damage = gzip.damage if gzip else None
        if held is not None and not (damage and isinstance(held, Malformed)):
            yield held
        if damage:
            yield Malformed(path.name, f"{damage}: the records before that were read")


def _unreadable(path: Path, error: OSError | ValueError) -> SourceError:
    name = repr(str(path))
    if isinstance(error, FileNotFoundError):
        return SourceError(f"{name} does not exist: check its name; {_SUPPORTED}")
    if isinstance(error, IsADirectoryError):
        return SourceError(f"{name} is a directory: enter one file of it; {_SUPPORTED}")
    reason = getattr(error, "strerror", None) or str(error)
    return SourceError(f"{name} cannot be read ({reason.lower()}): check it; {_SUPPORTED}")
