import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from broadsheet.errors import SearchIndexError
from broadsheet.index.local.rerank_vectors import Sharp, mark_of

DIM = 384
ROW_BYTES = DIM + 16

Open = Callable[[], Sharp]


def units(n: int, seed: int = 0, dim: int = DIM) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sharp" / "vectors.i8"


@pytest.fixture
def opened(path: Path) -> Open:
    return lambda: Sharp(path, DIM, "a model")


def test_a_new_store_is_empty_and_writes_no_vectors(path: Path, opened: Open) -> None:
    sharp = opened()
    assert len(sharp) == 0
    assert 1 not in sharp
    assert sharp.missing([2, 1]) == [2, 1]
    assert np.isnan(sharp.cosines(units(1)[0], [1, 2])).all()
    assert not path.exists()


def test_cosines_are_those_of_the_vectors_to_within_a_hundredth(opened: Open) -> None:
    vectors, query = units(500), units(1, seed=1)[0]
    sharp = opened()
    sharp.append(range(1, 501), [0] * 500, vectors)
    np.testing.assert_allclose(sharp.cosines(query, range(1, 501)), vectors @ query, atol=0.01)
    assert sharp.cosines(vectors[6], [7])[0] == pytest.approx(1, abs=1e-3)


def test_papers_without_a_vector_have_no_cosine(opened: Open) -> None:
    sharp = opened()
    sharp.append([5], [0], units(1))
    near = sharp.cosines(units(1)[0], [4, 5, 6])
    assert near.dtype == np.float32
    assert np.isnan(near).tolist() == [True, False, True]
    assert sharp.missing([6, 5, 4]) == [6, 4]


def test_a_query_or_paper_of_which_nothing_is_known_has_no_cosine(opened: Open) -> None:
    sharp = opened()
    sharp.append([1, 2], [0, 0], np.vstack([units(1), np.zeros((1, DIM), dtype=np.float32)]))
    assert np.isnan(sharp.cosines(np.zeros(DIM, dtype=np.float32), [1, 2])).all()
    assert np.isnan(sharp.cosines(units(1)[0], [1, 2])).tolist() == [False, True]
    assert sharp.missing([1, 2]) == []


def test_a_later_row_replaces_an_earlier_one(opened: Open) -> None:
    vectors = units(2)
    sharp = opened()
    sharp.append([3], [0], vectors[:1])
    sharp.append([3], [0], vectors[1:])
    for store in (sharp, opened()):
        assert len(store) == 1
        assert store.cosines(vectors[1], [3])[0] == pytest.approx(1, abs=1e-3)


def test_of_two_rows_at_once_the_later_counts(opened: Open) -> None:
    vectors = units(2)
    sharp = opened()
    sharp.append([3, 3], [0, 0], vectors)
    assert sharp.cosines(vectors[1], [3])[0] == pytest.approx(1, abs=1e-3)


def test_a_removed_paper_is_gone_and_can_come_back(opened: Open) -> None:
    sharp = opened()
    sharp.append([1, 2], [0, 0], units(2))
    sharp.remove([2, 9])
    for store in (sharp, opened()):
        assert (1 in store, 2 in store, len(store)) == (True, False, 1)
    sharp.append([2], [0], units(1))
    assert 2 in opened()


def test_removing_what_is_not_there_writes_nothing(path: Path, opened: Open) -> None:
    sharp = opened()
    sharp.append([1], [0], units(1))
    before = path.stat().st_size
    sharp.remove([2, 3])
    sharp.remove([])
    assert path.stat().st_size == before


def test_a_paper_whose_text_changed_is_outdated(opened: Open) -> None:
    sharp = opened()
    sharp.append([1, 2], [mark_of("old"), mark_of("same")], units(2))
    now = {1: mark_of("new"), 2: mark_of("same"), 3: mark_of("unknown")}
    assert sharp.outdated(now) == [1]
    assert opened().outdated(now) == [1]
    sharp.append([1], [mark_of("new")], units(1))
    assert sharp.outdated(now) == []
    assert sharp.outdated({}) == []


def test_another_process_is_seen_after_a_reload(opened: Open) -> None:
    reader, writer = opened(), opened()
    writer.append([1], [0], units(1))
    assert 1 not in reader
    reader.reload()
    assert 1 in reader
    writer.remove([1])
    writer.append([2], [0], units(1))
    reader.reload()
    assert (1 in reader, 2 in reader) == (False, True)


def test_a_deleted_file_is_an_empty_store(path: Path, opened: Open) -> None:
    sharp = opened()
    sharp.append([1, 2], [0, 0], units(2))
    path.unlink()
    sharp.reload()
    assert len(sharp) == 0
    sharp.append([3], [0], units(1))
    assert (1 in sharp, 3 in sharp) == (False, True)


