"""Rerank vectors: several writers and readers, errors."""

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from broadsheet.errors import SearchIndexError
from broadsheet.index.rerank_vectors import RerankVectors
from tests.index.test_vector_file import unit_vectors

DIM = 384


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rerank"


@pytest.fixture
def vectors(folder: Path) -> RerankVectors:
    return RerankVectors(folder, "a-model", DIM)


def _append(vectors: RerankVectors, *nums: int, seed: int = 0) -> None:
    rows = unit_vectors(len(nums), seed, DIM)
    vectors.append(dict(zip(nums, rows, strict=True)), dict.fromkeys(nums, 0))


def test_nothing_is_written_before_the_first_vector(folder: Path, vectors: RerankVectors) -> None:
    assert len(vectors) == 0
    assert vectors.missing([2, 1]) == [2, 1]
    assert np.isnan(vectors.cosines(unit_vectors(1, 0, DIM)[0], np.asarray([1, 2]))).all()
    vectors.append({}, {})
    vectors.delete([1])
    assert not folder.exists()


def test_cosines_are_within_a_hundredth_and_nan_without_a_vector(vectors: RerankVectors) -> None:
    rows, query = unit_vectors(500, 0, DIM), unit_vectors(1, 1, DIM)[0]
    _append(vectors, *range(1, 501))
    cosines = vectors.cosines(query, np.arange(1, 502))
    assert cosines.dtype == np.float32
    np.testing.assert_allclose(cosines[:500], rows @ query, atol=0.01)
    assert np.isnan(cosines[500])
    assert vectors.missing([501, 5, 502]) == [501, 502]


def test_zero_vectors_have_no_cosine(vectors: RerankVectors) -> None:
    zero = np.zeros(DIM, dtype=np.float32)
    vectors.append({1: unit_vectors(1, 0, DIM)[0], 2: zero}, {1: 0, 2: 0})
    nums = np.asarray([1, 2])
    assert np.isnan(vectors.cosines(zero, nums)).all()
    assert np.isnan(vectors.cosines(unit_vectors(1, 0, DIM)[0], nums)).tolist() == [False, True]
    assert vectors.missing([1, 2]) == []


def test_deleting_papers_without_a_vector_writes_nothing(
    folder: Path, vectors: RerankVectors
) -> None:
    _append(vectors, 1)
    (file,) = folder.glob("*.i8")
    before = file.stat().st_size
    vectors.delete([2, 3])
    assert file.stat().st_size == before
    vectors.delete([1, 2])
    assert len(vectors) == 0


def test_a_reader_sees_another_writer_after_reloading(folder: Path, vectors: RerankVectors) -> None:
    reader = RerankVectors(folder, "a-model", DIM)
    _append(vectors, 1)
    assert reader.missing([1]) == [1]
    reader.reload()
    assert reader.missing([1]) == []
    # A reader that has not reloaded deletes what it has not seen.
    _append(vectors, 2)
    reader.delete([1, 2])
    vectors.reload()
    assert vectors.missing([1, 2]) == [1, 2]


def test_each_model_has_a_file_of_its_own(folder: Path, vectors: RerankVectors) -> None:
    _append(vectors, 1)
    other = RerankVectors(folder, "another-model", 64)
    assert other.missing([1]) == [1]
    other.append({2: unit_vectors(1, 0, 64)[0]}, {2: 0})
    assert RerankVectors(folder, "a-model", DIM).missing([1, 2]) == [2]


def test_a_path_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SearchIndexError, match=r"file/a-model\.i8.*could not be read"):
        RerankVectors(tmp_path / "file", "a-model", DIM)


def test_a_folder_that_cannot_be_written_is_named(folder: Path, vectors: RerankVectors) -> None:
    folder.write_text("in the way")
    with pytest.raises(SearchIndexError, match=r"rerank/a-model\.i8.*could not be written"):
        _append(vectors, 1)


def _append_forty(folder: Path, first: int) -> None:
    vectors = RerankVectors(folder, "a-model", DIM)
    for num in range(first, first + 40):
        _append(vectors, num, seed=num)


def test_two_writers_lose_no_rows(folder: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_append_forty, args=(folder, first)) for first in (1, 41)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    vectors = RerankVectors(folder, "a-model", DIM)
    assert vectors.missing(range(1, 81)) == []
    for num in (1, 41, 80):
        query = unit_vectors(1, num, DIM)[0]
        assert vectors.cosines(query, np.asarray([num]))[0] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("damage", ["cut", "zeros", "bit", "deleted"])
def test_a_damaged_file_is_computed_again(
    folder: Path, vectors: RerankVectors, damage: str
) -> None:
    _append(vectors, 1, 2, 3)
    file = folder / "a-model.i8"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    if damage == "deleted":
        file.unlink()
    elif damage == "cut":
        os.truncate(file, 600)
    else:
        file.write_bytes(content if damage == "bit" else bytes(len(content)))
    # A search before the job has looked at the file.
    cosines = vectors.cosines(unit_vectors(1, 0, DIM)[0], np.asarray([1, 2, 3]))
    assert np.isnan(cosines[1:]).all() == (damage != "bit")
    vectors.check()
    assert vectors.missing([1, 2, 3]) == [1, 2, 3]
    _append(vectors, 1, 2, 3)
    assert RerankVectors(folder, "a-model", DIM).missing([1, 2, 3]) == []
    vectors.check()
    assert vectors.missing([1, 2, 3]) == []
