"""How fast what rises is found, in how much memory, and how fast it is shown.

    python bench/trending_speed.py [--papers 1000000] [--signals 10000000] [--all-recent]
                                   [--keep DIR] [--json]

Invented papers of two years, with the readings of each over its first weeks, are put into a SQLite
library: upvotes, comments, stars and points of a few sources; three in ten have none. All are
scored once, in a process of its own so that its memory is its own; then a thousand new readings of
a hundred papers come in and are followed; then the list of what rises is asked for, from the
library and over HTTP. Beside it, in the same run, the limit: plain sqlite3 that reads the same rows
and adds them up. `--all-recent` measures the worst case too, where every reading is of this week.
With `--keep` the libraries stay in a folder, and are found there the next time.
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
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep
from typing import ParamSpec, TypeVar

import numpy as np
import orjson
import uvicorn
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.model import Kind, Signal
from broadsheet.rules.gains import WINDOW_H
from broadsheet.store.attention import add_signals
from broadsheet.store.database import open_database
from broadsheet.web.app import create_app

Asked = ParamSpec("Asked")
Told = TypeVar("Told")

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
_LATER = NOW + timedelta(hours=1)
_SEED = 20260311
_DAYS, _WEEK_S = 730, 7 * 86_400
_ROWS = 200_000
_ATTENDED = 0.7
_AWAITED_H, _MOST_H = 96.0, 24.0 * 28
# Kind, source, share of the readings, and how much more each reading tells of at the median.
_SERIES = (
    (Kind.UPVOTES, "hf", 0.40, 3.0),
    (Kind.COMMENTS, "hf", 0.25, 0.3),
    (Kind.STARS, "github", 0.25, 8.0),
    (Kind.POINTS, "hn:1", 0.06, 5.0),
    (Kind.POINTS, "hn:2", 0.04, 2.0),
)
_CATEGORIES = (
    "cs.LG",
    "cs.CV",
    "cs.CL",
    "stat.ML",
    "math.CO",
    "astro-ph.GA",
    "q-bio.NC",
    "econ.EM",
)
_NEW_SIGNALS, _NEW_PAPERS = 1_000, 100
_ASKED_TIMES, _LISTED = 200, 50
_SCHEMA = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Figures:
    """What finding what rises took.

    Parameters
    ----------
    papers, signals : int
        How many the library holds.
    score_s, rss_mb : float
        Scoring all of them for the first time, and the most memory that was resident.
    follow_ms, scored_again : float, int
        Following a thousand new readings, and how many papers were scored for it.
    trending_p50_ms, trending_p99_ms : float
        The list from the library.
    page_p50_ms, page_p99_ms : float or None
        The page over HTTP; None where there is no such page.
    limit_s : float
        Plain sqlite3 reading what is scored.
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
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = asked.keep or Path(made)
        usual = measured(folder / f"{asked.papers}-{asked.signals}", asked, recent=False)
        worst = None
        if asked.all_recent:
            worst = measured(folder / f"{asked.papers}-{asked.signals}-recent", asked, recent=True)
    if asked.json:
        told = asdict(usual) | ({"all_recent": asdict(worst)} if worst else {})
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        Console().print(_table(usual, worst))


def measured(folder: Path, asked: argparse.Namespace, *, recent: bool) -> Figures:
    """Measure one library, which is made first where the folder has none."""
    if not folder.exists():
        print(f"making a library of {asked.papers:,} papers", file=sys.stderr)
        making = folder.with_suffix(".part")
        shutil.rmtree(making, ignore_errors=True)
        _alone(make_library, making, asked.papers, asked.signals, recent)
        making.rename(folder)
    limit_s = _alone(read_plainly, folder)
    score_s, rss_mb = _alone(score, folder)
    follow_ms, again = _alone(follow_new, folder)
    listing = _alone(ask_library, folder)
    page = _alone(ask_page, folder)
    p50, p99 = (round(float(np.percentile(listing, share)), 2) for share in (50, 99))
    page_p50, page_p99 = (
        round(float(np.percentile(page, share)), 2) if page else None for share in (50, 99)
    )
    return Figures(
        papers=asked.papers,
        signals=asked.signals,
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


def _alone(measure: Callable[Asked, Told], *arguments: Asked.args, **named: Asked.kwargs) -> Told:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments, **named).result()


def make_library(folder: Path, papers: int, signals: int, recent: bool) -> None:
    """Fill a new library, past the slow ways that sources take."""
    folder.mkdir(parents=True)
    file = folder / "library.sqlite3"
    open_database(f"sqlite:///{file}").close()
    chance = np.random.default_rng(_SEED)
    age_h = np.sort(chance.uniform(1.0, _DAYS * 24.0, papers))[::-1]
    with closing(sqlite3.connect(file)) as connection:
        indices = dict(connection.execute(_SCHEMA).fetchall())
        for name in indices:
            connection.execute(f"DROP INDEX {name}")
        connection.executemany(
            "INSERT INTO papers (num, id, title, abstract, authors, categories, published, "
            "title_hash, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _papers(chance, age_h),
        )
        connection.execute("INSERT INTO identifiers SELECT id, num FROM papers")
        connection.executemany(
            "INSERT INTO signals (num, kind, source, value, observed_at) VALUES (?, ?, ?, ?, ?)",
            _readings(chance, age_h, signals, recent),
        )
        for statement in indices.values():
            connection.execute(statement)
        connection.commit()


