"""What is rising: gains between readings, how they cool, and what they come to."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Kind
from broadsheet.rules.trending import (
    HALF_LIFE_H,
    KINDS,
    PROMISE_SHARE,
    TRUST,
    USUAL,
    Floats,
    Gains,
    Readings,
    appeared,
    began,
    evened,
    gained_within,
    gains_of,
    heat,
    level,
    prior_attention,
    score,
    score_at,
    usual,
)

NOW_H = 490_000.0
NEVER = float("nan")
_DAY_H = 24.0
_USUAL = np.array([USUAL[kind] for kind in KINDS])

_ages_h = st.floats(0, 100)
_values = st.integers(0, 10_000)
# Ages of readings, the oldest first, each with a total.
_series = st.lists(st.tuples(_ages_h, _values), min_size=1, max_size=12).map(
    lambda told: sorted(told, key=lambda one: -one[0])
)
_heats = st.lists(
    st.lists(st.floats(0, 1e6), min_size=len(KINDS), max_size=len(KINDS)), min_size=2, max_size=6
).map(np.array)


def _read(*series: tuple[int, Kind, list[tuple[float, float]]]) -> Readings:
    """Readings of (paper, kind, [(age in hours, total)])."""
    flat = [
        (paper, KINDS.index(kind), place == 0, value, NOW_H - age_h)
        for paper, kind, told in series
        for place, (age_h, value) in enumerate(told)
    ]
    paper, kind_code, starts, value, at_h = zip(*flat, strict=True)
    return Readings(
        np.array(paper),
        np.array(kind_code),
        np.array(starts),
        np.array(value, dtype=np.float64),
        np.array(at_h),
    )


def _gains(kind: Kind, told: list[tuple[float, float]], appeared_h: float = NOW_H - 200) -> Gains:
    return gains_of(_read((0, kind, told)), np.array([appeared_h]))


def _gain(amount: float, since_h: float, until_h: float) -> Gains:
    """One gain of upvotes between two ages."""
    one = np.zeros(1, dtype=np.int64)
    kind = one + KINDS.index(Kind.UPVOTES)
    return Gains(
        one, kind, np.array([amount]), np.array([NOW_H - since_h]), np.array([NOW_H - until_h])
    )


def _heat(gains: Gains, now_h: float = NOW_H) -> float:
    return float(heat(gains, 1, now_h).sum())


def test_the_first_reading_of_upvotes_came_since_the_paper_appeared() -> None:
    gains = _gains(Kind.UPVOTES, [(2, 30)], appeared_h=NOW_H - 12)
    assert gains.amount.tolist() == [30]
    assert (gains.from_h.tolist(), gains.to_h.tolist()) == ([NOW_H - 12], [NOW_H - 2])


@pytest.mark.parametrize("kind", [Kind.STARS, Kind.LIKES, Kind.CITATIONS])
def test_the_first_reading_of_what_may_be_older_than_the_paper_tells_nothing(kind: Kind) -> None:
    assert _gains(kind, [(2, 5_000)]).amount.tolist() == []
    assert _gains(kind, [(2, 5_000), (1, 5_007)]).amount.tolist() == [7]


def test_of_a_paper_of_unknown_date_the_first_reading_tells_nothing() -> None:
    told: list[tuple[float, float]] = [(5, 30), (1, 34)]
    assert _gains(Kind.UPVOTES, told[:1], appeared_h=NEVER).amount.tolist() == []
    later = _gains(Kind.UPVOTES, told, appeared_h=NEVER)
    assert (later.amount.tolist(), later.from_h.tolist()) == ([4], [NOW_H - 5])


def test_what_was_read_before_the_paper_appeared_came_at_that_moment() -> None:
    gains = _gains(Kind.UPVOTES, [(5, 30)], appeared_h=NOW_H - 1)
    assert gains.from_h.tolist() == gains.to_h.tolist() == [NOW_H - 5]


def test_a_total_that_falls_and_rises_again_gains_nothing() -> None:
    gains = _gains(Kind.UPVOTES, [(9, 10), (6, 4), (3, 10)])
    assert gains.amount.sum() == 10
    assert gains.to_h.max() == NOW_H - 9


def test_a_total_that_stays_below_what_it_was_counts_only_as_much() -> None:
    assert _gains(Kind.UPVOTES, [(9, 10), (3, 4)]).amount.tolist() == [4]


def test_a_wrongly_high_reading_that_the_next_corrects_leaves_no_gain() -> None:
    gains = _gains(Kind.UPVOTES, [(9, 10), (6, 90_000), (3, 12)])
    assert gains.amount.sum() == 12


def test_kinds_sources_and_papers_do_not_mix() -> None:
    read = _read(
        (0, Kind.UPVOTES, [(9, 50)]),
        (0, Kind.POINTS, [(9, 3)]),
        (0, Kind.POINTS, [(8, 4)]),
        (1, Kind.UPVOTES, [(9, 1)]),
    )
    gains = gains_of(read, np.full(2, NOW_H - 20))
    assert gains.amount.tolist() == [50, 3, 4, 1]
    assert gains.paper.tolist() == [0, 0, 0, 1]


def test_where_nothing_was_read_nothing_came_in() -> None:
    none = np.zeros(0, dtype=np.int64)
    gains = gains_of(Readings(none, none, none == 1, np.zeros(0), np.zeros(0)), np.zeros(3))
    assert len(gains.amount) == 0
    assert heat(gains, 3, NOW_H).tolist() == np.zeros((3, len(KINDS))).tolist()


def test_what_a_late_reading_tells_is_spread_and_no_burst() -> None:
    burst = _gains(Kind.UPVOTES, [(2, 0), (1, 100)])
    late = _gains(Kind.UPVOTES, [(72, 0), (1, 100)])
    assert _heat(late) < _heat(burst) / 5


def test_numbers_beyond_all_counting_are_held_in_bounds() -> None:
    assert np.isfinite(_gains(Kind.UPVOTES, [(9, 1e300), (3, float("inf"))]).amount).all()


@given(_series)
def test_gains_are_never_negative_and_add_up_to_the_newest_total(
    told: list[tuple[float, float]],
) -> None:
    gains = _gains(Kind.UPVOTES, told)
    assert (gains.amount > 0).all()
    assert (gains.from_h <= gains.to_h).all()
    assert gains.amount.sum() == told[-1][1]


@given(_series)
def test_gains_of_stars_add_up_to_the_rise_since_the_first_reading(
    told: list[tuple[float, float]],
) -> None:
    first, last = told[0][1], told[-1][1]
    assert _gains(Kind.STARS, told).amount.sum() == max(0, last - first)


@given(_series, _series)
def test_one_paper_s_gains_do_not_depend_on_the_next(
    told: list[tuple[float, float]], other: list[tuple[float, float]]
) -> None:
    alone = _gains(Kind.UPVOTES, told)
    both = gains_of(
        _read((0, Kind.UPVOTES, told), (1, Kind.UPVOTES, other)), np.full(2, NOW_H - 200)
    )
    assert both.amount[both.paper == 0].tolist() == alone.amount.tolist()


@given(st.floats(0.1, 50), st.floats(0, 50), st.floats(0, 100))
def test_heat_halves_every_half_life(length_h: float, until_h: float, later_h: float) -> None:
    gains = _gain(10, until_h + length_h, until_h)
    cooled = _heat(gains) * 0.5 ** (later_h / HALF_LIFE_H)
    assert _heat(gains, NOW_H + later_h) == pytest.approx(cooled, rel=1e-6)


def test_a_gain_of_this_moment_is_its_heat() -> None:
    assert _heat(_gain(10, 0, 0)) == pytest.approx(10, rel=1e-3)
    assert _heat(_gain(10, HALF_LIFE_H, HALF_LIFE_H)) == pytest.approx(5, rel=1e-3)


@given(st.floats(1, 50), st.floats(0.05, 0.95), st.floats(0, 50))
def test_a_gain_told_in_two_parts_is_as_warm_as_the_whole(
    length_h: float, share: float, until_h: float
) -> None:
    since_h, between_h = until_h + length_h, until_h + length_h * (1 - share)
    parts = _heat(_gain(10 * share, since_h, between_h))
    parts += _heat(_gain(10 * (1 - share), between_h, until_h))
    assert parts == pytest.approx(_heat(_gain(10, since_h, until_h)), rel=1e-6)


@given(st.floats(0.01, 1e8))
def test_nothing_that_came_later_counts(ahead_h: float) -> None:
    assert _heat(_gain(10, 5, -ahead_h)) == 0


@given(st.floats(0, 60), st.floats(0, 60), st.floats(0, 60))
def test_a_gain_over_a_longer_time_counts_within_a_window_by_its_share(
    since_h: float, until_h: float, between_h: float
) -> None:
    since_h, until_h = max(since_h, until_h), min(since_h, until_h)
    gains = _gain(10, since_h, until_h)
    window_h = (NOW_H - 100, NOW_H - between_h, NOW_H + 1)
    earlier, later = (float(gained_within(gains, 1, *one).sum()) for one in pairwise(window_h))
    assert earlier >= 0 and later >= 0
    assert earlier + later == pytest.approx(10)


def test_half_of_what_came_evenly_over_two_days_came_in_the_last() -> None:
    last_day = gained_within(_gain(10, 2 * _DAY_H, 0), 1, NOW_H - _DAY_H, NOW_H)
    assert last_day.sum() == pytest.approx(5)


def test_a_text_gives_some_upvotes_in_advance_that_cool_from_when_the_paper_appeared() -> None:
    appeared_h = NOW_H - np.array([0, HALF_LIFE_H, 2 * HALF_LIFE_H, -5, NEVER])
    warm = prior_attention(np.full(5, 10.0), appeared_h, NOW_H)
    assert (warm / (10 * PROMISE_SHARE)).tolist() == pytest.approx([1, 0.5, 0.25, 1, 0])


def test_without_any_attention_what_is_usual_is_what_was_known_before() -> None:
    assert usual(np.zeros((1_000, len(KINDS)))).tolist() == pytest.approx(_USUAL.tolist())


def test_much_attention_moves_what_is_usual_and_little_of_it_barely() -> None:
    one, all_of_them = (usual(np.tile(_USUAL * 9, (count, 1))) for count in (1, 5_000))
    assert (one < 1.2 * _USUAL).all()
    assert (all_of_them > 8.9 * _USUAL).all()


def test_papers_without_a_kind_do_not_lower_what_is_usual_of_it() -> None:
    attended = np.tile(_USUAL * 4, (100, 1))
    among_many = np.vstack([attended, np.zeros((10_000, len(KINDS)))])
    assert usual(among_many).tolist() == pytest.approx(usual(attended).tolist())


@given(_heats, st.integers(0, len(KINDS) - 1), st.floats(1, 1e6))
def test_more_attention_never_lowers_a_score(heats: Floats, kind: int, more: float) -> None:
    before = score(heats, _USUAL)
    heats[0, kind] += more
    after = score(heats, _USUAL)
    believed = TRUST[KINDS[kind]] > 0
    assert after[0] > before[0] if believed else after[0] == pytest.approx(before[0])
    assert after[1:].tolist() == before[1:].tolist()


@given(_heats, st.integers(0, len(KINDS) - 1))
def test_a_source_that_is_missing_takes_its_own_part_away_and_no_other(
    heats: Floats, kind: int
) -> None:
    missing, alone = heats.copy(), np.zeros_like(heats)
    missing[:, kind], alone[:, kind] = 0, heats[:, kind]
    left = score(heats, _USUAL) - score(alone, _USUAL)
    assert left.tolist() == pytest.approx(score(missing, _USUAL).tolist(), abs=1e-6)


def test_attention_of_two_kinds_counts_for_more_than_twice_as_much_of_one() -> None:
    heats = np.zeros((2, len(KINDS)))
    upvotes, points = KINDS.index(Kind.UPVOTES), KINDS.index(Kind.POINTS)
    heats[0, upvotes] = 2 * USUAL[Kind.UPVOTES]
    heats[1, upvotes], heats[1, points] = USUAL[Kind.UPVOTES], USUAL[Kind.POINTS]
    one, both = score(heats, _USUAL)
    assert both > one


def test_a_paper_that_is_much_for_its_category_is_lifted() -> None:
    crowded, quiet = evened(np.repeat([4.0, 1.0], 500), np.repeat([0, 1], 500), 2)
    assert crowded < 1 < quiet


def test_a_category_of_a_few_papers_is_hardly_moved() -> None:
    scores, category = np.append(np.ones(1_000), 0.0), np.append(np.zeros(1_000, np.int64), 1)
    assert evened(scores, category, 2)[1] < 1.05


@given(
    st.lists(st.tuples(st.floats(0, 1e6, allow_subnormal=False), st.integers(0, 4)), max_size=60)
)
def test_no_category_is_moved_by_more_than_two(told: list[tuple[float, int]]) -> None:
    scores = np.array([one for one, _ in told])
    factors = evened(scores, np.array([one for _, one in told], dtype=np.int64), 5)
    assert ((factors >= 0.5) & (factors <= 2)).all()


def test_where_all_are_of_one_category_none_is_moved() -> None:
    assert evened(np.array([1.0, 5.0]), np.zeros(2, np.int64), 1).tolist() == [1]


@given(st.floats(1e-6, 1e6), st.floats(0, 1e6))
def test_a_level_gives_the_score_back(scored: float, now_h: float) -> None:
    assert score_at(float(level(scored, now_h)), now_h) == pytest.approx(scored, rel=1e-6)


def test_no_score_has_the_lowest_level() -> None:
    assert float(level(0.0, NOW_H)) == -np.inf
    assert score_at(-np.inf, NOW_H) == 0


@given(_series, _series, st.floats(0, 24))
def test_the_order_of_two_papers_stays_while_neither_gains(
    told: list[tuple[float, float]], other: list[tuple[float, float]], later_h: float
) -> None:
    read = _read((0, Kind.UPVOTES, told), (1, Kind.UPVOTES, other))
    gains = gains_of(read, np.full(2, NOW_H - 200))
    now, later = (
        level(score(heat(gains, 2, at_h), _USUAL), at_h) for at_h in (NOW_H, NOW_H + later_h)
    )
    assert later.tolist() == pytest.approx(now.tolist(), abs=1e-6)


@given(_series, st.integers(0, 1_000), st.floats(0.01, 10))
def test_a_reading_of_no_less_lowers_no_level(
    told: list[tuple[float, float]], more: int, later_h: float
) -> None:
    again = [(age_h + later_h, value) for age_h, value in told]
    again.append((0.0, max(value for _, value in told) + more))
    before, after = (_heat(_gains(Kind.UPVOTES, one)) for one in (again[:-1], again))
    assert after >= before * (1 - 1e-9)


@pytest.mark.parametrize(
    ("published_h", "added_h", "submitted_h", "since_h"),
    [
        (100.0, 110.0, 130.0, 130.0),
        (100.0, 110.0, NEVER, 110.0),
        (100.0, 9_000.0, NEVER, 100.0),
        (100.0, 90.0, NEVER, 90.0),
        (NEVER, 110.0, NEVER, NEVER),
        (NEVER, 110.0, 130.0, 130.0),
    ],
    ids=["put forward", "announced", "kept late", "kept early", "undated", "undated, put forward"],
)
def test_a_paper_appears_when_it_is_put_forward_else_announced_else_dated(
    published_h: float, added_h: float, submitted_h: float, since_h: float
) -> None:
    told = (np.array([one]) for one in (published_h, added_h, submitted_h))
    assert appeared(*told).tolist() == pytest.approx([since_h], nan_ok=True)


@pytest.mark.parametrize(
    ("published_h", "added_h", "submitted_h", "since_h"),
    [
        (100.0, 110.0, 130.0, 130.0),
        (100.0, 110.0, NEVER, 100.0),
        (100.0, 90.0, NEVER, 90.0),
        (NEVER, 110.0, NEVER, NEVER),
    ],
    ids=["put forward", "announced", "kept early", "undated"],
)
def test_its_attention_may_have_begun_on_its_date_already(
    published_h: float, added_h: float, submitted_h: float, since_h: float
) -> None:
    told = (np.array([one]) for one in (published_h, added_h, submitted_h))
    assert began(*told).tolist() == pytest.approx([since_h], nan_ok=True)
