"""One generation of the index: the postings and the vectors of the same papers."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from broadsheet.encoders.paper_text import text_of
from broadsheet.encoders.protocol import Encoder
from broadsheet.errors import SearchIndexError
from broadsheet.index.local.lexical import Lexical
from broadsheet.index.local.vector_index import VectorIndex
from broadsheet.model import Paper

# Papers between two commits: what a crash makes the next run do again. Encoders differ in speed a
# thousandfold, so the number is doubled where a step took less than the one time, and halved where
# it took longer than the other.
CHUNK, _FEWEST, _FIRST = 8_192, 64, 1_024
_SHORT_S, _LONG_S = 1.0, 10.0

Changes = Callable[[int, int], tuple[int, dict[int, Paper | None]]]
_Vector = NDArray[np.float32]


class Generation:
    """Postings and vectors in one folder; safe to read from many threads.

    Parameters
    ----------
    folder : Path
        Where the files lie; made when absent.
    encoder : Encoder
        Makes vectors of texts.
    dim : int or None
        Length of a vector; None asks the encoder, which may have to ask another machine.
    rows : int or None
        How many rows of vectors were written; None begins a new generation.

    Raises
    ------
    OSError, ValueError
        Where the files are damaged.
    """

    def __init__(
        self, folder: Path, encoder: Encoder, dim: int | None = None, rows: int | None = None
    ) -> None:
        self.folder = folder
        self.encoder = encoder
        self.dim = encoder.dim if dim is None else dim
        lexical, vectors = folder / "lexical", folder / "vectors.i8"
        # Looked for, because tantivy would silently begin an empty one.
        if rows is not None and not (lexical / "meta.json").is_file():
            raise ValueError(f"no postings in {str(lexical)!r}")
        if vectors.exists() and not vectors.is_file():
            raise ValueError(f"{str(vectors)!r} is no file")
        with panics_as_errors():
            self.lexical = Lexical(lexical)
            self.vectors = VectorIndex(vectors, self.dim)
            # Vectors are always written first: fewer than papers mean that some were lost.
            if self.vectors.rows < max(rows or 0, len(self.lexical)):
                raise ValueError(f"vectors are missing in {str(vectors)!r}")
            # tantivy does not miss a lost file of positions before it first looks for a word.
            self.lexical.commonness("of")

    def reload(self) -> None:
        """See what another process has written since."""
        self.lexical.reload()
        self.vectors.reload()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts for comparison with these vectors.

        Parameters
        ----------
        texts : sequence of str
            Any texts.

        Returns
        -------
        ndarray of float32, shape (len(texts), dim)
            Rows of unit length; the zero row for a text in which nothing is known.

        Raises
        ------
        SearchIndexError
            Where the encoder cannot be reached, or now makes vectors of another length.
        """
        vectors = self.encoder.encode(texts)
        if vectors.shape != (len(texts), self.dim):
            raise SearchIndexError(
                f"the encoder {self.encoder.name!r} now makes vectors of {vectors.shape[-1]} "
                f"numbers where the index holds {self.dim}: run 'broadsheet index --rebuild'"
            )
        return vectors

    def follow(
        self, position: int, changes: Changes, on_papers: Callable[[int], None] | None = None
    ) -> Generator[int, None, None]:
        """Apply the library's changes after `position`.

        Applying a change again does no harm: what a crash left half-done is done again.

        Parameters
        ----------
        position : int
            Up to where these files have followed.
        changes : callable
            Given a position and a limit, the next changes, as
            :func:`broadsheet.store.changes.changes_since` reads them.
        on_papers : callable, optional
            Told how many papers each step applied.

        Yields
        ------
        int
            The position that is now safely on disk.
        """
        limit = _FIRST
        reached, changed = changes(position, limit)
        if not changed:
            return
        _drop_torn_deletions(self.folder / "lexical")
        with self.lexical.writing() as writer:
            while changed:
                started = time.monotonic()
                known = {num for num in changed if num in self.vectors}
                self.vectors.append(self._vectors(changed))
                for num, paper in changed.items():
                    if num in known:
                        writer.remove(num)
                    if paper is not None:
                        writer.add(num, paper)
                writer.commit()
                # Last, because a paper without a vector is not looked for among the postings:
                # removed here first, it would stay there for good after a crash in between.
                self._forget(num for num in known if changed[num] is None)
                self.vectors.extend_graph()
                took_s = time.monotonic() - started
                yield reached
                if on_papers is not None:
                    on_papers(len(changed))
                limit = _next_limit(limit, took_s)
                reached, changed = changes(reached, limit)
        self.vectors.save_graph()

    def _vectors(self, changed: Mapping[int, Paper | None]) -> dict[int, _Vector | None]:
        present = {num: paper for num, paper in changed.items() if paper is not None}
        vectors = self.encode([text_of(paper) for paper in present.values()])
        return dict(zip(present, vectors, strict=True))

    def _forget(self, nums: Iterator[int]) -> None:
        gone: dict[int, _Vector | None] = dict.fromkeys(nums)
        if gone:
            self.vectors.append(gone)


def _next_limit(limit: int, took_s: float) -> int:
    if took_s < _SHORT_S:
        return min(CHUNK, limit * 2)
    return max(_FEWEST, limit // 2) if took_s > _LONG_S else limit


def _drop_torn_deletions(postings: Path) -> None:
    """Remove the files of deletions that a killed writer left.

    The next one counts on from the last commit, comes to the same file names, and tantivy refuses
    to write over a file: without this the index could never be written again.
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
    """Turn a panic of tantivy over damaged files into a ValueError."""
    try:
        yield
    except BaseException as error:
        # The class is not exported: https://docs.rs/pyo3/latest/pyo3/panic/
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError(f"damaged postings ({error})") from error
