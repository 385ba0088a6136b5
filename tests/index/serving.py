"""A process that searches an index all the time, for tests that damage its files meanwhile.

Each line of standard input that names a folder starts a child process, which answers the lines
``search`` and ``update`` with one line each, until ``end``. The answer is ``found`` if the search
finds what it should, else the error.
"""

import os
import sys
import threading
import time
from pathlib import Path

from broadsheet.errors import SearchIndexError
from broadsheet.index.local.engine import LocalEngine
from broadsheet.index.vector_file import DamagedFileError
from tests.index.samples import ChangeLog, found_by_word, nearest_to, opened


def the_log() -> ChangeLog:
    """Return a log of forty papers, twenty of them changed and two deleted."""
    log = ChangeLog()
    log.add(range(1, 41))
    log.add(range(1, 21), "second")
    log.delete([39, 40])
    return log


def search(engine: LocalEngine) -> str:
    """Search by word and by meaning."""
    try:
        engine.refresh()
        found = [found_by_word(engine, f"kite{num}") == [num] for num in (7, 38)]
        found += [found_by_word(engine, "kite39") == [], nearest_to(engine, 25) == [25]]
        return "found" if all(found) else f"WRONG: {found}"
    except (SearchIndexError, DamagedFileError) as error:
        return f"failed: {error}"


def update(engine: LocalEngine) -> str:
    """Do what the index job does."""
    engine.check()
    pending = engine.rebuild_pending
    if pending or engine.position < len(the_log().entries):
        engine.update(the_log().read)
    return "rebuilt" if pending else "nothing to do"


def _serve(folder: Path) -> None:
    engine = opened(folder)
    wrong: list[str] = []

    def search_repeatedly() -> None:
        while not wrong:
            answer = search(engine)
            if answer.startswith("WRONG"):
                wrong.append(answer)
            time.sleep(0.002)

    for _ in range(2):
        threading.Thread(target=search_repeatedly, daemon=True).start()
    while command := _read_line():
        if command == "end":
            return
        answer = search(engine) if command == "search" else update(engine)
        sys.stdout.write(f"{wrong[0] if wrong else answer}\n")
        sys.stdout.flush()


def _in_a_child(folder: Path) -> None:
    child = os.fork()
    if child == 0:
        try:
            _serve(folder)
        finally:
            os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.stdout.write(f"ended {ended}\n")
    sys.stdout.flush()


def _read_line() -> str:
    # Unbuffered, so that a child reads no line that is meant for its parent.
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line.decode().strip()


if __name__ == "__main__":
    while line := _read_line():
        _in_a_child(Path(line))
