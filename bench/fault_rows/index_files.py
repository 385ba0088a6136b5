"""Index files that are damaged while a server is searching them."""

import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from fault_rows.site import Found, Outcome, Row, Server, counts, run, serve


def _damaged(damage: Callable[[Path], None]) -> Row:
    def row(data: Path) -> Outcome:
        outcome, before = Outcome(), counts(data)
        with serve(data) as server:
            expected = server.found()
            wrong, statuses = _search_during(server, damage, data / "index", expected)
            outcome.meanwhile = (
                f"searches {_text(statuses)}, {wrong} of them wrong; / {server.status('/')}"
            )
            rebuilt_s = server.wait_for(lambda: _is_rebuilt(server, data, expected))
            outcome.check(server.is_alive, "the server ended")
            outcome.check(not wrong, "a search returned other results")
            outcome.check(set(statuses) <= {200, 503}, f"statuses {_text(statuses)}")
            outcome.check(rebuilt_s is not None, "the index was not rebuilt")
            outcome.meanwhile += f"; rebuilt after {rebuilt_s or 60:.0f} s"
        outcome.compare(before, {**before, **_comparable(counts(data), before)})
        outcome.check("up to date" in run(data, "doctor").stdout, "doctor reports a problem")
        return outcome

    return row


def _comparable(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {name: after[name] for name in before}


def _text(statuses: Mapping[int, int]) -> str:
    return ", ".join(f"{status} {count}x" for status, count in sorted(statuses.items()))


def _search_during(
    server: Server,
    damage: Callable[[Path], None],
    index: Path,
    expected: Found,
) -> tuple[int, Counter[int]]:
    statuses: Counter[int] = Counter()
    wrong = 0
    stop = threading.Event()

    def search() -> None:
        nonlocal wrong
        while not stop.is_set():
            found = server.found()
            statuses[found[0]] += 1
            wrong += found[0] == 200 and found != expected

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    stop.wait(0.5)
    damage(index)
    stop.wait(2)
    stop.set()
    for thread in threads:
        thread.join()
    return wrong, statuses


def _is_rebuilt(server: Server, data: Path, expected: Found) -> bool:
    is_new = (data / "index" / "generation-2" / "vectors.i8").exists()
    return is_new and server.found() == expected


def _segments(index: Path) -> list[Path]:
    return [path for path in index.glob("generation-1/lexical/*.*") if len(path.stem) >= 32]


def _files(index: Path) -> list[Path]:
    return [*_segments(index), index / "generation-1" / "vectors.i8", index / "state.json"]


def _truncate(index: Path) -> None:
    for path in _files(index)[:-1]:
        # The server may have replaced the files of the first ones by the time it lets go.
        with suppress(FileNotFoundError):
            os.truncate(path, path.stat().st_size // 3)


def _overwrite(index: Path) -> None:
    for path in _files(index):
        with suppress(FileNotFoundError), path.open("r+b") as file:
            file.write(os.urandom(os.fstat(file.fileno()).st_size))


ROWS: dict[str, tuple[str, Row]] = {
    "index-deleted": ("index folder deleted while serving", _damaged(shutil.rmtree)),
    "index-truncated": ("all index files cut to a third while serving", _damaged(_truncate)),
    "index-overwritten": ("all index files overwritten while serving", _damaged(_overwrite)),
}
