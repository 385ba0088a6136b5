import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from broadsheet.rules.reranking import refine

NOTHING = float("nan")

cosines = st.floats(-1, 1, width=32)
pairs = st.lists(st.tuples(cosines, cosines | st.just(NOTHING)), min_size=1, max_size=60)


def refined(plain: list[float], sharp: list[float]) -> NDArray[np.float32]:
    return refine(np.asarray(plain, dtype=np.float32), np.asarray(sharp, dtype=np.float32))


def test_without_sharper_cosines_nothing_changes() -> None:
    assert refined([0.5, 0.25, 0], [NOTHING] * 3).tolist() == [0.5, 0.25, 0]


def test_no_papers_give_no_cosines() -> None:
    assert refined([], []).tolist() == []


def test_with_all_of_them_their_order_rules() -> None:
    assert np.argsort(-refined([0.6, 0.5, 0.4], [0.1, 0.2, 0.3])).tolist() == [2, 1, 0]


def test_a_paper_is_raised_or_lowered_past_one_that_has_none() -> None:
    low, kept, high = refined([0.5, 0.5, 0.5], [0.2, NOTHING, 0.8])
    assert low < kept < high
    assert kept == 0.5


@pytest.mark.parametrize("offset", [-0.3, 0.3])
def test_a_model_that_puts_all_cosines_higher_favours_none(offset: float) -> None:
    plain = [0.1, 0.3] * 50
    sharp = [cosine + offset if number % 2 else NOTHING for number, cosine in enumerate(plain)]
    np.testing.assert_allclose(refined(plain, sharp), plain, atol=0.1 * abs(offset))


def test_one_comparison_alone_is_doubted() -> None:
    assert refined([0.5, 0.5], [0.9, NOTHING])[0] > 0.75


@given(pairs)
def test_papers_without_keep_theirs_and_the_others_keep_their_distances(
    told: list[tuple[float, float]],
) -> None:
    plain = np.asarray([pair[0] for pair in told], dtype=np.float32)
    sharp = np.asarray([pair[1] for pair in told], dtype=np.float32)
    result = refine(plain, sharp)
    known = ~np.isnan(sharp)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result[~known], plain[~known])
    moved = result[known] - sharp[known]
    np.testing.assert_allclose(moved, moved[:1].repeat(len(moved)), atol=1e-5)
