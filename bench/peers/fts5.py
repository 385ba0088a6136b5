"""SQLite FTS5: the Porter stemmer, BM25 over title and abstract, papers containing any word."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from judged import Document
from peers import Rank
from peers.words import words_of

_FILE = "papers.db"


def build(documents: Sequence[Document], folder: Path) -> None:
    """Index title and text as two columns, merged into one segment."""
    connection = sqlite3.connect(folder / _FILE)
    with connection:
        connection.execute(
            "CREATE VIRTUAL TABLE papers USING fts5(title, text, tokenize='porter unicode61')"
        )
        connection.executemany(
            "INSERT INTO papers(rowid, title, text) VALUES (?, ?, ?)",
            ((row, paper.title, paper.text) for row, paper in enumerate(documents)),
        )
        connection.execute("INSERT INTO papers(papers) VALUES ('optimize')")
    connection.close()


def open_index(folder: Path) -> Rank:
    """Open for queries."""
    connection = sqlite3.connect(folder / _FILE)
    statement = "SELECT rowid FROM papers WHERE papers MATCH ? ORDER BY rank LIMIT ?"

    def rank(query: str, n: int) -> Sequence[int]:
        expression = " OR ".join(f'"{word}"' for word in words_of(query))
        return (
            [row for (row,) in connection.execute(statement, (expression, n))] if expression else []
        )

    return rank
