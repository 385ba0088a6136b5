"""How fast queries are answered, beside other engines on the same papers.

    python bench/latency.py DUMP [--sizes 10000,100000,all] [--peers NAME…] [--json]
                                 [--picture FILE]

The first papers of a dump (JSON lines, gzipped or not) are indexed by each engine in a process of
its own, then served by another that runs on one core. Queries are drawn from the papers with a
fixed seed (see questions.py); none is asked twice, and the engines take turns, round by round.
Printed are the medians of the rounds: milliseconds a query, the share of queries made from a span
of an abstract whose paper was among the first ten, and what index, disk and memory cost.
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
from serving import Answers, EngineError, ask, build, serve

Figures = dict[str, float]

ROUNDS = 3
_WARM_UP = 40
_FOUND_WITHIN = 10


def main() -> None:
    """Measure and print."""
    asked = _arguments()
    engines = [OWN, OWN_HTTP, *(name for name in asked.peers if load_peer(name))]
    sizes = {}
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as folder:
            papers = Path(folder) / "papers.jsonl"
            taken = _take(asked.dump, size, papers)
            sizes[str(taken)] = _measure(engines, papers, asked.each)
    if asked.json:
        told = orjson.dumps({"sizes": sizes}, option=orjson.OPT_INDENT_2)
        sys.stdout.buffer.write(told + b"\n")
    else:
        for name, figures in sizes.items():
            Console().print(_table(f"{int(name):,} papers", figures))
    if asked.picture:
        draw_growth(sizes, asked.picture)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dump", type=Path, metavar="DUMP")
    parser.add_argument("--sizes", type=_sizes, default=[10_000, 100_000, None])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, metavar="NAME")
    parser.add_argument("--each", type=int, default=100, help="queries of each kind in a round")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    return parser.parse_args()


def _sizes(told: str) -> list[int | None]:
    return [None if size == "all" else int(size) for size in told.split(",")]


def _take(dump: Path, size: int | None, papers: Path) -> int:
    """Copy the first papers of a dump into a file; gives how many there were."""
    taken = 0
    with papers.open("wb") as file:
        for line in islice(lines_of(dump), size):
            file.write(line)
            taken += 1
    return taken


def _measure(engines: Sequence[str], papers: Path, each: int) -> dict[str, Figures]:
    documents = list(read_documents(papers))
    ids = [document.id for document in documents]
    warm_up, *rounds = (draw(documents, seed, each) for seed in range(ROUNDS + 1))
    del documents
    costs: dict[str, Figures] = {}
    answers: dict[str, list[Answers]] = {}
    with count_bar("index and ask", len(engines) * (ROUNDS + 2)) as advance, ExitStack() as stack:
        served = []
        for engine in engines:
            with _left_out_where_it_fails(engine):
                costs[engine] = _costs(engine, papers, costs)
                served.append(stack.enter_context(serve(engine, _folder(engine, papers))))
            advance(1)
        for questions in (warm_up[:_WARM_UP], *rounds):
            for one in served:
                with _left_out_where_it_fails(one.name):
                    told = ask(one, [question.text for question in questions])
                    answers.setdefault(one.name, []).append(told)
                advance(1)
    return {
        name: costs[name] | _figures(told[1:], rounds, ids)
        for name, told in answers.items()
        if len(told) > ROUNDS
    }


@contextmanager
def _left_out_where_it_fails(engine: str) -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        sys.stderr.write(f"{engine} is left out: {error}\n")


def _costs(engine: str, papers: Path, before: Mapping[str, Figures]) -> Figures:
    if engine == OWN_HTTP:
        if OWN not in before:
            raise EngineError(f"there is no index of {OWN}")
        return before[OWN]
    folder = _folder(engine, papers)
    folder.mkdir()
    return {name: round(value, 2) for name, value in build(engine, papers, folder).items()}


def _folder(engine: str, papers: Path) -> Path:
    return papers.with_name(OWN if engine == OWN_HTTP else engine)


def _figures(
    answers: Sequence[Answers], rounds: Sequence[Sequence[Question]], ids: Sequence[str]
) -> Figures:
    cpu = [told.cpu_ms for told in answers]
    return {
        **_percentiles("", [told.taken_ms for told in answers]),
        **(_percentiles("cpu_", cpu) if all(cpu) else {}),
        "found_at_10": round(_found(answers, rounds, ids), 4),
        "rss_mb": round(answers[-1].rss_mb, 1),
    }


def _percentiles(prefix: str, rounds: Sequence[Sequence[float]]) -> Figures:
    """Give the medians over the rounds of each round's percentiles."""
    percents = (50, 95, 99)
    by_round = np.percentile(rounds, percents, axis=1)
    return {
        f"{prefix}p{percent}_ms": round(float(np.median(row)), 3)
        for percent, row in zip(percents, by_round, strict=True)
    }


def _found(
    answers: Sequence[Answers], rounds: Sequence[Sequence[Question]], ids: Sequence[str]
) -> float:
    """Give the share of the queries made from a span of an abstract that find its paper."""
    first = []
    for told, questions in zip(answers, rounds, strict=True):
        for question, found in zip(questions, told.found, strict=True):
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
