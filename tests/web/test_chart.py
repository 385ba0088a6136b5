"""The chart of a paper's attention."""

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
    sample,
)

START = datetime(2026, 2, 4, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def signal(
    value: float, at: datetime = START, kind: Kind = Kind.UPVOTES, source: str = "hf"
) -> Signal:
    return Signal("arxiv:2602.00001", kind, value, at, source)


def drawn(*signals: Signal) -> Chart:
    found = chart(signals)
    assert found is not None
    return found


def corners(line: Line) -> list[tuple[float, float]]:
    """Follow the steps of a line."""
    start = re.match(r"M(\S+) (\S+?)(?=H|$)", line.path)
    assert start is not None
    steps = re.findall(r"H([^HV]+)V([^HV]+)", line.path)
    return [(float(start[1]), float(start[2])), *[(float(x), float(y)) for x, y in steps]]


def test_a_line_has_steps_from_the_first_to_the_newest_observation() -> None:
    drawing = drawn(signal(0), signal(5, START + DAY), signal(10, START + 4 * DAY))
    (line,) = drawing.lines
    (left, zero), (quarter, middle), (right, top) = corners(line)
    assert (left, quarter, right) == (
        drawing.left,
        drawing.left + (drawing.right - drawing.left) / 4,
        drawing.right,
    )
    assert zero == line.zero_y
    assert middle == (zero + top) / 2
    assert (line.end_x, line.end_y) == (right, top)
    assert (drawing.first, drawing.last) == ("2026-02-04", "2026-02-08")


def test_each_kind_has_its_own_strip_and_scale() -> None:
    votes, stars = drawn(
        *(signal(count, START + count * HOUR, Kind.VOTES, "local") for count in range(3)),
        *(signal(1000 * n, START + n * HOUR, Kind.STARS, "github") for n in range(3)),
    ).lines
    assert votes.zero_y < stars.end_y < stars.zero_y
    assert votes.zero_y - votes.end_y == stars.zero_y - stars.end_y
    assert (votes.newest, stars.newest) == ("2", "2,000")
    assert (votes.highest, stars.highest) == ("2", "2,000")


def test_there_is_no_chart_below_three_observations() -> None:
    assert chart([]) is None
    assert chart([signal(4), signal(9, START + DAY)]) is None
    assert chart([signal(4), signal(4, START, Kind.STARS), signal(9, START, Kind.POSTS)]) is None
    assert chart([signal(0, START + day * DAY) for day in range(5)]) is None
    three = [signal(4), signal(9, START + DAY), signal(9, START + 2 * DAY)]
    assert [line.kind for line in drawn(*three, signal(7, START, Kind.STARS)).lines] == ["upvotes"]


def test_the_scale_of_a_line_starts_at_zero() -> None:
    (line,) = drawn(*[signal(100 + day, START + day * DAY) for day in range(3)]).lines
    assert line.highest == "102"
    assert line.zero_y - line.highest_y == pytest.approx(40)
    assert corners(line)[0][1] == pytest.approx(line.zero_y - 40 * 100 / 102, abs=0.1)


def test_a_line_names_its_sources() -> None:
    counts = [signal(n, START + n * HOUR, Kind.CITATIONS, "openalex") for n in range(3)]
    counts += [signal(4, START + DAY, Kind.CITATIONS, "crossref")]
    (line,) = drawn(*counts).lines
    assert line.sources == "Crossref, OpenAlex"


def test_the_first_four_kinds_are_drawn() -> None:
    signals = [
        signal(count, START + count * DAY, kind)
        for count in (1, 2, 3)
        for kind in reversed(list(Kind))
    ]
    assert [line.kind for line in drawn(*signals).lines] == list(Kind)[:MAX_LINES]


def test_a_sample_includes_the_first_and_the_newest() -> None:
    many = [Total(START + hour * HOUR, hour) for hour in range(1000)]
    kept = sample(many, 7)
    assert len(kept) == 7
    assert (kept[0], kept[-1]) == (many[0], many[-1])
    assert kept == sorted(kept, key=lambda one: one.at)
    assert sample(many[:7], 7) == many[:7]


def test_a_long_history_has_few_points_and_few_rows() -> None:
    (line,) = drawn(*[signal(hour, START + hour * HOUR) for hour in range(2000)]).lines
    assert len(corners(line)) == MAX_POINTS
    assert len(line.rows) == MAX_ROWS
    assert (line.observations, line.rows[-1].value) == (2000, 1999)


def test_repeated_totals_add_no_steps_except_the_newest() -> None:
    (line,) = drawn(*[signal(8, START + hour * HOUR) for hour in range(50)]).lines
    assert len(corners(line)) == 2
    assert line.end_y == corners(line)[0][1]


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ([(0, 3), (1, 3), (8, 57)], "Upvotes rose from 3 on 4 February to 57 on 12 February 2026."),
        (
            [(0, 3), (1, 3), (340, 57)],
            "Upvotes rose from 3 on 4 February 2026 to 57 on 10 January 2027.",
        ),
        ([(0, 9), (0.05, 9), (0.1, 1_240)], "Upvotes rose from 9 to 1,240 on 4 February 2026."),
        ([(0, 9), (1, 9), (8, 2)], "Upvotes fell from 9 on 4 February to 2 on 12 February 2026."),
        ([(0, 9), (4, 9), (8, 9)], "Upvotes stayed at 9 from 4 to 12 February 2026."),
        ([(0, 9), (4, 20), (8, 9)], "Upvotes went from 9 to 20 and were back on 12 February 2026."),
        ([(0, 9), (4, 2), (8, 9)], "Upvotes went from 9 to 2 and were back on 12 February 2026."),
    ],
)
def test_the_description_states_the_course(history: list[tuple[float, float]], words: str) -> None:
    assert drawn(*[signal(value, START + day * DAY) for day, value in history]).description == words


