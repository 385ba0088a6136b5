"""Damaged and foreign files are set aside and made again; a full disk is told and outlived."""

import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from broadsheet.errors import SearchIndexError
from broadsheet.index.local.searchindex import SearchIndex
from tests.index.invented import (
    NEW,
    Log,
    StoppedError,
    assert_level,
    found_by_word,
    generations,
    opened,
    stopping_after,
)


def _segment(folder: Path, ending: str) -> Path:
    return next((folder / "generation-1" / "lexical").glob(f"*.{ending}"))


def _as_folder(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.mkdir()


def _as_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_bytes(b"in the way")


def _newer(folder: Path) -> None:
    state = orjson.loads((folder / "state.json").read_bytes())
    (folder / "state.json").write_bytes(orjson.dumps({**state, "format": 99, "more": [1]}))


def _outside(folder: Path) -> None:
    state = orjson.loads((folder / "state.json").read_bytes())
    (folder / "state.json").write_bytes(orjson.dumps({**state, "generation": "1/../.."}))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no state": lambda f: (f / "state.json").write_bytes(b""),
    "garbage as state": lambda f: (f / "state.json").write_bytes(b"\xff\x00garbage"),
    "a list as state": lambda f: (f / "state.json").write_bytes(b"[1, 2]"),
    "a folder as state": lambda f: _as_folder(f / "state.json"),
    "a state that points outside": _outside,
    "a newer format": _newer,
    "no files": lambda f: shutil.rmtree(f / "generation-1"),
    "a file as generation": lambda f: _as_file(f / "generation-1"),
    "no vectors": lambda f: (f / "generation-1" / "vectors.i8").unlink(),
    "empty vectors": lambda f: (f / "generation-1" / "vectors.i8").write_bytes(b""),
    "a row less": lambda f: _shorten(f / "generation-1" / "vectors.i8"),
    "a folder as vectors": lambda f: _as_folder(f / "generation-1" / "vectors.i8"),
    "no postings": lambda f: shutil.rmtree(f / "generation-1" / "lexical"),
    "a file as postings": lambda f: _as_file(f / "generation-1" / "lexical"),
    "empty postings": lambda f: _as_folder(f / "generation-1" / "lexical"),
    "no list of segments": lambda f: (f / "generation-1/lexical/meta.json").unlink(),
    "garbage as list": lambda f: (f / "generation-1/lexical/meta.json").write_bytes(b"garbage"),
    "foreign list": lambda f: (f / "generation-1/lexical/meta.json").write_bytes(b"{}"),
    "folder as list": lambda f: _as_folder(f / "generation-1/lexical/meta.json"),
    "empty terms": lambda f: _segment(f, "term").write_bytes(b""),
    "empty postings file": lambda f: _segment(f, "idx").write_bytes(b""),
    "no columns": lambda f: _segment(f, "fast").unlink(),
    "no positions": lambda f: _segment(f, "pos").unlink(),
    "garbage as lengths": lambda f: _segment(f, "fieldnorm").write_bytes(b"garbage" * 20),
    "a folder as columns": lambda f: _as_folder(_segment(f, "fast")),
}


def _shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-28])


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_files_are_set_aside_and_made_again(
    level: SearchIndex, folder: Path, log: Log, damage: Callable[[Path], object]
) -> None:
    damage(folder)
    index = opened(folder)
    assert index.set_aside is not None
    assert any(index.set_aside.iterdir())
    assert index.position == 0
    index.follow(log.changes)
    assert_level(index, log)
    assert opened(folder).set_aside is None


def test_another_librarys_index_is_set_aside(level: SearchIndex, folder: Path, log: Log) -> None:
    index = opened(folder, library="another library")
    assert index.set_aside is not None
    index.follow(log.changes)
    assert_level(index, log)


def test_only_the_newest_files_set_aside_are_kept(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    for _ in range(3):
        (folder / "state.json").write_bytes(b"garbage")
        opened(folder).follow(log.changes)
    assert len(list(folder.glob("set-aside-*"))) == 1


def test_damage_spares_what_is_being_built(level: SearchIndex, folder: Path, log: Log) -> None:
    with pytest.raises(StoppedError):
        opened(folder, NEW).follow(log.changes, stopping_after(14))
    (folder / "state.json").write_bytes(b"garbage")
    index = opened(folder, NEW)
    assert index.set_aside is not None
    told: list[int] = []
    index.follow(log.changes, told.append)
    assert told[0] == 14
    assert_level(index, log)


@pytest.mark.parametrize("content", [b"garbage", b"", b"[]"])
def test_a_garbled_note_of_a_build_is_passed_over(
    level: SearchIndex, folder: Path, log: Log, content: bytes
) -> None:
    with pytest.raises(StoppedError):
        opened(folder, NEW).follow(log.changes, stopping_after(14))
    (folder / "building.json").write_bytes(content)
    index = opened(folder, NEW)
    index.follow(log.changes)
    assert_level(index, log)
    assert len(generations(folder)) == 1


def test_damaged_files_that_were_being_built_are_built_anew(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    with pytest.raises(StoppedError):
        opened(folder, NEW).follow(log.changes, stopping_after(14))
    (folder / "generation-2" / "vectors.i8").write_bytes(b"")
    index = opened(folder, NEW)
    index.follow(log.changes)
    assert_level(index, log)
    assert len(generations(folder)) == 1


def test_a_file_in_place_of_the_folder_is_told(folder: Path) -> None:
    folder.write_bytes(b"in the way")
    with pytest.raises(SearchIndexError, match=r"index.*cannot be made"):
        opened(folder)


def test_a_folder_in_place_of_the_lock_is_told(folder: Path) -> None:
    (folder / "lock").mkdir(parents=True)
    with pytest.raises(SearchIndexError, match="index"):
        opened(folder)


def test_a_process_of_another_version_does_not_write_over_newer_files(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    _newer(folder)
    level.refresh()
    assert found_by_word(level, "kite7") == [7]
    with pytest.raises(SearchIndexError, match="restart"):
        level.follow(log.changes)


@contextmanager
def a_full_disk(largest_bytes: int) -> Iterator[None]:
    """No file may grow beyond this, which to a writer is the same as a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("largest_bytes", [100, 2_000, 4_000, 8_000])
@pytest.mark.parametrize("rebuild", [False, True])
def test_a_full_disk_is_told_and_writing_goes_on_when_there_is_room(
    folder: Path, largest_bytes: int, rebuild: bool
) -> None:
    log = Log(step=100)
    log.add(range(1, 301))
    index = opened(folder)
    index.follow(Log(seen=log.seen[:30]).changes)
    with a_full_disk(largest_bytes), pytest.raises(SearchIndexError, match="disk space") as kept:
        (index.rebuild if rebuild else index.follow)(log.changes)
    another = opened(folder)
    assert another.set_aside is None
    assert found_by_word(another, "kite7") == [7]
    index.follow(log.changes)
    assert_level(index, log)
    assert_level(opened(folder), log)
    assert kept.value.__cause__ is not None


def test_a_removal_that_was_cut_short_is_done_again(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    log.remove([5])
    # Room for a row of the vectors, which are shorter, and for no list of segments.
    with a_full_disk(1_000), pytest.raises(SearchIndexError):
        level.follow(log.changes)
    index = opened(folder)
    index.follow(log.changes)
    assert_level(index, log)


def test_a_full_disk_is_told_when_the_first_files_are_made(folder: Path) -> None:
    with a_full_disk(10), pytest.raises(SearchIndexError, match="disk space"):
        opened(folder)
    assert opened(folder).set_aside is None
