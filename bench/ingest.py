"""Measure the speed and memory of an import.

    python bench/ingest.py DUMP [--json] [--picture FILE]

A dump (arXiv JSON lines, gzipped or not) is imported into a new SQLite library, and again, which
changes nothing; each in its own process, so that memory is measured separately. For comparison, on
the same lines: sqlite-utils if it is installed, which writes one table and merges no duplicates,
and as an upper limit plain sqlite3, which only writes the lines. Then pages of an OAI-PMH harvest
are parsed, compared with lxml alone on the same bytes.
"""

import argparse
import json
import resource
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import orjson
from lxml import etree
from rich.console import Console
from rich.table import Table

from broadsheet import open_library
from broadsheet.sources.arxiv_oai_records import parse_page
from harvest import harvest_page
from judged import lines_of

Result = TypeVar("Result")

_ROWS = 2_000
_PAGE_RECORDS, _PAGES = 1_000, 20


@dataclass(slots=True)
class ImportRun:
    """Figures of one import.

    Parameters
    ----------
    papers : int
        Number of stored papers.
    seconds : float
        From the first byte read to the last commit.
    rss_mb : float
        Peak resident memory.
    course : list of (float, float)
        Share of the file read, and the seconds until then.
    """

    papers: int
    seconds: float
    rss_mb: float = 0.0
    course: list[tuple[float, float]] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dump", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = _in_process(_broadsheet, options.dump, folder)
        again = _in_process(_broadsheet, options.dump, folder)
        peers = {"sqlite3 (limit)": _in_process(_plain, options.dump, folder)}
        if find_spec("sqlite_utils"):
            peers["sqlite-utils"] = _in_process(_sqlite_utils, options.dump, folder)
        else:
            print("sqlite-utils is skipped: it is not installed", file=sys.stderr)
    pages = _in_process(_harvest, options.dump, Path())
    figures: dict[str, object] = {
        "papers": first.papers,
        "import_s": round(first.seconds, 2),
        "papers_per_s": round(first.papers / first.seconds),
        "rss_mb": round(first.rss_mb, 1),
        "again_s": round(again.seconds, 3),
        "again_rss_mb": round(again.rss_mb, 1),
        "oai_records_per_s": round(pages[0]),
        "oai_lxml_alone_per_s": round(pages[1]),
        "peers": {
            name: {key: round(value, 2) for key, value in _without_course(run).items()}
            for name, run in peers.items()
        },
    }
    if options.json:
        sys.stdout.buffer.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        Console().print(_table(first, again, peers))
        print(f"OAI-PMH harvest: {pages[0]:,.0f} records/s, lxml alone {pages[1]:,.0f}")
    if options.picture:
        draw_course({"first": first.course, "again": again.course}, options.picture)


def _without_course(run: ImportRun) -> dict[str, float]:
    return {key: value for key, value in asdict(run).items() if key != "course"}


def _in_process(measure: Callable[[Path, Path], Result], dump: Path, folder: Path) -> Result:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, dump, folder).result()


def _broadsheet(dump: Path, folder: Path) -> ImportRun:
    size, course, read = dump.stat().st_size, [], 0
    with open_library(folder / "library", database=None, rerank=False) as library:
        start = perf_counter()

        def on_bytes(count: int) -> None:
            nonlocal read
            read += count
            course.append((read / size, perf_counter() - start))

        library.import_file(dump, on_bytes)
        seconds = perf_counter() - start
        papers = library.health().papers
    return ImportRun(papers, seconds, _resident_mb(), course[:: max(1, len(course) // 200)])


def _plain(dump: Path, folder: Path) -> ImportRun:
    """Write the lines without parsing papers or looking up duplicates."""
    start = perf_counter()
    connection = sqlite3.connect(folder / "plain.sqlite3")
    connection.executescript("PRAGMA journal_mode=WAL; CREATE TABLE papers (id, title, line)")
    count = 0
    for batch in _batches(lines_of(dump)):
        rows = [(raw["id"], raw["title"], line) for line in batch for raw in [orjson.loads(line)]]
        with connection:
            connection.executemany("INSERT INTO papers VALUES (?, ?, ?)", rows)
        count += len(rows)
    return ImportRun(count, perf_counter() - start, _resident_mb())


def _sqlite_utils(dump: Path, folder: Path) -> ImportRun:
    import sqlite_utils

    start = perf_counter()
    table = sqlite_utils.Database(folder / "utils.sqlite3")["papers"]
    fields = ("id", "title", "abstract", "authors", "categories", "published", "doi", "comment")
    records = (json.loads(line) for line in lines_of(dump))
    rows = ({name: raw.get(name) for name in fields} for raw in records)
    table.insert_all(rows, pk="id", replace=True, batch_size=_ROWS)
    return ImportRun(table.count, perf_counter() - start, _resident_mb())


def _harvest(dump: Path, _folder: Path) -> tuple[float, float]:
    """Parse pages of a harvest; return records per second, ours and of lxml alone."""
    papers = (orjson.loads(line) for line in islice(lines_of(dump), _PAGE_RECORDS * _PAGES))
    pages = [harvest_page(batch) for batch in _batches(papers, _PAGE_RECORDS)]
    start = perf_counter()
    count = sum(len(parse_page(page, "harvest").records) for page in pages)
    ours_s = perf_counter() - start
    start = perf_counter()
    for page in pages:
        etree.fromstring(page)
    return count / ours_s, count / (perf_counter() - start)


def _batches(items: Iterable[Result], size: int = _ROWS) -> Iterator[list[Result]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _resident_mb() -> float:
    # Kibibytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _table(first: ImportRun, again: ImportRun, peers: dict[str, ImportRun]) -> Table:
    table = Table("", "papers", "seconds", "papers/s", "memory MB", box=None)
    rows = {"broadsheet": first, "broadsheet again": again, **peers}
    for name, run in rows.items():
        rate = f"{run.papers / run.seconds:,.0f}"
        table.add_row(name, f"{run.papers:,}", f"{run.seconds:.1f}", rate, f"{run.rss_mb:.0f}")
    return table


def draw_course(courses: dict[str, Sequence[tuple[float, float]]], path: Path) -> None:
    """Draw the seconds against the share of the file read."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise SystemExit("the picture needs matplotlib: pip install matplotlib") from None
    from picture import OURS, STYLE

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 3.4), layout="constrained")
        axes = figure.subplots()
        axes.set(title="Import of the dump, seconds", xlabel="share of the file read")
        axes.xaxis.set_major_formatter("{x:.0%}")
        for name, course in courses.items():
            axes.plot(
                [share for share, _ in course],
                [seconds for _, seconds in course],
                color=OURS,
                linewidth=2,
                linestyle="-" if name == "first" else "--",
            )
            share, seconds = course[-1]
            axes.annotate(
                "first import" if name == "first" else "second import, no changes",
                (share, seconds),
                xytext=(-4, 4),
                textcoords="offset points",
                ha="right",
                fontsize=8,
            )
        axes.set_ylim(bottom=0)
        figure.savefig(path, dpi=160, metadata={"Date": None} if path.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
