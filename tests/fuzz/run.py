"""Fuzz all parsers and report the number of inputs and the findings.

    python tests/fuzz/run.py [NAME...] [--seconds 60] [--folder DIR] [--json]

The coverage-guided fuzzer atheris runs each source, each file format and each rule that parses
text, in two processes at a time. A parser may accept an input or raise its documented error. A
finding is any other exception, an invalid paper, cursor or error, or an input that takes more than
two seconds. Findings and their inputs are written to the folder. Needs ``pip install '.[fuzz]'``.
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

from tests.fuzz.parsers import all_parsers  # noqa: E402
from tests.fuzz.target import FINDINGS  # noqa: E402

_PROCESSES = 2
# Time for the start of the process and for an input that does not return.
_GRACE_S = 180
_EXECUTED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
_REACHED = re.compile(r"\bcov: (\d+)")
_TAIL_CHARS = 500


@dataclass(slots=True)
class Result:
    """The result of fuzzing one parser.

    Parameters
    ----------
    parser : str
        Name of the parser.
    inputs : int
        Number of inputs.
    reached : int
        Number of covered edges in the code.
    findings : list of dict
        Failures.
    """

    parser: str
    inputs: int = 0
    reached: int = 0
    findings: list[dict[str, str]] = field(default_factory=list)


def fuzz_parser(name: str, seconds: int, folder: Path) -> Result:
    """Fuzz one parser in a subprocess.

    Parameters
    ----------
    name : str
        Name of the parser.
    seconds : int
        Duration.
    folder : Path
        Folder for the findings.
    """
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.fuzz.target", name, str(folder), str(seconds)]
    result = Result(name)
    try:
        done = subprocess.run(
            command, cwd=_ROOT, capture_output=True, timeout=seconds + _GRACE_S, check=False
        )
        log, code = done.stderr.decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as error:
        log, code = (error.stderr or b"").decode("utf-8", "replace"), -1
    (folder / "log").write_text(log, encoding="utf-8")
    result.inputs = max((int(count) for count in _EXECUTED.findall(log)), default=0)
    result.reached = max((int(count) for count in _REACHED.findall(log)), default=0)
    found = folder / FINDINGS
    if found.exists():
        result.findings += [json.loads(line) for line in found.read_text().splitlines()]
    if code or not result.inputs:
        ended = {"kind": f"exit status {code}", "location": "", "message": log[-_TAIL_CHARS:]}
        result.findings.append({**ended, "input": "log"})
    return result


def _table(results: Sequence[Result]) -> Table:
    table = Table("parser", box=None)
    for name in ("inputs", "edges", "findings"):
        table.add_column(name, justify="right")
    for one in results:
        cells = (f"{one.inputs:,}", f"{one.reached:,}", str(len(one.findings)))
        table.add_row(one.parser, *cells)
    inputs, findings = (
        sum(one.inputs for one in results),
        sum(len(one.findings) for one in results),
    )
    table.add_row("all", f"{inputs:,}", "", str(findings))
    return table


def main() -> None:
    """Fuzz the named parsers, or all."""
    parsers = list(all_parsers())
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    arguments.add_argument("names", nargs="*", metavar="NAME", help=", ".join(parsers))
    arguments.add_argument(
        "--seconds", type=int, default=60, help="duration per parser (default 60)"
    )
    arguments.add_argument(
        "--folder", type=Path, help="folder for the findings (default: a new temporary folder)"
    )
    arguments.add_argument("--json", action="store_true", help="print the results as JSON")
    options = arguments.parse_args()
    if unknown := set(options.names) - set(parsers):
        arguments.error(f"there is no parser {min(unknown)!r}: choose from {', '.join(parsers)}")
    if find_spec("atheris") is None:
        raise SystemExit("fuzzing needs atheris: pip install '.[fuzz]'")
    folder = options.folder or Path(tempfile.mkdtemp(prefix="fuzz-"))
    messages, output = Console(stderr=True), Console()
    messages.print(f"findings are written to {folder}")
    with ThreadPoolExecutor(_PROCESSES) as pool:
        names = options.names or parsers
        runs = pool.map(lambda name: fuzz_parser(name, options.seconds, folder / name), names)
        results = []
        for result in runs:
            results.append(result)
            for found in result.findings:
                messages.print(
                    f"{result.parser}: {found['kind']} {found['location']} {found['message']}"
                )
    if options.json:
        output.print_json(json.dumps([asdict(one) for one in results]))
    else:
        output.print(_table(results))
    sys.exit(any(one.findings for one in results))


if __name__ == "__main__":
    main()
