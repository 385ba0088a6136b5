"""The rows of a merged paper, saved with the merge so that it can be undone."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Connection, ScalarSelect, and_, insert, select, update

from broadsheet.store.tables import identifiers, papers, records, signals, submissions, votes


class VoteRow(BaseModel):
    """A vote, without the paper it is for."""

    reader_id: int
    voted_at: datetime
    network: str | None


class SignalRow(BaseModel):
    """A signal, without the paper it is for."""

    kind: str
    value: float
    observed_at: datetime
    source: str


class SubmissionRow(BaseModel):
    """A submission, without the paper it is for."""

    source: str
    submitted_by: str
    submitted_at: datetime


class UndoData(BaseModel):
    """The rows that belonged to the merged paper, as JSON in the column ``merges.undo_data``.

    Keys list the rows that moved to the winner. A duplicate is a row that the winner had too: it
    is deleted by the merge, so its values are saved.
    """

    added_at: datetime
    records: list[int]
    identifiers: list[str]
    signals: list[int]
    submission_sources: list[str]
    reader_ids: list[int]
    duplicate_votes: list[VoteRow]
    duplicate_signals: list[SignalRow]
    duplicate_submissions: list[SubmissionRow]


def collect_undo_data(connection: Connection, winner: int, merged: int) -> UndoData:
    """Read the rows of the paper `merged`, before they move to `winner`."""
    vote_rows = _votes_of(connection, merged)
    winner_readers = {row.reader_id for row in _votes_of(connection, winner)}
    submission_rows = _submissions_of(connection, merged)
    winner_sources = {row.source for row in _submissions_of(connection, winner)}
    signal_columns = [signals.c[name] for name in SignalRow.model_fields]
    duplicates = connection.execute(
        select(*signal_columns).where(signals.c.id.in_(duplicate_signal_ids(winner, merged)))
    )
    return UndoData(
        added_at=connection.scalars(select(papers.c.added_at).where(papers.c.num == merged)).one(),
        records=list(connection.scalars(select(records.c.id).where(records.c.num == merged))),
        identifiers=list(
            connection.scalars(select(identifiers.c.identifier).where(identifiers.c.num == merged))
        ),
        signals=list(connection.scalars(select(signals.c.id).where(signals.c.num == merged))),
        submission_sources=[
            row.source for row in submission_rows if row.source not in winner_sources
        ],
        reader_ids=[row.reader_id for row in vote_rows if row.reader_id not in winner_readers],
        duplicate_votes=[row for row in vote_rows if row.reader_id in winner_readers],
        duplicate_signals=[SignalRow.model_validate(dict(row._mapping)) for row in duplicates],
        duplicate_submissions=[row for row in submission_rows if row.source in winner_sources],
    )


def duplicate_signal_ids(winner: int, merged: int) -> ScalarSelect[int]:
    """Select the ids of signals of `merged` that `winner` has with the same values."""
    other = signals.alias()
    same = (other.c[name] == signals.c[name] for name in SignalRow.model_fields)
    return (
        select(signals.c.id)
        .join(other, and_(other.c.num == winner, *same))
        .where(signals.c.num == merged)
        .scalar_subquery()
    )


def restore_rows(connection: Connection, winner: int, merged: int, undo: UndoData) -> None:
    """Move the rows back to the paper `merged` and insert the duplicates again.

    A duplicate vote is inserted only if the reader still votes for the winner.
    """
    for table, key, keys in (
        (records, records.c.id, undo.records),
        (identifiers, identifiers.c.identifier, undo.identifiers),
        (signals, signals.c.id, undo.signals),
        (votes, votes.c.reader_id, undo.reader_ids),
        (submissions, submissions.c.source, undo.submission_sources),
    ):
        moved = (table.c.num == winner, key.in_(keys))
        connection.execute(update(table).where(*moved).values(num=merged))
    voters = {row.reader_id for row in _votes_of(connection, winner)}
    duplicate_votes = [row for row in undo.duplicate_votes if row.reader_id in voters]
    for table, rows in (
        (votes, duplicate_votes),
        (signals, undo.duplicate_signals),
        (submissions, undo.duplicate_submissions),
    ):
        if rows:
            values = [{"num": merged, **row.model_dump()} for row in rows]
            connection.execute(insert(table), values)


def _votes_of(connection: Connection, num: int) -> list[VoteRow]:
    columns = [votes.c[name] for name in VoteRow.model_fields]
    rows = connection.execute(
        select(*columns).where(votes.c.num == num).order_by(votes.c.reader_id)
    )
    return [VoteRow.model_validate(dict(row._mapping)) for row in rows]


def _submissions_of(connection: Connection, num: int) -> list[SubmissionRow]:
    columns = [submissions.c[name] for name in SubmissionRow.model_fields]
    rows = connection.execute(
        select(*columns).where(submissions.c.num == num).order_by(submissions.c.source)
    )
    return [SubmissionRow.model_validate(dict(row._mapping)) for row in rows]
