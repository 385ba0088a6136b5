"""Gaps: days with no or too few records."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.gaps import (
    DayCount,
    checked_days,
    expected_count,
    gap_reason,
    incomplete_note,
)
from broadsheet.rules.schedule import Schedule, is_arxiv_holiday, is_expected, newest_due_day

_MONDAY = date(2026, 3, 16)


def _weeks(schedule: Schedule, weekday: int, week_end: int, weeks: int = 6) -> dict[date, DayCount]:
    """Return the counts of six weeks before the Monday."""
    days = (_MONDAY - timedelta(days=n) for n in range(1, 7 * weeks + 1))
    counts = {day: week_end if day.weekday() > 4 else weekday for day in days}
    return {day: DayCount(count) for day, count in counts.items() if count}


def test_an_empty_monday_is_a_gap_and_an_empty_weekend_is_not() -> None:
    counts = _weeks(Schedule.ARXIV, 300, 0)
    assert gap_reason(_MONDAY - timedelta(days=1), counts, Schedule.ARXIV) is None
    reason = gap_reason(_MONDAY, counts, Schedule.ARXIV)
    assert reason == "no records, and none newer than 2026-03-13"


def test_a_day_is_compared_with_the_same_weekday() -> None:
    counts = _weeks(Schedule.DAILY, 300, 20)
    sunday = _MONDAY - timedelta(days=1)
    assert gap_reason(sunday, counts | {sunday: DayCount(18)}, Schedule.DAILY) is None
    assert gap_reason(_MONDAY, counts | {_MONDAY: DayCount(18)}, Schedule.DAILY)


def test_a_day_below_a_third_of_the_expected_count_is_a_gap() -> None:
    counts = _weeks(Schedule.ARXIV, 300, 0)
    assert gap_reason(_MONDAY, counts | {_MONDAY: DayCount(100)}, Schedule.ARXIV) is None
    reason = gap_reason(_MONDAY, counts | {_MONDAY: DayCount(99)}, Schedule.ARXIV)
    assert reason == "only 99 records, expected about 300"


def test_an_earlier_gap_does_not_lower_the_expected_count() -> None:
    counts = _weeks(Schedule.ARXIV, 300, 0)
    counts[_MONDAY - timedelta(days=7)] = DayCount(2)
    assert gap_reason(_MONDAY, counts | {_MONDAY: DayCount(40)}, Schedule.ARXIV)


def test_without_history_only_an_empty_day_is_a_gap() -> None:
    assert gap_reason(_MONDAY, {_MONDAY: DayCount(1)}, Schedule.DAILY) is None
    assert gap_reason(_MONDAY, {}, Schedule.DAILY) == "no records"


def test_small_expected_counts_are_not_checked() -> None:
    counts = _weeks(Schedule.DAILY, 4, 4)
    assert gap_reason(_MONDAY, counts | {_MONDAY: DayCount(1)}, Schedule.DAILY) is None


def test_the_reason_of_an_empty_day_includes_the_error() -> None:
    assert gap_reason(_MONDAY, {}, Schedule.DAILY, "the service is down") == (
        "no records: the service is down"
    )


def test_results_are_compared_with_the_number_of_papers_looked_up() -> None:
    days = {_MONDAY - timedelta(days=n): DayCount(80, 100) for n in range(1, 6)}
    assert gap_reason(_MONDAY, days | {_MONDAY: DayCount(35, 50)}, Schedule.PER_QUERY) is None
    assert gap_reason(_MONDAY, days | {_MONDAY: DayCount(10, 50)}, Schedule.PER_QUERY) == (
        "only 10 papers found, expected about 40"
    )
    assert gap_reason(_MONDAY, {_MONDAY: DayCount(0, 50)}, Schedule.PER_QUERY) == (
        "none of 50 papers was found"
    )
    assert gap_reason(_MONDAY, {_MONDAY: DayCount(0, 2)}, Schedule.PER_QUERY) is None
    assert gap_reason(_MONDAY, {}, Schedule.PER_QUERY) is None


def test_an_irregular_source_has_no_gaps() -> None:
    assert gap_reason(_MONDAY, _weeks(Schedule.IRREGULAR, 300, 300), Schedule.IRREGULAR) is None


def test_arxiv_publishes_nothing_after_its_holidays() -> None:
    assert is_arxiv_holiday(date(2026, 11, 26))
    assert not is_expected(Schedule.ARXIV, date(2026, 11, 27))
    assert is_expected(Schedule.ARXIV, date(2026, 11, 26))
    assert not is_expected(Schedule.ARXIV, date(2026, 12, 28))


def test_a_day_of_arxiv_is_due_when_its_feeds_are_built() -> None:
    before = datetime(2026, 3, 16, 3, 59, tzinfo=UTC)
    assert newest_due_day(Schedule.ARXIV, before) == date(2026, 3, 15)
    after = datetime(2026, 3, 16, 4, 31, tzinfo=UTC)
    assert newest_due_day(Schedule.ARXIV, after) == _MONDAY


def test_a_day_in_progress_is_due_only_for_look_ups() -> None:
    noon = datetime(2026, 3, 16, 12, tzinfo=UTC)
    assert newest_due_day(Schedule.DAILY, noon) == date(2026, 3, 15)
    assert newest_due_day(Schedule.PER_QUERY, noon) == _MONDAY


def test_at_most_two_weeks_are_checked() -> None:
    assert len(checked_days(date(2020, 1, 1), _MONDAY)) == 14
    assert checked_days(_MONDAY, _MONDAY) == [_MONDAY]
    assert checked_days(_MONDAY + timedelta(days=1), _MONDAY) == []


def test_an_edition_without_gaps_has_no_note() -> None:
    assert incomplete_note([]) is None


_COUNTS = st.dictionaries(
    st.dates(date(2026, 1, 1), date(2026, 3, 16)),
    st.builds(DayCount, st.integers(0, 2_000), st.none() | st.integers(0, 500)),
)


@given(_COUNTS, st.sampled_from(list(Schedule)))
def test_any_history_gives_a_reason_or_none(
    counts: dict[date, DayCount], schedule: Schedule
) -> None:
    reason = gap_reason(_MONDAY, counts, schedule)
    assert reason is None or reason
    expected = expected_count(_MONDAY, counts, schedule)
    assert expected is None or expected >= 0