@pytest.mark.parametrize("torn_bytes", [1, 8, ROW_BYTES - 1])
def test_a_torn_row_is_not_read_and_then_cut(path: Path, opened: Open, torn_bytes: int) -> None:
    opened().append([1, 2], [0, 0], units(2))
    os.truncate(path, path.stat().st_size - ROW_BYTES + torn_bytes)
    sharp = opened()
    assert (1 in sharp, 2 in sharp) == (True, False)
    sharp.append([3], [0], units(1, seed=3))
    for store in (sharp, opened()):
        assert (1 in store, 2 in store, 3 in store) == (True, False, True)
        assert store.cosines(units(1, seed=3)[0], [3])[0] == pytest.approx(1, abs=1e-3)


def test_rows_of_zeros_that_a_crash_left_are_passed_over(path: Path, opened: Open) -> None:
    opened().append([1], [0], units(1))
    with path.open("ab") as file:
        file.write(bytes(3 * ROW_BYTES))
    sharp = opened()
    sharp.append([2], [0], units(1))
    assert (len(sharp), 0 in sharp, 1 in sharp, 2 in sharp) == (2, False, True, True)


@pytest.mark.parametrize(
    "other", [lambda p: Sharp(p, DIM, "another model"), lambda p: Sharp(p, 64, "a model")]
)
def test_a_file_of_another_model_is_set_aside(
    path: Path, opened: Open, other: Callable[[Path], Sharp]
) -> None:
    opened().append([1], [0], units(1))
    written = path.read_bytes()
    changed = other(path)
    assert changed.set_aside is not None
    assert changed.set_aside.read_bytes() == written
    assert len(changed) == 0
    assert other(path).set_aside is None


@pytest.mark.parametrize("content", [b"", b"torn", b"x" * 5_000])
def test_a_file_without_our_head_is_set_aside(path: Path, opened: Open, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    sharp = opened()
    assert sharp.set_aside is not None
    assert sharp.set_aside.read_bytes() == content
    sharp.append([1], [0], units(1))
    assert 1 in opened()


def test_a_file_that_became_another_models_is_not_written_to(path: Path, opened: Open) -> None:
    mine = opened()
    mine.append([1], [0], units(1))
    theirs = Sharp(path, DIM, "another model")
    theirs.append([7], [0], units(1))
    mine.reload()
    assert len(mine) == 0
    with pytest.raises(SearchIndexError, match="another model"):
        mine.append([2], [0], units(1))
    assert len(Sharp(path, DIM, "another model")) == 1


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SearchIndexError, match=r"file/vectors\.i8.*could not be read"):
        Sharp(tmp_path / "file" / "vectors.i8", DIM, "a model")


def test_a_writer_killed_at_any_moment_leaves_a_store_that_opens(path: Path, opened: Open) -> None:
    code = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from broadsheet.index.local.rerank_vectors import Sharp\n"
        f"sharp = Sharp(Path(sys.argv[1]), {DIM}, 'a model')\n"
        "vectors = np.eye(64, 384, dtype=np.float32)\n"
        "for start in range(1, 10**6, 64):\n"
        "    sharp.append(range(start, start + 64), [0] * 64, vectors)\n"
        "    print(start + 63, flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(5)]
        writer.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    sharp = opened()
    assert len(sharp) >= told[-1]
    assert sharp.missing(range(1, told[-1] + 1)) == []
    sharp.append([10**6], [0], units(1))
    assert 10**6 in opened()


def append_some(path: Path, first: int) -> None:
    sharp = Sharp(path, DIM, "a model")
    for num in range(first, first + 40):
        sharp.append([num], [num], units(1, seed=num))


def test_two_writers_lose_nothing(path: Path, opened: Open) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=append_some, args=(path, first)) for first in (1, 41)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    sharp = opened()
    assert sharp.missing(range(1, 81)) == []
    for num in (1, 41, 80):
        assert sharp.cosines(units(1, seed=num)[0], [num])[0] == pytest.approx(1, abs=1e-3)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(st.integers(1, 6), max_size=5)),
        st.tuples(st.just("remove"), st.lists(st.integers(1, 6), max_size=5)),
        st.tuples(st.just("tear"), st.just([])),
        st.tuples(st.just("open"), st.just([])),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(steps)
def test_it_holds_what_a_dictionary_would(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, list[int]]]
) -> None:
    path = tmp_path_factory.mktemp("sharp") / "vectors.i8"
    sharp = Sharp(path, 8, "a model")
    expected: dict[int, int] = {}
    for number, (step, nums) in enumerate(told):
        if step == "append":
            sharp.append(nums, [number] * len(nums), units(len(nums), seed=number, dim=8))
            expected |= dict.fromkeys(nums, number)
        elif step == "remove":
            sharp.remove(nums)
            expected = {num: mark for num, mark in expected.items() if num not in nums}
        elif step == "tear" and path.exists():
            with path.open("ab") as file:
                file.write(b"torn")
        else:
            sharp = Sharp(path, 8, "a model")
    for store in (sharp, Sharp(path, 8, "a model")):
        assert len(store) == len(expected)
        assert store.missing(range(1, 7)) == [n for n in range(1, 7) if n not in expected]
        assert store.outdated(expected) == []
