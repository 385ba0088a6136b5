"""Fixtures of the index tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.index.local.engine import LocalEngine
from tests.index.samples import ChangeLog, opened


@pytest.fixture
def room() -> Iterator[Path]:
    """Return a folder in memory if possible, because these tests mostly wait for the disk."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() else None
    # tantivy may still be deleting files in its own thread at the end of a test.
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def folder(room: Path) -> Path:
    """Return the index folder."""
    return room / "index"


@pytest.fixture
def log() -> ChangeLog:
    """Return the change log of a library of thirty papers."""
    log = ChangeLog()
    log.add(range(1, 31))
    return log


@pytest.fixture
def indexed(folder: Path, log: ChangeLog) -> LocalEngine:
    """Return an up-to-date index with the old encoder."""
    index = opened(folder)
    index.update(log.read)
    return index
