"""Run work in processes that are killed (SIGKILL) at random times and restarted."""

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

# Interrupted runs send more requests and store other positions.
_MAY_DIFFER = {"request_counts", "metadata", "alembic_version"}
_CONTEXT = get_context("forkserver")
# Preloaded, so that a process starts working before it is killed.
_CONTEXT.set_forkserver_preload(["broadsheet.library", "tests.killed"])


def fetch_all(folder: Path, mirror: str) -> None:
    """Fetch from arXiv and the hub until nothing is left."""
    with _open(folder, mirror) as library:
        for report in library.sources.fetch():
            assert report.error is None, report.error


def import_all(folder: Path, dump: str) -> None:
    """Import a dump."""
    with _open(folder) as library:
        library.import_file(Path(dump))


def kill_at_random(work: Work, folder: Path, argument: str, kills: int, max_delay_s: float) -> int:
    """Start work and kill it repeatedly, then let it finish; return how often it was killed.

    Parameters
    ----------
    work : callable
        A function of this module.
    folder, argument : Path, str
        Its arguments.
    kills : int
        Number of processes to start and kill; one that finishes first does not count.
    max_delay_s : float
        Maximum time from start to kill, in seconds.
    """
    delays = random.Random(f"{work.__name__}")
    killed = 0
    for _ in range(kills):
        process = _CONTEXT.Process(target=work, args=(folder, argument))
        process.start()
        time.sleep(delays.uniform(0.0, max_delay_s))
        killed += process.is_alive()
        process.kill()
        process.join()
    run(work, folder, argument)
    return killed


def run(work: Work, folder: Path, argument: str) -> None:
    """Run work to its end."""
    process = _CONTEXT.Process(target=work, args=(folder, argument))
    process.start()
    process.join()
    assert process.exitcode == 0


def contents(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Read all rows of a library, except tables that may differ."""
    with sqlite3.connect(folder / "library.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: sorted(connection.execute(f"SELECT {_columns(name)}").fetchall(), key=repr)
            for (name,) in tables
            if name not in _MAY_DIFFER
        }


def _columns(table: str) -> str:
    # The start cursor of a finished run depends on how often it was interrupted.
    return (
        "name, cursor, error, next_at FROM sources" if table == "sources" else f'* FROM "{table}"'
    )


def _open(folder: Path, mirror: str | None = None) -> Library:
    flags = {"data": folder, "rerank": False, "sources": "arxiv hf", "categories": ""}
    settings = load_settings(flags | ({"mirror": mirror} if mirror else {}), environment={})
    return Library(settings, clock=lambda: NOW)
