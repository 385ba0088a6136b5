"""Two papers that turn out to be one, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import (
    Connection,
    ScalarSelect,
    and_,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from broadsheet.errors import NotFoundError, StoreError
from broadsheet.store.merge_records import log_changes, recompute
from broadsheet.store.papers import paper_by_num
from broadsheet.store.tables import (
    apart,
    asked,
    merges,
    names,
    papers,
    picks,
    records,
    signals,
    submissions,
    trends,
    votes,
)


@dataclass(frozen=True, slots=True)
class Merge:
    """Two papers that became one.

    Parameters
    ----------
    number : int
        By which it is undone.
    kept, gone : str
        Titles of the paper that stayed and of the one that went into it, as they were then.
    merged_at : datetime
        Aware UTC.
    undone_at : datetime or None
        Aware UTC; None while the merge stands.
    """

    number: int
    kept: str
    gone: str
    merged_at: datetime
    undone_at: datetime | None


class _Moved(BaseModel):
    """What belonged to the paper that went."""

    added_at: datetime
    records: list[int]
    names: list[str]
    signals: list[int]
    submissions: list[str] = []
    """Sources of the submissions that were moved."""
    networks: dict[str, str | None] = {}
    """Where the votes that were let go had come from, by reader."""
    submitted_both: list[tuple[str, str, datetime]] = []
    """Source, name and time of the submissions that were let go, as the other had one there."""
    voters: list[str]
    voted_both: list[tuple[str, datetime]]
    """Reader and time of the votes that were let go, as the paper that stayed had them too."""
    read_both: list[tuple[str, float, datetime, str]]
    """Kind, value, time and source of the readings that were let go likewise."""


def fold(connection: Connection, kept: int, gone: int, now: datetime) -> None:
    """Move all that belongs to one paper to another, remove the empty one, and note it down."""
    moved = _belongings(connection, kept, gone)
    connection.execute(
        insert(merges).values(
            kept=kept,
            gone=gone,
            kept_title=paper_by_num(connection, kept).title,
            gone_title=paper_by_num(connection, gone).title,
            merged_at=now,
            moved=moved.model_dump_json(),
        )
    )
    double = (votes.c.num == gone, votes.c.reader.not_in(moved.voters))
    connection.execute(delete(votes).where(*double))
    connection.execute(delete(signals).where(signals.c.id.in_(_doubles(kept, gone))))
    for table in (records, names, votes, signals):
        connection.execute(update(table).where(table.c.num == gone).values(num=kept))
    _move_submissions(connection, gone, kept, moved.submissions)
    _move_picks(connection, gone, kept)
    for table in (asked, submissions, trends, picks):
        connection.execute(delete(table).where(table.c.num == gone))
    _stay_apart(connection, kept, gone)
    connection.execute(delete(papers).where(papers.c.num == gone))
    recompute(connection, kept)


def unfold(connection: Connection, number: int, now: datetime) -> tuple[int, int]:
    """Take a merge back: each paper has again what belonged to it, and they are kept apart.

    What was told or voted since the merge stays with the paper that was kept.

    Returns
    -------
    tuple of int
        Numbers of the two papers.

    Raises
    ------
    NotFoundError
        Where there is no merge of that number.
    StoreError
        Where it was undone before, or the paper has since gone into another.
    """
    row = connection.execute(select(merges).where(merges.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no merge {number}: 'broadsheet merges' lists them")
    if row.undone_at is not None:
        raise StoreError(f"merge {number} was undone before: nothing is left to do")
    if connection.scalar(select(papers.c.num).where(papers.c.num == row.kept)) is None:
        raise StoreError(
            f"the paper of merge {number} has since gone into another: undo that merge first"
        )
    moved = _Moved.model_validate_json(row.moved)
    _restore(connection, row.gone, moved)
    for table, column, kept in (
        (records, records.c.id, moved.records),
        (names, names.c.name, moved.names),
        (signals, signals.c.id, moved.signals),
    ):
        mine = (table.c.num == row.kept, column.in_(kept))
        connection.execute(update(table).where(*mine).values(num=row.gone))
    _restore_attention(connection, row.kept, row.gone, moved)
    _move_submissions(connection, row.kept, row.gone, moved.submissions)
    again = [
        {"num": row.gone, "source": source, "by": by, "submitted_at": at}
        for source, by, at in moved.submitted_both
    ]
    if again:
        connection.execute(insert(submissions), again)
    both = ((row.kept, row.gone), (row.gone, row.kept))
    connection.execute(insert(apart), [{"num": a, "other": b} for a, b in both])
    connection.execute(update(merges).where(merges.c.id == number).values(undone_at=now))
    for num in (row.kept, row.gone):
        recompute(connection, num)
    log_changes(connection, (row.kept, row.gone))
    return row.kept, row.gone


def list_merges(connection: Connection, limit: int) -> list[Merge]:
    """List the merges, newest first."""
    rows = connection.execute(select(merges).order_by(merges.c.id.desc()).limit(limit))
    return [
        Merge(row.id, row.kept_title, row.gone_title, row.merged_at, row.undone_at) for row in rows
    ]


def distinct_pairs(connection: Connection, nums: Sequence[int]) -> set[tuple[int, int]]:
    """List the pairs, both ways, of these papers that are not to be taken for one."""
    rows = connection.execute(select(apart.c.num, apart.c.other).where(apart.c.num.in_(nums)))
    return {(row.num, row.other) for row in rows}


def _belongings(connection: Connection, kept: int, gone: int) -> _Moved:
    cast = connection.execute(
        select(votes.c.reader, votes.c.voted_at, votes.c.network).where(votes.c.num == gone)
    ).all()
    voted = {row.reader: row.voted_at for row in cast}
    both = set(connection.scalars(select(votes.c.reader).where(votes.c.num == kept))) & set(voted)
    reading = (signals.c.kind, signals.c.value, signals.c.observed_at, signals.c.source)
    read = connection.execute(select(*reading).where(signals.c.id.in_(_doubles(kept, gone))))
    return _Moved(
        added_at=connection.scalars(select(papers.c.added_at).where(papers.c.num == gone)).one(),
        records=list(connection.scalars(select(records.c.id).where(records.c.num == gone))),
        names=list(connection.scalars(select(names.c.name).where(names.c.num == gone))),
        signals=list(connection.scalars(select(signals.c.id).where(signals.c.num == gone))),
        submissions=sorted(_submitted(connection, gone) - _submitted(connection, kept)),
        voters=sorted(set(voted) - both),
        networks={row.reader: row.network for row in cast if row.reader in both},
        submitted_both=_submitted_both(connection, kept, gone),
        voted_both=[(reader, voted[reader]) for reader in sorted(both)],
        read_both=[(row.kind, row.value, row.observed_at, row.source) for row in read],
    )


def _submitted(connection: Connection, num: int) -> set[str]:
    return set(connection.scalars(select(submissions.c.source).where(submissions.c.num == num)))


def _submitted_both(
    connection: Connection, kept: int, gone: int
) -> list[tuple[str, str, datetime]]:
    here = _submitted(connection, kept)
    rows = connection.execute(
        select(submissions.c.source, submissions.c.by, submissions.c.submitted_at)
        .where(submissions.c.num == gone)
        .order_by(submissions.c.source)
    )
    return [(row.source, row.by, row.submitted_at) for row in rows if row.source in here]


def _move_submissions(connection: Connection, num: int, to: int, sources: Sequence[str]) -> None:
    mine = (submissions.c.num == num, submissions.c.source.in_(sources))
    connection.execute(update(submissions).where(*mine).values(num=to))


def _move_picks(connection: Connection, num: int, to: int) -> None:
    """Let the editor's word go with the paper, but not over a word on the other one."""
    theirs = picks.alias()
    taken = exists().where(
        theirs.c.span == picks.c.span, theirs.c.date == picks.c.date, theirs.c.num == to
    )
    connection.execute(update(picks).where(picks.c.num == num, ~taken).values(num=to))


