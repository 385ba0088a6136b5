"""The calendar of the archive."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.model import EditionOutline, Period, Span
from broadsheet.web.archive import before, month_grid, months_of, years_of

FEBRUARY = Period(date(2026, 2, 1), Span.MONTH)
# From 23 February to 1 March.
WEEK = Period(date(2026, 2, 23), Span.WEEK)


def outline(period: Period) -> EditionOutline:
    return EditionOutline(period, 20, "Kites")


def test_a_week_across_two_months_is_in_both_with_the_days_of_each() -> None:
    march = Period(FEBRUARY.after, Span.MONTH)
    for month, days in ((FEBRUARY, range(23, 29)), (march, range(1, 2))):
        (week,) = month_grid(month, [outline(WEEK)]).weeks
        assert (week.period, week.edition) == (WEEK, outline(WEEK))
        assert [day.date.day for day in week.days] == list(days)


def test_a_week_without_an_edition_is_left_out() -> None:
    tuesday = outline(Period(date(2026, 2, 17)))
    (week,) = month_grid(FEBRUARY, [tuesday]).weeks
    assert week.edition is None
    assert [day.edition for day in week.days] == [None, tuesday, *[None] * 5]


@given(st.dates(date(1, 1, 1), date(9999, 11, 30)))
@settings(max_examples=50)
def test_every_day_of_a_month_is_in_one_week_at_its_weekday(day: date) -> None:
    month = Period.containing(day, Span.MONTH)
    editions = [outline(Period(month.first + timedelta(n))) for n in range(31)]
    shown = [one.date for week in month_grid(month, editions).weeks for one in week.days]
    assert shown == [month.first + timedelta(n) for n in range(len(shown))]
    assert shown[-1] == month.last


def test_months_are_grouped_by_year_newest_first() -> None:
    months = months_of(
        [WEEK, FEBRUARY, Period(date(2024, 12, 30), Span.WEEK), Period(date(2026, 1, 5))]
    )
    assert [str(month) for month in months] == ["2026-02", "2026-01", "2024-12"]
    assert [(year.number, len(year.months)) for year in years_of(months)] == [(2026, 2), (2024, 1)]
    assert str(before(months[-1])) == "2025-01"
