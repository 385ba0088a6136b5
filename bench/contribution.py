"""Measure how often the rule finds the sentence of an abstract that states what is new.

    python bench/contribution.py DUMP [--json]

DUMP is arXiv metadata as JSON lines, gzipped or not. `contribution_labels.json` names the
acceptable sentences of 100 of its abstracts by paper: five of each of ten fields to develop the
rule on, and five held out, which were labelled before the rule was tuned. Prints the share of
abstracts whose chosen sentence is acceptable for the rule, for the first sentence, and for the
place, in tenths of the abstract, that is right most often in the first half; and the processor time
of the rule.
"""

import argparse
import gzip
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from broadsheet.model import Paper
from broadsheet.rules.contribution import contribution
from broadsheet.rules.snippet import sentences
from broadsheet.sources import arxiv_dump

_LABELS = Path(__file__).with_name("contribution_labels.json")
_ROUNDS = 20

Labels = Mapping[str, Sequence[int]]
Choose = Callable[[str], int]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dump", type=Path, metavar="DUMP")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--misses", action="store_true", help="print the misses of the first half")
    options = parser.parse_args()
    halves: dict[str, Labels] = orjson.loads(_LABELS.read_bytes())
    abstracts = read_abstracts(options.dump, {name for half in halves.values() for name in half})
    figures = measure(halves, abstracts)
    if options.misses:
        _print_misses(halves["develop"], abstracts)
    elif options.json:
        sys.stdout.buffer.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(figures)


def read_abstracts(dump: Path, names: set[str]) -> dict[str, str]:
    """Read the abstracts of some papers, by arXiv id."""
    wanted = {f'"{name}"'.encode() for name in names}
    opener = gzip.open if dump.suffix == ".gz" else open
    with opener(dump, "rb") as lines:
        head = (line for line in lines if any(one in line[:200] for one in wanted))
        rows = (row for line in head for row in arxiv_dump.parse(BytesIO(line), dump.name))
        found = [row for row in rows if isinstance(row, Paper)]
    return {paper.arxiv_id or "": paper.abstract or "" for paper in found}


def measure(halves: Mapping[str, Labels], abstracts: Mapping[str, str]) -> dict[str, float]:
    """Return the share of acceptable sentences for each way to choose and each half."""
    tenths = max(range(10), key=lambda at: _share(halves["develop"], abstracts, _at(at)))
    ways: dict[str, Choose] = {
        "rule": chosen_by_rule,
        "first sentence": lambda _: 0,
        f"sentence {tenths}/10 down": _at(tenths),
    }
    shares = {
        f"{way}, {half}": _share(labels, abstracts, choose)
        for way, choose in ways.items()
        for half, labels in halves.items()
    }
    return shares | {"us_per_abstract": _microseconds(list(abstracts.values()))}


def chosen_by_rule(abstract: str) -> int:
    """Return the number of the sentence that the rule chooses, from 0."""
    return sentences(abstract).index(contribution(abstract))


def _at(tenths: int) -> Choose:
    return lambda abstract: len(sentences(abstract)) * tenths // 10


def _share(labels: Labels, abstracts: Mapping[str, str], choose: Choose) -> float:
    return sum(choose(abstracts[name]) in right for name, right in labels.items()) / len(labels)


def _microseconds(abstracts: Sequence[str]) -> float:
    start = time.process_time()
    for _ in range(_ROUNDS):
        contribution.cache_clear()
        for abstract in abstracts:
            contribution(abstract)
    return round((time.process_time() - start) / (_ROUNDS * len(abstracts)) * 1e6, 1)


def _print_misses(labels: Labels, abstracts: Mapping[str, str]) -> None:
    for name, right in labels.items():
        if chosen_by_rule(abstracts[name]) not in right:
            every = sentences(abstracts[name])
            print(name, "chose:", contribution(abstracts[name]))
            print("   right:", *(every[at] for at in right if at < len(every)), sep="\n   ")


def _print(figures: Mapping[str, float]) -> None:
    table = Table("", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:g}" if name == "us_per_abstract" else f"{value:.0%}")
    Console().print(table)


if __name__ == "__main__":
    main()
