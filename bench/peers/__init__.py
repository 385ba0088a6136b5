"""Other search engines on the same papers: one module each, its library imported nowhere else."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from judged import Document

OWN, OWN_HTTP = "broadsheet", "broadsheet-http"
PEERS = ("bm25s", "fts5", "tantivy", "lancedb", "qdrant")

# LanceDB warns at every query of a change to come that does not touch us.
os.environ.setdefault("LANCEDB_LOG", "error")

Rank = Callable[[str, int], Sequence[int]]
"""Given a query and a number of hits, the places of documents in the corpus, best first."""


class Peer(Protocol):
    """What each module here gives."""

    def build(self, documents: Sequence[Document], folder: Path) -> None:
        """Index documents, in the order given, so that nothing is left to do before a query.

        Parameters
        ----------
        documents : sequence of Document
            The corpus.
        folder : Path
            An empty folder that everything is kept in.
        """

    def open_index(self, folder: Path) -> Rank:
        """Open what :meth:`build` left in a folder, perhaps in another process."""


def load_peer(name: str) -> Peer | None:
    """Import one of :data:`PEERS`; where its library is not installed, say so and give None."""
    try:
        return cast(Peer, import_module(f"peers.{name}"))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("peers"):
            raise
        sys.stderr.write(f"{name} is left out: {error.name!r} is not installed\n")
        return None
