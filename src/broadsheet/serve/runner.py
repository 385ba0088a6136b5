"""Run jobs in threads of their own, so that one that hangs or fails stops no other."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from broadsheet.errors import BroadsheetError

_log = logging.getLogger("broadsheet.serve.runner")
_RETRY_S = 20.0
_STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """A periodic task.

    Parameters
    ----------
    name : str
        Name in logs.
    interval_s : float
        Seconds from the end of a run to the start of the next.
    run : callable
        Does what is due; running it again at once does nothing.
    """

    name: str
    interval_s: float
    run: Callable[[], object]


def run_once(jobs: Iterable[Job]) -> None:
    """Run each job once, in order; errors are logged, not raised."""
    for job in jobs:
        _run(job)


class JobRunner:
    """Runs each job in its own thread between ``__enter__`` and ``__exit__``.

    A failed job is retried after its interval, but not before 20 seconds. On exit, no run starts
    any more and current runs have 10 seconds to finish; the threads are daemons, so one that hangs
    does not keep the process alive.

    Parameters
    ----------
    jobs : sequence of Job
        The jobs, with distinct names.
    stop : threading.Event, optional
        Set on exit; a job that checks it can finish early.
    """

    def __init__(self, jobs: Sequence[Job], stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, args=[job], name=job.name, daemon=True)
            for job in jobs
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                _log.warning("job %r did not stop within %g s", thread.name, _STOP_TIMEOUT_S)

    def _loop(self, job: Job) -> None:
        while not self._stop.is_set():
            wait_s = job.interval_s if _run(job) else max(job.interval_s, _RETRY_S)
            self._stop.wait(wait_s)


def _run(job: Job) -> bool:
    try:
        job.run()
    except BroadsheetError as error:
        _log.error("job %r failed: %s", job.name, error)
    except (KeyboardInterrupt, SystemExit):
        raise
    # A panic of a Rust extension is no Exception, and would end the job's thread.
    except BaseException:
        _log.exception("job %r failed with an unexpected error", job.name)
    else:
        return True
    return False
