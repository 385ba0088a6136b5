"""A process that runs work in child processes and kills them.

Each line of standard input, ``WORK FOLDER AT``, runs in a child process. AT is the number of the
operation at which it kills itself, or a time such as ``0.25s`` after which it is killed, or ``-``
for never. The exit code and the number of operations are written as a line.
"""

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from tests.index.samples import NEW, ChangeLog, opened

# A process may be killed just before and just after a call of each of these.
OPERATIONS = frozenset(
    [
        *("open", "write", "flush", "fsync", "truncate", "close"),
        *("rename", "replace", "unlink", "rmdir", "mkdir"),
        *("Index", "reload", "writer", "add_document", "delete_documents_by_term"),
        *("commit", "wait_merging_threads"),
    ]
)


def the_log() -> ChangeLog:
    """Return a log in which papers are changed, deleted, and one is added again."""
    log = ChangeLog(step=5)
    log.add(range(1, 16))
    log.delete([2, 3])
    log.add([4, 5], "second")
    log.add(range(16, 21))
    log.delete([1, 16])
    log.add([3], "third")
    return log


def first_part() -> ChangeLog:
    log = the_log()
    return ChangeLog(step=5, entries=log.entries[:15])


def add(folder: Path) -> None:
    opened(folder).update(the_log().read)


def rebuild(folder: Path) -> None:
    opened(folder).rebuild(the_log().read)


def change(folder: Path) -> None:
    opened(folder, NEW).update(the_log().read)


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
    count = folder / "operations"
    operations = count.read_text() if ended == 0 else "-"
    count.unlink(missing_ok=True)
    return f"{ended} {operations}\n"


if __name__ == "__main__":
    for line in sys.stdin:
        line_work, line_folder, line_at = line.split()
        sys.stdout.write(_run(line_work, Path(line_folder), line_at))
        sys.stdout.flush()
