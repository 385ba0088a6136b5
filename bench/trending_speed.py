"""Measure the time and memory of scoring, and the time of listing the trending papers.

    python bench/trending_speed.py [--papers 1000000] [--signals 10000000] [--all-recent]
                                   [--keep DIR] [--json]

A SQLite library has invented papers of two years with observations over their first weeks: upvotes,
comments, stars and points of a few sources; three in ten papers have none. The bench scores all
papers, updates after a thousand observations of a hundred papers, and requests the trending list
from the library and over HTTP. The lower limit is plain sqlite3 reading the same rows.
`--all-recent` adds the worst case: every observation is of this week. `--keep` stores the libraries
in a folder and reuses them.
"""

import argparse
import http.client
import resource
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep
from typing import ParamSpec, TypeVar

import numpy as np
import orjson
import uvicorn
from rich.console import Console
from rich.table import Table

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.model import Kind, Signal
from broadsheet.rules.gains import WINDOW_H
from broadsheet.store.attention import add_signals
from broadsheet.store.database import open_database
from broadsheet.web.app import create_app
from invented_library import NOW, make_library, stored_time

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_LATER = NOW + timedelta(hours=1)
_NEW_SIGNALS, _NEW_PAPERS = 1_000, 100
_REQUESTS, _LISTED = 200, 50


