"""Store the records of a file or a source, and report on them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from broadsheet.model import Malformed, Paper
from broadsheet.rules.normalize import is_untitled
from broadsheet.store.upsert import Tally, add

_MAX_MALFORMED = 1_000


@dataclass(slots=True)
class IngestReport:
    """Counts of one import or run.

    Parameters
    ----------
    source : str
        Name of the source or format.
    tally : Tally
        How the papers were stored.
    untitled : int
        Papers without a title; the first words of the abstract became their title.
    skipped : int
        Malformed records.
    malformed : list of Malformed
        The first 1,000 of these, with the reason.
    """

    source: str
    tally: Tally = field(default_factory=Tally)
    untitled: int = 0
    skipped: int = 0
    malformed: list[Malformed] = field(default_factory=list)


def store_records(
    connection: Connection,
    source: str,
    records: Iterable[Paper | Malformed],
    now: datetime,
    report: IngestReport,
    *,
    existing_only: bool = False,
) -> None:
    """Store a batch of records and add its counts to a report.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A write transaction; the batch is stored when it commits.
    source : str
        Name that the records are stored under.
    records : iterable of Paper or Malformed
        One batch.
    now : datetime
        Aware UTC.
    report : IngestReport
        Its counts are increased.
    existing_only : bool
        Whether papers that are not in the library are discarded.
    """
    batch = list(records)
    papers = [record for record in batch if isinstance(record, Paper)]
    malformed = [record for record in batch if isinstance(record, Malformed)]
    if papers:
        report.tally += add(connection, source, papers, now, only_known=existing_only)
    report.untitled += sum(map(is_untitled, papers))
    report.skipped += len(malformed)
    report.malformed += malformed[: _MAX_MALFORMED - len(report.malformed)]
