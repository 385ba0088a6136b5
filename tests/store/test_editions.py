"""Stored editions: neighbors, overlapping periods, and editions of earlier versions."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import orjson
import pytest
from sqlalchemy import Connection, select, update

from broadsheet.model import EditionItem, Period, Section, Span
from broadsheet.store import editions
from broadsheet.store.database import Database, open_database
from broadsheet.store.tables import editions as editions_table

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
WEEK, MARCH = Period(date(2026, 3, 2), Span.WEEK), Period(date(2026, 3, 1), Span.MONTH)


def day(number: int, month: int = 3) -> Period:
    return Period(date(2026, month, number))


def item(paper_id: str, section: Section = Section.TRENDING, score: float = 1.0) -> EditionItem:
    return EditionItem(
        rank=1,
        paper_id=paper_id,
        title="Kites",
        abstract=None,
        authors=(),
        categories=(),
        published=None,
        link=None,
        votes=0,
        reason="out today",
        section=section,
        score=score,
    )


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("library")
    database = open_database(f"sqlite:///{folder / 'library.sqlite3'}")
    yield database
    database.close()


@pytest.fixture
def writer(database: Database) -> Iterator[Connection]:
    with database.write() as connection:
        for period in (day(27, 2), day(2), day(5), day(5), WEEK, MARCH):
            editions.insert_edition(connection, period, [item("arxiv:2603.00001")], NOW)
        yield connection


@pytest.mark.parametrize(
    ("period", "before", "after"),
    [
        (day(27, 2), None, day(2)),
        (day(2), day(27, 2), day(5)),
        (day(3), day(2), day(5)),
        (day(5), day(2), None),
        (WEEK, None, None),
        (Period(date(2026, 3, 9), Span.WEEK), WEEK, None),
        (Period(date(1, 1, 1)), None, day(27, 2)),
    ],
)
def test_neighbors_are_the_nearest_published_periods_of_the_span(
    writer: Connection, period: Period, before: Period | None, after: Period | None
) -> None:
    assert editions.neighbors(writer, period) == (before, after)


@pytest.mark.parametrize(
    ("period", "others"),
    [
        (day(5), [MARCH, WEEK]),
        (day(27, 2), []),
        (day(31), [MARCH]),
        (day(1, 4), []),
        (WEEK, [MARCH, day(2), day(5)]),
        (Period(date(2026, 2, 23), Span.WEEK), [MARCH, day(27, 2)]),
        (MARCH, [WEEK, day(2), day(5)]),
        (Period(date(1, 1, 1)), []),
    ],
)
def test_overlapping_periods_share_a_day_and_the_longest_comes_first(
    writer: Connection, period: Period, others: list[Period]
) -> None:
    assert editions.overlapping(writer, period) == others


def test_an_edition_of_an_earlier_version_calls_trending_rising(writer: Connection) -> None:
    stored = writer.scalar(select(editions_table.c["items"]).limit(1))
    items = orjson.loads(stored or "")
    for old in ({**items[0], "section": "rising"}, _without(items[0], "section", "score")):
        writer.execute(update(editions_table).values(items=orjson.dumps([old]).decode()))
        assert editions.edition(writer, day(5)).items[0].section is Section.TRENDING
        (past,) = editions.published_before(writer, day(6)).values()
        assert past.was_trending


def test_past_selections_have_the_highest_score_of_all_earlier_editions(
    writer: Connection,
) -> None:
    new = item("arxiv:2603.00001", Section.NEW, score=7.0)
    editions.insert_edition(writer, day(6), [new], NOW)
    past = editions.published_before(writer, day(7))["arxiv:2603.00001"]
    assert (past.score, past.was_trending) == (7.0, True)


def _without(stored: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in stored.items() if name not in names}
