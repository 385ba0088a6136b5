"""Measure the latency of queries, compared with other engines on the same papers.

    python bench/latency.py DUMP [--sizes 10000,100000,all] [--peers NAME…] [--json]
                                 [--picture FILE]

Each engine indexes the first papers of a dump (JSON lines, gzipped or not) in one process and is
served by another on one core. Queries are drawn from the papers with a fixed seed (see
questions.py); each is sent once, and the engines alternate. Prints the medians over the rounds:
milliseconds per query, the share of queries drawn from an abstract whose paper is among the first
ten hits, and the cost of the index in time, disk and memory.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from broadsheet.cli.progress import count_bar
from judged import lines_of, read_documents
from peers import OWN, OWN_HTTP, PEERS, load_peer
from picture import draw_growth
from questions import KNOWN_ITEM, Question, draw
from serving import Answers, EngineError, build, search, serve

Figures = dict[str, float]

ROUNDS = 3
_WARM_UP = 40
_FOUND_WITHIN = 10


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    engines = [OWN, OWN_HTTP, *(name for name in arguments.peers if load_peer(name))]
    sizes = {}
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            papers = Path(folder) / "papers.jsonl"
            count = _copy(arguments.dump, size, papers)
            sizes[str(count)] = _measure(engines, papers, arguments.each)
    if arguments.json:
        document = orjson.dumps({"sizes": sizes}, option=orjson.OPT_INDENT_2)
        sys.stdout.buffer.write(document + b"\n")
    else:
        for name, figures in sizes.items():
            Console().print(_table(f"{int(name):,} papers", figures))
    if arguments.picture:
        draw_growth(sizes, arguments.picture)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dump", type=Path, metavar="DUMP")
    parser.add_argument("--sizes", type=_sizes, default=[10_000, 100_000, None])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, metavar="NAME")
    parser.add_argument("--each", type=int, default=100, help="queries of each kind in a round")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    return parser.parse_args()


def _sizes(text: str) -> list[int | None]:
    return [None if size == "all" else int(size) for size in text.split(",")]


def _copy(dump: Path, size: int | None, papers: Path) -> int:
    """Copy the first papers of a dump to a file; return their number."""
    count = 0
    with papers.open("wb") as file:
        for line in islice(lines_of(dump), size):
            file.write(line)
            count += 1
    return count


def _measure(engines: Sequence[str], papers: Path, each: int) -> dict[str, Figures]:
    documents = list(read_documents(papers))
    ids = [document.id for document in documents]
    warm_up, *rounds = (draw(documents, seed, each) for seed in range(ROUNDS + 1))
    del documents
    costs: dict[str, Figures] = {}
    answers: dict[str, list[Answers]] = {}
    with (
        count_bar("index and search", len(engines) * (ROUNDS + 2)) as advance,
        ExitStack() as stack,
    ):
        served = []
        for engine in engines:
            with _skipped_if_it_fails(engine):
                costs[engine] = _costs(engine, papers, costs)
                served.append(stack.enter_context(serve(engine, _folder(engine, papers))))
            advance(1)
        for questions in (warm_up[:_WARM_UP], *rounds):
            for each_engine in served:
                with _skipped_if_it_fails(each_engine.name):
                    answer = search(each_engine, [question.text for question in questions])
                    answers.setdefault(each_engine.name, []).append(answer)
                advance(1)
    return {
        name: costs[name] | _figures(runs[1:], rounds, ids)
        for name, runs in answers.items()
        if len(runs) > ROUNDS
    }


@contextmanager
def _skipped_if_it_fails(engine: str) -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        sys.stderr.write(f"{engine} is skipped: {error}\n")


def _costs(engine: str, papers: Path, before: Mapping[str, Figures]) -> Figures:
    if engine == OWN_HTTP:
        if OWN not in before:
            raise EngineError(f"no index of {OWN}")
        return before[OWN]
    folder = _folder(engine, papers)
    folder.mkdir()
    return {name: round(value, 2) for name, value in build(engine, papers, folder).items()}


def _folder(engine: str, papers: Path) -> Path:
    return papers.with_name(OWN if engine == OWN_HTTP else engine)


def _figures(
    answers: Sequence[Answers], rounds: Sequence[Sequence[Question]], ids: Sequence[str]
) -> Figures:
    cpu = [run.cpu_ms for run in answers]
    return {
        **_percentiles("", [run.taken_ms for run in answers]),
        **(_percentiles("cpu_", cpu) if all(cpu) else {}),
        "found_at_10": round(_found(answers, rounds, ids), 4),
        "rss_mb": round(answers[-1].rss_mb, 1),
    }


def _percentiles(prefix: str, rounds: Sequence[Sequence[float]]) -> Figures:
    """Return the medians over the rounds of the percentiles of each round."""
    percents = (50, 95, 99)
    by_round = np.percentile(rounds, percents, axis=1)
    return {
        f"{prefix}p{percent}_ms": round(float(np.median(row)), 3)
        for percent, row in zip(percents, by_round, strict=True)
    }


def _found(
    answers: Sequence[Answers], rounds: Sequence[Sequence[Question]], ids: Sequence[str]
) -> float:
    """Return the share of queries drawn from an abstract whose paper is among the first hits."""
    first = []
    for run, questions in zip(answers, rounds, strict=True):
        for question, found in zip(questions, run.found, strict=True):
            if question.kind in KNOWN_ITEM:
                names = {str(question.row), ids[question.row]}
                first.append(not names.isdisjoint(found[:_FOUND_WITHIN]))
    return sum(first) / len(first)


def _table(title: str, figures: Mapping[str, Figures]) -> Table:
    names = ("p50_ms", "p95_ms", "p99_ms", "found_at_10", "index_s", "disk_mb", "rss_mb")
    table = Table(title, *names, box=None)
    for engine, row in figures.items():
        table.add_row(engine, *(f"{row[name]:,.2f}" for name in names))
    return table


if __name__ == "__main__":
    main()
