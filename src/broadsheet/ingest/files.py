"""Import a file of papers, or the papers shipped with Broadsheet."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from importlib import resources
from io import BytesIO
from itertools import islice
from pathlib import Path

from broadsheet.ingest.records import IngestReport, store_records
from broadsheet.model import STARTER, Malformed, Paper
from broadsheet.sources import arxiv_dump
from broadsheet.sources.files import read_file
from broadsheet.store.database import Database

# Records per transaction: enough that a commit costs little beside its rows, and few enough that
# memory stays constant and a killed import loses less than a second of work.
_BATCH = 2_000


def import_file(
    database: Database,
    path: Path,
    now: datetime,
    on_bytes: Callable[[int], None] | None = None,
) -> IngestReport:
    """Import one file of papers.

    Parameters
    ----------
    database : Database
        The library.
    path : Path
        A saved page, arXiv dump, BibTeX, RIS or CSL-JSON file, gzipped or not.
    now : datetime
        Aware UTC.
    on_bytes : callable, optional
        Called with the number of bytes after each read.

    Raises
    ------
    SourceError
        If the file cannot be read or its format is not supported.
    """
    source, records = read_file(path, on_bytes)
    return store(database, source, records, now)


def import_starter(database: Database, now: datetime) -> IngestReport:
    """Import the papers shipped with Broadsheet."""
    shipped = resources.files("broadsheet").joinpath("starter", "papers.jsonl")
    records = arxiv_dump.parse(BytesIO(shipped.read_bytes()), "starter library")
    return store(database, STARTER, records, now)


def store(
    database: Database, source: str, records: Iterable[Paper | Malformed], now: datetime
) -> IngestReport:
    """Store records, 2,000 in a transaction.

    Parameters
    ----------
    database : Database
        The library.
    source : str
        Name of the source or format.
    records : iterable of Paper or Malformed
        Read once, in constant memory.
    now : datetime
        Aware UTC.
    """
    report = IngestReport(source)
    for batch in _batches(records):
        with database.write() as connection:
            store_records(connection, source, batch, now, report)
    return report


def _batches(records: Iterable[Paper | Malformed]) -> Iterator[list[Paper | Malformed]]:
    remaining = iter(records)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
