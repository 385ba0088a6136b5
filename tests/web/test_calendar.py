"""Names, order and grouping of days, weeks and months."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Period, Span
from broadsheet.web import calendar

WEEK = Period(date(2026, 2, 23), Span.WEEK)


@pytest.mark.parametrize(
    ("published", "iso", "shown"),
    [
        ("2025-02-20", "2025-02-20", "20 February 2025"),
        ("2025-02", "2025-02", "February 2025"),
        ("2025", "2025", "2025"),
        ("2025-02-31", None, "2025-02-31"),
        ("in press", None, "in press"),
        ("20250220", None, "20250220"),
        ("", None, ""),
    ],
)
def test_dates_of_any_precision(published: str, iso: str | None, shown: str) -> None:
    assert calendar.iso_date(published) == iso
    assert calendar.short_date(published) == shown


def test_a_week_across_two_years_has_the_number_and_year_of_its_iso_week() -> None:
    week = Period(date(2024, 12, 30), Span.WEEK)
    assert calendar.full_name(week) == "Week 1, 30 December 2024 to 5 January 2025"
    assert calendar.short_name(week) == "Week 1 of 2025"


@pytest.mark.parametrize(
    ("period", "reason"),
    [
        (Period(date(2026, 2, 22)), "No edition was published on this Sunday."),
        (Period(date(2026, 2, 20)), "No edition was published on this Friday."),
        (WEEK, "No edition was published for this week."),
        (Period(date(2026, 3, 1), Span.MONTH), "The edition of this month is not published yet."),
        (Period(date(2027, 1, 1)), "This day is in the future."),
    ],
)
def test_a_missing_edition_has_a_reason(period: Period, reason: str) -> None:
    assert calendar.absence(period, date(2026, 3, 10)) == reason


@given(st.text(max_size=12))
def test_any_text_is_a_valid_period_or_an_error(text: str) -> None:
    try:
        period = calendar.parse_period(text)
    except ValueError:
        return
    assert str(period) == text and period.first <= period.last


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.sampled_from(Span))
def test_a_period_is_parsed_from_its_text(day: date, span: Span) -> None:
    period = Period.containing(day, span)
    assert period.first <= day <= period.last
    assert calendar.parse_period(str(period)) == period
