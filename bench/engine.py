"""One engine in a process of its own, so that its memory is its own; started by latency.py.

    python bench/engine.py build ENGINE PAPERS FOLDER
    python bench/engine.py serve ENGINE FOLDER

``build`` indexes a file of papers and prints what that took. ``serve`` opens the index and answers,
line by line, a JSON list of queries with how long each took and the papers found.
"""

import os
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from time import perf_counter, process_time

import orjson

from judged import read_documents, size_mb
from peers import OWN, OWN_HTTP, Peer, load_peer

HITS = 20

Ask = Callable[[str], list[str]]
"""Given a query, the papers found, best first: by their place in the file, or by arXiv id."""


# Broadsheet is imported only where it is what runs, that no peer's memory holds it.


def main() -> None:
    """Build or serve."""
    verb, engine, *paths = sys.argv[1:]
    if verb == "build":
        _say(_build(engine, Path(paths[0]), Path(paths[1])))
        return
    _keep_to_one_core()
    if engine == OWN_HTTP:
        from own_pages import serve_library

        Thread(target=_say_memory, daemon=True).start()
        serve_library(Path(paths[0]), lambda address: _say({"address": address}))
    else:
        ask = _open(engine, Path(paths[0]))
        _say({})
        for line in sys.stdin:
            _say({**_answer(ask, orjson.loads(line)), "rss_mb": _resident_mb()})


def _build(engine: str, papers: Path, folder: Path) -> dict[str, float]:
    if engine == OWN:
        from own import build_library

        return build_library(papers, folder)
    documents = list(read_documents(papers))
    start = perf_counter()
    _peer(engine).build(documents, folder)
    return {"index_s": perf_counter() - start, "disk_mb": size_mb(folder)}


def _open(engine: str, folder: Path) -> Ask:
    if engine == OWN:
        from own import open_dump

        return open_dump(folder)
    rank = _peer(engine).open_index(folder)
    return lambda query: [str(row) for row in rank(query, HITS)]


def _peer(name: str) -> Peer:
    peer = load_peer(name)
    if peer is None:
        raise SystemExit(1)
    return peer


def _keep_to_one_core() -> None:
    # Some engines start threads whatever they are told; not every system can bind them.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _answer(ask: Ask, queries: Sequence[str]) -> dict[str, object]:
    taken_ms, cpu_ms, found = [], [], []
    for query in queries:
        start, start_cpu = perf_counter(), process_time()
        papers = ask(query)
        cpu_ms.append((process_time() - start_cpu) * 1_000)
        taken_ms.append((perf_counter() - start) * 1_000)
        found.append(papers)
    return {"ms": taken_ms, "cpu_ms": cpu_ms, "found": found}


def _say_memory() -> None:
    for _ in sys.stdin:
        _say({"rss_mb": _resident_mb()})


def _resident_mb() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        # Elsewhere than on Linux only the peak is told, in bytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return pages * resource.getpagesize() / 1e6


def _say(told: Mapping[str, object]) -> None:
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
