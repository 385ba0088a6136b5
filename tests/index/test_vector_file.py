"""The format of vector files: replaced, deleted, torn and damaged rows."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from broadsheet.index.vector_file import VectorFile, VectorRows, text_hash

DIM = 16
ROW_BYTES = 8 + 8 + 4 + DIM


def unit_vectors(count: int, seed: int = 0, dim: int = DIM) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def cosine(rows: VectorRows, num: int, vector: NDArray[np.float32]) -> float:
    return float(rows.take(np.asarray([num])).cosines(vector)[0])


def has(rows: VectorRows, *nums: int) -> list[bool]:
    return [row >= 0 for row in rows.rows(np.asarray(nums)).tolist()]


@pytest.fixture
def file(tmp_path: Path) -> VectorFile:
    return VectorFile(tmp_path / "vectors.i8", DIM)


def test_a_missing_file_has_no_rows(file: VectorFile) -> None:
    rows = file.read()
    assert (rows.papers, file.rows, has(rows, 0, 1)) == (0, 0, [False, False])
    assert cosine(rows, 1, unit_vectors(1)[0]) == 0
    assert file.is_current(rows)
    assert not file.path.exists()


def test_vectors_are_read_back_with_8_bits(file: VectorFile) -> None:
    vectors = unit_vectors(500)
    file.append(dict(enumerate(vectors, start=1)))
    stored = file.read().take(np.arange(1, 501)).dequantized()
    np.testing.assert_allclose(stored, vectors, atol=0.005)


def test_a_later_row_replaces_an_earlier_one(file: VectorFile) -> None:
    first, second = unit_vectors(2)
    file.append({3: first})
    file.append({3: second})
    rows = file.read()
    assert rows.papers == 1
    assert cosine(rows, 3, second) > 0.99


def test_a_deleted_paper_can_be_added_again(file: VectorFile) -> None:
    first, second = unit_vectors(2)
    file.append({1: first, 2: second})
    file.append({2: None})
    assert has(file.read(), 1, 2) == [True, False]
    file.append({2: second})
    assert has(file.read(), 1, 2) == [True, True]


def test_a_zero_vector_is_stored(file: VectorFile) -> None:
    file.append({1: np.zeros(DIM, dtype=np.float32)})
    rows = file.read()
    assert has(rows, 1) == [True]
    assert cosine(rows, 1, unit_vectors(1)[0]) == 0


def test_a_vector_is_stale_if_its_text_changed_or_it_is_missing(file: VectorFile) -> None:
    old, same = text_hash("old"), text_hash("same")
    file.append(dict(zip((1, 2), unit_vectors(2), strict=True)), {1: old, 2: same})
    present = {1: text_hash("new"), 2: same, 3: text_hash("unknown")}
    assert file.read().stale(present) == [1, 3]
    file.append({1: unit_vectors(1)[0]}, {1: text_hash("new")})
    assert file.read().stale(present) == [3]
    assert file.read().stale({}) == []


def test_a_hash_is_that_of_the_exact_text() -> None:
    texts = ["", "kite", "Kite", "kite ", "\ud800", "\0"]
    assert len({text_hash(text) for text in texts}) == len(texts)
    assert text_hash("kite") == -1329019080128098414


def test_an_earlier_result_sees_nothing_of_later_rows(file: VectorFile) -> None:
    file.append({1: unit_vectors(1)[0]})
    earlier = file.read()
    file.append({2: unit_vectors(1)[0], 1: None})
    assert not file.is_current(earlier)
    assert has(earlier, 1, 2) == [True, False]
    later = file.read(earlier)
    assert has(later, 1, 2) == [False, True]
    assert file.is_current(later)


def test_a_replaced_file_is_read_from_its_start(file: VectorFile) -> None:
    vectors = unit_vectors(3)
    file.append({1: vectors[0]})
    earlier = file.read()
    other = VectorFile(file.path.with_name("other"), DIM)
    other.append({7: vectors[1], 8: vectors[2]})
    other.path.replace(file.path)
    assert not file.is_current(earlier)
    assert has(file.read(earlier), 1, 7, 8) == [False, True, True]
    file.path.unlink()
    assert file.read(earlier).papers == 0


@pytest.mark.parametrize("torn_bytes", [1, 8, 17, ROW_BYTES - 1])
def test_a_torn_row_is_ignored_and_then_truncated(file: VectorFile, torn_bytes: int) -> None:
    vectors = unit_vectors(3)
    file.append({1: vectors[0], 2: vectors[1]})
    os.truncate(file.path, ROW_BYTES + torn_bytes)
    assert has(file.read(), 1, 2) == [True, False]
    file.append({3: vectors[2]})
    rows = file.read()
    assert has(rows, 1, 2, 3) == [True, False, True]
    assert cosine(rows, 3, vectors[2]) > 0.99
    assert file.path.stat().st_size == 2 * ROW_BYTES


@pytest.mark.parametrize("block", [b"\0" * ROW_BYTES * 3, b"\xff" * 7 + b"\x7f" + b"x" * 28])
def test_damaged_rows_are_ignored(file: VectorFile, block: bytes) -> None:
    vector = unit_vectors(1)[0]
    file.append({1: vector})
    with file.path.open("ab") as opened:
        opened.write(block)
    file.append({2: vector})
    rows = file.read()
    assert (rows.papers, has(rows, 0, 1, 2)) == (2, [False, True, True])
    assert len(rows.row_of) == 3


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), 3e38, -1.0])
def test_a_row_with_an_impossible_scale_is_ignored(file: VectorFile, scale: float) -> None:
    vectors = unit_vectors(2)
    file.append({1: vectors[0], 2: vectors[1]})
    content = bytearray(file.path.read_bytes())
    content[16:20] = np.float32(scale).tobytes()
    file.path.write_bytes(content)
    rows = file.read()
    assert (rows.papers, has(rows, 1, 2)) == (1, [False, True])


@pytest.mark.parametrize("size", [1, ROW_BYTES - 1, 50 * ROW_BYTES + 3])
def test_a_file_of_random_bytes_is_read_without_an_error(file: VectorFile, size: int) -> None:
    file.path.write_bytes(np.random.default_rng(size).bytes(size))
    rows = file.read()
    assert rows.papers <= size // ROW_BYTES
    file.append({1: unit_vectors(1)[0]})
    assert has(file.read(rows), 1) == [True]


@pytest.mark.parametrize("change", ["cut", "bit", "other rows", "deleted"])
def test_rows_that_others_change_are_damage(file: VectorFile, change: str) -> None:
    vectors = unit_vectors(3)
    file.append({1: vectors[0], 2: vectors[1]})
    file.append({3: vectors[2]})
    assert not file.is_damaged()
    content = bytearray(file.path.read_bytes())
    content[30] ^= 1
    file.path.unlink()
    if change != "deleted":
        cut, zeros = content[:ROW_BYTES], bytearray(3 * ROW_BYTES)
        file.path.write_bytes({"cut": cut, "bit": content, "other rows": zeros}[change])
    assert file.is_damaged()
    file.delete()
    assert not file.is_damaged()


def test_rows_of_an_interrupted_append_are_no_damage(file: VectorFile) -> None:
    vector = unit_vectors(1)[0]
    file.append({1: vector})
    with file.path.open("ab") as opened:
        opened.write(bytes(ROW_BYTES) + b"torn")
    assert not file.is_damaged()
    file.append({2: vector})
    assert not file.is_damaged()
    file.path.with_name(f"{file.path.name}.crc").write_bytes(b"")
    file.append({3: vector})
    assert not file.is_damaged()
    assert has(file.read(), 1, 2, 3) == [True, True, True]


def test_vectors_in_memory_stay_when_the_file_is_cut_off(file: VectorFile) -> None:
    vectors = unit_vectors(5)
    file.append(dict(enumerate(vectors[:3], start=1)))
    rows = file.read()
    assert cosine(rows, 3, vectors[2]) > 0.99
    file.append({4: vectors[3]})
    later = file.read(rows)
    assert cosine(later, 4, vectors[3]) > 0.99
    os.truncate(file.path, 0)
    assert cosine(rows, 3, vectors[2]) > 0.99
    assert cosine(later, 4, vectors[3]) > 0.99


def test_a_paper_has_no_vector_if_the_file_has_another_row_in_its_place(file: VectorFile) -> None:
    vectors = unit_vectors(4)
    file.append(dict(enumerate(vectors, start=1)))
    rows = file.read()
    nums = np.arange(1, 6)
    np.testing.assert_array_equal(file.take(rows, nums).values, rows.take(nums).values)
    content = bytearray(file.path.read_bytes()[: 3 * ROW_BYTES + 5])
    content[ROW_BYTES : 2 * ROW_BYTES] = bytes(ROW_BYTES)
    file.path.write_bytes(content)
    known = file.take(rows, nums).scales > 0
    assert known.tolist() == [True, False, True, False, False]


def test_a_writer_killed_at_any_moment_leaves_every_durable_row(file: VectorFile) -> None:
    code = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from broadsheet.index.vector_file import VectorFile\n"
        f"file = VectorFile(Path(sys.argv[1]), {DIM})\n"
        f"vectors = np.ones((64, {DIM}), dtype=np.float32)\n"
        "for start in range(1, 10**6, 64):\n"
        "    file.append(dict(enumerate(vectors, start)))\n"
        "    print(start + 63, flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(file.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        durable = [int(writer.stdout.readline()) for _ in range(5)][-1]
        writer.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    assert all(has(file.read(), *range(1, durable + 1)))
    file.append({10**6: unit_vectors(1)[0]})
    assert has(file.read(), 1, durable, 10**6) == [True, True, True]


nums = st.lists(st.integers(1, 6), max_size=5, unique=True)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), nums),
        st.tuples(st.just("delete"), nums),
        st.tuples(st.sampled_from(["tear", "zeros", "reread"]), st.just([])),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(steps)
def test_it_stores_what_a_dictionary_stores(
    tmp_path_factory: pytest.TempPathFactory, script: list[tuple[str, list[int]]]
) -> None:
    file = VectorFile(tmp_path_factory.mktemp("file") / "vectors.i8", 8)
    expected: dict[int, int] = {}
    rows = file.read()
    for number, (step, papers) in enumerate(script):
        if step == "append":
            vectors = dict(zip(papers, unit_vectors(len(papers), number, 8), strict=True))
            file.append(vectors, dict.fromkeys(papers, number))
            expected |= dict.fromkeys(papers, number)
        elif step == "delete":
            file.append(dict.fromkeys(papers))
            expected = {num: value for num, value in expected.items() if num not in papers}
        elif step == "reread":
            rows = file.read(rows)
        elif file.path.exists():
            with file.path.open("ab") as opened:
                opened.write(b"torn" if step == "tear" else bytes(8 + 8 + 4 + 8))
    for view in (file.read(rows), file.read()):
        assert view.papers == len(expected)
        assert has(view, *range(1, 7)) == [num in expected for num in range(1, 7)]
        assert view.stale(expected) == []
