"""Other search engines: one module each, the only one that imports its library."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from judged import Document

OWN, OWN_HTTP = "broadsheet", "broadsheet-http"
PEERS = ("bm25s", "fts5", "tantivy", "lancedb", "qdrant")

# LanceDB logs a deprecation warning for every query.
os.environ.setdefault("LANCEDB_LOG", "error")

Rank = Callable[[str, int], Sequence[int]]
"""Given a query and a number of hits, returns the rows of documents, best first."""


class Peer(Protocol):
    """The interface of each module."""

    def build(self, documents: Sequence[Document], folder: Path) -> None:
        """Index documents completely, in their order.

        Parameters
        ----------
        documents : sequence of Document
            The documents.
        folder : Path
            An empty folder for the index.
        """

    def open_index(self, folder: Path) -> Rank:
        """Open the index that :meth:`build` wrote, possibly in another process."""


def load_peer(name: str) -> Peer | None:
    """Import one of :data:`PEERS`; log to standard error and return None if not installed."""
    try:
        return cast(Peer, import_module(f"peers.{name}"))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("peers"):
            raise
        sys.stderr.write(f"{name} is skipped: {error.name!r} is not installed\n")
        return None
