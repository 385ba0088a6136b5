"""What a library contains, and what must hold for it after any fault."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import orjson

from broadsheet.config import load_settings
from broadsheet.library import Library
from fault_rows.site import Outcome, is_sound

# Counters of requests, positions in a source, and scores that depend on the time.
_NOT_COMPARED = frozenset(
    {
        "request_counts",
        "metadata",
        "alembic_version",
        "trends",
        "signals",
        "source_queries",
        "source_days",
    }
)
# Random, or times, which differ between two runs; of editions, only the papers are compared.
_COLUMNS_NOT_COMPARED = frozenset(
    {"digest", "message_id", "undo_data", "cursor", "run_start_cursor", "items", "revision", "seq"}
)
_DIGESTS_COMPARED = frozenset({"records"})

Rows = dict[str, Counter[tuple[object, ...]]]


def contents(data: Path, *but: str) -> Rows:
    """Read all rows, without times and random values; tables in `but` are left out."""
    with closing(_connect(data)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: Counter(connection.execute(f'SELECT {_columns(connection, name)} FROM "{name}"'))
            for (name,) in tables
            if name not in _NOT_COMPARED and name not in but
        } | _observations(connection)


def compare(outcome: Outcome, expected: Rows, after: Rows) -> None:
    """Add the rows that are missing or too many to an outcome."""
    lost = {name: (rows - after[name]).total() for name, rows in expected.items()}
    more = {name: (after[name] - rows).total() for name, rows in expected.items()}
    for name, count in lost.items():
        outcome.check(not count, f"lost {name} {count}")
    for name, count in more.items():
        outcome.check(not count, f"doubled {name} {count}")
    outcome.lost = _listed(lost) or outcome.lost
    outcome.doubled = _listed(more) or outcome.doubled


def check_library(outcome: Outcome, data: Path) -> None:
    """Check what holds for every library: revisions, deliveries, tokens, the file, the index."""
    with closing(_connect(data)) as connection:
        _check_editions(outcome, connection)
        twice = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM deliveries "
            "GROUP BY subscription_id, kind, edition_date HAVING count(*) > 1)"
        ).fetchone()[0]
        outcome.check(not twice, f"{twice} deliveries are stored twice")
    outcome.check(is_sound(data), "the database is damaged")


def revisions(data: Path) -> int:
    """Count the revisions of all editions."""
    with closing(_connect(data)) as connection:
        return int(connection.execute("SELECT count(*) FROM editions").fetchone()[0])


def newest_papers(data: Path) -> list[str]:
    """List the papers of the newest revision."""
    with closing(_connect(data)) as connection:
        items = connection.execute(
            "SELECT items FROM editions ORDER BY date DESC, revision DESC LIMIT 1"
        ).fetchone()[0]
        return [item["paper_id"] for item in orjson.loads(items)]


def found(data: Path) -> tuple[int, list[str]]:
    """Search; return the total and the papers on the first page."""
    settings = load_settings({"data": data, "sources": "none"}, environment={})
    with Library(settings) as library:
        hits = library.search("attention")
        return hits.total, [hit.paper.id for hit in hits.hits]


def _check_editions(outcome: Outcome, connection: sqlite3.Connection) -> None:
    """Check that revisions are numbered from 1 and have all of their items."""
    numbers: dict[tuple[str, str], list[int]] = {}
    rows = connection.execute("SELECT span, date, revision, items FROM editions ORDER BY revision")
    for span, day, revision, items in rows:
        numbers.setdefault((span, day), []).append(revision)
        found = orjson.loads(items)
        whole = [item["rank"] for item in found] == list(range(1, len(found) + 1))
        outcome.check(whole and bool(found), f"revision {revision} of {day} is not complete")
        papers = {item["paper_id"] for item in found}
        outcome.check(len(papers) == len(found), f"revision {revision} of {day} repeats a paper")
        known = sum(
            connection.execute(
                "SELECT EXISTS (SELECT 1 FROM identifiers WHERE identifier = ?)", (paper,)
            ).fetchone()[0]
            for paper in papers
        )
        outcome.check(known == len(papers), f"revision {revision} of {day} has unknown papers")
    for (_, day), listed in numbers.items():
        outcome.check(listed == list(range(1, len(listed) + 1)), f"revisions of {day}: {listed}")


def _columns(connection: sqlite3.Connection, table: str) -> str:
    names = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    kept = [
        name
        for name in names
        if not name.endswith("_at")
        and (name not in _COLUMNS_NOT_COMPARED or (name == "digest" and table in _DIGESTS_COMPARED))
    ]
    return ", ".join(f'"{name}"' for name in kept)


def _observations(connection: sqlite3.Connection) -> Rows:
    # Each run that observes a number stores when it did so.
    return {
        "signals": Counter(
            connection.execute("SELECT DISTINCT num, kind, value, source FROM signals")
        )
    }


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _connect(data: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{data / 'library.sqlite3'}?mode=ro", uri=True)
