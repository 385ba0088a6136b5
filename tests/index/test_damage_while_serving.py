"""Files that are damaged while they are searched: no process ends, no result is wrong."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadsheet.index.local import held_files
from tests.index.samples import assert_up_to_date, opened
from tests.index.serving import search, the_log, update

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs leases and fork")

Damage = Callable[[Path], object]


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _write_inside(path: Path, where: float, content: bytes) -> None:
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(int(size * where))
        file.write(content[: size - int(size * where)])


def _zeros(path: Path) -> None:
    _write_inside(path, 0, bytes(path.stat().st_size))


def _garbage_first(path: Path) -> None:
    _write_inside(path, 0, b"\xfe\x01garbage")


def _garbage_inside(path: Path) -> None:
    _write_inside(path, 0.4, b"\xfe\x01garbage")


def _delete(path: Path) -> None:
    # Moved first: tantivy may create a lock file in a folder while it is being deleted.
    away = path.with_name(f"{path.name}.deleted")
    path.rename(away)
    shutil.rmtree(away, ignore_errors=True) if away.is_dir() else away.unlink()


DAMAGES: dict[str, Damage] = {
    "half": _cut,
    "empty": _empty,
    "zeros": _zeros,
    "garbage at its start": _garbage_first,
    "garbage inside": _garbage_inside,
    "deleted": _delete,
}
CASES = [
    *(("generation-1/lexical/*.idx", name) for name in DAMAGES),
    *((f"generation-1/lexical/*.{part}", "half") for part in ("term", "pos", "del")),
    *((f"generation-1/lexical/*.{part}", "zeros") for part in ("fast", "fieldnorm", "store")),
    *(("generation-1/lexical/meta.json", name) for name in ("empty", "zeros", "deleted")),
    *(("generation-1/vectors.i8", name) for name in ("half", "garbage inside", "deleted")),
    *(("state.json", name) for name in ("empty", "garbage at its start", "deleted")),
    *((folder, "deleted") for folder in ("generation-1/lexical", "generation-1", "")),
]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an index folder to copy."""
    folder = tmp_path_factory.mktemp("ready") / "index"
    opened(folder).update(the_log().read)
    return folder


class Server:
    """The process of :mod:`tests.index.serving`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def ask(self, line: str) -> str:
        self.tell(line)
        return self.answer()

    def answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root / "src"), str(root), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.index.serving"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield Server(process)
        process.stdin.close()  # type: ignore[union-attr]


@pytest.mark.parametrize(("name", "damage"), CASES, ids=lambda part: part.split("/")[-1])
def test_a_server_survives_damaged_files_and_rebuilds_them(
    server: Server, ready: Path, room: Path, name: str, damage: str
) -> None:
    folder = room / "index"
    shutil.copytree(ready, folder)
    server.tell(str(folder))
    assert server.ask("search") == "found"
    path = next(folder.glob(name), None) if name else folder
    if path is None:
        server.ask("end")
        pytest.skip("tantivy has merged the segment with deletions")
    # A program that writes into a mapped file waits until the server has closed it.
    writer = threading.Thread(target=DAMAGES[damage], args=[path], daemon=True)
    writer.start()
    assert server.ask("search").startswith(("found", "failed"))
    writer.join(timeout=10)
    assert not writer.is_alive()
    assert server.ask("search").startswith(("found", "failed"))
    assert server.ask("update") == "rebuilt"
    assert server.ask("search") == "found"
    assert server.ask("update") == "nothing to do"
    assert server.ask("end") == "ended 0"
    assert opened(folder).damaged_files is None


def test_a_file_without_a_lease_is_compared_before_each_search(
    ready: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_files, "_lease", lambda descriptor: False)
    folder = room / "index"
    shutil.copytree(ready, folder)
    engine = opened(folder)
    assert search(engine) == "found"
    # Not cut off: a thread of tantivy that still reads the file would end the tests.
    with next(folder.glob("generation-1/lexical/*.idx")).open("ab") as file:
        file.write(b"more")
    assert search(engine).startswith("failed")
    assert update(engine) == "rebuilt"
    assert search(engine) == "found"


def test_a_program_that_waits_to_write_is_let_through_by_the_next_search(
    ready: Path, room: Path
) -> None:
    folder = room / "index"
    shutil.copytree(ready, folder)
    engine = opened(folder)
    path = next(folder.glob("generation-1/lexical/*.idx"))
    with pytest.raises(BlockingIOError):
        os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    assert search(engine).startswith("failed")
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    assert update(engine) == "nothing to do"
    assert search(engine) == "found"


def test_deleted_files_serve_until_others_are_built(ready: Path, room: Path) -> None:
    folder = room / "index"
    shutil.copytree(ready, folder)
    engine, another = opened(folder), opened(folder)
    assert search(engine) == "found"
    _delete(folder)
    assert search(engine) == "found"
    # This one has not read the vectors yet.
    assert search(another).startswith("failed")
    engine.check()
    assert (engine.position, engine.rebuild_pending) == (0, True)
    assert search(engine) == "found"
    assert update(engine) == "rebuilt"
    assert search(engine) == "found"
    assert_up_to_date(opened(folder), the_log())
