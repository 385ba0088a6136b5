"""Damaged and foreign files are moved aside and rebuilt; a full disk loses nothing."""

import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from broadsheet.errors import SearchIndexError
from broadsheet.index.local.engine import LocalEngine
from tests.index.samples import (
    NEW,
    ChangeLog,
    InterruptedBuildError,
    assert_up_to_date,
    found_by_word,
    generations,
    interrupt_after,
    opened,
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
    "garbage in the postings": lambda f: _change_inside(_segment(f, "idx")),
    "garbage in the vectors": lambda f: _change_inside(f / "generation-1" / "vectors.i8"),
    "garbage as lengths": lambda f: _segment(f, "fieldnorm").write_bytes(b"garbage" * 20),
    "a folder as columns": lambda f: _as_folder(_segment(f, "fast")),
}


def _change_inside(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-28])


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_files_are_moved_aside_and_rebuilt(
    folder: Path, log: ChangeLog, damage: Callable[[Path], object]
) -> None:
    opened(folder).update(log.read)
    damage(folder)
    index = opened(folder)
    assert index.damaged_files is not None
    assert any(index.damaged_files.iterdir())
    assert index.position == 0
    index.update(log.read)
    assert_up_to_date(index, log)
    assert opened(folder).damaged_files is None


def test_the_index_of_another_library_is_moved_aside(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    index = opened(folder, library="another library")
    assert index.damaged_files is not None
    index.update(log.read)
    assert_up_to_date(index, log)


@pytest.mark.parametrize("fields", [{"format": 3}, {"format": 1, "spec": None}])
def test_an_index_of_an_earlier_format_is_rebuilt_and_deleted(
    indexed: LocalEngine, folder: Path, log: ChangeLog, fields: dict[str, object]
) -> None:
    state = orjson.loads((folder / "state.json").read_bytes())
    earlier = orjson.dumps({**state, **fields})
    (folder / "state.json").write_bytes(earlier)
    # A build that the earlier version left unfinished is of no use either.
    (folder / "building.json").write_bytes(orjson.dumps({**state, **fields, "generation": 2}))
    (folder / "generation-2").mkdir()
    index = opened(folder)
    assert index.is_upgraded
    assert index.damaged_files is None
    index.update(log.read)
    assert_up_to_date(index, log)
    assert generations(folder) == ["generation-3"]
    assert not list(folder.glob("damaged-*"))
    assert not opened(folder).is_upgraded


def test_only_the_newest_damaged_files_are_kept(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    for _ in range(3):
        (folder / "state.json").write_bytes(b"garbage")
        opened(folder).update(log.read)
    assert len(list(folder.glob("damaged-*"))) == 1


def test_damage_does_not_affect_a_build_in_progress(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    with pytest.raises(InterruptedBuildError):
        opened(folder, NEW).update(log.read, interrupt_after(14))
    (folder / "state.json").write_bytes(b"garbage")
    index = opened(folder, NEW)
    assert index.damaged_files is not None
    reported: list[int] = []
    index.update(log.read, reported.append)
    assert reported[0] == 14
    assert_up_to_date(index, log)


@pytest.mark.parametrize("content", [b"garbage", b"", b"[]"])
def test_an_invalid_build_state_is_ignored(
    indexed: LocalEngine, folder: Path, log: ChangeLog, content: bytes
) -> None:
    with pytest.raises(InterruptedBuildError):
        opened(folder, NEW).update(log.read, interrupt_after(14))
    (folder / "building.json").write_bytes(content)
    index = opened(folder, NEW)
    index.update(log.read)
    assert_up_to_date(index, log)
    assert len(generations(folder)) == 1


def test_a_damaged_build_starts_again(indexed: LocalEngine, folder: Path, log: ChangeLog) -> None:
    with pytest.raises(InterruptedBuildError):
        opened(folder, NEW).update(log.read, interrupt_after(14))
    (folder / "generation-2" / "vectors.i8").write_bytes(b"")
    index = opened(folder, NEW)
    index.update(log.read)
    assert_up_to_date(index, log)
    assert len(generations(folder)) == 1


def test_a_file_in_place_of_the_folder_is_an_error(folder: Path) -> None:
    folder.write_bytes(b"in the way")
    with pytest.raises(SearchIndexError, match=r"index.*cannot be created"):
        opened(folder)


def test_a_folder_in_place_of_the_lock_is_an_error(folder: Path) -> None:
    (folder / "lock").mkdir(parents=True)
    with pytest.raises(SearchIndexError, match="index"):
        opened(folder)


def test_an_older_version_does_not_overwrite_newer_files(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    _newer(folder)
    indexed.refresh()
    assert found_by_word(indexed, "kite7") == [7]
    with pytest.raises(SearchIndexError, match="restart"):
        indexed.update(log.read)


@contextmanager
def a_full_disk(largest_bytes: int) -> Iterator[None]:
    """Limit the size of files, which has the same effect on a writer as a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("largest_bytes", [100, 2_000, 4_000, 8_000])
@pytest.mark.parametrize("rebuild", [False, True])
def test_writing_continues_after_a_full_disk_has_space_again(
    folder: Path, largest_bytes: int, rebuild: bool
) -> None:
    log = ChangeLog(step=100)
    log.add(range(1, 301))
    index = opened(folder)
    index.update(ChangeLog(entries=log.entries[:30]).read)
    with a_full_disk(largest_bytes), pytest.raises(SearchIndexError, match="disk space") as kept:
        (index.rebuild if rebuild else index.update)(log.read)
    another = opened(folder)
    assert another.damaged_files is None
    assert found_by_word(another, "kite7") == [7]
    index.update(log.read)
    assert_up_to_date(index, log)
    assert_up_to_date(opened(folder), log)
    assert kept.value.__cause__ is not None


def test_an_interrupted_deletion_is_repeated(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    log.delete([5])
    # Enough space for a row of vectors, but not for a list of segments.
    with a_full_disk(1_000), pytest.raises(SearchIndexError):
        indexed.update(log.read)
    index = opened(folder)
    index.update(log.read)
    assert_up_to_date(index, log)


def test_a_full_disk_is_an_error_when_the_first_files_are_created(folder: Path) -> None:
    with a_full_disk(10), pytest.raises(SearchIndexError, match="disk space"):
        opened(folder)
    assert opened(folder).damaged_files is None