@dataclass(frozen=True, slots=True)
class Figures:
    """The measured times and memory.

    Parameters
    ----------
    papers, signals : int
        The size of the library.
    score_s, rss_mb : float
        Time of scoring all papers, and the highest resident memory.
    follow_ms, scored_again : float, int
        Time of an update after a thousand observations, and the number of papers scored.
    trending_p50_ms, trending_p99_ms : float
        Time of the list from the library.
    page_p50_ms, page_p99_ms : float or None
        Time of the page over HTTP; None if there is no such page.
    limit_s : float
        Time of plain sqlite3 reading the same rows.
    """

    papers: int
    signals: int
    score_s: float
    rss_mb: float
    follow_ms: float
    scored_again: int
    trending_p50_ms: float
    trending_p99_ms: float
    page_p50_ms: float | None
    page_p99_ms: float | None
    limit_s: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--papers", type=int, default=1_000_000)
    parser.add_argument("--signals", type=int, default=10_000_000)
    parser.add_argument("--all-recent", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        usual = measured(folder / f"{options.papers}-{options.signals}", options, recent=False)
        worst = None
        if options.all_recent:
            worst = measured(
                folder / f"{options.papers}-{options.signals}-recent", options, recent=True
            )
    if options.json:
        document = asdict(usual) | ({"all_recent": asdict(worst)} if worst else {})
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        Console().print(_table(usual, worst))


def measured(folder: Path, options: argparse.Namespace, *, recent: bool) -> Figures:
    """Measure one library; create it if the folder has none."""
    if not folder.exists():
        print(f"creating a library of {options.papers:,} papers", file=sys.stderr)
        making = folder.with_suffix(".part")
        shutil.rmtree(making, ignore_errors=True)
        _alone(make_library, making, options.papers, options.signals, recent)
        making.rename(folder)
    limit_s = _alone(read_plainly, folder)
    score_s, rss_mb = _alone(score, folder)
    follow_ms, again = _alone(update_after_new, folder)
    listing = _alone(time_list, folder)
    page = _alone(time_page, folder)
    p50, p99 = (round(float(np.percentile(listing, share)), 2) for share in (50, 99))
    page_p50, page_p99 = (
        round(float(np.percentile(page, share)), 2) if page else None for share in (50, 99)
    )
    return Figures(
        papers=options.papers,
        signals=options.signals,
        score_s=round(score_s, 2),
        rss_mb=round(rss_mb, 1),
        follow_ms=round(follow_ms, 1),
        scored_again=again,
        trending_p50_ms=p50,
        trending_p99_ms=p99,
        page_p50_ms=page_p50,
        page_p99_ms=page_p99,
        limit_s=round(limit_s, 2),
    )


def _alone(
    measure: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Result:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments, **named).result()


def read_plainly(folder: Path) -> float:
    """Read the rows that are scored and add up their values; return seconds."""
    since = stored_time(NOW - timedelta(hours=WINDOW_H))
    start = perf_counter()
    with closing(sqlite3.connect(folder / "library.sqlite3")) as connection:
        rows = connection.execute(
            "SELECT num, kind, source, observed_at, value FROM signals WHERE num IN "
            "(SELECT num FROM signals WHERE observed_at >= ?) "
            "ORDER BY num, kind, source, observed_at",
            (since,),
        )
        total = 0.0
        while some := rows.fetchmany(10_000):
            total += sum(row[4] for row in some)
    return perf_counter() - start


def score(folder: Path) -> tuple[float, float]:
    """Score all papers; return seconds and resident megabytes."""
    with closing(sqlite3.connect(folder / "library.sqlite3")) as connection:
        # An earlier run of this bench may have stored its own.
        connection.execute("DELETE FROM signals WHERE observed_at > ?", (stored_time(NOW),))
        connection.execute("DELETE FROM trends")
        connection.execute("DELETE FROM metadata WHERE key = 'trending_position'")
        connection.commit()
    with _library(folder) as library:
        start = perf_counter()
        library.trending.update()
        seconds = perf_counter() - start
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, resident / (1e6 if sys.platform == "darwin" else 1024)


def update_after_new(folder: Path) -> tuple[float, int]:
    """Update after a thousand observations; return milliseconds and the number of papers scored."""
    with (
        _library(folder, _LATER) as library,
        closing(open_database(library.settings.database_url)) as database,
    ):
        trending = [one.paper.id for one in library.trending.list(_NEW_PAPERS).trends]
        each = _NEW_SIGNALS // len(trending)
        # The first update loads what the second finds in memory.
        for minutes_ago in (30, 10):
            signals = [
                Signal(
                    paper, Kind.UPVOTES, 9_000.0 + n, _LATER - timedelta(minutes=minutes_ago), "hf"
                )
                for paper in trending
                for n in range(each)
            ]
            with database.write() as connection:
                add_signals(connection, signals)
            start = perf_counter()
            again = library.trending.update()
            taken_ms = (perf_counter() - start) * 1_000
    return taken_ms, again


def time_list(folder: Path) -> list[float]:
    """List the trending papers repeatedly; return milliseconds of each."""
    with _library(folder, _LATER) as library:
        return _timed(lambda: len(library.trending.list(_LISTED).trends))


def time_page(folder: Path) -> list[float]:
    """Request the page repeatedly; return milliseconds of each, none if there is no such page."""
    with (
        _library(folder, _LATER) as library,
        _served(library) as port,
        closing(http.client.HTTPConnection("127.0.0.1", port)) as connection,
    ):
        if _status(connection) != http.HTTPStatus.OK:
            return []
        return _timed(lambda: _status(connection))


def _status(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/trending")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _timed(request: Callable[[], int]) -> list[float]:
    request()
    taken_ms = []
    for _ in range(_REQUESTS):
        start = perf_counter()
        request()
        taken_ms.append((perf_counter() - start) * 1_000)
    return taken_ms


@contextmanager
def _served(library: Library) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(uvicorn.Config(create_app(library), log_level="error"))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        sleep(0.01)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()


def _library(folder: Path, now: datetime = NOW) -> Library:
    settings = load_settings({"data": folder, "sources": "none", "rerank": False}, environment={})
    return Library(settings, clock=lambda: now)


def _table(usual: Figures, worst: Figures | None) -> Table:
    table = Table()
    table.add_column("")
    table.add_column("two years", justify="right")
    if worst:
        table.add_column("all of this week", justify="right")
    for name, value in asdict(usual).items():
        others = [asdict(worst)[name]] if worst else []
        table.add_row(name, *(f"{one:,}" for one in (value, *others) if one is not None))
    return table


if __name__ == "__main__":
    main()
