"""Work that is killed with -9 at random moments, and gone on with; run in processes of its own."""

import random
import sqlite3
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

from broadsheet.config import load_settings
from broadsheet.library import Library
from tests.conftest import NOW

Work = Callable[[Path, str], None]

# What a run may leave otherwise: how often services were asked, and that a run was going on.
_MAY_DIFFER = {"request_counts", "metadata", "alembic_version"}
_SPAWNING = get_context("forkserver")
# Loaded once, so that a process is at work at once and a moment falls into it.
_SPAWNING.set_forkserver_preload(["broadsheet.library", "tests.killed"])


def fetch_all(folder: Path, mirror: str) -> None:
    """Fetch what there is of the archive and of the hub."""
    with _open(folder, mirror) as library:
        for report in library.sources.fetch():
            assert report.error is None, report.error


def import_all(folder: Path, dump: str) -> None:
    """Import a dump."""
    with _open(folder) as library:
        library.import_file(Path(dump))


def kill_at_random(work: Work, folder: Path, told: str, kills: int, longest_s: float) -> int:
    """Start work and kill it, again and again, then let it end; gives how many were killed.

    Parameters
    ----------
    work : callable
        Of this module.
    folder, told : Path, str
        What it is given.
    kills : int
        How often.
    longest_s : float
        After at most how many seconds.
    """
    moments = random.Random(f"{work.__name__}")
    killed = 0
    for _ in range(kills):
        process = _SPAWNING.Process(target=work, args=(folder, told))
        process.start()
        time.sleep(moments.uniform(0.0, longest_s))
        killed += process.is_alive()
        process.kill()
        process.join()
    run(work, folder, told)
    return killed


def run(work: Work, folder: Path, told: str) -> None:
    """Let work end."""
    process = _SPAWNING.Process(target=work, args=(folder, told))
    process.start()
    process.join()
    assert process.exitcode == 0


def contents(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Read every row of a library but those that may differ."""
    with sqlite3.connect(folder / "library.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: sorted(connection.execute(f"SELECT {_told(name)}").fetchall(), key=repr)
            for (name,) in tables
            if name not in _MAY_DIFFER
        }


def _told(table: str) -> str:
    # At which cursor a run began tells nothing when it has ended.
    return (
        "name, cursor, error, next_at FROM sources" if table == "sources" else f'* FROM "{table}"'
    )


def _open(folder: Path, mirror: str | None = None) -> Library:
    flags = {"data": folder, "rerank": False, "sources": "arxiv hf", "categories": ""}
    settings = load_settings(flags | ({"mirror": mirror} if mirror else {}), environment={})
    return Library(settings, clock=lambda: NOW)
