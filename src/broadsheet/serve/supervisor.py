"""Run several processes that serve pages and one that runs the jobs; restart those that end."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from pydantic import SecretStr

from broadsheet.config import Settings
from broadsheet.errors import BroadsheetError

_log = logging.getLogger(__name__)
_POLL_S = 0.2
_MEMORY = "/dev/shm"  # noqa: S108  # nosec B108 # mkdtemp chooses the name
# A process that ran for this long is restarted at once.
_STABLE_S = 60.0
_FIRST_DELAY_S, _MAX_DELAY_S = 1.0, 30.0
# Longer than the pages and the jobs take to stop.
_STOP_TIMEOUT_S = 15.0


@dataclass(slots=True)
class _Child:
    """A process with a role, and the processes that replace it.

    Parameters
    ----------
    role : str
        ``web`` or ``jobs``.
    start : bytes
        The line that each of its processes reads first.
    output : int
        The file descriptor that the line names.
    process : subprocess.Popen
        The current process. Its standard input stays open as long as the supervisor runs; its
        standard output is one line, JSON: whether it is ready.
    started_at_s : float
        When it was started, by the monotonic clock.
    delay_s : float
        Seconds before the last restart.
    restart_at_s : float or None
        When it is restarted; None while it runs.
    """

    role: str
    start: bytes
    output: int
    process: "subprocess.Popen[bytes]"
    started_at_s: float
    delay_s: float = 0.0
    restart_at_s: float | None = None


def supervise(
    settings: Settings, host: str, port: int, processes: int, on_open: Callable[[], None]
) -> None:
    """Serve pages from several processes and run the jobs in another, until SIGINT or SIGTERM.

    A process that ends is restarted, at once or, if it ended soon after its start, after 1 to 30
    seconds. All processes end with this one, even if it is killed.

    Parameters
    ----------
    settings : Settings
        Settings of the library.
    host, port : str, int
        Address that each process listens on, with a socket of its own.
    processes : int
        Processes that serve pages.
    on_open : callable
        Called when all processes are ready.

    Raises
    ------
    BroadsheetError
        If a process cannot start.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)
    children: list[_Child] = []
    metrics = _metrics_folder() if settings.metrics_token else None
    # What the processes print belongs to the log, but for the access log.
    output = os.dup(1) if settings.access_log else 2
    try:
        for place, role in enumerate(("jobs", *("web",) * processes)):
            common = {"host": host, "port": port, "metrics": metrics, "output": output}
            start = _start_line(settings, {**common, "number": place})
            process = _start(role, start, output)
            children.append(_Child(role, start, output, process, time.monotonic()))
        for child in children:
            _wait_until_ready(child)
        on_open()
        while True:
            time.sleep(_POLL_S)
            for child in children:
                _restart_if_ended(child)
    finally:
        _stop(children)
        if metrics is not None:
            shutil.rmtree(metrics, ignore_errors=True)


def restart_delay_s(ran_s: float, last_delay_s: float) -> float:
    """Return the seconds to wait before a process is restarted.

    Examples
    --------
    >>> restart_delay_s(3_600, 8), restart_delay_s(5, 0), restart_delay_s(5, 8)
    (0.0, 1.0, 16.0)
    """
    if ran_s >= _STABLE_S:
        return 0.0
    return min(_MAX_DELAY_S, max(_FIRST_DELAY_S, 2.0 * last_delay_s))


def _metrics_folder() -> str:
    """Create the folder in which the processes count together, in memory if there is such a place.

    The counts are mapped into memory: on a full disk, a write would end the process.
    """
    folder = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    return tempfile.mkdtemp(prefix="broadsheet-", dir=folder)


def _start_line(settings: Settings, others: Mapping[str, object]) -> bytes:
    values = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in settings
        if name in settings.model_fields_set
    }
    return json.dumps({"settings": values, **others}, default=str).encode() + b"\n"


def _start(role: str, start: bytes, output: int) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "broadsheet.serve.worker", role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(output,),
        # The terminal sends Ctrl-C to all processes of a group; the supervisor stops the others.
        process_group=0,
    )
    assert process.stdin is not None
    # Not as an argument or a variable: other users of the machine can read those. If the process
    # has ended already, that is noticed when its state is read.
    with suppress(BrokenPipeError):
        process.stdin.write(start)
        process.stdin.flush()
    return process


def _wait_until_ready(child: _Child) -> None:
    assert child.process.stdout is not None
    state = child.process.stdout.readline()
    if not state:
        raise BroadsheetError(
            f"{_ended(child)} while it started: the log above says why; if it does not, start "
            "with --processes 1"
        )
    if error := json.loads(state)["error"]:
        raise BroadsheetError(error)


def _restart_if_ended(child: _Child) -> None:
    now_s = time.monotonic()
    if child.restart_at_s is None and child.process.poll() is not None:
        child.delay_s = restart_delay_s(now_s - child.started_at_s, child.delay_s)
        child.restart_at_s = now_s + child.delay_s
        _log.error("%s%s; restart in %g s", _ended(child), _reason(child), child.delay_s)
        _close(child.process)
    if child.restart_at_s is not None and now_s >= child.restart_at_s:
        try:
            child.process = _start(child.role, child.start, child.output)
        except OSError as error:
            # Out of memory or of processes for now; the other processes serve.
            child.delay_s = restart_delay_s(0.0, child.delay_s)
            child.restart_at_s = now_s + child.delay_s
            _log.error(
                "a %s process cannot start (%s); retry in %g s", child.role, error, child.delay_s
            )
        else:
            child.started_at_s, child.restart_at_s = now_s, None


def _ended(child: _Child) -> str:
    code = child.process.wait()
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"a {child.role} process (pid {child.process.pid}) ended with {how}"


def _reason(child: _Child) -> str:
    """Return the error of a process that could not start, if there is one to read."""
    assert child.process.stdout is not None
    state = child.process.stdout.readline()
    error = json.loads(state)["error"] if state else None
    return f": {error}" if error else ""


def _stop(children: list[_Child]) -> None:
    def kill(number: int, frame: FrameType | None) -> None:
        for child in children:
            child.process.kill()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, kill)
    for child in children:
        child.process.terminate()
    deadline_s = time.monotonic() + _STOP_TIMEOUT_S
    for child in children:
        try:
            child.process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            _log.warning("a %s process did not stop within %g s", child.role, _STOP_TIMEOUT_S)
            child.process.kill()
            child.process.wait()
        _close(child.process)


def _close(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
