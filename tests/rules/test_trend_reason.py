"""The reason line of a paper: what it gained, and its age."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Kind
from broadsheet.rules.trend_reason import RecentGains, age, counted, reason

TODAY = date(2026, 3, 11)
YESTERDAY = "2026-03-10"

_amounts = st.dictionaries(st.sampled_from(Kind), st.floats(0, 1e12), max_size=len(Kind))


def _reason(
    last_day: dict[Kind, float] | None = None,
    in_period: dict[Kind, float] | None = None,
    period: str = "this week",
) -> str:
    return reason(RecentGains(last_day or {}, in_period or {}, period), YESTERDAY, TODAY)


def test_gains_of_the_last_day_are_reported_as_such() -> None:
    text = _reason(last_day={Kind.UPVOTES: 43}, in_period={Kind.UPVOTES: 50, Kind.STARS: 210})
    assert text == "+43 upvotes in 24 h, +210 stars this week, 1 day old"


def test_gains_before_the_last_day_are_reported_for_the_period() -> None:
    assert _reason(in_period={Kind.CITATIONS: 2}) == "+2 citations this week, 1 day old"


def test_the_period_has_its_name() -> None:
    assert (
        _reason(in_period={Kind.POSTS: 9}, period="this month") == "+9 posts this month, 1 day old"
    )


def test_a_gain_of_one_has_a_singular_noun() -> None:
    assert _reason(last_day={Kind.UPVOTES: 1}) == "+1 upvote in 24 h, 1 day old"


def test_votes_are_votes_by_readers() -> None:
    assert counted(1, Kind.VOTES) == "1 vote by readers"
    assert counted(3, Kind.VOTES) == "3 votes by readers"


def test_thousands_are_separated() -> None:
    assert _reason(last_day={Kind.STARS: 1_234_567.4}) == "+1,234,567 stars in 24 h, 1 day old"


def test_three_gains_are_reported_at_most_and_the_heaviest_first() -> None:
    text = _reason(
        in_period={Kind.LIKES: 1, Kind.POINTS: 300, Kind.UPVOTES: 40, Kind.STARS: 5, Kind.VOTES: 9}
    )
    assert text.split(", ") == [
        "+9 votes by readers this week",
        "+40 upvotes this week",
        "+300 points this week",
        "1 day old",
    ]


def test_a_gain_that_rounds_to_zero_is_not_reported() -> None:
    assert _reason(last_day={Kind.UPVOTES: 0.4}, in_period={Kind.UPVOTES: 0.4}) == "1 day old"


def test_the_period_is_reported_if_the_last_day_rounds_to_zero() -> None:
    text = _reason(last_day={Kind.UPVOTES: 0.3}, in_period={Kind.UPVOTES: 2.3})
    assert text == "+2 upvotes this week, 1 day old"


def test_a_paper_without_gains_has_its_age_only() -> None:
    assert _reason() == "1 day old"


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (None, "publication date unknown"),
        ("2026-03-11", "published today"),
        ("2026-03-12", "published today"),
        ("2026-03-10", "1 day old"),
        ("2026-03", "published March 2026"),
        ("2026-01-09", "61 days old"),
        ("2026-01-08", "2 months old"),
        ("2024-03-12", "24 months old"),
        ("2024-02-11", "2 years old"),
        ("1926-03-11", "100 years old"),
        ("1926", "published 1926"),
    ],
)
def test_the_age_is_in_days_then_months_then_years(published: str | None, expected: str) -> None:
    assert age(published, TODAY) == expected


@given(_amounts, _amounts)
def test_a_reason_has_one_to_four_parts_and_no_empty_gain(
    last_day: dict[Kind, float], in_period: dict[Kind, float]
) -> None:
    parts = _reason(last_day, in_period).split(", ")
    assert 1 <= len(parts) <= 4
    assert all(part.startswith("+") and not part.startswith("+0 ") for part in parts[:-1])


@given(st.integers(0, 60_000))
def test_an_age_is_never_zero_and_one_is_never_plural(days: int) -> None:
    text = age((TODAY - timedelta(days=days)).isoformat(), TODAY)
    assert not text.startswith(("0 ", "1 months", "1 years"))


def test_a_kind_that_is_not_scored_is_not_reported() -> None:
    assert Kind.COMMENTS.weight == 0
    assert _reason(last_day={Kind.COMMENTS: 9, Kind.STARS: 2}) == "+2 stars in 24 h, 1 day old"
