"""Votes of readers, and the signals that come of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from broadsheet.model import Kind, Signal
from broadsheet.store.papers import num_of, nums_of
from broadsheet.store.tables import identifiers, papers, signals, votes

LOCAL_SOURCE = "local"


def vote(
    connection: Connection,
    paper_id: str,
    reader_id: int,
    network: str | None,
    on: bool,
    now: datetime,
) -> int:
    """Set or take back one reader's vote; the new total is kept as a signal.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of the one writer.
    paper_id : str
        The paper, by any id it has.
    reader_id : int
        Who votes.
    network : str or None
        Where from, under a name that tells nothing of it; many votes from one weigh little.
    on : bool
        Whether the vote is cast or taken back.
    now : datetime
        Aware UTC.

    Returns
    -------
    int
        The paper's votes after this.

    Raises
    ------
    NotFoundError
        Where there is no such paper.
    """
    num = num_of(connection, paper_id)
    mine = (votes.c.num == num, votes.c.reader_id == reader_id)
    had = connection.scalar(select(func.count()).select_from(votes).where(*mine))
    if bool(had) != on:
        if on:
            connection.execute(
                insert(votes).values(num=num, reader_id=reader_id, voted_at=now, network=network)
            )
        else:
            connection.execute(delete(votes).where(*mine))
    total = _total(connection, num)
    if bool(had) != on:
        add_signals(connection, [Signal(paper_id, Kind.VOTES, total, now, LOCAL_SOURCE)])
    return total


def _total(connection: Connection, num: int) -> int:
    counted = select(func.count()).select_from(votes).where(votes.c.num == num)
    return int(connection.scalar(counted) or 0)


def votes_of(connection: Connection, paper_ids: Sequence[str]) -> dict[str, int]:
    """Count the votes of papers; those without any are left out."""
    rows = connection.execute(
        select(identifiers.c.identifier, func.count())
        .join(votes, votes.c.num == identifiers.c.num)
        .where(identifiers.c.identifier.in_(paper_ids))
        .group_by(identifiers.c.identifier)
    )
    return {row[0]: row[1] for row in rows}


def votes_by_num(connection: Connection, nums: Sequence[int]) -> dict[int, int]:
    """Count the votes of numbered papers; those without any are left out."""
    counted = select(votes.c.num, func.count()).where(votes.c.num.in_(nums)).group_by(votes.c.num)
    return {row[0]: row[1] for row in connection.execute(counted)}


def voted(connection: Connection, reader_id: int, paper_ids: Sequence[str]) -> set[str]:
    """Tell which of these papers a reader has voted for."""
    rows = connection.scalars(
        select(identifiers.c.identifier)
        .join(votes, votes.c.num == identifiers.c.num)
        .where(votes.c.reader_id == reader_id, identifiers.c.identifier.in_(paper_ids))
    )
    return set(rows)


def add_signals(connection: Connection, observed: Sequence[Signal]) -> int:
    """Keep observations; one that was kept before, and one of an unknown paper, is let go.

    Returns
    -------
    int
        How many were of papers that the library has.
    """
    nums = nums_of(connection, list({signal.paper_id for signal in observed}))
    rows = [
        {
            "num": nums[signal.paper_id],
            "kind": signal.kind,
            "value": signal.value,
            "observed_at": signal.observed_at,
            "source": signal.source,
        }
        for signal in observed
        if signal.paper_id in nums
    ]
    if rows:
        make = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
        connection.execute(make(signals).on_conflict_do_nothing(), rows)
    return len(rows)


def latest_totals(connection: Connection, paper_ids: Sequence[str]) -> dict[str, dict[Kind, float]]:
    """Read the newest totals of each kind of attention, the sources' sums.

    Returns
    -------
    dict of paper id to dict of Kind to float
        Papers and kinds without any are left out.
    """
    newest = (
        select(
            signals.c.num,
            signals.c.kind,
            signals.c.value,
            func.row_number()
            .over(
                partition_by=(signals.c.num, signals.c.kind, signals.c.source),
                order_by=(signals.c.observed_at.desc(), signals.c.id.desc()),
            )
            .label("place"),
        )
        .where(
            signals.c.num.in_(
                select(identifiers.c.num).where(identifiers.c.identifier.in_(paper_ids))
            )
        )
        .subquery()
    )
    rows = connection.execute(
        select(identifiers.c.identifier, newest.c.kind, func.sum(newest.c.value))
        .join(newest, newest.c.num == identifiers.c.num)
        .where(identifiers.c.identifier.in_(paper_ids), newest.c.place == 1)
        .group_by(identifiers.c.identifier, newest.c.kind)
    )
    counts: dict[str, dict[Kind, float]] = {}
    for name, kind, total in rows:
        counts.setdefault(name, {})[Kind(kind)] = total
    return counts


def signals_of(connection: Connection, paper_id: str) -> list[Signal]:
    """Read a paper's signals in order of time."""
    rows = connection.execute(
        select(
            papers.c.id, signals.c.kind, signals.c.value, signals.c.observed_at, signals.c.source
        )
        .join(signals, signals.c.num == papers.c.num)
        .where(papers.c.num == num_of(connection, paper_id))
        .order_by(signals.c.observed_at, signals.c.id)
    )
    return [Signal(row[0], Kind(row[1]), *row[2:]) for row in rows]
