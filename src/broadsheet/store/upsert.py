"""Add records to the library: each record is stored, and records of one work are one paper."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select

from broadsheet.model import Paper
from broadsheet.rules.identity import title_key
from broadsheet.store.candidates import Candidate, Candidates, NewRecord, load_candidates
from broadsheet.store.merge_records import (
    identifiers_of,
    insert_identifiers,
    log_changes,
    recompute,
)
from broadsheet.store.merges import merge
from broadsheet.store.metadata import reserve_paper_nums
from broadsheet.store.papers import PAPER_COLUMNS
from broadsheet.store.record import compress, encode_record, record_digest, title_hash
from broadsheet.store.tables import papers, records


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of added records, by outcome.

    Parameters
    ----------
    new : int
        Records that became new papers.
    merged : int
        Records that were merged into existing papers.
    unchanged : int
        Records that were already stored, with the same content.
    unknown : int
        Records that were skipped because no paper has one of their identifiers; see
        `only_known` of :func:`add`.
    """

    new: int = 0
    merged: int = 0
    unchanged: int = 0
    unknown: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return the sums of the counts."""
        return Tally(
            self.new + other.new,
            self.merged + other.merged,
            self.unchanged + other.unchanged,
            self.unknown + other.unknown,
        )


@dataclass(slots=True)
class _Assignment:
    """Which paper each record belongs to: new papers, changed papers, and papers to merge."""

    new: list[NewRecord] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    merges: list[tuple[int, int]] = field(default_factory=list)


def add(
    connection: Connection,
    source: str,
    batch: Sequence[Paper],
    now: datetime,
    *,
    only_known: bool = False,
) -> Tally:
    """Add a batch of records. Adding the same records again changes nothing.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A write transaction; the batch is stored when it commits.
    source : str
        Name of the source.
    batch : sequence of Paper
        The records, a few thousand at most; memory grows with their number.
    now : datetime
        Time of receipt, aware UTC.
    only_known : bool
        True skips records that share no identifier with an existing paper, and does not compare
        titles.

    Returns
    -------
    Tally
        Its counts add up to the length of the batch; a duplicate in the batch is unchanged.
    """
    new_records = _new_records(connection, source, batch)
    if not new_records:
        return Tally(unchanged=len(batch))
    candidates = load_candidates(connection, new_records)
    known = (record for record in new_records if candidates.find(record, by_title=False))
    wanted = list(known) if only_known else new_records
    nums = reserve_paper_nums(connection, len(wanted))
    assignment = _assign(candidates, wanted, nums, by_title=not only_known)
    _insert(connection, source, assignment.new, wanted, now)
    for winner, merged in assignment.merges:
        merge(connection, winner, merged, now)
    removed = {merged for _, merged in assignment.merges}
    changed = {num for num in sorted(assignment.changed - removed) if recompute(connection, num)}
    changed |= {num for pair in assignment.merges for num in pair}
    log_changes(connection, [*(record.num for record in assignment.new), *sorted(changed)])
    return Tally(
        new=len(assignment.new),
        merged=len(wanted) - len(assignment.new),
        unchanged=len(batch) - len(new_records),
        unknown=len(new_records) - len(wanted),
    )


def _new_records(connection: Connection, source: str, batch: Sequence[Paper]) -> list[NewRecord]:
    """Return the records whose digest is not stored yet, each once."""
    new_records: dict[int, NewRecord] = {}
    for paper in batch:
        text = encode_record(paper)
        digest = record_digest(source, text)
        if digest not in new_records:
            new_records[digest] = NewRecord(paper, "", digest, text)
    stored = select(records.c.digest).where(records.c.digest.in_(list(new_records)))
    for digest in connection.scalars(stored).all():
        del new_records[digest]
    for record in new_records.values():
        record.key = title_key(record.paper.title)
    return list(new_records.values())


def _assign(
    candidates: Candidates, wanted: Sequence[NewRecord], nums: range, *, by_title: bool
) -> _Assignment:
    assignment = _Assignment()
    for record, num in zip(wanted, nums, strict=True):
        found = candidates.find(record, by_title=by_title)
        winner = found[0] if found else Candidate(num)
        for other in found[1:]:
            candidates.merge(winner, other)
            assignment.merges.append((winner.num, other.num))
        candidates.add(record, winner)
        if found:
            assignment.changed.add(winner.num)
        else:
            assignment.new.append(record)
    return assignment


def _insert(
    connection: Connection,
    source: str,
    new: Sequence[NewRecord],
    wanted: Sequence[NewRecord],
    now: datetime,
) -> None:
    """Insert the new papers, and the identifiers and records of all."""
    if not wanted:
        return
    paper_rows = [
        {
            **{column.name: getattr(record.paper, column.name) for column in PAPER_COLUMNS},
            "num": record.num,
            "title_hash": title_hash(record.key),
            "added_at": now,
        }
        for record in new
    ]
    if paper_rows:
        connection.execute(insert(papers), paper_rows)
    insert_identifiers(
        connection,
        [(name, record.num) for record in wanted for name in identifiers_of(record.paper)],
    )
    record_rows = [
        {
            "num": record.num,
            "source": source,
            "received_at": now,
            "digest": record.digest,
            "body": compress(record.text),
        }
        for record in wanted
    ]
    connection.execute(insert(records), record_rows)
