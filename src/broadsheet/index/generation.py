"""One generation of the index: the postings and the vectors of the same papers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.encoder import Encoder
from broadsheet.index.lexical import Lexical
from broadsheet.index.semantic import Semantic
from broadsheet.model import Paper

# Papers between two commits: what a crash makes the next run do again.
CHUNK = 8_192

Changes = Callable[[int, int], tuple[int, dict[int, Paper | None]]]


class Generation:
    """Postings and vectors in one folder; safe to read from many threads.

    Parameters
    ----------
    folder : Path
        Where the files lie; made when absent.
    encoder : Encoder
        Makes vectors of texts.

    Raises
    ------
    ValueError
        Where the files are damaged.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.folder = folder
        self.encoder = encoder
        self.lexical = Lexical(folder / "lexical")
        self.semantic = Semantic(folder / "vectors.f16", encoder.dim)
        # Vectors are always written first, so postings without vectors mean that files are lost.
        if len(self.lexical) > self.semantic.rows:
            raise ValueError(f"{len(self.lexical) - self.semantic.rows} papers have no vector")

    def reload(self) -> None:
        """See what another process has written since."""
        self.lexical.reload()
        self.semantic.reload()

    def follow(
        self, position: int, changes: Changes, on_papers: Callable[[int], None] | None = None
    ) -> Iterator[int]:
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
        reached, changed = changes(position, CHUNK)
        if not changed:
            return
        with self.lexical.writing() as writer:
            while changed:
                known = {num for num in changed if num in self.semantic}
                self.semantic.append(self._vectors(changed))
                for num, paper in changed.items():
                    if num in known:
                        writer.remove(num)
                    if paper is not None:
                        writer.add(num, paper)
                writer.commit()
                yield reached
                if on_papers is not None:
                    on_papers(len(changed))
                reached, changed = changes(reached, CHUNK)

    def _vectors(self, changed: dict[int, Paper | None]) -> dict[int, NDArray[np.float32] | None]:
        present = {num: paper for num, paper in changed.items() if paper is not None}
        vectors = self.encoder.encode([text_of(paper) for paper in present.values()])
        gone: dict[int, NDArray[np.float32] | None] = {
            num: None for num, paper in changed.items() if paper is None
        }
        return gone | dict(zip(present, vectors, strict=True))


def text_of(paper: Paper) -> str:
    """Give the text of a paper that its vector is made of."""
    return f"{paper.title}\n{paper.abstract}" if paper.abstract else paper.title