def _doubles(kept: int, gone: int) -> ScalarSelect[int]:
    """Find the readings that both papers have: they were made of the same thing at one time."""
    mine = signals.alias()
    same = (mine.c[name] == signals.c[name] for name in ("kind", "value", "observed_at", "source"))
    return (
        select(signals.c.id)
        .join(mine, and_(mine.c.num == kept, *same))
        .where(signals.c.num == gone)
        .scalar_subquery()
    )


def _stay_apart(connection: Connection, kept: int, gone: int) -> None:
    """Let what was set apart from one paper be apart from the one that it went into."""
    others = set(connection.scalars(select(apart.c.other).where(apart.c.num == gone)))
    others -= set(connection.scalars(select(apart.c.other).where(apart.c.num == kept))) | {kept}
    connection.execute(delete(apart).where(or_(apart.c.num == gone, apart.c.other == gone)))
    both = [(kept, other) for other in others] + [(other, kept) for other in others]
    if both:
        connection.execute(insert(apart), [{"num": a, "other": b} for a, b in both])


def _restore(connection: Connection, num: int, moved: _Moved) -> None:
    """Make the row of the paper that went; what it says follows from its records."""
    connection.execute(
        insert(papers).values(
            num=num,
            # Its own id may be that of the other paper until both are made anew.
            id=f"restored:{num}",
            title="",
            authors=(),
            categories=(),
            title_hash=0,
            added_at=moved.added_at,
        )
    )


def _restore_attention(connection: Connection, kept: int, gone: int, moved: _Moved) -> None:
    """Give votes and readings back; a reader who took the vote back since has none on either."""
    mine = (votes.c.num == kept, votes.c.reader.in_(moved.voters))
    connection.execute(update(votes).where(*mine).values(num=gone))
    still = set(connection.scalars(select(votes.c.reader).where(votes.c.num == kept)))
    again = [
        {"num": gone, "reader": reader, "voted_at": at, "network": moved.networks.get(reader)}
        for reader, at in moved.voted_both
        if reader in still
    ]
    if again:
        connection.execute(insert(votes), again)
    names_of_reading = ("kind", "value", "observed_at", "source")
    doubled = [dict(zip(names_of_reading, one, strict=True)) for one in moved.read_both]
    if doubled:
        connection.execute(insert(signals), [{"num": gone, **one} for one in doubled])
