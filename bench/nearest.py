"""Compare the time of a graph search with that of a full scan of vectors, by size.

    python bench/nearest.py DUMP [--sizes 30000,100000,300000,1000000] [--json]

The papers of a dump are encoded; copies with noise (a fifth of a vector's length) are added for
larger sizes. Prints the median time of finding the nearest 200 by scan and by graph on one thread,
and the share of the true nearest 100 that the graph finds.
"""

import argparse
import gzip
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import orjson
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from broadsheet.encoders.static import load_encoder
from broadsheet.index.local.vector_index import VectorIndex

_QUERIES, _NEAREST, _JUDGED = 200, 200, 100
_NOISE = 0.2
_STEP = 50_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dump", type=Path)
    parser.add_argument("--sizes", default="30000,100000,300000,1000000")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    titles, vectors = _encoded(arguments.dump)
    document = {size: _measure(titles, vectors, int(size)) for size in arguments.sizes.split(",")}
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return
    table = Table("papers", "scan ms", "graph ms", "found", "graph s", "graph MB", box=None)
    for size, row in document.items():
        table.add_row(size, *(f"{value:.2f}" for value in row.values()))
    Console().print(table)


def _encoded(dump: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    with gzip.open(dump, "rb") as lines:
        records = [orjson.loads(line) for line in lines]
    encoder = load_encoder()
    texts = encoder.encode([f"{record['title']}\n{record['abstract']}" for record in records])
    chosen = np.random.default_rng(0).permutation(len(records))[:_QUERIES]
    return encoder.encode([records[row]["title"] for row in chosen]), texts


def _measure(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], size: int
) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.i8"
        scan = VectorIndex(path, vectors.shape[1], scan_limit=size)
        for start in range(0, size, _STEP):
            some = _papers(vectors, start, min(start + _STEP, size))
            scan.append(dict(enumerate(some, start + 1)))
        scan_ms, truth = _timed(queries, scan.nearest)
        graph = VectorIndex(path, vectors.shape[1], scan_limit=0)
        begun = perf_counter()
        graph.extend_graph()
        graph.save_graph()
        built_s = perf_counter() - begun
        graph_ms, found = _timed(queries, graph.nearest)
        size_mb = sum(file.stat().st_size for file in Path(folder).glob("*.usearch")) / 1e6
    shares = [
        len(set(right[:_JUDGED].tolist()) & set(got[:_JUDGED].tolist())) / len(right[:_JUDGED])
        for right, got in zip(truth, found, strict=True)
    ]
    figures = {"scan_ms": scan_ms, "graph_ms": graph_ms, "found": float(np.mean(shares))}
    return figures | {"graph_s": built_s, "graph_mb": size_mb}


def _papers(vectors: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
    rows = vectors[np.arange(start, stop) % len(vectors)]
    if start >= len(vectors):
        noise = np.random.default_rng(start).normal(size=rows.shape).astype(np.float32)
        rows = rows + _NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    papers: NDArray[np.float32] = rows / np.maximum(
        np.linalg.norm(rows, axis=1, keepdims=True), 1e-9
    )
    return papers


def _timed(
    queries: NDArray[np.float32],
    nearest: Callable[[NDArray[np.float32], int], tuple[NDArray[np.int64], NDArray[np.float32]]],
) -> tuple[float, list[NDArray[np.int64]]]:
    nearest(queries[0], _NEAREST)
    times_ms, found = [], []
    for query in queries:
        begun = perf_counter()
        nums, _ = nearest(query, _NEAREST)
        times_ms.append((perf_counter() - begun) * 1e3)
        found.append(nums)
    return float(np.median(times_ms)), found


if __name__ == "__main__":
    main()
