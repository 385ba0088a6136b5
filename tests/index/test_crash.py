"""Whenever a process is killed, the index opens and the next run updates it."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadsheet.index.local.engine import LocalEngine
from tests.index.killed import first_part, the_log
from tests.index.samples import NEW, OLD, assert_up_to_date, found_by_word, nearest_to, opened

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")

# How often each kind of work is killed; 0 kills it at every operation.
KILLS = int(os.environ.get("BROADSHEET_KILLS", "8"))
WORKS = ("add", "rebuild", "change")

Kill = Callable[[str, Path, str], tuple[int, str]]


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    """Return a function that kills a process at work and returns its exit code and operations."""
    command = [sys.executable, "-m", "tests.index.killed"]
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root / "src"), str(root), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def run(work: str, folder: Path, at: str) -> tuple[int, str]:
            print(work, folder, at, file=stdin, flush=True)
            ended, operations = stdout.readline().split()
            return int(ended), operations

        yield run


@pytest.fixture
def before(room: Path) -> dict[str, Path]:
    """Return the folder that each kind of work starts with."""
    folder = room / "before"
    behind, up_to_date = folder / "behind", folder / "up-to-date"
    opened(behind).update(first_part().read)
    opened(up_to_date).update(the_log().read)
    return {"add": behind, "rebuild": up_to_date, "change": behind}


def moments(operations: int) -> list[int]:
    """Choose the operations at which to kill: random ones, spread over all."""
    if not KILLS or operations <= KILLS:
        return list(range(1, operations + 1))
    width = operations / KILLS
    return [1 + int(width * (part + random.random())) for part in range(KILLS)]


def check_after_kill(folder: Path, work: str, started_with: int) -> None:
    index = opened(folder, NEW if work == "change" else OLD)
    assert index.damaged_files is None
    assert index.position >= started_with
    assert_serves(index)
    index.update(the_log().read)
    assert_up_to_date(index, the_log())
    assert index.generation.encoder.name == (NEW if work == "change" else OLD)
    assert not index.rebuild_pending
    # The next run deletes old files that tantivy was still writing.
    index.update(the_log().read)
    left = [place.stem for place in folder.iterdir() if not place.name.endswith(".partial")]
    assert sorted(left) == ["building", f"{index.generation.folder.name}", "lock", "state"]
    assert_up_to_date(opened(folder, index.generation.encoder.name), the_log())


def assert_serves(index: LocalEngine) -> None:
    """Assert that papers are found by word and by vector."""
    for num in (6, 7, 15):
        assert found_by_word(index, f"kite{num}") == [num]
        assert nearest_to(index, num) == [num]


@pytest.mark.parametrize("work", WORKS)
def test_an_index_is_usable_after_a_kill_at_any_operation(
    kill: Kill, before: dict[str, Path], room: Path, work: str
) -> None:
    folder = room / "whole"
    shutil.copytree(before[work], folder)
    ended, operations = kill(work, folder, "-")
    assert ended == 0
    for at in moments(int(operations)):
        folder = room / f"at-{at}"
        shutil.copytree(before[work], folder)
        ended, _ = kill(work, folder, str(at))
        assert ended in (-9, 0)
        check_after_kill(folder, work, len(first_part().entries))
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("work", WORKS)
def test_work_that_is_killed_repeatedly_completes(
    kill: Kill, before: dict[str, Path], room: Path, work: str
) -> None:
    folder = room / "index"
    shutil.copytree(before[work], folder)
    for _ in range(KILLS or 50):
        kill(work, folder, str(random.randint(1, 300)))
    check_after_kill(folder, work, len(first_part().entries))


@pytest.mark.parametrize("work", WORKS)
def test_an_index_is_usable_after_a_kill_at_any_time(
    kill: Kill, before: dict[str, Path], room: Path, work: str
) -> None:
    for number in range((KILLS or 100) // 3):
        folder = room / f"time-{number}"
        shutil.copytree(before[work], folder)
        kill(work, folder, f"{random.uniform(0.001, 0.2):.4f}s")
        check_after_kill(folder, work, len(first_part().entries))
        shutil.rmtree(folder, ignore_errors=True)


def test_a_first_run_killed_at_any_operation_starts_again(kill: Kill, room: Path) -> None:
    ended, operations = kill("add", room / "whole", "-")
    assert ended == 0
    for at in moments(int(operations)):
        folder = room / f"at-{at}"
        kill("add", folder, str(at))
        index = opened(folder)
        assert index.damaged_files is None
        index.update(the_log().read)
        assert_up_to_date(index, the_log())
