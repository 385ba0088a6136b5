"""Kill a command while it works on a library: the time of the kill counts from its opening."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fault_rows.site import Outcome, SkippedError, command, copy_library, environment

KILLS = 4
_AT_ONCE = 2
_POLL_S = 0.002


@dataclass(frozen=True)
class Measured:
    """A run that was not killed: its working time, its exit status and what it printed."""

    work_s: float
    returncode: int
    printed: str


@dataclass(frozen=True)
class Killed:
    """A run that was killed: its library, whether it was at work, and what it had printed."""

    data: Path
    at_work: bool
    printed: str


def measure(data: Path, arguments: list[str], **settings: str) -> Measured:
    """Run a command; its work is the time from opening the library to its end."""
    process = _start(data, arguments, settings)
    _wait_until_opened(process, data)
    started = time.monotonic()
    printed = process.communicate(timeout=300)[0]
    return Measured(time.monotonic() - started, process.returncode, printed)


def kill(data: Path, arguments: list[str], delay_s: float, **settings: str) -> Killed:
    """Run a command and kill it, and its processes, some time after it has opened the library."""
    process = _start(data, arguments, settings)
    opened = _wait_until_opened(process, data)
    time.sleep(delay_s)
    at_work = opened and process.poll() is None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return Killed(data, at_work, process.communicate()[0])


def kill_copies(
    data: Path, work_s: float, killed: Callable[[Path, float], Killed], check: Callable[..., None]
) -> Outcome:
    """Kill a command on copies of a library, at times spread over its work, and check each.

    Parameters
    ----------
    data : Path
        The library.
    work_s : float
        Measured time of work.
    killed : callable
        Kill the command on a copy, after a number of seconds.
    check : callable
        Finish the work of the killed command on its copy and add what does not hold to an outcome.
    """
    random_ = random.Random(data.name)
    delays = [work_s * 0.9 * (number + random_.random()) / KILLS for number in range(KILLS)]

    def one(number: int) -> tuple[Killed, Outcome]:
        copy = copy_library(data, data.with_name(f"{data.name}-killed-{number}"))
        each, outcome = killed(copy, delays[number]), Outcome()
        check(outcome, each)
        return each, outcome

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = list(pool.map(one, range(KILLS)))
    at_work = sum(each.at_work for each, _ in results)
    joined = joined_outcomes([outcome for _, outcome in results])
    joined.meanwhile = f"{at_work} of {KILLS} kills at work ({work_s:.2f} s); {joined.meanwhile}"
    joined.check(at_work >= KILLS - 1, f"only {at_work} of {KILLS} kills came while it worked")
    return joined


def joined_outcomes(outcomes: list[Outcome]) -> Outcome:
    """Join what several runs found."""
    joined = Outcome(meanwhile="; ".join(sorted({each.meanwhile for each in outcomes} - {""})))
    for each in outcomes:
        joined.problems += [problem for problem in each.problems if problem not in joined.problems]
    joined.lost = ", ".join(sorted({each.lost for each in outcomes} - {"nothing"})) or "nothing"
    joined.doubled = (
        ", ".join(sorted({each.doubled for each in outcomes} - {"nothing"})) or "nothing"
    )
    return joined


def _start(data: Path, arguments: list[str], settings: dict[str, str]) -> "subprocess.Popen[str]":
    if not Path("/proc/self/fd").is_dir():
        raise SkippedError("needs /proc, to see when a command opens the library")
    return subprocess.Popen(
        command(data, *arguments),
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _wait_until_opened(process: "subprocess.Popen[str]", data: Path) -> bool:
    """Wait until a process has the database open; return False if it ended before."""
    library = str(data / "library.sqlite3")
    while process.poll() is None:
        with suppress(OSError):
            for each in Path(f"/proc/{process.pid}/fd").iterdir():
                with suppress(OSError):
                    if str(each.readlink()).startswith(library):
                        return True
        time.sleep(_POLL_S)
    return False