def _papers(
    chance: np.random.Generator, age_h: NDArray[np.float64]
) -> Iterator[tuple[object, ...]]:
    starter = files("broadsheet") / "starter" / "papers.jsonl"
    texts = [orjson.loads(line) for line in starter.read_bytes().splitlines()]
    text = chance.integers(len(texts), size=len(age_h)).tolist()
    category = chance.integers(len(_CATEGORIES) ** 2, size=len(age_h)).tolist()
    for at, hours in enumerate(age_h.tolist()):
        came = NOW - timedelta(hours=hours)
        # Most papers are of a few categories.
        first = _CATEGORIES[int(category[at] ** 0.5)]
        told = texts[text[at]]
        yield (
            at + 1,
            f"arxiv:{at // 100_000:04}.{at % 100_000:05}",
            f"{told['title']}, {at}",
            told["abstract"],
            '["Ada Windrow","Bo Farol"]',
            f'["{first}","cs.AI"]',
            (came - timedelta(days=1)).date().isoformat(),
            at,
            _text(came),
        )


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _readings(
    chance: np.random.Generator, age_h: NDArray[np.float64], count: int, recent: bool
) -> Iterator[tuple[object, ...]]:
    """Give readings in order of time, as they would have come in."""
    attended = np.flatnonzero(chance.random(len(age_h)) < _ATTENDED)
    paper = attended[chance.integers(len(attended), size=count)]
    series = chance.choice(len(_SERIES), count, p=[share for _, _, share, _ in _SERIES])
    if recent:
        ago_s = chance.uniform(0.0, _WEEK_S, count)
    else:
        # A paper of today has only the readings that it can have had.
        late = chance.exponential(_AWAITED_H, count) % _MOST_H
        late = np.where(late > age_h[paper], chance.random(count) * age_h[paper], late)
        ago_s = (age_h[paper] - late) * 3600
    fame = chance.lognormal(0.0, 1.2, len(age_h))
    more = chance.poisson(fame[paper] * np.array([rise for *_, rise in _SERIES])[series])
    total = _totals(paper * len(_SERIES) + series, ago_s, more)
    order = np.argsort(-ago_s)
    at = np.datetime64(NOW.replace(tzinfo=None), "us") - (ago_s * 1e6).astype("timedelta64[us]")
    for start in range(0, count, _ROWS):
        some = order[start : start + _ROWS]
        moments = np.datetime_as_string(at[some], unit="us").tolist()
        rows = zip(
            *(column[some].tolist() for column in (paper, series, total)), moments, strict=True
        )
        for num, which, value, moment in rows:
            kind, source, *_ = _SERIES[which]
            yield num + 1, kind.value, source, value, f"{moment}Z"


def _totals(
    series: NDArray[np.int64], ago_s: NDArray[np.float64], more: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Add up what each reading tells of more, within its series."""
    order = np.lexsort((-ago_s, series))
    sums = np.cumsum(more[order])
    starts = np.flatnonzero(np.diff(series[order], prepend=-1))
    before = np.repeat(sums[starts] - more[order][starts], np.diff(np.append(starts, len(order))))
    total = np.empty(len(order))
    total[order] = sums - before
    return total


def read_plainly(folder: Path) -> float:
    """Read the rows that are scored and add up their values, in seconds."""
    since = _text(NOW - timedelta(hours=WINDOW_H))
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
    """Score all, in seconds and resident megabytes."""
    with closing(sqlite3.connect(folder / "library.sqlite3")) as connection:
        # An earlier run of this bench may have left its own.
        connection.execute("DELETE FROM signals WHERE observed_at > ?", (_text(NOW),))
        connection.execute("DELETE FROM trends")
        connection.execute("DELETE FROM metadata WHERE key = 'trending_position'")
        connection.commit()
    with _library(folder) as library:
        start = perf_counter()
        library.trending.update()
        seconds = perf_counter() - start
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, resident / (1e6 if sys.platform == "darwin" else 1024)


def follow_new(folder: Path) -> tuple[float, int]:
    """Follow a thousand new readings, in milliseconds, and tell how many papers were scored."""
    with (
        _library(folder, _LATER) as library,
        closing(open_database(library.settings.database_url)) as database,
    ):
        risen = [one.paper.id for one in library.trending.list(_NEW_PAPERS).trends]
        each = _NEW_SIGNALS // len(risen)
        # The first time loads what later ones find in memory.
        for minutes_ago in (30, 10):
            told = [
                Signal(
                    paper, Kind.UPVOTES, 9_000.0 + n, _LATER - timedelta(minutes=minutes_ago), "hf"
                )
                for paper in risen
                for n in range(each)
            ]
            with database.write() as connection:
                add_signals(connection, told)
            start = perf_counter()
            again = library.trending.update()
            taken_ms = (perf_counter() - start) * 1_000
    return taken_ms, again


def ask_library(folder: Path) -> list[float]:
    """List what rises again and again, in milliseconds each."""
    with _library(folder, _LATER) as library:
        return _timed(lambda: len(library.trending.list(_LISTED).trends))


def ask_page(folder: Path) -> list[float]:
    """Ask a server for the page, in milliseconds each; nothing where it has none."""
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


def _timed(ask: Callable[[], int]) -> list[float]:
    ask()
    taken_ms = []
    for _ in range(_ASKED_TIMES):
        start = perf_counter()
        ask()
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
