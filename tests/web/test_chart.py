"""The attention that a paper got over time, drawn and told."""

import re
from datetime import UTC, datetime, timedelta
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Kind, Signal
from broadsheet.rules.totals import Total
from broadsheet.web.chart import (
    MAX_LINES,
    MAX_POINTS,
    MAX_ROWS,
    Chart,
    Line,
    chart,
    thinned,
)

START = datetime(2026, 2, 4, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def read(
    value: float, at: datetime = START, kind: Kind = Kind.UPVOTES, source: str = "hf"
) -> Signal:
    return Signal("arxiv:2602.00001", kind, value, at, source)


def drawn(*signals: Signal) -> Chart:
    found = chart(signals)
    assert found is not None
    return found


def corners(line: Line) -> list[tuple[float, float]]:
    """Follow the steps of a line."""
    begun = re.match(r"M(\S+) (\S+?)(?=H|$)", line.path)
    assert begun is not None
    steps = re.findall(r"H([^HV]+)V([^HV]+)", line.path)
    return [(float(begun[1]), float(begun[2])), *[(float(x), float(y)) for x, y in steps]]


def test_a_line_goes_in_steps_from_the_first_reading_to_the_newest() -> None:
    told = drawn(read(0), read(5, START + DAY), read(10, START + 4 * DAY))
    (line,) = told.lines
    (left, ground), (quarter, middle), (right, top) = corners(line)
    assert (left, quarter, right) == (
        told.left,
        told.left + (told.right - told.left) / 4,
        told.right,
    )
    assert ground == line.ground_y
    assert middle == (ground + top) / 2
    assert (line.end_x, line.end_y) == (right, top)
    assert (told.first, told.last) == ("2026-02-04", "2026-02-08")


def test_each_kind_has_a_strip_and_a_scale_of_its_own() -> None:
    later = START + DAY
    votes, stars = drawn(
        read(1, START, Kind.VOTES, "local"),
        read(2, later, Kind.VOTES, "local"),
        read(1000, START, Kind.STARS, "github"),
        read(2000, later, Kind.STARS, "github"),
    ).lines
    assert votes.ground_y < stars.end_y < stars.ground_y
    assert votes.ground_y - votes.end_y == stars.ground_y - stars.end_y
    assert (votes.newest, stars.newest) == ("2", "2,000")


def test_there_is_no_chart_of_one_moment() -> None:
    assert chart([]) is None
    assert chart([read(4), read(9, START, Kind.STARS)]) is None
    assert chart([read(0), read(0, START + DAY)]) is None


def test_a_single_reading_is_a_dot_without_a_line() -> None:
    told = drawn(read(1), read(3, START + 2 * DAY), read(7, START + DAY, Kind.POINTS, "hn:1"))
    upvotes, points = told.lines
    assert upvotes.path != ""
    assert points.path == ""
    assert upvotes.end_x > points.end_x > told.left
    assert (points.newest, points.noun, points.readings) == ("7", "points", 1)


def test_at_most_four_kinds_are_drawn_the_most_trusted() -> None:
    signals = [
        read(count, START + count * DAY, kind) for count in (1, 2) for kind in reversed(list(Kind))
    ]
    assert [line.kind for line in drawn(*signals).lines] == list(Kind)[:MAX_LINES]


def test_many_readings_are_thinned_and_the_first_and_the_newest_stay() -> None:
    many = [Total(START + hour * HOUR, hour) for hour in range(1000)]
    kept = thinned(many, 7)
    assert len(kept) == 7
    assert (kept[0], kept[-1]) == (many[0], many[-1])
    assert kept == sorted(kept, key=lambda one: one.at)
    assert thinned(many[:7], 7) == many[:7]


def test_a_long_story_is_drawn_in_few_points_and_told_in_few_rows() -> None:
    (line,) = drawn(*[read(hour, START + hour * HOUR) for hour in range(2000)]).lines
    assert len(corners(line)) == MAX_POINTS
    assert len(line.rows) == MAX_ROWS
    assert (line.readings, line.rows[-1].value) == (2000, 1999)


def test_readings_that_repeat_make_no_steps_but_the_last() -> None:
    (line,) = drawn(*[read(8, START + hour * HOUR) for hour in range(50)]).lines
    assert len(corners(line)) == 2
    assert line.end_y == corners(line)[0][1]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([(0, 3), (8, 57)], "Upvotes rose from 3 on 4 February to 57 on 12 February 2026."),
        ([(0, 3), (340, 57)], "Upvotes rose from 3 on 4 February 2026 to 57 on 10 January 2027."),
        ([(0, 9), (0.1, 1_240)], "Upvotes rose from 9 to 1,240 on 4 February 2026."),
        ([(0, 9), (8, 2)], "Upvotes fell from 9 on 4 February to 2 on 12 February 2026."),
        ([(0, 9), (4, 9), (8, 9)], "Upvotes stayed at 9 from 4 to 12 February 2026."),
        ([(0, 9), (4, 20), (8, 9)], "Upvotes went from 9 to 20 and were back on 12 February 2026."),
        ([(0, 9), (4, 2), (8, 9)], "Upvotes went from 9 to 2 and were back on 12 February 2026."),
    ],
)
def test_the_words_say_how_it_went(told: list[tuple[float, float]], words: str) -> None:
    assert drawn(*[read(value, START + day * DAY) for day, value in told]).words == words


def test_the_words_tell_of_every_line() -> None:
    words = drawn(read(1), read(2, START + DAY), read(5, START, Kind.STARS)).words
    assert words.endswith("Stars were 5 on 4 February 2026.")
    assert words.startswith("Upvotes rose from 1")


@pytest.mark.parametrize("count", [1, 1.2])
def test_one_is_told_in_the_singular(count: float) -> None:
    (line,) = drawn(read(0), read(count, START + DAY)).lines
    assert f"{line.newest} {line.noun}" == "1 upvote"


def test_monstrous_counts_add_up_to_a_number() -> None:
    day_after = START + DAY
    (line,) = drawn(
        read(1e308, START, Kind.POINTS, "hn:1"),
        read(1e308, day_after, Kind.POINTS, "hn:2"),
    ).lines
    assert line.newest == "2,000,000,000,000"
    assert line.ground_y > line.end_y > 0


MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(
    st.lists(
        st.builds(
            Signal,
            st.just("arxiv:2602.00001"),
            st.sampled_from(Kind),
            st.floats() | st.just(1e308) | st.integers(0, 50).map(float),
            MOMENTS,
            st.sampled_from(["hf", "hn:1", "hn:2"]),
        ),
        max_size=40,
    )
)
def test_whatever_was_read_stays_inside_the_drawing(signals: list[Signal]) -> None:
    told = chart(sorted(signals, key=lambda one: one.observed_at))
    if told is None:
        return
    assert len(told.lines) <= MAX_LINES
    assert not re.search(r"\b(nan|inf)\b", told.words)
    for line in told.lines:
        points = corners(line) if line.path else []
        assert len(points) <= MAX_POINTS
        assert len(line.rows) <= MAX_ROWS
        for x, y in [*points, (line.end_x, line.end_y)]:
            assert told.left <= x <= told.right
            assert 0 <= y <= line.ground_y < told.axis_y < told.height
        assert all(isfinite(row.value) for row in line.rows)
