"""The vector index: scan, graph, replaced and deleted rows. Damage: test_vector_file.py."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from broadsheet.index.local.vector_index import VectorIndex

DIM = 16


def _vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    units: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors.i8"


def test_the_scan_finds_the_nearest_papers(path: Path) -> None:
    index, vectors = VectorIndex(path, DIM), _vectors(5_000)
    index.append(dict(enumerate(vectors, start=1)))
    query = _vectors(1, seed=1)[0]
    nums, cosines = index.nearest(query, 50)
    truth = vectors @ query
    best = np.argsort(-truth)[:50] + 1
    assert len(set(nums.tolist()) & set(best.tolist())) >= 48
    np.testing.assert_allclose(cosines, truth[nums - 1], atol=0.02)
    assert (np.diff(cosines) <= 0).all()
    np.testing.assert_array_equal(cosines, index.take(nums).cosines(query))


def test_a_later_row_replaces_or_deletes_an_earlier_one(path: Path) -> None:
    first, second, third = _vectors(3)
    index = VectorIndex(path, DIM)
    index.append({1: first, 2: second})
    index.append({1: third, 2: None})
    for view in (index, VectorIndex(path, DIM)):
        assert len(view) == 1
        assert 1 in view
        assert 2 not in view
        assert view.nearest(third, 5)[0].tolist() == [1]
        cosines = view.take(np.asarray([1, 2, 9])).cosines(third)
        assert cosines[0] > 0.99
        assert cosines[1:].tolist() == [0, 0]


def test_a_reader_sees_appended_rows_after_reloading(path: Path) -> None:
    first, second = _vectors(2)
    writer, reader = VectorIndex(path, DIM), VectorIndex(path, DIM)
    writer.append({1: first})
    assert reader.nearest(first, 5)[0].tolist() == [1]
    writer.append({2: second})
    reader.reload()
    assert set(reader.nearest(first, 5)[0].tolist()) == {1, 2}


def test_an_empty_index_and_a_zero_vector_have_no_nearest_papers(path: Path) -> None:
    index = VectorIndex(path, DIM)
    assert index.nearest(_vectors(1)[0], 5)[0].size == 0
    assert index.take(np.asarray([1, 2])).cosines(_vectors(1)[0]).tolist() == [0, 0]
    index.append({1: _vectors(1)[0]})
    assert index.nearest(np.zeros(DIM, dtype=np.float32), 5)[0].size == 0


@pytest.fixture
def large(path: Path) -> VectorIndex:
    """An index of 2,000 papers in a graph and 1,000 outside it; paper 1 is deleted."""
    index, vectors = VectorIndex(path, DIM, scan_limit=1_000), _vectors(3_000)
    index.append(dict(enumerate(vectors[:2_000], start=1)))
    index.extend_graph()
    index.save_graph()
    index.append(dict(enumerate(vectors[2_000:], start=2_001)) | {1: None})
    return index


def test_a_large_index_is_searched_by_graph_and_a_scan_of_the_rows_outside_it(
    large: VectorIndex, path: Path
) -> None:
    vectors, query = _vectors(3_000), _vectors(1, seed=1)[0]
    truth = np.argsort(-(vectors @ query))[:20] + 1
    for view in (large, VectorIndex(path, DIM, scan_limit=1_000)):
        nums, cosines = view.nearest(query, 20)
        assert len(set(nums.tolist()) & set(truth.tolist())) >= 18
        assert 1 not in nums
        np.testing.assert_allclose(cosines, view.take(nums).cosines(query), rtol=1e-6)
    assert (large.nearest(vectors[2_500], 1)[0] == 2_501).all()


def test_the_graph_is_extended_once_many_rows_are_outside_it(
    large: VectorIndex, path: Path
) -> None:
    (before,) = path.parent.glob("*.usearch")
    large.extend_graph()
    large.save_graph()
    (after,) = path.parent.glob("*.usearch")
    assert before != after
    large.extend_graph()
    large.save_graph()
    assert [after] == list(path.parent.glob("*.usearch"))
    vectors = _vectors(3_000)
    for view in (large, VectorIndex(path, DIM, scan_limit=1_000)):
        assert view.nearest(vectors[2_500], 1)[0].tolist() == [2_501]


@pytest.mark.parametrize("kept_bytes", [0, 100, -1])
def test_a_damaged_graph_is_ignored_and_rebuilt(
    large: VectorIndex, path: Path, kept_bytes: int
) -> None:
    (graph,) = path.parent.glob("*.usearch")
    graph.write_bytes(graph.read_bytes()[:kept_bytes])
    view, vectors = VectorIndex(path, DIM, scan_limit=1_000), _vectors(3_000)
    assert view.nearest(vectors[6], 1)[0].tolist() == [7]
    view.extend_graph()
    view.save_graph()
    assert view.nearest(vectors[6], 1)[0].tolist() == [7]
    assert [file.name for file in path.parent.glob("*.usearch")] != [graph.name]
