"""One generation of the index: the postings and the vectors of the same papers."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from broadsheet.encoders.paper_text import text_of
from broadsheet.encoders.protocol import Encoder
from broadsheet.errors import SearchIndexError
from broadsheet.index.engine import Changes, ReadChanges
from broadsheet.index.local.held_files import HeldFiles, has_valid_checksum, segment_files
from broadsheet.index.local.lexical import Lexical
from broadsheet.index.local.postings import LexicalWriter
from broadsheet.index.local.vector_index import VectorIndex
from broadsheet.index.vector_file import DamagedFileError, text_hash

# Changes in one batch, which is what a crash makes the next run repeat. Encoders differ in speed by
# a factor of a thousand, so the size is doubled after a batch that took less than _SHORT_S and
# halved after one that took more than _LONG_S.
MAX_BATCH, _MIN_BATCH, _FIRST_BATCH = 8_192, 64, 1_024
_SHORT_S, _LONG_S = 1.0, 10.0
_OPEN_ATTEMPTS = 5


class Generation:
    """Postings and vectors in one folder; safe to read from many threads.

    Parameters
    ----------
    folder : Path
        The folder; created if absent.
    encoder : Encoder
        Encodes papers and queries.
    dim : int or None
        Length of a vector; None reads it from the encoder, which may be a remote service.
    rows : int or None
        The number of rows of vectors known to be on disk; None creates a new generation.

    Raises
    ------
    OSError, ValueError
        If the files are damaged.
    """

    def __init__(
        self, folder: Path, encoder: Encoder, dim: int | None = None, rows: int | None = None
    ) -> None:
        self.folder = folder
        self.encoder = encoder
        self.dim = encoder.dim if dim is None else dim
        lexical, vectors = folder / "lexical", folder / "vectors.i8"
        # Checked because tantivy would silently create an empty index.
        if rows is not None and not (lexical / "meta.json").is_file():
            raise ValueError(f"no postings in {str(lexical)!r}")
        if vectors.exists() and not vectors.is_file():
            raise ValueError(f"{str(vectors)!r} is not a file")
        self._held = HeldFiles()
        self._sound: dict[Path, tuple[int, ...]] = {}
        self.vectors = VectorIndex(vectors, self.dim)
        if rows is not None:
            self._hold(self.check)
        with panics_as_errors():
            self.lexical = Lexical(lexical)
            # Vectors are written before postings, so fewer rows than papers means lost rows.
            if self.vectors.rows < max(rows or 0, len(self.lexical)):
                raise ValueError(f"vectors are missing in {str(vectors)!r}")
            # tantivy opens the file of positions only for the first lookup of a word.
            self.lexical.stem_frequency("of")

    def __len__(self) -> int:
        return len(self.lexical)

    @property
    def is_unchanged(self) -> bool:
        """Whether no other program has changed the mapped files or waits to do so."""
        return self._held.are_unchanged()

    def reload(self) -> None:
        """Open what another process has written since.

        Raises
        ------
        OSError, ValueError
            If the files are damaged.
        """
        self._hold(self.check)
        self.lexical.reload()
        self.vectors.reload()

    def check(self) -> None:
        """Compare the files on disk with their checksums; reads only those that have changed.

        Raises
        ------
        OSError, ValueError
            If a file is absent or damaged.
        """
        for path in segment_files(self.folder / "lexical"):
            status = path.stat()
            signature = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self._sound.get(path) != signature:
                if not has_valid_checksum(path):
                    raise ValueError(f"damaged postings in {str(path)!r}")
                self._sound[path] = signature
        self.vectors.check()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts for comparison with these vectors.

        Parameters
        ----------
        texts : sequence of str
            Any texts.

        Returns
        -------
        ndarray of float32, shape (len(texts), dim)
            Rows of unit length; a zero row for a text without known words.

        Raises
        ------
        SearchIndexError
            If the encoder cannot be reached, or returns vectors of another length.
        """
        vectors = self.encoder.encode(texts)
        if vectors.shape != (len(texts), self.dim):
            raise SearchIndexError(
                f"the encoder {self.encoder.name!r} returns vectors of length "
                f"{vectors.shape[-1]}, the index contains vectors of length {self.dim}: "
                "run 'broadsheet index --rebuild'"
            )
        return vectors

    def update(
        self, position: int, read: ReadChanges, on_papers: Callable[[int], None] | None = None
    ) -> Generator[int, None, None]:
        """Apply all changes after `position`, a batch at a time.

        Parameters
        ----------
        position : int
            The position up to which changes are applied.
        read : callable
            Reads the next changes.
        on_papers : callable, optional
            Called with the number of papers of each batch.

        Yields
        ------
        int
            The position up to which changes are on disk.
        """
        limit = _FIRST_BATCH
        reached, changes = read(position, limit)
        if not changes:
            return
        with self.writing() as apply:
            while changes:
                started = time.monotonic()
                apply(changes)
                took_s = time.monotonic() - started
                yield reached
                if on_papers is not None:
                    on_papers(len(changes))
                limit = _next_limit(limit, took_s)
                reached, changes = read(reached, limit)
        self.vectors.save_graph()

    @contextmanager
    def writing(self) -> Iterator[Callable[[Changes], None]]:
        """Open the only writer: a function that applies changes, durable when it returns.

        Applying changes again has no effect, so a batch that a crash interrupted can be repeated.
        """
        _delete_uncommitted_deletions(self.folder / "lexical")
        with self.lexical.writing() as writer:
            yield lambda changes: self._apply(writer, changes)
        # Segments were merged meanwhile.
        self._hold()

    def _hold(self, then: Callable[[], None] = lambda: None) -> None:
        for attempts_left in reversed(range(_OPEN_ATTEMPTS)):
            try:
                self._held.hold(segment_files(self.folder / "lexical"))
                then()
            except FileNotFoundError:
                # tantivy has merged segments meanwhile, in a thread or process of its own.
                if not attempts_left:
                    raise
            else:
                return

    def _apply(self, writer: LexicalWriter, changes: Changes) -> None:
        indexed = {num for num in changes if num in self.vectors}
        self._encode_changed_texts(changes)
        for num, paper in changes.items():
            if num in indexed:
                writer.delete(num)
            if paper is not None:
                writer.add(num, paper)
        writer.commit()
        self._hold()
        # Last, because a paper without a vector counts as not indexed: if its vector were deleted
        # first, its postings would remain after a crash in between.
        deleted = [num for num in indexed if changes[num] is None]
        if deleted:
            self.vectors.append(dict.fromkeys(deleted))
        self.vectors.extend_graph()

    def _encode_changed_texts(self, changes: Changes) -> None:
        # Most changes leave title and abstract as they are, and an encoder may be slow or paid.
        texts = {num: text_of(paper) for num, paper in changes.items() if paper is not None}
        hashes = {num: text_hash(text) for num, text in texts.items()}
        stale = self.vectors.stale(hashes)
        if stale:
            vectors = self.encode([texts[num] for num in stale])
            self.vectors.append(dict(zip(stale, vectors, strict=True)), hashes)


def _next_limit(limit: int, took_s: float) -> int:
    if took_s < _SHORT_S:
        return min(MAX_BATCH, limit * 2)
    return max(_MIN_BATCH, limit // 2) if took_s > _LONG_S else limit


def _delete_uncommitted_deletions(postings: Path) -> None:
    """Delete the lists of deletions that a killed writer left.

    The next writer continues from the last commit and uses the same file names, and tantivy
    refuses to overwrite a file: with these files present, every commit would fail.
    """
    segments = orjson.loads((postings / "meta.json").read_bytes())["segments"]
    committed = {
        f"{segment['segment_id'].replace('-', '')}.{segment['deletes']['opstamp']}.del"
        for segment in segments
        if segment["deletes"]
    }
    for path in postings.glob("*.del"):
        if path.name not in committed:
            path.unlink()


@contextmanager
def panics_as_errors() -> Iterator[None]:
    """Raise a panic of tantivy, which damaged files cause, as a DamagedFileError."""
    try:
        yield
    except BaseException as error:
        # The class is not exported: https://docs.rs/pyo3/latest/pyo3/panic/
        if type(error).__name__ != "PanicException":
            raise
        raise DamagedFileError(f"damaged postings ({error})") from error
