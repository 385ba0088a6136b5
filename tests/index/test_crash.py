"""Whenever a process is killed, the index opens and the next run brings it level."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadsheet.index.local.searchindex import SearchIndex
from tests.index.invented import NEW, OLD, assert_level, found_by_word, nearest_to, opened
from tests.index.killed import first_part, the_log

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")

# How many moments of each work; 0 is every one.
KILLS = int(os.environ.get("BROADSHEET_KILLS", "8"))
WORKS = ("add", "rebuild", "change")

Kill = Callable[[str, Path, str], tuple[int, str]]


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    """Have some work done in a process that is killed; gives its exit code and operations."""
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

        def ask(work: str, folder: Path, at: str) -> tuple[int, str]:
            print(work, folder, at, file=stdin, flush=True)
            ended, operations = stdout.readline().split()
            return int(ended), operations

        yield ask


@pytest.fixture
def before(room: Path) -> dict[str, Path]:
    """The folder each work begins with."""
    folder = room / "before"
    behind, level = folder / "behind", folder / "level"
    opened(behind).follow(first_part().changes)
    opened(level).follow(the_log().changes)
    return {"add": behind, "rebuild": level, "change": behind}


def moments(operations: int) -> list[int]:
    """Choose at which operations to kill: other ones in each run, spread over all."""
    if not KILLS or operations <= KILLS:
        return list(range(1, operations + 1))
    width = operations / KILLS
    return [1 + int(width * (part + random.random())) for part in range(KILLS)]


def check_after_kill(folder: Path, work: str, started_with: int) -> None:
    index = opened(folder, NEW if work == "change" else OLD)
    assert index.set_aside is None
    assert index.position >= started_with
    assert_serves(index)
    index.follow(the_log().changes)
    assert_level(index, the_log())
    assert index.generation.encoder.name == (NEW if work == "change" else OLD)
    assert not index.outdated
    # Old files that tantivy was still clearing up are removed by the next run.
    index.follow(the_log().changes)
    left = [place.stem for place in folder.iterdir() if not place.name.endswith(".partial")]
    assert sorted(left) == ["building", f"{index.generation.folder.name}", "lock", "state"]
    assert_level(opened(folder, index.generation.encoder.name), the_log())


def assert_serves(index: SearchIndex) -> None:
    """What was found before is still found by word and by meaning."""
    for num in (6, 7, 15):
        assert found_by_word(index, f"kite{num}") == [num]
        assert nearest_to(index, num) == [num]


@pytest.mark.parametrize("work", WORKS)
def test_a_process_killed_at_any_operation_leaves_an_index_that_is_brought_level(
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
        check_after_kill(folder, work, len(first_part().seen))
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("work", WORKS)
def test_killed_again_and_again_it_still_comes_to_the_end(
    kill: Kill, before: dict[str, Path], room: Path, work: str
) -> None:
    folder = room / "index"
    shutil.copytree(before[work], folder)
    for _ in range(KILLS or 50):
        kill(work, folder, str(random.randint(1, 300)))
    check_after_kill(folder, work, len(first_part().seen))


@pytest.mark.parametrize("work", WORKS)
def test_a_process_killed_at_any_time_leaves_an_index_that_is_brought_level(
    kill: Kill, before: dict[str, Path], room: Path, work: str
) -> None:
    for number in range((KILLS or 100) // 3):
        folder = room / f"time-{number}"
        shutil.copytree(before[work], folder)
        kill(work, folder, f"{random.uniform(0.001, 0.2):.4f}s")
        check_after_kill(folder, work, len(first_part().seen))
        shutil.rmtree(folder, ignore_errors=True)


def test_a_first_run_killed_at_any_operation_is_begun_again(kill: Kill, room: Path) -> None:
    ended, operations = kill("add", room / "whole", "-")
    assert ended == 0
    for at in moments(int(operations)):
        folder = room / f"at-{at}"
        kill("add", folder, str(at))
        index = opened(folder)
        assert index.set_aside is None
        index.follow(the_log().changes)
        assert_level(index, the_log())
