import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from broadsheet.rules.reranking import calibrate

NONE = float("nan")

cosines = st.floats(-1, 1, width=32)
pairs = st.lists(st.tuples(cosines, cosines | st.just(NONE)), min_size=1, max_size=60)


def calibrated(plain: list[float], stronger: list[float]) -> NDArray[np.float32]:
    return calibrate(np.asarray(plain, dtype=np.float32), np.asarray(stronger, dtype=np.float32))


def test_without_stronger_cosines_nothing_changes() -> None:
    assert calibrated([0.5, 0.25, 0], [NONE] * 3).tolist() == [0.5, 0.25, 0]


def test_no_papers_have_no_cosines() -> None:
    assert calibrated([], []).tolist() == []


def test_if_all_papers_have_one_their_order_is_that_of_the_stronger_cosines() -> None:
    assert np.argsort(-calibrated([0.6, 0.5, 0.4], [0.1, 0.2, 0.3])).tolist() == [2, 1, 0]


def test_a_paper_moves_above_or_below_one_without_a_stronger_cosine() -> None:
    low, unchanged, high = calibrated([0.5, 0.5, 0.5], [0.2, NONE, 0.8])
    assert low < unchanged < high
    assert unchanged == 0.5


@pytest.mark.parametrize("offset", [-0.3, 0.3])
def test_a_constant_offset_of_the_stronger_model_has_little_effect(offset: float) -> None:
    plain = [0.1, 0.3] * 50
    stronger = [cosine + offset if number % 2 else NONE for number, cosine in enumerate(plain)]
    np.testing.assert_allclose(calibrated(plain, stronger), plain, atol=0.1 * abs(offset))


def test_the_shift_is_small_if_only_one_paper_has_both_cosines() -> None:
    assert calibrated([0.5, 0.5], [0.9, NONE])[0] > 0.75


@given(pairs)
def test_all_stronger_cosines_shift_by_the_same_amount_and_the_others_not_at_all(
    papers: list[tuple[float, float]],
) -> None:
    plain = np.asarray([pair[0] for pair in papers], dtype=np.float32)
    stronger = np.asarray([pair[1] for pair in papers], dtype=np.float32)
    result = calibrate(plain, stronger)
    known = ~np.isnan(stronger)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result[~known], plain[~known])
    shifts = result[known] - stronger[known]
    np.testing.assert_allclose(shifts, shifts[:1].repeat(len(shifts)), atol=1e-5)
