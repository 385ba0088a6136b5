import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.sources.posts import thread_source, time_windows
from broadsheet.sources.source import FetchRequest

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)


def windows_of(request: FetchRequest) -> list[tuple[datetime, datetime, bool]]:
    windows = time_windows(request, timedelta(days=2), timedelta(days=3), date(2026, 1, 1))
    return [(window.start, window.end, window.cursor is not None) for window in windows]


def test_without_a_cursor_the_last_whole_days_are_one_window() -> None:
    assert windows_of(FetchRequest(NOW)) == [(datetime(2026, 3, 9, tzinfo=UTC), NOW, True)]


def test_windows_start_at_an_old_cursor_and_the_last_days_are_one_window() -> None:
    windows = windows_of(FetchRequest(NOW, cursor={"until": "2026-03-05T12:00:00+00:00"}))
    assert windows == [
        (datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC), True),
        (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC), True),
        (datetime(2026, 3, 9, tzinfo=UTC), NOW, True),
    ]


def test_since_and_until_override_the_cursor_and_do_not_move_it() -> None:
    request = FetchRequest(
        NOW,
        cursor={"until": "2026-03-01T00:00:00+00:00"},
        since=date(2026, 3, 4),
        until=date(2026, 3, 5),
    )
    start, end = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
    assert windows_of(request) == [(start, end, False)]


def test_the_cursor_does_not_move_back() -> None:
    request = FetchRequest(
        NOW, cursor={"until": "2026-03-10T00:00:00+00:00"}, since=date(2026, 3, 5)
    )
    assert windows_of(request) == [
        (datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC), False),
        (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC), False),
        (datetime(2026, 3, 9, tzinfo=UTC), NOW, True),
    ]


@pytest.mark.parametrize("since", [date.min, date(1999, 1, 1)])
def test_windows_start_at_the_first_day(since: date) -> None:
    request = FetchRequest(NOW, since=since, until=date.max)
    windows = windows_of(request)
    assert windows[0][0] == datetime(2026, 1, 1, tzinfo=UTC)
    assert windows[-1][1] == NOW


def test_a_range_in_the_future_has_no_windows() -> None:
    assert windows_of(FetchRequest(NOW, since=date(2026, 3, 12))) == []


def test_an_invalid_cursor_is_ignored() -> None:
    assert windows_of(FetchRequest(NOW, cursor={"until": "\0"})) == windows_of(FetchRequest(NOW))


def test_thread_sources_are_short_and_unique() -> None:
    threads = [
        "12684980",
        "t3_1abc",
        "at://did:plc:kites/app.bsky.feed.post/1",
        "a:b",
        "7" * 41,
        "",
    ]
    sources = [thread_source("hn", thread) for thread in threads]
    assert sources[:2] == ["hn:12684980", "hn:t3_1abc"]
    assert all(re.fullmatch("hn:[0-9a-f]{20}", source) for source in sources[2:])
    assert len(set(sources)) == len(threads)


@given(st.text())
def test_thread_source_is_deterministic(thread: str) -> None:
    source = thread_source("hn", thread)
    assert re.fullmatch(r"hn:[A-Za-z0-9_-]{1,40}", source)
    assert thread_source("hn", thread) == source
