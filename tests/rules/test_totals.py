"""One total per kind: the same thing counted by several sources counts once."""

from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Kind, Signal
from broadsheet.rules.totals import MAX_COUNT, Total, breakdowns, history, total

START = datetime(2026, 2, 4, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHARED = [kind for kind in Kind if kind.is_shared]
SEPARATE = [kind for kind in Kind if not kind.is_shared]


def signal(
    value: float, at: datetime = START, kind: Kind = Kind.UPVOTES, source: str = "hf"
) -> Signal:
    return Signal("arxiv:2602.00001", kind, value, at, source)


@pytest.mark.parametrize("kind", SHARED)
def test_the_largest_count_of_the_same_thing_is_the_total(kind: Kind) -> None:
    assert total(kind, {"openalex": 110, "crossref": 100}) == 110


@pytest.mark.parametrize("kind", SEPARATE)
def test_counts_of_different_places_are_added(kind: Kind) -> None:
    assert total(kind, {"hf": 4, "lobsters": 5}) == 9


@pytest.mark.parametrize("kind", Kind)
def test_counts_of_threads_are_always_added(kind: Kind) -> None:
    assert total(kind, {"hn:1": 10, "hn:2": 4, "bluesky:x": 1}) == 15


def test_likes_of_a_model_and_of_posts_are_added() -> None:
    assert total(Kind.LIKES, {"hub": 30, "bluesky:x": 5, "bluesky:y": 2}) == 37


@given(
    st.sampled_from(Kind),
    st.dictionaries(st.sampled_from(["a", "b", "a:1", "a:2"]), st.floats(-10, 1e15), min_size=1),
)
def test_a_total_is_at_least_each_count_and_at_most_their_sum(
    kind: Kind, newest: dict[str, float]
) -> None:
    counts = [min(max(0.0, count), MAX_COUNT) for count in newest.values()]
    # A sum of floats depends on the order of its terms.
    rounding = 1 + 1e-12
    assert max(counts) <= total(kind, newest) <= sum(counts) * rounding


def test_the_history_has_one_total_for_each_moment() -> None:
    signals = [
        signal(10, START, Kind.POINTS, "hn:1"),
        signal(4, START, Kind.POINTS, "hn:2"),
        signal(6, START + HOUR, Kind.POINTS, "hn:2"),
        signal(99, START + HOUR, Kind.UPVOTES),
    ]
    assert history(signals, Kind.POINTS) == [Total(START, 14), Total(START + HOUR, 16)]


@pytest.mark.parametrize("kind", SHARED)
def test_the_history_counts_the_same_thing_once(kind: Kind) -> None:
    signals = [signal(100, START, kind, "github"), signal(90, START + HOUR, kind, "hf")]
    assert [one.value for one in history(signals, kind)] == [100, 100]


def test_the_history_skips_what_is_not_finite_and_counts_negatives_as_zero() -> None:
    values = (3.0, nan, inf, -inf, -5.0)
    signals = [signal(value, START + hour * HOUR) for hour, value in enumerate(values)]
    assert history(signals, Kind.UPVOTES) == [Total(START, 3), Total(START + 4 * HOUR, 0)]


def test_a_breakdown_has_the_newest_total_and_the_part_of_each_place() -> None:
    signals = [
        signal(300, START, Kind.POINTS, "hn:1"),
        signal(700, START, Kind.STARS, "github"),
        signal(320, START + HOUR, Kind.POINTS, "hn:1"),
        signal(900, START + 2 * HOUR, Kind.POINTS, "hn:2"),
        signal(650, START + 3 * HOUR, Kind.STARS, "hf"),
    ]
    stars, points = breakdowns(signals)
    assert (stars.kind, stars.total) == (Kind.STARS, Total(START + 3 * HOUR, 700))
    assert stars.places == {"github": 700, "hf": 650}
    assert (points.kind, points.total) == (Kind.POINTS, Total(START + 2 * HOUR, 1220))
    assert points.places == {"hn": 1220}
