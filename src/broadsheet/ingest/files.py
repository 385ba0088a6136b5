"""One source run: read, identify, store."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from io import BytesIO
from itertools import islice
from pathlib import Path

from broadsheet.model import Malformed, Paper
from broadsheet.sources import arxiv_dump
from broadsheet.sources.files import read_file
from broadsheet.store.database import Database
from broadsheet.store.upsert import Tally, add

# Papers to a transaction: large enough that its commit costs little beside its rows, small
# enough that memory stays flat and a killed import loses less than a second's work.
_BATCH = 2_000
_KEPT_COMPLAINTS = 1_000
STARTER = "starter"


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one source run did.

    Parameters
    ----------
    source : str
        Name of the source.
    tally : Tally
        What became of the records.
    skipped : int
        Records that could not be read.
    malformed : tuple of Malformed
        The first thousand of those, with the reason.
    """

    source: str
    tally: Tally = field(default_factory=Tally)
    skipped: int = 0
    malformed: tuple[Malformed, ...] = ()


def import_file(
    database: Database,
    path: Path,
    now: datetime,
    on_bytes: Callable[[int], None] | None = None,
) -> IngestReport:
    """Bring in one file of papers.

    Parameters
    ----------
    database : Database
        The library.
    path : Path
        A saved page, arXiv dump, BibTeX, RIS or CSL-JSON file, gzipped or not.
    now : datetime
        Aware UTC.
    on_bytes : callable, optional
        Told how many bytes of the file were read, step by step.

    Raises
    ------
    SourceError
        Where the file is nothing of the kind.
    """
    source, told = read_file(path, on_bytes)
    return store(database, source, told, now)


def import_starter(database: Database, now: datetime) -> IngestReport:
    """Bring in the papers that are shipped with Broadsheet."""
    shipped = resources.files("broadsheet").joinpath("starter", "papers.jsonl")
    told = arxiv_dump.parse(BytesIO(shipped.read_bytes()), "starter library")
    return store(database, STARTER, told, now)


def store(
    database: Database, source: str, told: Iterable[Paper | Malformed], now: datetime
) -> IngestReport:
    """Store what a source told, batch by batch; each batch is kept whole or not at all.

    Parameters
    ----------
    database : Database
        The library.
    source : str
        Who told.
    told : iterable of Paper or Malformed
        Read once, never held whole.
    now : datetime
        Aware UTC.
    """
    tally, skipped = Tally(), 0
    malformed: list[Malformed] = []
    for batch in _batches(told):
        papers = [item for item in batch if isinstance(item, Paper)]
        complaints = [item for item in batch if isinstance(item, Malformed)]
        skipped += len(complaints)
        malformed += complaints[: _KEPT_COMPLAINTS - len(malformed)]
        if papers:
            with database.write() as connection:
                tally += add(connection, source, papers, now)
    return IngestReport(source, tally, skipped, tuple(malformed))


def _batches(told: Iterable[Paper | Malformed]) -> Iterator[list[Paper | Malformed]]:
    waiting = iter(told)
    while batch := list(islice(waiting, _BATCH)):
        yield batch
