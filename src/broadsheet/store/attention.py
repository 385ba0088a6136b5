"""Votes of readers, and signals of attention."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from broadsheet.model import Kind, Signal
from broadsheet.rules.totals import total
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
    """Cast or withdraw one reader's vote, and store the new total as a signal.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A writer.
    paper_id : str
        The paper, by any id it has.
    reader_id : int
        The reader.
    network : str or None
        Pseudonym of the reader's network; votes from one network weigh less and less.
    on : bool
        True to cast the vote, False to withdraw it.
    now : datetime
        Aware UTC.

    Returns
    -------
    int
        The paper's votes afterwards.

    Raises
    ------
    NotFoundError
        If there is no such paper.
    """
    num = num_of(connection, paper_id)
    is_theirs = (votes.c.num == num, votes.c.reader_id == reader_id)
    has_vote = bool(connection.scalar(select(func.count()).select_from(votes).where(*is_theirs)))
    if has_vote and not on:
        connection.execute(delete(votes).where(*is_theirs))
    elif on and not has_vote:
        connection.execute(
            insert(votes).values(num=num, reader_id=reader_id, voted_at=now, network=network)
        )
    count = _vote_count(connection, num)
    if has_vote != on:
        add_signals(connection, [Signal(paper_id, Kind.VOTES, count, now, LOCAL_SOURCE)])
    return count


def _vote_count(connection: Connection, num: int) -> int:
    count = select(func.count()).select_from(votes).where(votes.c.num == num)
    return int(connection.scalar(count) or 0)


def votes_of(connection: Connection, paper_ids: Sequence[str]) -> dict[str, int]:
    """Return the number of votes of each paper that has any."""
    rows = connection.execute(
        select(identifiers.c.identifier, func.count())
        .join(votes, votes.c.num == identifiers.c.num)
        .where(identifiers.c.identifier.in_(paper_ids))
        .group_by(identifiers.c.identifier)
    )
    return {row[0]: row[1] for row in rows}


def votes_by_num(connection: Connection, nums: Sequence[int]) -> dict[int, int]:
    """Return the number of votes of each paper that has any, by paper number."""
    query = select(votes.c.num, func.count()).where(votes.c.num.in_(nums)).group_by(votes.c.num)
    return {row[0]: row[1] for row in connection.execute(query)}


def voted(connection: Connection, reader_id: int, paper_ids: Sequence[str]) -> set[str]:
    """Return the ids of those papers that a reader has voted for."""
    rows = connection.scalars(
        select(identifiers.c.identifier)
        .join(votes, votes.c.num == identifiers.c.num)
        .where(votes.c.reader_id == reader_id, identifiers.c.identifier.in_(paper_ids))
    )
    return set(rows)


def add_signals(connection: Connection, observed: Sequence[Signal]) -> int:
    """Store observations; repeated ones and those of unknown papers are skipped.

    Returns
    -------
    int
        The number of observations of known papers.
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
    """Return the newest totals of papers by kind; see :func:`broadsheet.rules.totals.total`.

    Returns
    -------
    dict of paper id to dict of Kind to float
        Papers and kinds without observations are left out.
    """
    newest = (
        select(
            signals.c.num,
            signals.c.kind,
            signals.c.source,
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
        select(identifiers.c.identifier, newest.c.kind, newest.c.source, newest.c.value)
        .join(newest, newest.c.num == identifiers.c.num)
        .where(identifiers.c.identifier.in_(paper_ids), newest.c.place == 1)
    )
    counts: dict[str, dict[Kind, dict[str, float]]] = {}
    for name, kind, source, value in rows:
        counts.setdefault(name, {}).setdefault(Kind(kind), {})[source] = value
    return {
        name: {kind: total(kind, by_source) for kind, by_source in by_kind.items()}
        for name, by_kind in counts.items()
    }


def signals_of(connection: Connection, paper_id: str) -> list[Signal]:
    """List the signals of a paper in order of time."""
    rows = connection.execute(
        select(
            papers.c.id, signals.c.kind, signals.c.value, signals.c.observed_at, signals.c.source
        )
        .join(signals, signals.c.num == papers.c.num)
        .where(papers.c.num == num_of(connection, paper_id))
        .order_by(signals.c.observed_at, signals.c.id)
    )
    return [Signal(row[0], Kind(row[1]), *row[2:]) for row in rows]


_OBSERVED = (signals.c.kind, signals.c.value, signals.c.observed_at, signals.c.source)
# Built once: building the statements takes longer than executing them.
_BY_NUM = (
    select(signals.c.num, *_OBSERVED)
    .where(
        signals.c.num.in_(bindparam("nums", expanding=True)),
        signals.c.observed_at <= bindparam("until", type_=signals.c.observed_at.type),
    )
    .order_by(signals.c.observed_at, signals.c.id)
)
_BY_ID = (
    select(identifiers.c.identifier, *_OBSERVED)
    .join(signals, signals.c.num == identifiers.c.num)
    .where(identifiers.c.identifier.in_(bindparam("paper_ids", expanding=True)))
    .order_by(signals.c.observed_at, signals.c.id)
)


def signals_until(
    connection: Connection, nums: Sequence[int], until: datetime
) -> dict[int, list[Signal]]:
    """Read the signals of papers up to a moment, by paper number, in order of time.

    The `paper_id` of these signals is empty: their paper is the key.
    """
    found: dict[int, list[Signal]] = {}
    for num, kind, *observed in connection.execute(_BY_NUM, {"nums": nums, "until": until}):
        found.setdefault(num, []).append(Signal("", Kind(kind), *observed))
    return found


def signals_by_id(connection: Connection, paper_ids: Sequence[str]) -> dict[str, list[Signal]]:
    """Read the signals of papers, by any of their ids, in order of time."""
    found: dict[str, list[Signal]] = {}
    for paper_id, kind, *observed in connection.execute(_BY_ID, {"paper_ids": paper_ids}):
        found.setdefault(paper_id, []).append(Signal(paper_id, Kind(kind), *observed))
    return found
