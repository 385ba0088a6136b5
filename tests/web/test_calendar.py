"""How days, weeks and months are written, and which lie beside which."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Period, Span
from broadsheet.web import calendar

DAYS = [Period(date(2026, 3, 2)), Period(date(2026, 2, 28)), Period(date(2026, 2, 27))]
FEBRUARY = Period(date(2026, 2, 1), Span.MONTH)
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


def test_the_archive_is_parted_by_month_and_a_week_lies_where_it_begins() -> None:
    march, february = calendar.archive(DAYS, [WEEK], [FEBRUARY])
    assert (str(march.month), march.printed, march.days) == ("2026-03", False, (DAYS[0],))
    assert (february.printed, february.weeks) == (True, (WEEK,))
    assert february.days == (DAYS[1], DAYS[2])


def test_a_week_across_two_years_is_named_by_the_year_it_belongs_to() -> None:
    week = Period(date(2024, 12, 30), Span.WEEK)
    assert calendar.told(week) == "Week 1, 30 December 2024 to 5 January 2025"
    assert calendar.named(week) == "Week 1 of 2025"


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (Period(date(2026, 2, 22)), "That was a Sunday, and nothing new came that day."),
        (Period(date(2026, 2, 20)), "Nothing was printed that day."),
        (WEEK, "Nothing was printed for that week."),
        (Period(date(2026, 3, 1), Span.MONTH), "Nothing has been printed for it yet."),
        (Period(date(2027, 1, 1)), "It is still to come."),
    ],
)
def test_why_there_is_no_edition(period: Period, said: str) -> None:
    assert calendar.absence(period, date(2026, 3, 10)) == said


@given(st.text(max_size=12), st.sampled_from(Span))
def test_whatever_stands_in_an_address_is_a_period_or_none(text: str, span: Span) -> None:
    try:
        period = calendar.asked_for(text, span)
    except ValueError:
        return
    assert str(period) == text and period.first <= period.last


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.sampled_from(Span))
def test_a_period_reads_back_from_its_name(day: date, span: Span) -> None:
    period = Period.containing(day, span)
    assert period.first <= day <= period.last
    assert calendar.asked_for(str(period), span) == period