def test_the_words_tell_of_every_line() -> None:
    signals = [signal(1 + day, START + day * DAY) for day in range(3)]
    signals += [signal(5, START + day * DAY, Kind.STARS) for day in range(3)]
    words = drawn(*signals).description
    assert words.endswith("Stars stayed at 5 from 4 to 6 February 2026.")
    assert words.startswith("Upvotes rose from 1")


@pytest.mark.parametrize("count", [1, 1.2])
def test_a_count_of_one_is_singular(count: float) -> None:
    (line,) = drawn(signal(0), signal(0, START + HOUR), signal(count, START + DAY)).lines
    assert f"{line.newest} {line.noun}" == "1 upvote"


def test_monstrous_counts_add_up_to_a_number() -> None:
    day_after = START + DAY
    (line,) = drawn(
        signal(1e308, START, Kind.POINTS, "hn:1"),
        signal(1e308, START + HOUR, Kind.POINTS, "hn:1"),
        signal(1e308, day_after, Kind.POINTS, "hn:2"),
    ).lines
    assert line.newest == "2,000,000,000,000"
    assert line.zero_y > line.end_y > 0


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
def test_any_observations_stay_inside_the_drawing(signals: list[Signal]) -> None:
    drawing = chart(sorted(signals, key=lambda one: one.observed_at))
    if drawing is None:
        return
    assert len(drawing.lines) <= MAX_LINES
    assert not re.search(r"\b(nan|inf)\b", drawing.description)
    for line in drawing.lines:
        points = corners(line)
        assert len(points) <= MAX_POINTS
        assert len(line.rows) <= MAX_ROWS
        for x, y in [*points, (line.end_x, line.end_y)]:
            assert drawing.left <= x <= drawing.right
            assert 0 <= y <= line.zero_y < drawing.axis_y < drawing.height
        assert all(isfinite(row.value) for row in line.rows)
