"""Merge two papers that are the same work, undo a merge, and list the merges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, exists, insert, or_, select, update

from broadsheet.errors import NotFoundError, StoreError
from broadsheet.store.merge_records import log_changes, recompute
from broadsheet.store.papers import paper_by_num
from broadsheet.store.tables import (
    distinct_pairs,
    identifiers,
    merges,
    papers,
    picks,
    records,
    signals,
    source_queries,
    submissions,
    trends,
    votes,
)
from broadsheet.store.undo_data import (
    UndoData,
    collect_undo_data,
    duplicate_signal_ids,
    restore_rows,
)


@dataclass(frozen=True, slots=True)
class Merge:
    """Two papers that were merged into one.

    Parameters
    ----------
    number : int
        Identifies the merge; pass it to :func:`unmerge`.
    winner, merged : str
        Titles, before the merge, of the paper that remains and of the paper that was removed.
    merged_at : datetime
        Aware UTC.
    undone_at : datetime or None
        Aware UTC; None if the merge is in effect.
    """

    number: int
    winner: str
    merged: str
    merged_at: datetime
    undone_at: datetime | None


def merge(connection: Connection, winner: int, merged: int, now: datetime) -> None:
    """Move all rows of the paper `merged` to `winner`, remove `merged`, and record the merge."""
    undo = collect_undo_data(connection, winner, merged)
    connection.execute(
        insert(merges).values(
            winner_num=winner,
            merged_num=merged,
            winner_title=paper_by_num(connection, winner).title,
            merged_title=paper_by_num(connection, merged).title,
            merged_at=now,
            undo_data=undo.model_dump_json(),
        )
    )
    duplicate_votes = (votes.c.num == merged, votes.c.reader_id.not_in(undo.reader_ids))
    connection.execute(delete(votes).where(*duplicate_votes))
    duplicate_signals = signals.c.id.in_(duplicate_signal_ids(winner, merged))
    connection.execute(delete(signals).where(duplicate_signals))
    new_submissions = submissions.c.source.in_(undo.submission_sources)
    connection.execute(
        update(submissions).where(submissions.c.num == merged, new_submissions).values(num=winner)
    )
    for table in (records, identifiers, votes, signals):
        connection.execute(update(table).where(table.c.num == merged).values(num=winner))
    _move_picks(connection, merged, winner)
    for table in (source_queries, submissions, trends, picks):
        connection.execute(delete(table).where(table.c.num == merged))
    _move_distinct_pairs(connection, merged, winner)
    connection.execute(delete(papers).where(papers.c.num == merged))
    recompute(connection, winner)


def unmerge(connection: Connection, number: int, now: datetime) -> tuple[int, int]:
    """Undo a merge and mark the two papers as distinct, so that they are never merged again.

    Records, votes and signals that were added after the merge remain with the winner.

    Returns
    -------
    tuple of int
        Numbers of the winner and of the restored paper.

    Raises
    ------
    NotFoundError
        If there is no merge with that number.
    StoreError
        If the merge was undone before, or its winner was merged into another paper.
    """
    row = connection.execute(select(merges).where(merges.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no merge {number}: 'broadsheet merges' lists all merges")
    if row.undone_at is not None:
        raise StoreError(f"merge {number} is already undone")
    if connection.scalar(select(papers.c.num).where(papers.c.num == row.winner_num)) is None:
        raise StoreError(
            f"the paper of merge {number} was later merged into another: undo that merge first"
        )
    undo = UndoData.model_validate_json(row.undo_data)
    _insert_empty_paper(connection, row.merged_num, undo.added_at)
    restore_rows(connection, row.winner_num, row.merged_num, undo)
    _insert_distinct_pairs(connection, row.winner_num, [row.merged_num])
    connection.execute(update(merges).where(merges.c.id == number).values(undone_at=now))
    for num in (row.winner_num, row.merged_num):
        recompute(connection, num)
    log_changes(connection, (row.winner_num, row.merged_num))
    return row.winner_num, row.merged_num


def list_merges(connection: Connection, limit: int) -> list[Merge]:
    """List the merges, newest first."""
    rows = connection.execute(select(merges).order_by(merges.c.id.desc()).limit(limit))
    return [
        Merge(row.id, row.winner_title, row.merged_title, row.merged_at, row.undone_at)
        for row in rows
    ]


def distinct_pairs_of(connection: Connection, nums: Sequence[int]) -> set[tuple[int, int]]:
    """List the pairs, both ways, of one of these papers and a paper it must not be merged with."""
    rows = connection.execute(select(distinct_pairs).where(distinct_pairs.c.num.in_(nums)))
    return {(row.num, row.other_num) for row in rows}


def _move_picks(connection: Connection, num: int, to: int) -> None:
    """Move the picks of a paper, except for editions in which the other paper has a pick."""
    other = picks.alias()
    taken = exists().where(
        other.c.span == picks.c.span, other.c.date == picks.c.date, other.c.num == to
    )
    connection.execute(update(picks).where(picks.c.num == num, ~taken).values(num=to))


def _move_distinct_pairs(connection: Connection, num: int, to: int) -> None:
    others = {other for _, other in distinct_pairs_of(connection, [num])}
    others -= {other for _, other in distinct_pairs_of(connection, [to])} | {to}
    either = or_(distinct_pairs.c.num == num, distinct_pairs.c.other_num == num)
    connection.execute(delete(distinct_pairs).where(either))
    _insert_distinct_pairs(connection, to, others)


def _insert_distinct_pairs(connection: Connection, num: int, others: Iterable[int]) -> None:
    rows = [
        {"num": first, "other_num": second}
        for other in others
        for first, second in ((num, other), (other, num))
    ]
    if rows:
        connection.execute(insert(distinct_pairs), rows)


def _insert_empty_paper(connection: Connection, num: int, added_at: datetime) -> None:
    """Insert the row of a paper; :func:`recompute` fills it from the paper's records."""
    connection.execute(
        insert(papers).values(
            num=num,
            # The winner may hold the paper's own id until both are recomputed.
            id=f"restored:{num}",
            title="",
            authors=(),
            categories=(),
            title_hash=0,
            added_at=added_at,
        )
    )
