"""A thin day is told from a quiet one."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.gaps import DayCount, fault, judged_days, missing, usual
from broadsheet.rules.schedule import Schedule, arxiv_may_rest, expected, newest_due

_MONDAY = date(2026, 3, 16)


def _weeks(schedule: Schedule, weekday: int, week_end: int, weeks: int = 6) -> dict[date, DayCount]:
    """Six weeks before the Monday, with different days and week-ends."""
    days = (_MONDAY - timedelta(days=n) for n in range(1, 7 * weeks + 1))
    counts = {day: week_end if day.weekday() > 4 else weekday for day in days}
    return {day: DayCount(count) for day, count in counts.items() if count}


def test_an_empty_week_end_is_no_gap_and_an_empty_monday_is() -> None:
    counts = _weeks(Schedule.ARXIV, 300, 0)
    assert fault(_MONDAY - timedelta(days=1), counts, Schedule.ARXIV) is None
    assert (
        fault(_MONDAY, counts, Schedule.ARXIV) == "nothing came, and nothing newer than 2026-03-13"
    )


def test_a_day_is_measured_against_its_own_weekday() -> None:
    counts = _weeks(Schedule.DAILY, 300, 20)
    sunday = _MONDAY - timedelta(days=1)
    assert fault(sunday, counts | {sunday: DayCount(18)}, Schedule.DAILY) is None
    assert fault(_MONDAY, counts | {_MONDAY: DayCount(18)}, Schedule.DAILY)


def test_a_thin_day_is_told_with_what_is_usual() -> None:
    counts = _weeks(Schedule.ARXIV, 300, 0)
    assert fault(_MONDAY, counts | {_MONDAY: DayCount(100)}, Schedule.ARXIV) is None
    told = fault(_MONDAY, counts | {_MONDAY: DayCount(99)}, Schedule.ARXIV)
    assert told == "only 99 of the usual 300 records came"


def test_one_thin_day_before_does_not_make_the_next_look_usual() -> None:
    counts = _weeks(Schedule.ARXIV, 300, 0)
    counts[_MONDAY - timedelta(days=7)] = DayCount(2)
    assert fault(_MONDAY, counts | {_MONDAY: DayCount(40)}, Schedule.ARXIV)


def test_without_a_history_only_an_empty_day_is_a_gap() -> None:
    assert fault(_MONDAY, {_MONDAY: DayCount(1)}, Schedule.DAILY) is None
    assert fault(_MONDAY, {}, Schedule.DAILY) == "nothing came"


def test_small_numbers_are_not_judged() -> None:
    counts = _weeks(Schedule.DAILY, 4, 4)
    assert fault(_MONDAY, counts | {_MONDAY: DayCount(1)}, Schedule.DAILY) is None


def test_a_failure_is_told_where_nothing_came() -> None:
    assert fault(_MONDAY, {}, Schedule.DAILY, "the address is gone") == (
        "nothing came: the address is gone"
    )


def test_answers_are_measured_against_the_questions() -> None:
    days = {_MONDAY - timedelta(days=n): DayCount(80, 100) for n in range(1, 6)}
    assert fault(_MONDAY, days | {_MONDAY: DayCount(35, 50)}, Schedule.PER_QUERY) is None
    assert fault(_MONDAY, days | {_MONDAY: DayCount(10, 50)}, Schedule.PER_QUERY) == (
        "only 10 of the usual 40 answers came"
    )
    assert fault(_MONDAY, {_MONDAY: DayCount(0, 50)}, Schedule.PER_QUERY) == (
        "none of 50 papers asked about was known"
    )
    assert fault(_MONDAY, {_MONDAY: DayCount(0, 2)}, Schedule.PER_QUERY) is None
    assert fault(_MONDAY, {}, Schedule.PER_QUERY) is None


def test_nothing_is_expected_of_an_irregular_source() -> None:
    assert fault(_MONDAY, _weeks(Schedule.IRREGULAR, 300, 300), Schedule.IRREGULAR) is None


def test_arxiv_rests_on_its_holidays() -> None:
    assert arxiv_may_rest(date(2026, 11, 26))
    assert not expected(Schedule.ARXIV, date(2026, 11, 27))
    assert expected(Schedule.ARXIV, date(2026, 11, 26))
    assert not expected(Schedule.ARXIV, date(2026, 12, 28))


def test_arxivs_day_begins_when_its_feeds_are_built() -> None:
    assert newest_due(Schedule.ARXIV, datetime(2026, 3, 16, 3, 59, tzinfo=UTC)) == date(2026, 3, 15)
    assert newest_due(Schedule.ARXIV, datetime(2026, 3, 16, 4, 31, tzinfo=UTC)) == _MONDAY


def test_a_day_in_progress_is_not_judged_but_for_answers() -> None:
    noon = datetime(2026, 3, 16, 12, tzinfo=UTC)
    assert newest_due(Schedule.DAILY, noon) == date(2026, 3, 15)
    assert newest_due(Schedule.PER_QUERY, noon) == _MONDAY


def test_two_weeks_are_judged_at_most() -> None:
    assert len(judged_days(date(2020, 1, 1), _MONDAY)) == 14
    assert judged_days(_MONDAY, _MONDAY) == [_MONDAY]
    assert judged_days(_MONDAY + timedelta(days=1), _MONDAY) == []


def test_an_edition_made_without_gaps_lacks_nothing() -> None:
    assert missing([]) is None


_COUNTS = st.dictionaries(
    st.dates(date(2026, 1, 1), date(2026, 3, 16)),
    st.builds(DayCount, st.integers(0, 2_000), st.none() | st.integers(0, 500)),
)


@given(_COUNTS, st.sampled_from(list(Schedule)))
def test_any_history_can_be_judged(counts: dict[date, DayCount], schedule: Schedule) -> None:
    told = fault(_MONDAY, counts, schedule)
    assert told is None or told
    level = usual(_MONDAY, counts, schedule)
    assert level is None or level >= 0
