"""Gains between observations, and how they decay."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Kind
from broadsheet.rules.gains import (
    HALF_LIFE_H,
    KINDS,
    Observations,
    decayed_attention,
    gained_between,
    gains_of,
)
from tests.rules.observed import (
    NOW_H,
    SERIES,
    UNKNOWN,
    Series,
    attention,
    gains,
    observed,
    one_gain,
)

_DAY_H = 24.0
_LATE = [kind for kind in Kind if not kind.starts_at_zero]


def test_the_first_observation_of_upvotes_is_a_gain_since_attention_started() -> None:
    found = gains(Kind.UPVOTES, [(2, 30)], started_h=NOW_H - 12)
    assert found.amount.tolist() == [30]
    assert (found.from_h.tolist(), found.to_h.tolist()) == ([NOW_H - 12], [NOW_H - 2])


@pytest.mark.parametrize("kind", _LATE)
def test_the_first_observation_is_no_gain_if_the_count_may_be_older_than_the_paper(
    kind: Kind,
) -> None:
    assert gains(kind, [(2, 5_000)]).amount.tolist() == []
    assert gains(kind, [(2, 5_000), (1, 5_007)]).amount.tolist() == [7]


def test_the_first_observation_is_no_gain_if_the_start_is_unknown() -> None:
    series: Series = [(5, 30), (1, 34)]
    assert gains(Kind.UPVOTES, series[:1], started_h=UNKNOWN).amount.tolist() == []
    later = gains(Kind.UPVOTES, series, started_h=UNKNOWN)
    assert (later.amount.tolist(), later.from_h.tolist()) == ([4], [NOW_H - 5])


def test_an_observation_before_the_start_is_a_gain_of_that_moment() -> None:
    found = gains(Kind.UPVOTES, [(5, 30)], started_h=NOW_H - 1)
    assert found.from_h.tolist() == found.to_h.tolist() == [NOW_H - 5]


def test_a_total_that_falls_and_rises_again_gains_nothing() -> None:
    found = gains(Kind.UPVOTES, [(9, 10), (6, 4), (3, 10)])
    assert found.amount.sum() == 10
    assert found.to_h.max() == NOW_H - 9


def test_a_total_that_falls_counts_up_to_its_newest_value() -> None:
    assert gains(Kind.UPVOTES, [(9, 10), (3, 4)]).amount.tolist() == [4]


def test_a_wrong_high_observation_leaves_no_gain_once_it_is_corrected() -> None:
    assert gains(Kind.UPVOTES, [(9, 10), (6, 90_000), (3, 12)]).amount.sum() == 12


def test_kinds_sources_and_papers_have_separate_gains() -> None:
    found = gains_of(
        observed(
            (0, Kind.UPVOTES, [(9, 50)]),
            (0, Kind.POINTS, [(9, 3)]),
            (0, Kind.POINTS, [(8, 4)]),
            (1, Kind.UPVOTES, [(9, 1)]),
        ),
        np.full(2, NOW_H - 20),
    )
    assert found.amount.tolist() == [50, 3, 4, 1]
    assert found.paper.tolist() == [0, 0, 0, 1]


def test_no_observations_give_no_gains() -> None:
    none = np.zeros(0, dtype=np.int64)
    empty = Observations(none, none, none == 1, none == 1, np.zeros(0), np.zeros(0))
    found = gains_of(empty, np.zeros(3))
    assert len(found.amount) == 0
    assert decayed_attention(found, 3, NOW_H).tolist() == np.zeros((3, len(KINDS))).tolist()


def test_a_late_observation_spreads_its_gain_and_is_no_burst() -> None:
    burst = gains(Kind.UPVOTES, [(2, 0), (1, 100)])
    late = gains(Kind.UPVOTES, [(72, 0), (1, 100)])
    assert attention(late) < attention(burst) / 5


def test_huge_numbers_give_finite_gains() -> None:
    assert np.isfinite(gains(Kind.UPVOTES, [(9, 1e300), (3, float("inf"))]).amount).all()


@given(SERIES)
def test_gains_are_positive_and_add_up_to_the_newest_total(series: Series) -> None:
    found = gains(Kind.UPVOTES, series)
    assert (found.amount > 0).all()
    assert (found.from_h <= found.to_h).all()
    assert found.amount.sum() == series[-1][1]


@given(SERIES)
def test_gains_of_stars_add_up_to_the_rise_since_the_first_observation(series: Series) -> None:
    assert gains(Kind.STARS, series).amount.sum() == max(0, series[-1][1] - series[0][1])


@given(SERIES, SERIES)
def test_gains_of_one_paper_do_not_depend_on_the_next(series: Series, other: Series) -> None:
    both = gains_of(
        observed((0, Kind.UPVOTES, series), (1, Kind.UPVOTES, other)), np.full(2, NOW_H - 200)
    )
    alone = gains(Kind.UPVOTES, series)
    assert both.amount[both.paper == 0].tolist() == alone.amount.tolist()


def test_two_sources_that_count_the_same_thing_gain_once() -> None:
    series: Series = [(9, 100), (1, 140)]
    pair = [(0, Kind.STARS, series), (0, Kind.STARS, series)]
    counted_once = gains_of(observed(*pair, shared=True), np.zeros(1))
    counted_twice = gains_of(observed(*pair), np.zeros(1))
    alone = attention(gains(Kind.STARS, series))
    assert attention(counted_once) == pytest.approx(alone)
    assert attention(counted_twice) == pytest.approx(2 * alone)
    window_h = (NOW_H - _DAY_H, NOW_H)
    assert gained_between(counted_once, 1, *window_h).sum() == pytest.approx(40)


@given(st.lists(SERIES, min_size=1, max_size=4), st.lists(SERIES, min_size=1, max_size=3))
def test_the_largest_shared_gain_and_all_separate_gains_count(
    shared: list[Series], separate: list[Series]
) -> None:
    both = observed(*((0, Kind.UPVOTES, series) for series in (*shared, *separate)))
    both.shared[: sum(map(len, shared))] = True
    found = attention(gains_of(both, np.array([NOW_H - 200])))
    alone = [attention(gains(Kind.UPVOTES, series)) for series in (*shared, *separate)]
    expected = max(alone[: len(shared)]) + sum(alone[len(shared) :])
    assert found == pytest.approx(expected)


def test_a_source_that_starts_with_a_higher_count_is_no_gain() -> None:
    both = observed(
        (0, Kind.CITATIONS, [(30, 100), (1, 105)]), (0, Kind.CITATIONS, [(2, 900)]), shared=True
    )
    found = gained_between(gains_of(both, np.zeros(1)), 1, NOW_H - 100, NOW_H)
    assert found.sum() == pytest.approx(5)


@given(st.floats(0.1, 50), st.floats(0, 50), st.floats(0, 100))
def test_attention_halves_every_half_life(length_h: float, until_h: float, later_h: float) -> None:
    gain = one_gain(10, until_h + length_h, until_h)
    expected = attention(gain) * 0.5 ** (later_h / HALF_LIFE_H)
    assert attention(gain, NOW_H + later_h) == pytest.approx(expected, rel=1e-6)


def test_a_gain_of_this_moment_counts_in_full() -> None:
    assert attention(one_gain(10, 0, 0)) == pytest.approx(10, rel=1e-3)
    assert attention(one_gain(10, HALF_LIFE_H, HALF_LIFE_H)) == pytest.approx(5, rel=1e-3)


@given(st.floats(1, 50), st.floats(0.05, 0.95), st.floats(0, 50))
def test_a_gain_observed_in_two_parts_counts_as_much_as_the_whole(
    length_h: float, share: float, until_h: float
) -> None:
    since_h, between_h = until_h + length_h, until_h + length_h * (1 - share)
    parts = attention(one_gain(10 * share, since_h, between_h))
    parts += attention(one_gain(10 * (1 - share), between_h, until_h))
    assert parts == pytest.approx(attention(one_gain(10, since_h, until_h)), rel=1e-6)


@given(st.floats(0.01, 1e8))
def test_later_gains_do_not_count(ahead_h: float) -> None:
    assert attention(one_gain(10, 5, -ahead_h)) == 0


@given(st.floats(0, 60), st.floats(0, 60), st.floats(0, 60))
def test_a_long_gain_counts_in_a_window_by_its_share(
    since_h: float, until_h: float, between_h: float
) -> None:
    gain = one_gain(10, max(since_h, until_h), min(since_h, until_h))
    window_h = (NOW_H - 100, NOW_H - between_h, NOW_H + 1)
    earlier, later = (float(gained_between(gain, 1, *pair).sum()) for pair in pairwise(window_h))
    assert earlier >= 0 and later >= 0
    assert earlier + later == pytest.approx(10)


def test_half_of_an_even_gain_over_two_days_is_of_the_last_day() -> None:
    last_day = gained_between(one_gain(10, 2 * _DAY_H, 0), 1, NOW_H - _DAY_H, NOW_H)
    assert last_day.sum() == pytest.approx(5)


@given(SERIES, st.integers(0, 1_000), st.floats(0.01, 10))
def test_a_further_observation_that_is_not_lower_never_lowers_attention(
    series: Series, more: int, later_h: float
) -> None:
    longer = [(age_h + later_h, value) for age_h, value in series]
    longer.append((0.0, max(value for _, value in series) + more))
    before, after = (attention(gains(Kind.UPVOTES, one)) for one in (longer[:-1], longer))
    assert after >= before * (1 - 1e-9)
