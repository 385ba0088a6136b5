"""The front page reads a bounded number of editions, however many there are."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from broadsheet.config import Settings
from broadsheet.model import Period, Span
from broadsheet.store.editions import insert_edition
from broadsheet.web.app import create_app
from tests.trending_library import KITES, PAPERS, TrendingLibrary, opened

NEWEST = date(2026, 3, 11)


@pytest.fixture
def site(settings: Settings) -> Iterator[TrendingLibrary]:
    with opened(settings) as site:
        site.library.add("test", PAPERS)
        site.set_upvotes(KITES, 10)
        site.library.editions.publish(Period(NEWEST))
        yield site


def _store(site: TrendingLibrary, days: int) -> None:
    """Store editions of the days before, and of their weeks and months."""
    items = site.library.editions.read(NEWEST).items
    periods = {
        Period.containing(NEWEST - timedelta(days=number), span)
        for number in range(1, days + 1)
        for span in Span
    }
    with site.database.write() as connection:
        for period in sorted(periods - {Period(NEWEST)}):
            insert_edition(connection, period, items, site.now)


def _reads_of_editions(site: TrendingLibrary) -> list[int]:
    """Return the number of rows of each query of the table that the front page makes."""
    queries: list[tuple[str, tuple[Any, ...]]] = []

    def record(_c: object, _d: object, sql: str, values: tuple[Any, ...], *_: object) -> None:
        if "FROM editions" in sql:
            queries.append((sql, values))

    with TestClient(create_app(site.library)) as client:
        client.get("/subscribe")
        event.listen(site.database._engine, "before_cursor_execute", record)
        assert client.get("/").status_code == 200
        event.remove(site.database._engine, "before_cursor_execute", record)
    with site.database.read() as connection:
        return [len(connection.exec_driver_sql(sql, values).all()) for sql, values in queries]


def test_the_front_page_reads_no_more_editions_in_a_larger_archive(site: TrendingLibrary) -> None:
    _store(site, 40)
    small = _reads_of_editions(site)
    _store(site, 400)
    assert _reads_of_editions(site) == small
    assert len(small) <= 4
    # The weeks and months that begin within a month before.
    assert max(small) <= 8
