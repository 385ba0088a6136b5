"""The trending score: baselines, weights, category factors and the stored form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Kind
from broadsheet.rules.gains import HALF_LIFE_H, KINDS, Floats, decayed_attention, gains_of
from broadsheet.rules.trending import (
    DEFAULT_BASELINES,
    PRIOR_WEIGHT,
    appearance_h,
    attention_start_h,
    baselines,
    category_factors,
    log_score,
    prior_attention,
    score,
    score_at,
)
from tests.rules.observed import NOW_H, SERIES, UNKNOWN, Series, observed

_attention = st.lists(
    st.lists(st.floats(0, 1e6), min_size=len(KINDS), max_size=len(KINDS)), min_size=2, max_size=6
).map(np.array)


def test_predicted_upvotes_decay_from_when_the_paper_appeared() -> None:
    appeared_h = NOW_H - np.array([0, HALF_LIFE_H, 2 * HALF_LIFE_H, -5, UNKNOWN])
    prior = prior_attention(np.full(5, 10.0), appeared_h, NOW_H)
    assert (prior / (10 * PRIOR_WEIGHT)).tolist() == pytest.approx([1, 0.5, 0.25, 1, 0])


def test_baselines_without_any_attention_are_the_start_values() -> None:
    measured = baselines(np.zeros((1_000, len(KINDS))))
    assert measured.tolist() == pytest.approx(DEFAULT_BASELINES.tolist())


def test_many_papers_move_the_baselines_and_one_barely() -> None:
    one, many = (baselines(np.tile(DEFAULT_BASELINES * 9, (count, 1))) for count in (1, 5_000))
    assert (one < 1.2 * DEFAULT_BASELINES).all()
    assert (many > 8.9 * DEFAULT_BASELINES).all()


def test_papers_without_a_kind_do_not_lower_its_baseline() -> None:
    attended = np.tile(DEFAULT_BASELINES * 4, (100, 1))
    among_many = np.vstack([attended, np.zeros((10_000, len(KINDS)))])
    assert baselines(among_many).tolist() == pytest.approx(baselines(attended).tolist())


@given(_attention, st.integers(0, len(KINDS) - 1), st.floats(1, 1e6))
def test_more_attention_never_lowers_a_score(attention: Floats, kind: int, more: float) -> None:
    before = score(attention, DEFAULT_BASELINES)
    attention[0, kind] += more
    after = score(attention, DEFAULT_BASELINES)
    is_scored = KINDS[kind].weight > 0
    assert after[0] > before[0] if is_scored else after[0] == pytest.approx(before[0])
    assert after[1:].tolist() == before[1:].tolist()


@given(_attention, st.integers(0, len(KINDS) - 1))
def test_a_missing_source_removes_its_own_part_only(attention: Floats, kind: int) -> None:
    missing, alone = attention.copy(), np.zeros_like(attention)
    missing[:, kind], alone[:, kind] = 0, attention[:, kind]
    rest = score(attention, DEFAULT_BASELINES) - score(alone, DEFAULT_BASELINES)
    expected = score(missing, DEFAULT_BASELINES)
    assert rest.tolist() == pytest.approx(expected.tolist(), abs=1e-6)


def test_attention_of_two_kinds_counts_for_more_than_twice_as_much_of_one() -> None:
    attention = np.zeros((2, len(KINDS)))
    upvotes, points = KINDS.index(Kind.UPVOTES), KINDS.index(Kind.POINTS)
    attention[0, upvotes] = 2 * Kind.UPVOTES.baseline
    attention[1, upvotes], attention[1, points] = Kind.UPVOTES.baseline, Kind.POINTS.baseline
    one, both = score(attention, DEFAULT_BASELINES)
    assert both > one


def test_a_paper_with_the_baseline_of_upvotes_scores_one() -> None:
    attention = np.where([kind is Kind.UPVOTES for kind in KINDS], DEFAULT_BASELINES, 0.0)
    assert score(attention[None, :], DEFAULT_BASELINES) == pytest.approx(1.0)


def test_the_factor_of_a_category_with_low_scores_is_above_one() -> None:
    high, low = category_factors(np.repeat([4.0, 1.0], 500), np.repeat([0, 1], 500), 2)
    assert high < 1 < low


def test_the_factor_of_a_small_category_is_close_to_one() -> None:
    scores, category = np.append(np.ones(1_000), 0.0), np.append(np.zeros(1_000, np.int64), 1)
    assert category_factors(scores, category, 2)[1] < 1.05


@given(
    st.lists(st.tuples(st.floats(0, 1e6, allow_subnormal=False), st.integers(0, 4)), max_size=60)
)
def test_category_factors_are_between_a_half_and_two(papers: list[tuple[float, int]]) -> None:
    scores = np.array([score for score, _ in papers])
    category = np.array([category for _, category in papers], dtype=np.int64)
    factors = category_factors(scores, category, 5)
    assert ((factors >= 0.5) & (factors <= 2)).all()


def test_the_factor_of_the_only_category_is_one() -> None:
    assert category_factors(np.array([1.0, 5.0]), np.zeros(2, np.int64), 1).tolist() == [1]


@given(st.floats(1e-6, 1e6), st.floats(0, 1e6))
def test_a_log_score_converts_back_to_the_score(scored: float, now_h: float) -> None:
    assert score_at(float(log_score(scored, now_h)), now_h) == pytest.approx(scored, rel=1e-6)


def test_the_log_score_of_zero_is_minus_infinity() -> None:
    assert float(log_score(0.0, NOW_H)) == -np.inf
    assert score_at(-np.inf, NOW_H) == 0


@given(SERIES, SERIES, st.floats(0, 24))
def test_log_scores_do_not_change_while_papers_gain_nothing(
    series: Series, other: Series, later_h: float
) -> None:
    found = gains_of(
        observed((0, Kind.UPVOTES, series), (1, Kind.UPVOTES, other)), np.full(2, NOW_H - 200)
    )
    now, later = (
        log_score(score(decayed_attention(found, 2, at_h), DEFAULT_BASELINES), at_h)
        for at_h in (NOW_H, NOW_H + later_h)
    )
    assert later.tolist() == pytest.approx(now.tolist(), abs=1e-6)


@pytest.mark.parametrize(
    ("published_h", "added_h", "submitted_h", "expected_h"),
    [
        (100.0, 110.0, 130.0, 130.0),
        (100.0, 110.0, UNKNOWN, 110.0),
        (100.0, 9_000.0, UNKNOWN, 100.0),
        (100.0, 90.0, UNKNOWN, 90.0),
        (UNKNOWN, 110.0, UNKNOWN, UNKNOWN),
        (UNKNOWN, 110.0, 130.0, 130.0),
    ],
    ids=["submitted", "announced", "added late", "added early", "undated", "undated, submitted"],
)
def test_a_paper_appears_when_submitted_else_when_announced_else_on_its_date(
    published_h: float, added_h: float, submitted_h: float, expected_h: float
) -> None:
    times = (np.array([hours]) for hours in (published_h, added_h, submitted_h))
    assert appearance_h(*times).tolist() == pytest.approx([expected_h], nan_ok=True)


@pytest.mark.parametrize(
    ("published_h", "added_h", "submitted_h", "expected_h"),
    [
        (100.0, 110.0, 130.0, 130.0),
        (100.0, 110.0, UNKNOWN, 100.0),
        (100.0, 90.0, UNKNOWN, 90.0),
        (UNKNOWN, 110.0, UNKNOWN, UNKNOWN),
    ],
    ids=["submitted", "announced", "added early", "undated"],
)
def test_attention_may_start_before_a_paper_is_announced(
    published_h: float, added_h: float, submitted_h: float, expected_h: float
) -> None:
    times = (np.array([hours]) for hours in (published_h, added_h, submitted_h))
    assert attention_start_h(*times).tolist() == pytest.approx([expected_h], nan_ok=True)
