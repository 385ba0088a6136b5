"""Make faults under real servers and check that nothing is lost and nothing is doubled.

    python bench/faults.py [--only NAME…] [--json]

Each row starts `broadsheet serve` or commands on a copy of a library (SQLite, starter papers,
twelve subscribers), makes one fault, and records what is served meanwhile, what is lost and what
is doubled.
The exit status is 1 if a claim of a row does not hold. Rows that need a program, root or a system
that is not there are skipped. All rows take about half an hour.
"""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from fault_rows import clocks, index_files, kill_writers, kills, load, mail, outside, storage
from fault_rows.site import Outcome, Row, SkippedError, copy_library, make_library

ROWS: dict[str, tuple[str, Row]] = {
    **storage.ROWS,
    **index_files.ROWS,
    **kills.ROWS,
    **kill_writers.ROWS,
    **mail.ROWS,
    **clocks.ROWS,
    **outside.ROWS,
    **load.ROWS,
}


def main() -> None:
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    errors = Console(stderr=True)
    results = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        original = Path(folder) / "original"
        make_library(original)
        for name in arguments.only:
            errors.print(f"{name} …", end="")
            started = time.monotonic()
            results[name] = _run(ROWS[name][1], copy_library(original, Path(folder) / name))
            errors.print(f" {time.monotonic() - started:.0f} s: {results[name]}", soft_wrap=True)
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps(results, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(results)
    sys.exit(any(isinstance(result, Outcome) and result.problems for result in results.values()))


def _run(row: Row, data: Path) -> Outcome | str:
    try:
        return row(data)
    except SkippedError as reason:
        return f"skipped: {reason}"
    except Exception as error:
        traceback.print_exc()
        return Outcome(problems=[f"{type(error).__name__}: {error}"])


def _print(results: dict[str, Outcome | str]) -> None:
    table = Table("row", "fault", "meanwhile", "lost", "doubled", "problems")
    for name, result in results.items():
        if isinstance(result, str):
            table.add_row(name, ROWS[name][0], result, "", "", "")
            continue
        problems = "; ".join(result.problems) or "none"
        table.add_row(name, ROWS[name][0], result.meanwhile, result.lost, result.doubled, problems)
    Console().print(table)


if __name__ == "__main__":
    main()
