"""Look for the search that takes the most processor time.

    python bench/expensive.py [--data FOLDER] [--seconds 60] [--json]

Draws searches of every shape (shapes.py) from the words of a library, by default the starter
library, and varies those that take the longest (hypothesis, `target`). The most expensive ones are
measured again, so that a pause of the machine is not taken for work.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic, process_time

import numpy as np
import orjson
from hypothesis import HealthCheck, Phase, given, seed, settings, target
from rich.console import Console
from rich.table import Table

from broadsheet import Library, open_library
from shapes import Search, common_words, searches

_SEARCHES_A_RUN = 400
_MEASURED_AGAIN, _TIMES = 40, 5
_SHOWN, _SHOWN_CHARS = 5, 200


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with _library(arguments.data) as library:
        figures, worst = _measure(library, arguments.seconds)
    if arguments.json:
        document = {**figures, "worst": worst}
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return
    table = Table(*worst[0], box=None)
    for each in worst:
        table.add_row(*map(str, each.values()))
    Console().print(table)
    Console().print(figures)


@contextmanager
def _library(folder: Path | None) -> Iterator[Library]:
    with (
        tempfile.TemporaryDirectory() as empty,
        open_library(folder or Path(empty), database=None) as library,
    ):
        if folder is None:
            library.import_starter()
            library.update_index()
        yield library


def _measure(library: Library, seconds: float) -> tuple[dict[str, float], list[dict[str, object]]]:
    words = common_words(library)
    taken: dict[Search, float] = {}
    until = monotonic() + seconds
    run = 0
    for text in words[:40]:
        library.search(text)
    while monotonic() < until:
        run += 1
        _search_for(library, words, taken, run, until)
    first = sorted(taken, key=lambda each: -taken[each])[:_MEASURED_AGAIN]
    again = {each: min(_ms(library, each) for _ in range(_TIMES)) for each in first}
    ranked = sorted(again, key=lambda each: -again[each])
    times = list((taken | again).values())
    figures = {
        "papers": library.health().papers,
        "searches": len(times),
        **{
            f"p{percent}_ms": round(float(np.percentile(times, percent)), 2) for percent in (50, 99)
        },
        "worst_ms": round(again[ranked[0]], 1),
    }
    return figures, [_shown(each, again[each]) for each in ranked[:_SHOWN]]


def _search_for(
    library: Library, words: tuple[str, ...], taken: dict[Search, float], run: int, until: float
) -> None:
    @seed(run)
    @settings(
        max_examples=_SEARCHES_A_RUN,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.target],
        suppress_health_check=list(HealthCheck),
    )
    @given(searches(words))
    def measure(search: Search) -> None:
        if monotonic() < until:
            taken[search] = _ms(library, search)
            target(taken[search])

    measure()


def _ms(library: Library, search: Search) -> float:
    start = process_time()
    search.run(library)
    return (process_time() - start) * 1_000


def _shown(search: Search, ms: float) -> dict[str, object]:
    options = asdict(search)
    text = options.pop("text")
    return {
        "ms": round(ms, 1),
        "text": text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…",
        "chars": len(text),
        **options,
    }


if __name__ == "__main__":
    main()
