"""Vectors: exact scan, rows that replace and remove, torn rows."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from broadsheet.index.local.semantic import Semantic, rounded

DIM = 16


def _vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    units: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors.i8"


def test_the_nearest_are_those_that_a_full_comparison_finds(path: Path) -> None:
    semantic, vectors = Semantic(path, DIM), _vectors(5_000)
    semantic.append(dict(enumerate(vectors, start=1)))
    asked = _vectors(1, seed=1)[0]
    nums, cosines = semantic.nearest(asked, 50)
    truth = vectors @ asked
    best = np.argsort(-truth)[:50] + 1
    assert len(set(nums.tolist()) & set(best.tolist())) >= 48
    np.testing.assert_allclose(cosines, truth[nums - 1], atol=0.02)
    assert (np.diff(cosines) <= 0).all()
    np.testing.assert_array_equal(cosines, semantic.cosines(asked, nums))


def test_a_later_row_replaces_and_a_removal_removes(path: Path) -> None:
    first, second, third = _vectors(3)
    semantic = Semantic(path, DIM)
    semantic.append({1: first, 2: second})
    semantic.append({1: third, 2: None})
    again = Semantic(path, DIM)
    for view in (semantic, again):
        assert len(view) == 1
        assert 1 in view
        assert 2 not in view
        assert view.nearest(third, 5)[0].tolist() == [1]
        assert view.cosines(third, [1, 2, 9])[1:].tolist() == [0, 0]
        assert view.cosines(third, [1])[0] > 0.99


def test_a_torn_row_is_cut_off(path: Path) -> None:
    first, second = _vectors(2)
    Semantic(path, DIM).append({1: first})
    whole = path.read_bytes()
    path.write_bytes(whole + b"torn")
    semantic = Semantic(path, DIM)
    semantic.append({2: second})
    assert path.read_bytes()[: len(whole)] == whole
    assert semantic.nearest(second, 1)[0].tolist() == [2]


def test_a_reader_sees_what_another_has_written_once_it_reloads(path: Path) -> None:
    first, second = _vectors(2)
    writer, reader = Semantic(path, DIM), Semantic(path, DIM)
    writer.append({1: first})
    assert reader.nearest(first, 5)[0].tolist() == [1]
    writer.append({2: second})
    reader.reload()
    assert set(reader.nearest(first, 5)[0].tolist()) == {1, 2}


def test_nothing_is_near_where_nothing_is_known(path: Path) -> None:
    semantic = Semantic(path, DIM)
    assert semantic.nearest(_vectors(1)[0], 5)[0].size == 0
    assert semantic.cosines(_vectors(1)[0], [1, 2]).tolist() == [0, 0]
    semantic.append({1: _vectors(1)[0]})
    assert semantic.nearest(np.zeros(DIM, dtype=np.float32), 5)[0].size == 0


@pytest.fixture
def large(path: Path) -> Semantic:
    """Two thousand papers in a graph, and a thousand that came later."""
    semantic, vectors = Semantic(path, DIM, scanned=1_000), _vectors(3_000)
    semantic.append(dict(enumerate(vectors[:2_000], start=1)))
    semantic.settle()
    semantic.keep()
    semantic.append(dict(enumerate(vectors[2_000:], start=2_001)) | {1: None})
    return semantic


def test_a_large_library_is_searched_by_a_graph_and_a_scan_of_what_came_after(
    large: Semantic, path: Path
) -> None:
    vectors, asked = _vectors(3_000), _vectors(1, seed=1)[0]
    truth = np.argsort(-(vectors @ asked))[:20] + 1
    for view in (large, Semantic(path, DIM, scanned=1_000)):
        nums, cosines = view.nearest(asked, 20)
        assert len(set(nums.tolist()) & set(truth.tolist())) >= 18
        assert 1 not in nums
        np.testing.assert_allclose(cosines, view.cosines(asked, nums), rtol=1e-6)
    assert (large.nearest(vectors[2_500], 1)[0] == 2_501).all()


def test_the_graph_takes_in_what_came_later_once_that_is_much(large: Semantic, path: Path) -> None:
    (before,) = path.parent.glob("*.usearch")
    large.settle()
    large.keep()
    (after,) = path.parent.glob("*.usearch")
    assert before != after
    large.settle()
    large.keep()
    assert [after] == list(path.parent.glob("*.usearch"))
    vectors = _vectors(3_000)
    for view in (large, Semantic(path, DIM, scanned=1_000)):
        assert view.nearest(vectors[2_500], 1)[0].tolist() == [2_501]


@pytest.mark.parametrize("keeps", [0, 100, -1])
def test_a_damaged_graph_is_done_without_and_made_anew(
    large: Semantic, path: Path, keeps: int
) -> None:
    (graph,) = path.parent.glob("*.usearch")
    graph.write_bytes(graph.read_bytes()[:keeps])
    view, vectors = Semantic(path, DIM, scanned=1_000), _vectors(3_000)
    assert view.nearest(vectors[6], 1)[0].tolist() == [7]
    view.settle()
    view.keep()
    assert view.nearest(vectors[6], 1)[0].tolist() == [7]
    assert [file.name for file in path.parent.glob("*.usearch")] != [graph.name]


@given(st.lists(st.floats(-1, 1, width=32), min_size=DIM, max_size=DIM))
def test_rounding_stays_within_half_a_step(values: list[float]) -> None:
    vector = np.asarray(values, dtype=np.float32)
    whole, scale = rounded(vector)
    assert np.abs(whole * scale - vector).max() <= scale * 0.51 + 1e-30
