"""A process that does one piece of work again and again, and is killed in the midst of it.

Each line read, ``WORK FOLDER AT``, is done by a process of its own. AT is the number of the
operation at which it kills itself, or ``0.25s`` after how long it is killed, or ``-`` for never; a
line with how it ended, and how many operations there were, is written.
"""

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from tests.index.invented import NEW, Log, opened

# Whatever of these is called, a process may die just before it and just after it.
OPERATIONS = frozenset(
    [
        *("open", "write", "flush", "fsync", "truncate", "close"),
        *("rename", "replace", "unlink", "rmdir", "mkdir"),
        *("Index", "reload", "writer", "add_document", "delete_documents_by_term"),
        *("commit", "wait_merging_threads"),
    ]
)


def the_log() -> Log:
    """Papers of which some are changed and some removed, and one comes back."""
    log = Log(step=5)
    log.add(range(1, 16))
    log.remove([2, 3])
    log.add([4, 5], "second")
    log.add(range(16, 21))
    log.remove([1, 16])
    log.add([3], "third")
    return log


def first_part() -> Log:
    log = the_log()
    return Log(step=5, seen=log.seen[:15])


def add(folder: Path) -> None:
    opened(folder).follow(the_log().changes)


def rebuild(folder: Path) -> None:
    opened(folder).rebuild(the_log().changes)


def change(folder: Path) -> None:
    opened(folder, NEW).follow(the_log().changes)


WORK = {"add": add, "rebuild": rebuild, "change": change}


def _count(at: int) -> list[int]:
    count = [0]

    def step(frame: FrameType, event: str, called: object) -> None:
        if event in ("c_call", "c_return") and getattr(called, "__name__", "") in OPERATIONS:
            count[0] += 1
            if count[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(step)
    return count


def _do(work: str, folder: Path, at: str) -> None:
    count = _count(int(at)) if at.isdecimal() else _count(-1) if at == "-" else [0]
    WORK[work](folder)
    sys.setprofile(None)
    (folder / "operations").write_text(str(count[0]))


def _run(work: str, folder: Path, at: str) -> str:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _do(work, folder, at)
            status = 0
        finally:
            os._exit(status)
    if at.endswith("s"):
        time.sleep(float(at[:-1]))
        os.kill(child, signal.SIGKILL)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    told = folder / "operations"
    operations = told.read_text() if ended == 0 else "-"
    told.unlink(missing_ok=True)
    return f"{ended} {operations}\n"


if __name__ == "__main__":
    for line in sys.stdin:
        asked_work, asked_folder, asked_at = line.split()
        sys.stdout.write(_run(asked_work, Path(asked_folder), asked_at))
        sys.stdout.flush()
