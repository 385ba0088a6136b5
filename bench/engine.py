"""Run one engine in a separate process, to measure its memory; started by latency.py.

    python bench/engine.py build ENGINE PAPERS FOLDER
    python bench/engine.py serve ENGINE FOLDER

``build`` indexes a file of papers and prints its costs. ``serve`` opens the index and answers each
line of standard input, a JSON list of queries, with the time of each query and the papers found.
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

Search = Callable[[str], list[str]]
"""Return the papers found for a query, best first: by row in the file, or by arXiv id."""


# Broadsheet is imported only to run itself, so that no other engine's memory includes it.


def main() -> None:
    """Build or serve."""
    verb, engine, *paths = sys.argv[1:]
    if verb == "build":
        _write(_build(engine, Path(paths[0]), Path(paths[1])))
        return
    _keep_to_one_core()
    if engine == OWN_HTTP:
        from own_pages import serve_library

        Thread(target=_write_memory, daemon=True).start()
        serve_library(Path(paths[0]), lambda address: _write({"address": address}))
    else:
        search = _open(engine, Path(paths[0]))
        _write({})
        for line in sys.stdin:
            _write({**_answer(search, orjson.loads(line)), "rss_mb": _resident_mb()})


def _build(engine: str, papers: Path, folder: Path) -> dict[str, float]:
    if engine == OWN:
        from own import build_library

        return build_library(papers, folder)
    documents = list(read_documents(papers))
    start = perf_counter()
    _peer(engine).build(documents, folder)
    return {"index_s": perf_counter() - start, "disk_mb": size_mb(folder)}


def _open(engine: str, folder: Path) -> Search:
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
    # Some engines ignore limits on threads. Not every system supports affinity.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _answer(search: Search, queries: Sequence[str]) -> dict[str, object]:
    taken_ms, cpu_ms, found = [], [], []
    for query in queries:
        start, start_cpu = perf_counter(), process_time()
        papers = search(query)
        cpu_ms.append((process_time() - start_cpu) * 1_000)
        taken_ms.append((perf_counter() - start) * 1_000)
        found.append(papers)
    return {"ms": taken_ms, "cpu_ms": cpu_ms, "found": found}


def _write_memory() -> None:
    for _ in sys.stdin:
        _write({"rss_mb": _resident_mb()})


def _resident_mb() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        # Only Linux has the current value; other systems report the peak, in bytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return pages * resource.getpagesize() / 1e6


def _write(message: Mapping[str, object]) -> None:
    sys.stdout.buffer.write(orjson.dumps(message) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
