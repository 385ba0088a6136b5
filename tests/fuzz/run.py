"""How many inputs every parser has withstood, and what it did not withstand.

    python tests/fuzz/run.py [NAME...] [--seconds 60] [--folder DIR] [--json]

Each source, each file format and each rule that reads texts is tried by atheris, a fuzzer that
changes inputs until they lead to new places in the code; two at a time, in processes of their own.
Allowed is to read an input or to refuse it as documented. A finding is any other exception, a
paper, cursor or complaint that no library can keep, and an input that takes over two seconds.
Needs ``pip install '.[fuzz]'``. What was found is left in the folder, each with its input.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

_ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(_ROOT))

from tests.fuzz.one import FINDINGS  # noqa: E402
from tests.fuzz.parsers import every_parser  # noqa: E402

_AT_ONCE = 2
# For the start of a process, and for an input that it is stuck in.
_GRACE_S = 180
_EXECUTED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
_REACHED = re.compile(r"\bcov: (\d+)")
_TAIL_CHARS = 500


@dataclass(slots=True)
class Outcome:
    """What trying a parser gave.

    Parameters
    ----------
    parser : str
        Its name.
    inputs : int
        How many it was given.
    reached : int
        How many places in the code they led to.
    findings : list of dict
        What it did not withstand.
    """

    parser: str
    inputs: int = 0
    reached: int = 0
    findings: list[dict[str, str]] = field(default_factory=list)


def try_parser(name: str, seconds: int, folder: Path) -> Outcome:
    """Try one parser in a process of its own.

    Parameters
    ----------
    name : str
        The parser.
    seconds : int
        For how long.
    folder : Path
        Where what was found is left.
    """
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.fuzz.one", name, str(folder), str(seconds)]
    outcome = Outcome(name)
    try:
        done = subprocess.run(
            command, cwd=_ROOT, capture_output=True, timeout=seconds + _GRACE_S, check=False
        )
        told, code = done.stderr.decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as error:
        told, code = (error.stderr or b"").decode("utf-8", "replace"), -1
    (folder / "log").write_text(told, encoding="utf-8")
    outcome.inputs = max((int(count) for count in _EXECUTED.findall(told)), default=0)
    outcome.reached = max((int(count) for count in _REACHED.findall(told)), default=0)
    found = folder / FINDINGS
    if found.exists():
        outcome.findings += [json.loads(line) for line in found.read_text().splitlines()]
    if code or not outcome.inputs:
        ended = {"what": f"ended with {code}", "where": "", "told": told[-_TAIL_CHARS:]}
        outcome.findings.append({**ended, "input": "log"})
    return outcome


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table("parser", box=None)
    for name in ("inputs", "places reached", "findings"):
        table.add_column(name, justify="right")
    for one in outcomes:
        told = (f"{one.inputs:,}", f"{one.reached:,}", str(len(one.findings)))
        table.add_row(one.parser, *told)
    inputs, findings = (
        sum(one.inputs for one in outcomes),
        sum(len(one.findings) for one in outcomes),
    )
    table.add_row("all", f"{inputs:,}", "", str(findings))
    return table


def main() -> None:
    """Try the parsers that were named, or all."""
    parsers = list(every_parser())
    asking = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    asking.add_argument("names", nargs="*", metavar="NAME", help=", ".join(parsers))
    asking.add_argument("--seconds", type=int, default=60, help="for each parser")
    asking.add_argument("--folder", type=Path, help="where what was found is left; a new one")
    asking.add_argument("--json", action="store_true", help="for machines")
    told = asking.parse_args()
    if unknown := set(told.names) - set(parsers):
        asking.error(f"there is no parser {min(unknown)!r}: the parsers are {', '.join(parsers)}")
    if find_spec("atheris") is None:
        raise SystemExit("fuzzing needs atheris: pip install '.[fuzz]'")
    folder = told.folder or Path(tempfile.mkdtemp(prefix="fuzz-"))
    words, figures = Console(stderr=True), Console()
    words.print(f"what is found is left in {folder}")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        names = told.names or parsers
        trials = pool.map(lambda name: try_parser(name, told.seconds, folder / name), names)
        outcomes = []
        for outcome in trials:
            outcomes.append(outcome)
            for found in outcome.findings:
                words.print(f"{outcome.parser}: {found['what']} {found['where']} {found['told']}")
    if told.json:
        figures.print_json(json.dumps([asdict(one) for one in outcomes]))
    else:
        figures.print(_table(outcomes))
    sys.exit(any(one.findings for one in outcomes))


if __name__ == "__main__":
    main()
