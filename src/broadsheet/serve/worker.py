"""One of several processes: ``python -m broadsheet.serve.worker web`` or ``jobs``.

Reads its settings as JSON from the first line of standard input, and writes to standard output, as
one line of JSON, whether it is ready. It ends on SIGTERM, or when its standard input is closed.
"""

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TypedDict

from broadsheet.config import Settings
from broadsheet.errors import BroadsheetError
from broadsheet.serve.logs import configure_logging

_STOP_TIMEOUT_S = 20.0


class StartLine(TypedDict):
    """What the supervisor writes to the standard input of a process."""

    settings: dict[str, object]
    host: str
    port: int
    # The folder that the processes count in, or None, and a number that no other has.
    metrics: str | None
    number: int
    # The file descriptor to print to once the process is ready.
    output: int


def main() -> None:
    """Serve pages or run jobs until SIGTERM."""
    role = sys.argv[1]
    start: StartLine = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_supervisor, daemon=True).start()
    settings = Settings.model_validate(start["settings"])
    configure_logging(settings.log_format, access_log=settings.access_log)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)
    try:
        if role == "web":
            _serve(settings, start)
        else:
            _run_jobs(settings, start)
    except BroadsheetError as error:
        _report(str(error))
        raise SystemExit(1) from error
    finally:
        # The supervisor stops the others when one ends: a signal now would print a traceback.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _serve(settings: Settings, start: "StartLine") -> None:
    from broadsheet.library import Library
    from broadsheet.serve.listening import listen
    from broadsheet.serve.pages import serve_library
    from broadsheet.serve.server import page_processes
    from broadsheet.web.limits.counters import SharedFile
    from broadsheet.web.limits.rate_limiter import Limiters
    from broadsheet.web.metrics import share_metrics

    if start["metrics"] is not None:
        share_metrics(Path(start["metrics"]), start["number"])
    with Library(settings) as library:
        # The first search reads the index and the encoder: half a second before connections come.
        with suppress(BroadsheetError):
            library.search("a", n=1)
        key = library.secret.encode()[:64]
        limiters = Limiters(
            SharedFile(settings.data / "rate_limits.sqlite3", key),
            signups=SharedFile(settings.data / "sign_up_limits.sqlite3", key),
        )
        processes = page_processes(settings)
        with listen(start["host"], start["port"], shared=True) as listening:

            def on_open() -> None:
                _report(None, start["output"])

            serve_library(library, listening, limiters, on_open, processes)


def _run_jobs(settings: Settings, start: "StartLine") -> None:
    from broadsheet.library import Library
    from broadsheet.serve.jobs import library_jobs, remember_address
    from broadsheet.serve.runner import JobRunner

    stop = threading.Event()
    with Library(settings) as library:
        remember_address(library)
        with JobRunner(library_jobs(library, stop.is_set), stop):
            _report(None, start["output"])
            while True:
                time.sleep(3600)


def _report(error: str | None, output: int = 2) -> None:
    """Write whether this process is ready; what is printed later goes to a file descriptor."""
    os.write(1, json.dumps({"error": error}).encode() + b"\n")
    os.dup2(output, 1)


def _end_with_the_supervisor() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_TIMEOUT_S)
    os._exit(1)


def _exit(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)


if __name__ == "__main__":
    main()
