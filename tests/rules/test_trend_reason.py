"""The line under a paper says what it gained, and how old it is."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Kind
from broadsheet.rules.trend_reason import Gained, age, counted, reason
from broadsheet.rules.trending import TRUST

TODAY = date(2026, 3, 11)
YESTERDAY = "2026-03-10"

_amounts = st.dictionaries(st.sampled_from(Kind), st.floats(0, 1e12), max_size=len(Kind))


def _told(
    day: dict[Kind, float] | None = None,
    longer: dict[Kind, float] | None = None,
    named: str = "this week",
) -> str:
    return reason(Gained(day or {}, longer or {}, named), YESTERDAY, TODAY)


def test_what_came_in_the_last_day_is_told_as_such() -> None:
    gained = _told(day={Kind.UPVOTES: 43}, longer={Kind.UPVOTES: 50, Kind.STARS: 210})
    assert gained == "+43 upvotes in 24 h, +210 stars this week, 1 day old"


def test_what_came_before_the_last_day_is_told_of_the_longer_time() -> None:
    assert _told(longer={Kind.CITATIONS: 2}) == "+2 citations this week, 1 day old"


def test_the_longer_time_goes_by_its_name() -> None:
    assert _told(longer={Kind.POSTS: 9}, named="this month") == "+9 posts this month, 1 day old"


def test_one_of_a_kind_is_told_in_the_singular() -> None:
    assert _told(day={Kind.UPVOTES: 1}) == "+1 upvote in 24 h, 1 day old"


def test_votes_are_those_of_readers() -> None:
    assert counted(1, Kind.VOTES) == "1 vote by readers"
    assert counted(3, Kind.VOTES) == "3 votes by readers"


def test_thousands_are_set_apart() -> None:
    assert _told(day={Kind.STARS: 1_234_567.4}) == "+1,234,567 stars in 24 h, 1 day old"


def test_three_gains_are_told_at_most_and_the_heaviest_first() -> None:
    gained = _told(
        longer={Kind.LIKES: 1, Kind.POINTS: 300, Kind.UPVOTES: 40, Kind.STARS: 5, Kind.VOTES: 9}
    )
    assert gained.split(", ") == [
        "+9 votes by readers this week",
        "+40 upvotes this week",
        "+300 points this week",
        "1 day old",
    ]


def test_a_gain_of_less_than_half_is_not_told() -> None:
    assert _told(day={Kind.UPVOTES: 0.4}, longer={Kind.UPVOTES: 0.4}) == "1 day old"


def test_where_only_the_longer_time_has_a_whole_one_that_is_told() -> None:
    told = _told(day={Kind.UPVOTES: 0.3}, longer={Kind.UPVOTES: 2.3})
    assert told == "+2 upvotes this week, 1 day old"


def test_where_nothing_came_in_the_age_is_told_alone() -> None:
    assert _told() == "1 day old"


@pytest.mark.parametrize(
    ("published", "told"),
    [
        (None, "of unknown date"),
        ("2026-03-11", "out today"),
        ("2026-03-12", "out today"),
        ("2026-03-10", "1 day old"),
        ("2026-03", "of March 2026"),
        ("2026-01-09", "61 days old"),
        ("2026-01-08", "2 months old"),
        ("2024-03-12", "24 months old"),
        ("2024-02-11", "2 years old"),
        ("1926-03-11", "100 years old"),
        ("1926", "of 1926"),
    ],
)
def test_the_age_is_told_in_days_then_months_then_years(published: str | None, told: str) -> None:
    assert age(published, TODAY) == told


@given(_amounts, _amounts)
def test_a_reason_is_one_short_line_without_empty_parts(
    day: dict[Kind, float], longer: dict[Kind, float]
) -> None:
    parts = _told(day, longer).split(", ")
    assert 1 <= len(parts) <= 4
    assert all(part.startswith("+") and not part.startswith("+0 ") for part in parts[:-1])


@given(st.integers(0, 60_000))
def test_no_age_is_of_none_or_of_one_of_many(days: int) -> None:
    told = age((TODAY - timedelta(days=days)).isoformat(), TODAY)
    assert not told.startswith("0 ") and not told.startswith("1 months") and told[:7] != "1 years"


def test_what_does_not_count_is_not_told() -> None:
    assert TRUST[Kind.COMMENTS] == 0
    assert _told(day={Kind.COMMENTS: 9, Kind.STARS: 2}) == "+2 stars in 24 h, 1 day old"
