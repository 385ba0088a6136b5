"""What the index's tests share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.index.local.searchindex import SearchIndex
from tests.index.invented import Log, opened


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder in memory where there is one: most of what these tests wait for is the disk."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() else None
    # tantivy may be clearing up in a thread of its own at the end of a test.
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def folder(room: Path) -> Path:
    """Where the index lies."""
    return room / "index"


@pytest.fixture
def log() -> Log:
    """The changes of a library of thirty papers."""
    log = Log()
    log.add(range(1, 31))
    return log


@pytest.fixture
def level(folder: Path, log: Log) -> SearchIndex:
    """An index that has followed them all, with the old encoder."""
    index = opened(folder)
    index.follow(log.changes)
    return index
