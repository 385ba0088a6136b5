"""The inputs of the score as arrays, and the stored scores."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Connection, event, insert

from broadsheet.model import Kind, Notice, Signal, Submission
from broadsheet.rules.gains import KINDS, Observations
from broadsheet.rules.normalize import make_paper
from broadsheet.store import trends
from broadsheet.store.attention import add_signals, vote
from broadsheet.store.database import Database, open_database
from broadsheet.store.papers import nums_of
from broadsheet.store.readers import find_or_create_reader
from broadsheet.store.submissions import upsert_submissions
from broadsheet.store.tables import changes
from broadsheet.store.upsert import add

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
NOW_H = NOW.timestamp() / 3600
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)

KITES = make_paper(title="Kites", arxiv="2603.00001", categories=["cs.LG", "stat.ML"])
RIVERS = make_paper(title="Rivers", arxiv="2603.00002", published="2026-03-10")
BRIDGES = make_paper(title="Bridges", arxiv="2603.00003", published="2025-02")
GONE = make_paper(title="Gone", arxiv="2603.00004", notice=Notice.RETRACTED, categories=["cs.LG"])


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("library")
    database = open_database(f"sqlite:///{folder / 'library.sqlite3'}")
    yield database
    database.close()


@pytest.fixture
def writer(database: Database) -> Iterator[Connection]:
    """The writer of a library of four papers without attention."""
    with database.write() as connection:
        add(connection, "arxiv", [KITES, RIVERS, BRIDGES, GONE], NOW)
        yield connection


def _vote(
    connection: Connection, paper_id: str, cookie: str, network: str | None, at: datetime
) -> None:
    reader = find_or_create_reader(connection, cookie, at)
    vote(connection, paper_id, reader.id, network, on=True, now=at)


def _num(connection: Connection, paper_id: str) -> int:
    return nums_of(connection, [paper_id])[paper_id]


def _read(connection: Connection, nums: list[int]) -> list[tuple[slice, Observations]]:
    return list(trends.observations(connection, np.array(sorted(nums), dtype=np.int64), NOW))


def _rows(connection: Connection, nums: list[int]) -> list[tuple[int, str, bool, float, float]]:
    """Observations as paper, kind, whether it starts a series, total and age in hours."""
    return [
        (sorted(nums)[part.start + paper], KINDS[kind].value, starts, value, round(NOW_H - at_h, 3))
        for part, read in _read(connection, nums)
        for paper, kind, starts, value, at_h in zip(
            *(one.tolist() for one in (read.paper, read.kind, read.starts, read.value, read.at_h)),
            strict=True,
        )
    ]


def test_papers_are_active_if_they_are_new_submitted_observed_or_voted_for(
    writer: Connection,
) -> None:
    def active() -> list[int]:
        nums: list[int] = trends.active_papers(writer, NOW - WEEK, NOW).nums.tolist()
        return nums

    kites, rivers, bridges = (_num(writer, one.id) for one in (KITES, RIVERS, BRIDGES))
    assert active() == [rivers]
    add_signals(writer, [Signal(KITES.id, Kind.STARS, 5, NOW - HOUR, "github")])
    assert active() == [kites, rivers]
    upsert_submissions(writer, [Submission(BRIDGES.id, "ada", NOW - HOUR, "hf")])
    assert active() == [kites, rivers, bridges]
    assert trends.active_papers(writer, NOW - 2 * WEEK, NOW - WEEK).nums.tolist() == []
    _vote(writer, BRIDGES.id, "ada", None, at=NOW - 2 * WEEK)
    assert trends.active_papers(writer, NOW - 3 * WEEK, NOW - WEEK).nums.tolist() == [bridges]


def test_numbered_papers_are_read_with_or_without_attention(writer: Connection) -> None:
    nums = [_num(writer, one.id) for one in (BRIDGES, KITES, GONE)]
    found = trends.numbered_papers(writer, [*nums, 999], NOW)
    assert found.nums.tolist() == sorted(nums[:2])


def test_the_category_of_a_paper_is_its_first_or_empty(writer: Connection) -> None:
    nums = [_num(writer, one.id) for one in (KITES, RIVERS)]
    found = trends.numbered_papers(writer, nums, NOW)
    assert [found.categories[one] for one in found.category] == ["cs.LG", ""]


def test_an_undated_paper_has_an_unknown_time_of_appearance(writer: Connection) -> None:
    nums = [_num(writer, one.id) for one in (KITES, RIVERS, BRIDGES)]
    appeared_h = trends.numbered_papers(writer, nums, NOW).appeared_h
    assert np.isnan(appeared_h[0])
    assert appeared_h[1] == pytest.approx(NOW_H)


def test_a_date_without_a_day_gives_an_unknown_time_of_appearance(writer: Connection) -> None:
    found = trends.numbered_papers(writer, [_num(writer, BRIDGES.id)], NOW)
    assert np.isnan(found.appeared_h[0]) and np.isnan(found.started_h[0])


def test_no_papers_have_no_inputs(writer: Connection) -> None:
    none = trends.numbered_papers(writer, [], NOW)
    assert none.nums.tolist() == [] and none.categories == ()
    assert _read(writer, []) == []
    assert trends.votes_between(writer, NOW - WEEK, NOW, []) == []


@pytest.mark.parametrize("at_once", [1, 2, 1_000])
def test_observations_are_ordered_by_paper_kind_source_and_time(
    writer: Connection, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(trends, "_BATCH_PAPERS", at_once)
    rows = (
        (BRIDGES, Kind.POINTS, 4, 1, "hn:2"),
        (KITES, Kind.UPVOTES, 9, 1, "hf"),
        (KITES, Kind.POINTS, 3, 2, "hn:2"),
        (KITES, Kind.POINTS, 2, 5, "hn:1"),
        (KITES, Kind.UPVOTES, 7, 3.5, "hf"),
        (KITES, Kind.VOTES, 1, 1, "local"),
        (KITES, Kind.UPVOTES, 99, -1, "hf"),
    )
    add_signals(
        writer,
        [Signal(one.id, kind, n, NOW - age_h * HOUR, by) for one, kind, n, age_h, by in rows],
    )
    kites, rivers, bridges = nums = [_num(writer, one.id) for one in (KITES, RIVERS, BRIDGES)]
    assert _rows(writer, nums) == [
        (kites, "points", True, 2, 5),
        (kites, "points", True, 3, 2),
        (kites, "upvotes", True, 7, 3.5),
        (kites, "upvotes", False, 9, 1),
        (bridges, "points", True, 4, 1),
    ]
    assert rivers in nums


def test_sources_that_count_the_same_thing_share_it(writer: Connection) -> None:
    rows = (
        (Kind.STARS, "hf"),
        (Kind.STARS, "github"),
        (Kind.LIKES, "hub"),
        (Kind.LIKES, "bluesky:1"),
        (Kind.POINTS, "hn:1"),
        (Kind.COMMENTS, "hf"),
    )
    add_signals(writer, [Signal(KITES.id, kind, 5, NOW - HOUR, source) for kind, source in rows])
    ((_, found),) = _read(writer, [_num(writer, KITES.id)])
    kinds = [KINDS[code].value for code in found.kind]
    assert list(zip(kinds, found.shared.tolist(), strict=True)) == [
        ("comments", False),
        ("likes", False),
        ("likes", True),
        ("points", False),
        ("stars", True),
        ("stars", True),
    ]


def test_observations_are_read_in_the_order_of_an_index(database: Database) -> None:
    queries: list[tuple[str, tuple[object, ...]]] = []

    with database.read() as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def _record(
            _c: object, _d: object, sql: str, found: tuple[object, ...], *_: object
        ) -> None:
            queries.append((sql, found))

        _read(connection, [1, 2])
        sql, found = queries[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", found).fetchall()
    steps = " ".join(row.detail for row in plan)
    assert "USING COVERING INDEX signals_once" in steps
    assert "TEMP B-TREE" not in steps


def test_the_age_of_a_reader_counts_from_their_first_vote_for_any_paper(writer: Connection) -> None:
    _vote(writer, KITES.id, "ada", "home", at=NOW - 2 * WEEK)
    _vote(writer, RIVERS.id, "bo", None, at=NOW - 2 * HOUR)
    _vote(writer, RIVERS.id, "ada", "hall", at=NOW - HOUR)
    found = trends.votes_between(writer, NOW - WEEK, NOW)
    assert [(one.network, round(NOW_H - one.reader_since_h, 3)) for one in found] == [
        (None, 2),
        ("hall", 14 * 24),
    ]
    assert trends.votes_between(writer, NOW - WEEK, NOW, [_num(writer, KITES.id)]) == []
    assert trends.votes_between(writer, NOW - WEEK, NOW, [_num(writer, RIVERS.id)]) == found


def _log_scores(connection: Connection) -> dict[int, float]:
    return trends.scores_of(connection, range(1_000))


def test_all_scores_are_replaced_or_some_are_updated(writer: Connection) -> None:
    kites, rivers, bridges = (_num(writer, one.id) for one in (KITES, RIVERS, BRIDGES))
    trends.replace_scores(writer, np.array([kites, rivers]), np.array([1.5, -2.0]))
    assert _log_scores(writer) == {kites: 1.5, rivers: -2.0}
    trends.update_scores(writer, [kites, bridges], np.array([bridges]), np.array([7.0]))
    assert _log_scores(writer) == {bridges: 7.0, rivers: -2.0}
    trends.replace_scores(writer, np.array([], dtype=np.int64), np.array([]))
    assert _log_scores(writer) == {}


def test_the_score_of_a_removed_paper_is_not_stored(writer: Connection) -> None:
    kites = _num(writer, KITES.id)
    trends.replace_scores(writer, np.array([kites, 999]), np.array([1.0, 2.0]))
    assert _log_scores(writer) == {kites: 1.0}


def test_the_number_of_papers_is_unlimited(writer: Connection) -> None:
    many = list(range(1, 300_000))
    assert len(trends.numbered_papers(writer, many, NOW).nums) == 3
    assert trends.votes_between(writer, NOW - WEEK, NOW, many) == []
    trends.update_scores(writer, many, np.array([1]), np.array([1.0]))
    assert trends.scores_of(writer, many) == {1: 1.0}


def test_changed_papers_are_those_with_new_signals_or_changes_once_each(writer: Connection) -> None:
    signal, change = trends.newest_positions(writer)
    assert (signal, change) == (0, 4)
    assert trends.changed_since(writer, signal, change) == []
    kites, rivers = (_num(writer, one.id) for one in (KITES, RIVERS))
    observed = [Signal(KITES.id, Kind.STARS, n, NOW, "github") for n in (5, 6)]
    add_signals(writer, observed)
    writer.execute(insert(changes), [{"num": kites}, {"num": rivers}])
    assert sorted(trends.changed_since(writer, signal, change)) == [kites, rivers]
    assert trends.changed_since(writer, *trends.newest_positions(writer)) == []


def test_the_highest_scores_come_first_and_ties_are_ordered_by_number(writer: Connection) -> None:
    kites, rivers, bridges, gone = (_num(writer, one.id) for one in (KITES, RIVERS, BRIDGES, GONE))
    trends.replace_scores(
        writer, np.array([kites, rivers, bridges, gone]), np.array([1.0, 3.0, 3.0, 9.0])
    )
    assert [num for num, _, _ in trends.top_scored(writer, 5)] == [rivers, bridges, kites]
    assert [num for num, _, _ in trends.top_scored(writer, 5, (3.0, rivers))] == [bridges, kites]
    assert [num for num, _, _ in trends.top_scored(writer, 1, (3.0, bridges))] == [kites]
    assert [num for num, _, _ in trends.top_scored(writer, 5, None, "stat.ML")] == [kites]
