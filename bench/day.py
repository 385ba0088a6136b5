"""Measure how soon a day's new papers can be found, and the latency of queries meanwhile.

    python bench/day.py DUMP [--day 1000] [--json]

All but the last papers of a dump are imported and indexed. Then another process runs queries, first
without concurrent writes, then while the last papers are stored and indexed. Prints the seconds
until the last paper is found, and the latency of the queries in both phases.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from broadsheet import Library, open_library
from broadsheet.cli.progress import count_bar
from judged import lines_of, read_documents
from questions import draw

_OF_PAPERS, _OF_EACH_KIND = 20_000, 125


@dataclass(frozen=True, slots=True)
class _Timing:
    """When a query started, in seconds of the monotonic clock, and how long it took."""

    at_s: float
    ms: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dump", type=Path)
    parser.add_argument("--day", type=int, default=1_000)
    parser.add_argument("--alone", type=float, default=5.0, help="seconds before the day")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, count_bar("import, index and search", 4) as advance:
        folder = Path(made)
        lines = list(lines_of(arguments.dump))
        earlier, day = folder / "earlier.jsonl", folder / "day.jsonl"
        earlier.write_bytes(b"".join(lines[: -arguments.day]))
        day.write_bytes(b"".join(lines[-arguments.day :]))
        advance(1)
        with open_library(folder / "data", database=None) as library:
            library.import_file(earlier)
            library.update_index()
            advance(1)
            document = {"papers": len(lines), "day": arguments.day} | _measure(
                library, earlier, day, arguments.alone
            )
            advance(2)
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return
    table = Table(box=None, show_header=False)
    for name, value in document.items():
        table.add_row(name, f"{value:,.2f}")
    Console().print(table)


def _measure(library: Library, earlier: Path, day: Path, alone_s: float) -> dict[str, float]:
    papers = list(islice(read_documents(earlier), _OF_PAPERS))
    queries = [one.text for one in draw(papers, 0, min(_OF_EACH_KIND, len(papers) // 4))]
    *_, last = read_documents(day)
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    reader = spawn.Process(target=_read, args=(library.settings.data, queries, theirs), daemon=True)
    reader.start()
    ours.recv()
    sleep(alone_s)
    begun = perf_counter()
    library.import_file(day)
    stored = perf_counter()
    library.update_index()
    found = [hit.paper.title for hit in library.search(f'"{last.title}"').hits]
    done = perf_counter()
    if last.title not in found:
        raise SystemExit(f"the last paper was not found: {last.title!r}")
    ours.send(None)
    timings: list[_Timing] = ours.recv()
    reader.join()
    alone = [one.ms for one in timings if one.at_s < begun]
    meanwhile = [one.ms for one in timings if begun <= one.at_s < done]
    return {
        "stored_s": round(stored - begun, 3),
        "searchable_s": round(done - begun, 3),
        **_percentiles("alone", alone),
        **_percentiles("meanwhile", meanwhile),
    }


def _read(data: Path, queries: list[str], pipe: Connection) -> None:
    with open_library(data, database=None) as library:
        for query in queries[:20]:
            library.search(query)
        pipe.send(None)
        timings = []
        for query in cycle(queries):
            # perf_counter is the machine's monotonic clock, which processes share.
            begun = perf_counter()
            library.search(query)
            timings.append(_Timing(begun, (perf_counter() - begun) * 1e3))
            if pipe.poll():
                break
        pipe.send(timings)


def _percentiles(name: str, taken_ms: list[float]) -> dict[str, float]:
    figures = np.percentile(taken_ms, (50, 99, 100))
    return {
        f"{name}_{label}_ms": round(float(figure), 2)
        for label, figure in zip(("p50", "p99", "max"), figures, strict=True)
    }


if __name__ == "__main__":
    main()
