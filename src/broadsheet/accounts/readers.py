"""Readers: an anonymous reader is identified by a cookie and created by the first vote."""

from collections.abc import Sequence
from datetime import datetime

from broadsheet.store import attention
from broadsheet.store.database import Database
from broadsheet.store.papers import num_of
from broadsheet.store.readers import find_or_create_reader, find_reader


def vote(
    database: Database, cookie: str, paper_id: str, network: str | None, *, on: bool, now: datetime
) -> int:
    """Set or remove the vote of the reader with this cookie; a reader's first vote creates it.

    Parameters
    ----------
    database : Database
        The library.
    cookie : str
        The value of the reader's cookie.
    paper_id : str
        Any id of the paper.
    network : str or None
        Keyed hash of the network that the vote comes from.
    on : bool
        True sets the vote, False removes it.
    now : datetime
        Aware UTC.

    Returns
    -------
    int
        The number of votes for the paper, this one included.

    Raises
    ------
    NotFoundError
        If no paper has this id. No reader is created.
    """
    with database.write() as connection:
        num_of(connection, paper_id)
        # Withdrawals without a cookie would otherwise fill the table.
        if not on and find_reader(connection, cookie) is None:
            return attention.votes_of(connection, [paper_id]).get(paper_id, 0)
        reader = find_or_create_reader(connection, cookie, now)
        return attention.vote(connection, paper_id, reader.id, network, on, now)


def voted(database: Database, cookie: str, paper_ids: Sequence[str]) -> set[str]:
    """Return those of `paper_ids` that the reader with this cookie has voted for."""
    with database.read() as connection:
        reader = find_reader(connection, cookie)
        return attention.voted(connection, reader.id, paper_ids) if reader else set()
